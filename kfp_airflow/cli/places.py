"""Whether a run can be had where it is asked for, found out before anything is registered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kfp_airflow import config
from kfp_airflow.diagnostics import ImageUnavailable, UsageError
from kfp_airflow.graph.model import Call, Condition, ContainerStep, Member, Pipeline, ResourceStep
from kfp_airflow.local.engine import find_engine
from kfp_airflow.local.images import find_image

CLUSTER_TIMEOUT_S: Final = 10


def choose_runtime(asked: str, pipeline: Pipeline) -> str:
    """Return the runtime of a run: for `auto`, processes where they can stand in for the images, else containers.

    Only steps that run in any case count; those behind a condition may never be needed.
    Raises UsageError where no engine answers and containers are asked for, and where nothing here can run the images.
    """
    if asked == "kubernetes":
        return asked
    problems = [problem for step in _certain(pipeline.members) for problem in _image_problems(step)]
    if asked == "process" or (asked == "auto" and not problems):
        if problems:
            raise UsageError("\n".join(problems))
        return "process"
    if find_engine() is not None:
        return "container"
    if asked == "container":
        raise UsageError(
            "--runtime container: neither docker nor podman answers on this machine. "
            "Start one of them, or leave --runtime out to run the steps as processes"
        )
    raise UsageError("\n".join(problems))


def require_cluster() -> None:
    """Raise UsageError where the cluster of `[kfp_airflow] kubernetes_conn_id` does not answer; for a session."""
    from airflow.providers.cncf.kubernetes.hooks.kubernetes import KubernetesHook
    from kubernetes.client import VersionApi
    from kubernetes.client.exceptions import ApiException
    from kubernetes.config.config_exception import ConfigException
    from urllib3.exceptions import HTTPError

    connection = config.get("kubernetes_conn_id")
    try:
        client = KubernetesHook(conn_id=connection).get_conn()
    except ConfigException as error:
        raise UsageError(
            f"--runtime kubernetes: no cluster is known: {error}. Set KUBECONFIG or {_variable(connection)}"
        ) from error
    try:
        VersionApi(client).get_code(_request_timeout=CLUSTER_TIMEOUT_S)
    except (ApiException, HTTPError, OSError) as error:
        problem = f"--runtime kubernetes: the cluster at {client.configuration.host} cannot be reached: {error}"
        raise UsageError(f"{problem}. Check KUBECONFIG or {_variable(connection)}") from error


def _variable(connection: str) -> str:
    return f"AIRFLOW_CONN_{connection.upper()}"


def _certain(members: Iterable[Member]) -> Iterator[ContainerStep]:
    """Yield the container steps that no condition is around."""
    for member in members:
        if isinstance(member, ContainerStep):
            yield member
        elif not isinstance(member, Condition | ResourceStep | Call):
            yield from _certain(member.members)


def _image_problems(step: ContainerStep) -> Iterator[str]:
    image = step.container.image.constant
    if image is None:
        return
    try:
        find_image(image)
    except ImageUnavailable as error:
        yield f"{step.where}: step '{step.id}': {error}"
