"""A step as a pod: beside a bare pod that echoes, and beside a KubernetesPodOperator with XCom and its defaults."""

from __future__ import annotations

import json
import logging
import os
import time
import uuid
from types import SimpleNamespace
from typing import Any

from kfp_airflow.graph.model import Container, ContainerStep, InputFile, OutputFile, Settings
from kfp_airflow.graph.text import Struct, text
from kfp_airflow.operators.placement import Facts, Placement
from tests.benchmarks.figure import Figure, NotMeasured, median_of

IMAGE = "busybox:1.36"
NAMESPACE = "default"
ROUNDS = 11
CAUSE = (
    "Its pod has one container more, and its log can be read only after the kubelet's next look at "
    "the containers (once a second); a bare pod is waited for until that look, and has no log to read after it."
)
CAUSE_OF_SHARE = (
    "Both spend most of it on the start of the pod, which takes a share that grows with the load of the machine; "
    "KubernetesPodOperator waits for its own polls besides."
)
POLICY = Struct(((text("imagePullPolicy"), text("IfNotPresent")),))
STEP = ContainerStep(
    id="copy",
    name="copy",
    container=Container(image=text(IMAGE), command=(text("cp"), text("/in/x"), text("/tmp/outputs/y")), options=POLICY),
    inputs=(InputFile(name="x", path="/in/x", source=text("content\n")),),
    outputs=(OutputFile(name="y", path="/tmp/outputs/y"),),
)


def measure() -> list[Figure]:
    """Return the time of a step with one file in and one out, held against both, interleaved in one process."""
    if not os.environ.get("KUBECONFIG"):
        raise NotMeasured("KUBECONFIG names no cluster")
    logging.disable(logging.WARNING)
    os.environ["AIRFLOW__KFP_AIRFLOW__NAMESPACE"] = NAMESPACE
    try:
        step_s, raw_s, plain_s = median_of(ROUNDS, _step, _raw_pod, _plain_operator)
    finally:
        logging.disable(logging.NOTSET)
        del os.environ["AIRFLOW__KFP_AIRFLOW__NAMESPACE"]
    name = "a step with a file input and a file output"
    return [
        Figure(name=name, measured=step_s, limit=1.3, compared=raw_s, reference="a bare pod that echoes", cause=CAUSE),
        Figure(
            name=name,
            measured=step_s,
            limit=0.3,
            compared=plain_s,
            reference="KubernetesPodOperator with XCom",
            cause=CAUSE_OF_SHARE,
        ),
    ]


def _context(pushed: dict[str, Any]) -> Any:
    def push(key: str, value: Any) -> None:
        pushed[key] = value

    ti = SimpleNamespace(
        dag_id="bench", run_id=uuid.uuid4().hex, task_id="copy", map_index=-1, try_number=1, xcom_push=push
    )
    return {"ti": ti, "run_id": ti.run_id, "dag": SimpleNamespace(), "dag_run": SimpleNamespace(conf={}), "params": {}}


def _step() -> None:
    """Run the whole of `execute`: what resolves, feeds, follows, collects and publishes."""
    from kfp_airflow.operators.pod import PodStepOperator

    operator = PodStepOperator(
        task_id="copy", step=STEP, settings=Settings(), placement=Placement(facts=Facts(pipeline="bench"))
    )
    pushed: dict[str, Any] = {}
    operator.execute(_context(pushed))
    if pushed != {"y": "content\n"}:
        raise RuntimeError(str(pushed))


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
    operator.execute(_context({}))
