"""A chain of steps on Kubernetes under a real scheduler: what a step costs with everything around it."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime
from pathlib import Path

from tests.airflow.service import AirflowService
from tests.benchmarks.figure import Figure, NotMeasured

STEPS = 5
CAUSE = (
    "Most of it is the start of the pod's containers; then up to a second passes until the kubelet, which looks once a "
    "second, lets the log be read; the rest is Airflow's own part: the scheduler's looks, a process for the task, the "
    "parsing of its DAG file."
)
DAG_FILE = f"""
from kfp_airflow import dsl, to_dag  # airflow, dag


@dsl.pipeline(name="chain")
def chain():
    value = "start"
    for number in range({STEPS}):
        op = dsl.ContainerOp(
            name=f"step {{number}}",
            image="busybox:1.36",
            command=["sh", "-c", 'echo "$0 {{}}" > /tmp/out'.format(number)],
            arguments=[value],
            file_outputs={{"out": "/tmp/out"}},
        )
        op.container.set_image_pull_policy("IfNotPresent")
        value = op.output


to_dag(chain, runtime="kubernetes")
"""


def measure() -> list[Figure]:
    """Return the time of a step in a chain of five, each of which takes the value of the one before.

    It is the better of two runs.
    """
    if not os.environ.get("KUBECONFIG"):
        raise NotMeasured("KUBECONFIG names no cluster")
    with tempfile.TemporaryDirectory(prefix="kfp-airflow-bench-", ignore_cleanup_errors=True) as folder:
        service = AirflowService(
            Path(folder), AIRFLOW_CONN_KUBERNETES_DEFAULT='{"conn_type": "kubernetes", "extra": {"in_cluster": false}}'
        )
        (service.dags / "chain.py").write_text(DAG_FILE)
        with service:
            service.wait_for_dag("chain")
            fastest_s = min(_run_s(service) for _ in range(3))
    return [
        Figure(
            name=f"a step in a chain of {STEPS} on Kubernetes, real scheduler",
            measured=fastest_s / STEPS,
            limit=2.5,
            cause=CAUSE,
        )
    ]


def _run_s(service: AirflowService) -> float:
    run = service.run("chain")
    if run["state"] != "success":
        raise RuntimeError(service.log("chain", run["dag_run_id"], "step-0"))
    start, end = (datetime.fromisoformat(run[name].replace("Z", "+00:00")) for name in ("start_date", "end_date"))
    return (end - start).total_seconds()
