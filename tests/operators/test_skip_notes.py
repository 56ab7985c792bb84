"""The reasons of skipped tasks as Airflow's notes, made by Airflow's own listeners as a run ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kfp_airflow import dsl
from kfp_airflow.operators.skip_notes import note_of, note_skipped_tasks
from tests.dag.running import run
from tests.dag.test_running import say

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # D-09: constructing ContainerOp directly

Change = Callable[[Any], None]


def pipeline_of(name: str, *, fails: bool = False) -> Callable[..., None]:
    @dsl.pipeline(name=name)
    def pipeline(text: str = "b") -> None:
        said = say("said", text)
        with dsl.Condition(said.output == "a", name="is a"):
            say("only-a")
        if fails:
            say("fails", code="exit 1")

    return pipeline


@pytest.fixture
def session() -> Iterator[Any]:
    from airflow.utils.session import create_session

    with create_session() as session:
        yield session


def notes(session: Any, dag_id: str) -> dict[str, str]:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import select

    session.flush()
    session.expire_all()
    found = session.scalars(select(TaskInstance).where(TaskInstance.dag_id == dag_id))
    return {instance.task_id: instance.note for instance in found if instance.note is not None}


def run_of(session: Any, dag_id: str) -> Any:
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    return session.scalar(select(DagRun).where(DagRun.dag_id == dag_id))


def noted_anew(session: Any, dag_id: str) -> dict[str, str]:
    session.flush()
    note_skipped_tasks(run_of(session, dag_id))
    return notes(session, dag_id)


REASON = "Skipped: condition 'is a' (out == 'a') is false: 'b' == 'a'"


@pytest.mark.parametrize("fails", [False, True], ids=["success", "failed"])
def test_a_skipped_task_has_its_reason_as_a_note_when_the_run_has_ended(session: Any, fails: bool) -> None:
    dag_id = f"noted-{fails}".lower()
    assert run(pipeline_of(dag_id, fails=fails)).state == ("failed" if fails else "success")
    assert notes(session, dag_id) == {"only-a": REASON}


def test_a_long_reason_is_cut_and_what_is_kept_elsewhere_left_out() -> None:
    assert note_of("x" * 3000) == f"Skipped: {'x' * 3000}"[:1000]
    assert note_of({"path": "s3://bucket/xcom"}) is None


def test_what_a_task_said_before_it_was_cleared_goes_and_what_people_wrote_stays(session: Any) -> None:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import update

    run(pipeline_of("noted-again"))
    assert notes(session, "noted-again") == {"only-a": REASON}
    of_run = TaskInstance.dag_id == "noted-again"
    session.execute(update(TaskInstance).where(of_run, TaskInstance.task_id == "only-a").values(state="success"))
    note_skipped_tasks(run_of(session, "noted-again"))
    assert session.new or session.deleted  # written with the run's state, not before
    assert notes(session, "noted-again") == {}
    session.execute(update(TaskInstance).where(of_run, TaskInstance.task_id == "only-a").values(state="skipped"))
    instance = next(
        found
        for found in run_of(session, "noted-again").get_task_instances(session=session)
        if found.task_id == "only-a"
    )
    instance.note = "Skipped: something else"
    assert noted_anew(session, "noted-again") == {"only-a": REASON}
    session.refresh(instance)
    instance.task_instance_note.content, instance.task_instance_note.user_id = "Skipped: I know", "ada"
    assert noted_anew(session, "noted-again") == {"only-a": "Skipped: I know"}


def test_a_run_that_is_in_no_session_is_left_alone(session: Any) -> None:
    run(pipeline_of("noted-apart"))
    dag_run = run_of(session, "noted-apart")
    session.expunge(dag_run)
    note_skipped_tasks(dag_run)
