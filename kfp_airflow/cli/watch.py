"""What happens in the runs of a session, read from Airflow's database: what changes, and the report at the end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from kfp_airflow.cli.events import EventWriter, Finished, TaskChanged
from kfp_airflow.cli.home import Home
from kfp_airflow.cli.report import RunReport, TaskReport
from kfp_airflow.cli.task_logs import failure_in
from kfp_airflow.operators.reasons import MESSAGE_KEY, REFUSED_KEY

if TYPE_CHECKING:
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy.orm import Session

_ENDED: Final = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})

TaskKey = tuple[str, str, str, int]


class Watch:
    """A run and the runs that it started: nobody else starts runs in a home while a session has it.

    `first_id` is the run's number in the database; those that it starts have larger ones.
    """

    def __init__(self, *, dag_id: str, run_id: str, first_id: int, events: EventWriter) -> None:
        self.dag_id = dag_id
        self.run_id = run_id
        self.ended = False
        self.first_id = first_id
        self._events = events
        self._seen: dict[TaskKey, tuple[str | None, int]] = {}

    def look(self) -> None:
        """Tell what has changed since the last look, and note in `ended` whether the run is over."""
        from airflow.models.dagrun import DagRun
        from airflow.models.taskinstance import TaskInstance
        from airflow.utils.session import create_session
        from airflow.utils.state import State
        from sqlalchemy import and_, select

        columns = (
            TaskInstance.dag_id,
            TaskInstance.run_id,
            TaskInstance.task_id,
            TaskInstance.map_index,
            TaskInstance.state,
            TaskInstance.try_number,
            TaskInstance.start_date,
            TaskInstance.end_date,
        )
        of_run = and_(TaskInstance.dag_id == DagRun.dag_id, TaskInstance.run_id == DagRun.run_id)
        with create_session() as session:
            state = session.scalar(select(DagRun.state).where(DagRun.id == self.first_id))
            rows = session.execute(select(*columns).join(DagRun, of_run).where(DagRun.id >= self.first_id)).all()
        for dag_id, run_id, task_id, map_index, task_state, attempt, start, end in rows:
            key = (dag_id, run_id, task_id, map_index)
            now = (None if task_state is None else str(task_state), attempt)
            if self._seen.get(key) == now or now[0] is None:
                continue
            self._seen[key] = now
            self._events.send(
                TaskChanged(
                    dag_id=dag_id,
                    run_id=run_id,
                    task_id=task_id,
                    map_index=map_index,
                    attempt=attempt,
                    state=now[0],
                    duration_s=_seconds(start, end) if now[0] in _ENDED else None,
                )
            )
        self.ended = state in State.finished_dr_states


def read_run(watch: Watch, home: Home, dags: Mapping[str, Any]) -> Finished:
    """Return the report of a watched run; `dags` are the DAGs of its file by id, for the steps behind the tasks."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import select

    reports: list[TaskReport] = []
    logs: list[str] = []
    refusals: dict[str, str] = {}
    with create_session() as session:
        runs = list(session.scalars(select(DagRun).where(DagRun.id >= watch.first_id).order_by(DagRun.id)))
        for run in runs:
            query = select(TaskInstance).where(TaskInstance.dag_id == run.dag_id, TaskInstance.run_id == run.run_id)
            for instance in sorted(session.scalars(query), key=_order(dags.get(run.dag_id))):
                values = _values(instance, session)
                report, log = _read_task(instance, values, home, dags)
                reports.append(report)
                logs.append(log)
                if report.state == "failed" and values.get(REFUSED_KEY):
                    refusals.setdefault(f"{report.dag_id}.{report.task_id}", report.message)  # once for a whole loop
        first = runs[0]
        parameters = dict(dags[first.dag_id].params.dump()) if first.dag_id in dags else {}
        whole = RunReport(
            dag_id=first.dag_id,
            run_id=first.run_id,
            state=str(first.state),
            duration_s=_seconds(first.start_date, first.end_date),
            parameters={**parameters, **(first.conf or {})},
            tasks=tuple(reports),
        )
    return Finished(report=whole.as_json(), logs=logs, refusals=list(refusals.values()))


def _seconds(start: datetime | None, end: datetime | None) -> float | None:
    """Return how long something took; Airflow's own `duration` is wrong on SQLite where a minute begins in between."""
    return (end - start).total_seconds() if start and end else None


def _order(dag: Any) -> Any:
    """Return a sort key: the DAG's own order of tasks, then map indexes."""
    positions = {} if dag is None else {task.task_id: index for index, task in enumerate(dag.topological_sort())}
    return lambda instance: (positions.get(instance.task_id, len(positions)), instance.task_id, instance.map_index)


def _read_task(
    instance: TaskInstance, values: Mapping[str, Any], home: Home, dags: Mapping[str, Any]
) -> tuple[TaskReport, str]:
    dag = dags.get(instance.dag_id)
    step = _step_of(dag.task_dict.get(instance.task_id)) if dag is not None else None
    log = home.task_log(
        dag_id=instance.dag_id,
        run_id=instance.run_id,
        task_id=instance.task_id,
        map_index=instance.map_index,
        attempt=instance.try_number,
    )
    state = None if instance.state is None else str(instance.state)
    said = str(values.get(MESSAGE_KEY, "")) if state != "success" else ""
    report = TaskReport(
        dag_id=instance.dag_id,
        run_id=instance.run_id,
        task_id=instance.task_id,
        map_index=instance.map_index,
        step=None if step is None else step.id,
        state=state,
        duration_s=_seconds(instance.start_date, instance.end_date),
        outputs={name: values[name] for name in _output_names(step) if name in values},
        message=said or (failure_in(log) if state == "failed" else ""),
    )
    return report, str(log) if log.is_file() else ""


def _step_of(task: Any) -> Any:
    """Return the graph's step behind a task, or None: an operator's attribute, or what a mapped one will be given."""
    return getattr(task, "step", None) or getattr(task, "partial_kwargs", {}).get("step")


def _output_names(step: Any) -> tuple[str, ...]:
    if step is None:
        return ()
    return tuple(output.name for output in getattr(step, "outputs", ())) + tuple(
        name for name, _ in getattr(step, "attributes", ())
    )


def _values(instance: TaskInstance, session: Session) -> dict[str, Any]:
    from airflow.models.xcom import XComModel
    from sqlalchemy import select

    query = select(XComModel.key, XComModel.value).where(
        XComModel.dag_id == instance.dag_id,
        XComModel.run_id == instance.run_id,
        XComModel.task_id == instance.task_id,
        XComModel.map_index == instance.map_index,
    )
    # As they are stored: XComModel.deserialize_value reads a text that looks like JSON once more, and makes 8 of '8'.
    return {str(key): value for key, value in session.execute(query)}
