"""Ways in which artifacts travel between steps (row D-31)."""

from __future__ import annotations

from collections.abc import Mapping

from kfp_airflow.dsl.containers import has_class_name


class KubernetesVolume:
    """Artifacts on a volume that all steps share: a V1Volume or a dict, and the folder on it (D-31, DP-12).

    A package is written that way. In a DAG the files travel through the artifact store, and a warning says so; the
    steps see the same paths and bytes. Raises TypeError for what is no volume.
    """

    def __init__(self, volume: object, path_prefix: str = "artifact_data/") -> None:
        kinds = ("V1Volume", "PipelineVolume")
        if not (isinstance(volume, Mapping) or any(has_class_name(volume, kind) for kind in kinds)):
            raise TypeError(f"volume must be either V1Volume or dict. Got: {volume!r}")
        self.volume = volume
        self.path_prefix = path_prefix
