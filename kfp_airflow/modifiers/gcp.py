"""`kfp.gcp`: credentials, TPUs and nodes of Google's cloud (rows X-06 to X-09)."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Final, TypeVar

from kfp_airflow.dsl.objects import (
    V1Affinity,
    V1EnvVar,
    V1NodeAffinity,
    V1NodeSelector,
    V1NodeSelectorRequirement,
    V1NodeSelectorTerm,
    V1PreferredSchedulingTerm,
    V1Toleration,
)
from kfp_airflow.dsl.ops import BaseOp
from kfp_airflow.modifiers.secrets import container_of, mount_secret
from kfp_airflow.modifiers.secrets import volume_name as name_of_volume

Op = TypeVar("Op", bound=BaseOp)

_PREEMPTIBLE: Final = V1Toleration(effect="NoSchedule", key="preemptible", operator="Equal", value="true")
_GPU: Final = V1Toleration(effect="NoSchedule", key="nvidia.com/gpu", operator="Equal", value="true")
_WEIGHT_OF_PREEMPTIBLE: Final = 50


def use_gcp_secret(
    secret_name: object = "user-gcp-sa",  # noqa: S107 - a name
    secret_file_path_in_volume: object = None,
    volume_name: object = None,
    secret_volume_mount_path: object = "/secret/gcp-credentials",  # noqa: S107 - a path
) -> Callable[[Op], Op]:
    """Mount a secret with the key of a service account, and tell Google's programs where it lies (X-06).

    The file is `/<secret_name>.json` in the volume where it is not given. `volume_name` is deprecated. Where KFP fails,
    for a secret that a parameter names and a file without its first `/`, this works.
    """
    if volume_name:
        warnings.warn(
            "use_gcp_secret(volume_name=…) is deprecated: the volume is named after the secret.",
            DeprecationWarning,
            stacklevel=2,
        )
    volume = volume_name or name_of_volume(f"gcp-credentials-{secret_name}")
    file = str(secret_file_path_in_volume or f"/{secret_name}.json")
    path = f"{secret_volume_mount_path}{'' if file.startswith('/') else '/'}{file}"

    def modify(op: Op) -> Op:
        container = container_of(op, "use_gcp_secret")
        mount_secret(op, container, secret=secret_name, volume_name=volume, path=secret_volume_mount_path)
        for variable in ("GOOGLE_APPLICATION_CREDENTIALS", "CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE"):
            container.add_env_variable(V1EnvVar(name=variable, value=path))
        return op

    return modify


def use_tpu(tpu_cores: object, tpu_resource: object, tf_version: object) -> Callable[[Op], Op]:
    """Ask for TPUs: `use_tpu(8, 'v3', '2.4')` (X-07)."""

    def modify(op: Op) -> Op:
        container = container_of(op, "use_tpu")
        op.add_pod_annotation("tf-version.cloud-tpus.google.com", tf_version)
        container.add_resource_limit(f"cloud-tpus.google.com/{tpu_resource}", str(tpu_cores))
        return op

    return modify


def use_preemptible_nodepool(toleration: object = _PREEMPTIBLE, hard_constraint: bool = False) -> Callable[[Op], Op]:
    """Run on nodes that may be taken away: only on such (`hard_constraint`), or rather than on others (X-08).

    `toleration` is a V1Toleration, or a dict in Kubernetes' spelling. The op's affinity is replaced.
    """
    term = V1NodeSelectorTerm(
        match_expressions=[
            V1NodeSelectorRequirement(key="cloud.google.com/gke-preemptible", operator="In", values=["true"])
        ]
    )
    nodes = (
        V1NodeAffinity(
            required_during_scheduling_ignored_during_execution=V1NodeSelector(node_selector_terms=[term]),
        )
        if hard_constraint
        else V1NodeAffinity(
            preferred_during_scheduling_ignored_during_execution=[
                V1PreferredSchedulingTerm(preference=term, weight=_WEIGHT_OF_PREEMPTIBLE)
            ],
        )
    )

    def modify(op: Op) -> Op:
        op.add_toleration(toleration)
        op.add_affinity(V1Affinity(node_affinity=nodes))
        return op

    return modify


def add_gpu_toleration(toleration: object = _GPU) -> Callable[[BaseOp], None]:
    """Let the op run on nodes that are kept for GPUs; `toleration` as above (X-09)."""

    def modify(op: BaseOp) -> None:
        op.add_toleration(toleration)

    return modify
