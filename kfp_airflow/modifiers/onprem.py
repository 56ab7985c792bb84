"""`kfp.onprem`: claims, secrets and default resources of a cluster of one's own (rows X-01 to X-03)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from kfp_airflow.dsl.containers import Container
from kfp_airflow.dsl.objects import V1PersistentVolumeClaimVolumeSource, V1Volume, V1VolumeMount
from kfp_airflow.dsl.ops import BaseOp, ContainerOp
from kfp_airflow.modifiers.secrets import add_variable_of_secret, container_of

Op = TypeVar("Op", bound=BaseOp)


def mount_pvc(
    pvc_name: object = "pipeline-claim", volume_name: object = "pipeline", volume_mount_path: object = "/mnt/pipeline"
) -> Callable[[Op], Op]:
    """Mount a claim; an op without a container stays as it is (X-01)."""

    def modify(op: Op) -> Op:
        if isinstance(op, ContainerOp):
            claim = V1PersistentVolumeClaimVolumeSource(claim_name=pvc_name)
            op.add_volume(V1Volume(name=volume_name, persistent_volume_claim=claim))
            op.container.add_volume_mount(V1VolumeMount(mount_path=volume_mount_path, name=volume_name))
        return op

    return modify


def use_k8s_secret(
    secret_name: object = "k8s-secret",  # noqa: S107 - a name
    k8s_secret_key_to_env: Mapping[object, object] | None = None,
) -> Callable[[Op], Op]:
    """Set variables from a secret: `{'password': 'DB_PASSWORD'}` is the key `password` in `DB_PASSWORD` (X-02)."""

    def modify(op: Op) -> Op:
        for key, variable in (k8s_secret_key_to_env or {}).items():
            add_variable_of_secret(container_of(op, "use_k8s_secret"), variable, secret=secret_name, key=key)
        return op

    return modify


def add_default_resource_spec(
    memory_limit: object = None, cpu_limit: object = None, memory_request: object = None, cpu_request: object = None
) -> Callable[[Op], Op]:
    """Set memory and processors of steps that set none; requests default to the limits (X-03).

    A resource that has a limit is left alone, and so is a request that is there. Ops without a container stay as they
    are, so that it can be a transformer of a whole pipeline.
    """

    def modify(op: Op) -> Op:
        if isinstance(op, ContainerOp):
            _set_default(op.container, "cpu", cpu_limit, cpu_request)
            _set_default(op.container, "memory", memory_limit, memory_request)
        return op

    return modify


def _set_default(container: Container, resource: str, limit: object, request: object) -> None:
    if container.get_resource_limit(resource):
        return
    if limit:
        container.add_resource_limit(resource, limit)
    if (request or limit) and not container.get_resource_request(resource):
        container.add_resource_request(resource, request or limit)
