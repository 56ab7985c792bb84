"""From a pipeline function to a DAG, against the same DAG written by hand with plain KubernetesPodOperators."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone

from tests.benchmarks.figure import Figure, best_of

IMAGE = "python:3.11-slim"
LIMIT = 1.2
ROUNDS = {10: 40, 100: 15, 1000: 5}
START = datetime(2026, 1, 1, tzinfo=timezone.utc)


def measure() -> list[Figure]:
    """Return a figure for 10, 100 and 1,000 steps, each step reading an output of the one before it."""
    figures = []
    for steps, rounds in ROUNDS.items():
        ours, by_hand = best_of(rounds, translated(steps), written_by_hand(steps))
        figures.append(
            Figure(
                name=f"DAG of a pipeline with {steps:,} ContainerOps",
                measured=ours,
                limit=LIMIT,
                compared=by_hand,
                reference="by hand",
            )
        )
    return figures


def translated(steps: int) -> Callable[[], object]:
    """Return a function that makes the DAG from a pipeline function, as a DAG file with `to_dag` does."""
    from kfp_airflow import dsl, to_dag

    def chain(rate: float = 0.1) -> None:
        previous: object = rate
        for number in range(steps):
            step = dsl.ContainerOp(
                name=f"step-{number}",
                image=IMAGE,
                command=["python", "-c"],
                arguments=["print('hello')", "--value", previous],
                file_outputs={"value": "/tmp/value"},
            )
            previous = step.outputs["value"]

    pipeline = dsl.pipeline(name=f"chain of {steps}")(chain)
    return lambda: to_dag(pipeline, runtime="kubernetes")


def written_by_hand(steps: int) -> Callable[[], object]:
    """Return a function that makes the same DAG of plain operators; the values go by XCom and Jinja."""
    from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator
    from airflow.sdk import DAG, Param

    def build() -> object:
        with DAG(dag_id=f"by_hand_{steps}", schedule=None, start_date=START, params={"rate": Param(0.1)}) as dag:
            previous = None
            for number in range(steps):
                value = f"{{{{ ti.xcom_pull('step-{number - 1}')['value'] }}}}" if previous else "{{ params.rate }}"
                operator = KubernetesPodOperator(
                    task_id=f"step-{number}",
                    name=f"step-{number}",
                    image=IMAGE,
                    cmds=["python", "-c"],
                    arguments=["print('hello')", "--value", value],
                    do_xcom_push=True,
                )
                if previous is not None:
                    previous >> operator
                previous = operator
        return dag

    return build
