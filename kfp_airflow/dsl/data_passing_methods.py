"""Ways in which artifacts travel between steps (row D-31)."""

from __future__ import annotations


class KubernetesVolume:
    """Artifacts on a volume that all steps share: a V1Volume or a dict, and the folder on it (D-31).

    Accepted, and said to be left out when the pipeline is built: artifacts travel through the artifact store.
    """

    def __init__(self, volume: object, path_prefix: str = "artifact_data/") -> None:
        self.volume = volume
        self.path_prefix = path_prefix
