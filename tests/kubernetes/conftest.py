"""A namespace of its own for every test run, and steps run in it through the operator that DAGs use."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from kfp_airflow.graph.model import Container, ContainerStep, InputFile, OutputFile, PodOptions, Settings
from kfp_airflow.graph.resolved import Outcome, resolve_step
from kfp_airflow.graph.text import Struct, Text, text, tree
from kfp_airflow.operators.limits import Limits
from kfp_airflow.operators.placement import Facts, Placement


@pytest.fixture(scope="session")
def namespace() -> Iterator[str]:
    """Create a namespace for this process and delete it, with all that is in it, at the end."""
    from kubernetes import client, config

    config.load_kube_config()
    core = client.CoreV1Api()
    name = f"kfp-airflow-{uuid.uuid4().hex[:8]}"
    core.create_namespace({"metadata": {"name": name}})
    os.environ["AIRFLOW__KFP_AIRFLOW__NAMESPACE"] = name
    os.environ["AIRFLOW__KFP_AIRFLOW__STARTUP_TIMEOUT"] = "60"
    await_account(core, name)
    yield name
    del os.environ["AIRFLOW__KFP_AIRFLOW__NAMESPACE"], os.environ["AIRFLOW__KFP_AIRFLOW__STARTUP_TIMEOUT"]
    core.delete_namespace(name, grace_period_seconds=0)


def await_account(core: Any, namespace: str) -> None:
    """Wait for the namespace's default account: without it pods are refused."""
    from kubernetes import client, watch

    watcher = watch.Watch()
    for event in watcher.stream(core.list_namespaced_service_account, namespace, timeout_seconds=30):
        if event["object"].metadata.name == "default":
            watcher.stop()
            return
    raise client.ApiException(reason=f"namespace {namespace} got no account within 30 s")


@dataclass
class Run:
    """One attempt of a step: its outcome, and what was logged."""

    outcome: Outcome
    pod: str
    operator: Any

    def read(self, output: str) -> bytes:
        return self.outcome.outputs[output].read_bytes()


@dataclass
class Cluster:
    """Runs steps in the test namespace."""

    namespace: str
    folder: Path
    core: Any
    number: int = 0
    pods: list[str] = field(default_factory=list)

    def operator(self, step: ContainerStep, settings: Settings, **operator_args: Any) -> Any:
        from kfp_airflow.operators.pod import PodStepOperator

        placement = Placement(facts=Facts(pipeline="tests"))
        return PodStepOperator(
            task_id=f"t-{uuid.uuid4().hex[:8]}", step=step, settings=settings, placement=placement, **operator_args
        )

    def run(
        self,
        step: ContainerStep,
        inputs: Mapping[str, Path] | None = None,
        *,
        settings: Settings | None = None,
        limits: Limits | None = None,
        **operator_args: Any,
    ) -> Run:
        operator = self.operator(step, settings or Settings(), **operator_args)
        self.number += 1
        work = self.folder / f"work-{self.number}-{operator.task_id}"
        work.mkdir()
        resolved = resolve_step(step, _refuse)
        outcome = operator.run_attempt(
            resolved, limits=limits or Limits(), inputs=inputs or {}, work=work, context=context_of(operator)
        )
        return Run(outcome, operator.pod.metadata.name, operator)

    def exists(self, pod: str) -> bool:
        from kubernetes.client.exceptions import ApiException

        try:
            found = self.core.read_namespaced_pod(pod, self.namespace)
        except ApiException as error:
            if error.status != 404:
                raise
            return False
        return found.metadata.deletion_timestamp is None


def _refuse(reference: object) -> str:
    raise AssertionError(f"a test step has no references: {reference}")


def context_of(operator: Any) -> Any:
    """Return as much of a task's context as the pod operator reads."""
    ti = SimpleNamespace(dag_id="tests", run_id=uuid.uuid4().hex, task_id=operator.task_id, map_index=-1, try_number=1)
    return {"ti": ti, "run_id": ti.run_id, "dag": SimpleNamespace()}


def make_step(
    command: Sequence[str] | None,
    args: Sequence[str] = (),
    *,
    image: str = "busybox:1.36",
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    options: Mapping[str, Any] | None = None,
    pod: PodOptions | None = None,
    timeout_s: int | None = None,
) -> ContainerStep:
    """Return a step of constants; `inputs` and `outputs`: name → path."""
    own = tree({"imagePullPolicy": "IfNotPresent", **(options or {})})
    assert isinstance(own, Struct)
    return ContainerStep(
        id="train",
        name="train",
        container=Container(
            image=text(image),
            command=None if command is None else tuple(text(part) for part in command),
            args=tuple(text(part) for part in args),
            options=own,
        ),
        inputs=tuple(InputFile(name=name, path=path, source=Text()) for name, path in (inputs or {}).items()),
        outputs=tuple(OutputFile(name=name, path=path) for name, path in (outputs or {}).items()),
        pod=pod or PodOptions(),
        timeout_s=timeout_s,
    )


@pytest.fixture
def cluster(namespace: str, tmp_path: Path) -> Cluster:
    from kubernetes import client

    return Cluster(namespace, tmp_path, client.CoreV1Api())


MakeStep = Callable[..., ContainerStep]
