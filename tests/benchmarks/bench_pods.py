"""A step as a pod: beside a bare pod that echoes, and beside a KubernetesPodOperator with XCom and its defaults."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import time
import uuid
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from kfp_airflow.graph.model import Container, ContainerStep, InputFile, OutputFile, Settings
from kfp_airflow.graph.resolved import resolve_step
from kfp_airflow.graph.text import Struct, Text, text
from kfp_airflow.operators.placement import Facts, Placement
from tests.benchmarks.figure import Figure, NotMeasured, best_of

IMAGE = "busybox:1.36"
NAMESPACE = "default"
ROUNDS = 4
POLICY = Struct(((text("imagePullPolicy"), text("IfNotPresent")),))
STEP = ContainerStep(
    id="copy",
    name="copy",
    container=Container(image=text(IMAGE), command=(text("cp"), text("/in/x"), text("/tmp/outputs/y")), options=POLICY),
    inputs=(InputFile(name="x", path="/in/x", source=Text()),),
    outputs=(OutputFile(name="y", path="/tmp/outputs/y"),),
)


def measure() -> list[Figure]:
    """Return the time of a step with one file in and one out, held against both, interleaved in one process."""
    if not os.environ.get("KUBECONFIG"):
        raise NotMeasured("KUBECONFIG names no cluster")
    logging.disable(logging.WARNING)
    os.environ["AIRFLOW__KFP_AIRFLOW__NAMESPACE"] = NAMESPACE
    try:
        with tempfile.TemporaryDirectory() as folder:
            step_s, raw_s, plain_s = best_of(ROUNDS, lambda: _step(Path(folder)), _raw_pod, _plain_operator)
    finally:
        logging.disable(logging.NOTSET)
        del os.environ["AIRFLOW__KFP_AIRFLOW__NAMESPACE"]
    name = "a step with a file input and a file output"
    return [
        Figure(name=name, measured_s=step_s, limit=1.3, reference_s=raw_s, reference="a bare pod that echoes"),
        Figure(
            name=name, measured_s=step_s, limit=0.3, reference_s=plain_s, reference="KubernetesPodOperator with XCom"
        ),
    ]


def _context() -> Any:
    ti = SimpleNamespace(
        dag_id="bench", run_id=uuid.uuid4().hex, task_id="copy", map_index=-1, try_number=1, xcom_push=lambda **_: None
    )
    return {"ti": ti, "run_id": ti.run_id, "dag": SimpleNamespace()}


def _step(folder: Path) -> None:
    from kfp_airflow.operators.pod import PodStepOperator

    source = folder / "x"
    source.write_bytes(b"content\n")
    work = Path(tempfile.mkdtemp(dir=folder))
    operator = PodStepOperator(
        task_id="copy", step=STEP, settings=Settings(), placement=Placement(facts=Facts(pipeline="bench"))
    )
    resolved = resolve_step(STEP, str)
    outcome = operator.run_attempt(resolved, inputs={"x": source}, work=work, context=_context())
    if outcome.outputs["y"].read_bytes() != b"content\n":
        raise RuntimeError(outcome.message)


def _raw_pod() -> None:
    """Create a pod, poll until it is seen terminated, delete it."""
    from kubernetes import client, config

    config.load_kube_config()
    core = client.CoreV1Api()
    name = f"raw-{uuid.uuid4().hex[:8]}"
    container = {"name": "main", "image": IMAGE, "imagePullPolicy": "IfNotPresent", "command": ["echo", "hello"]}
    core.create_namespaced_pod(
        NAMESPACE, {"metadata": {"name": name}, "spec": {"restartPolicy": "Never", "containers": [container]}}
    )
    while True:
        pod = json.loads(core.read_namespaced_pod(name, NAMESPACE, _preload_content=False).data)
        if any("terminated" in one["state"] for one in pod["status"].get("containerStatuses", [])):
            break
        time.sleep(0.05)
    core.delete_namespaced_pod(name, NAMESPACE)


def _plain_operator() -> None:
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator

    operator = KubernetesPodOperator(
        task_id="plain",
        image=IMAGE,
        namespace=NAMESPACE,
        image_pull_policy="IfNotPresent",
        cmds=["sh", "-c", "mkdir -p /airflow/xcom; echo 1 > /airflow/xcom/return.json"],
        do_xcom_push=True,
    )
    operator.execute(_context())
