"""What a translated DAG costs Airflow: 100 tasks of it, and 100 of the same shape written by hand."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from tests.airflow.service import AirflowService
from tests.benchmarks.figure import Figure

ROOT = Path(__file__).parent.parent.parent
WIDTH = 10
LENGTH = 10
ROUNDS = 2
CAUSE = (
    "Each task reads its DAG file anew. That the pipeline is executed and translated takes about twice as long as the "
    "DAG file written by hand, half of the difference; the rest is what a step does around its program."
)
PIPELINE = f"""
from kfp import dsl


@dsl.pipeline(name="translated")
def translated(start: str = "0"):
    for column in range({WIDTH}):
        value = start
        for row in range({LENGTH}):
            op = dsl.ContainerOp(
                name=f"step {{column}} {{row}}",
                image="none",
                command=["pretend"],
                arguments=["next", value],
                file_outputs={{"out": "/tmp/out"}},
            )
            value = op.output
"""
TRANSLATED = """
from pathlib import Path  # of an airflow dag

from kfp_airflow.catalog.files import load_functions
from kfp_airflow.dag.build import build_dags
from kfp_airflow.dag.options import DagOptions
from tests.dag.simulated import make_simulated

(function,) = load_functions(Path(__file__).parent / "pipelines" / "pipeline.py")
translated, *_ = build_dags(function.build(), DagOptions(runtime="process"), make_simulated)
"""
BY_HAND = f"""
from airflow.sdk import DAG, BaseOperator


class Step(BaseOperator):
    def __init__(self, before=None, **arguments):
        super().__init__(**arguments)
        self.before = before

    def execute(self, context):
        ti = context["ti"]
        value = ti.xcom_pull(task_ids=self.before, key="out") if self.before else context["params"]["start"]
        ti.xcom_push(key="out", value=str(int(value) + 1))


with DAG("by-hand", schedule=None, params={{"start": "0"}}):
    for column in range({WIDTH}):
        last = None
        for row in range({LENGTH}):
            step = Step(task_id=f"step-{{column}}-{{row}}", before=last and last.task_id)
            if last:
                last >> step
            last = step
"""


def measure() -> list[Figure]:
    """Return the time of a run of 100 tasks, ten chains of ten, each of which adds one to the value before it.

    In place of a step's program there is an addition in the task's own process, for both the same, so that what is
    measured is Airflow, the reading of the DAG file in each task, and what a step does around its program. The runs
    take turns in one Airflow; the better of two counts.
    """
    with tempfile.TemporaryDirectory(prefix="kfp-airflow-bench-", ignore_cleanup_errors=True) as folder:
        service = AirflowService(
            Path(folder) / "airflow", PYTHONPATH=str(ROOT), AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL="3600"
        )
        (service.dags / "pipelines").mkdir()
        (service.dags / ".airflowignore").write_text("pipelines/\n")
        (service.dags / "pipelines" / "pipeline.py").write_text(PIPELINE)
        (service.dags / "translated.py").write_text(TRANSLATED)
        (service.dags / "by_hand.py").write_text(BY_HAND)
        with service:
            times: dict[str, list[float]] = {"translated": [], "by-hand": []}
            for dag_id in times:
                service.wait_for_dag(dag_id)
            for _ in range(ROUNDS):
                for dag_id, measured in times.items():
                    measured.append(_run_s(service, dag_id))
    return [
        Figure(
            name=f"{WIDTH * LENGTH} tasks of a translated DAG, real scheduler, LocalExecutor",
            measured=min(times["translated"]),
            limit=1.1,
            compared=min(times["by-hand"]),
            reference="by hand",
            cause=CAUSE,
        )
    ]


def _run_s(service: AirflowService, dag_id: str) -> float:
    run = service.run(dag_id, timeout_s=900)
    if run["state"] != "success":
        raise RuntimeError(f"a run of {dag_id} has failed")
    start, end = (datetime.fromisoformat(run[name].replace("Z", "+00:00")) for name in ("start_date", "end_date"))
    return (end - start).total_seconds()
