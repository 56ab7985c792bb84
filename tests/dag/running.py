"""Run a pipeline by Airflow itself, in this process: its database, its scheduling decisions, its task runner.

The loop is that of `dag.test`, over all runs of the pipeline: the runs that calls start go on beside the one that
started them, and a call that waits in the triggerer goes on when its run has ended.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from kfp_airflow.dag.build import build_dags
from kfp_airflow.dag.options import DagOptions
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.version_compat import AIRFLOW_V_3_4_PLUS, parse_dag_file, write_dags

ROUNDS = 2000
"""How often the loop goes round at most: a pipeline that does not come to its end is a failure, not a hanging test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run that has ended: its state, and each task instance's state, times and XComs by `task` or `task[index]`.

    `times` are begin and end of those that ran (of the last attempt).
    `called` holds the runs that its tasks started, directly or not, by the id of their DAG without the pipeline's;
    `children` those that they started directly, by the names of the instances.
    """

    state: str
    states: Mapping[str, str]
    xcoms: Mapping[str, Mapping[str, Any]]
    times: Mapping[str, tuple[datetime, datetime]]
    called: Mapping[str, list[Ran]] = field(default_factory=dict)
    children: Mapping[str, Ran] = field(default_factory=dict)

    def output(self, task: str, name: str = "out") -> Any:
        """Return an output's XCom."""
        return self.xcoms[task][name]

    def why(self, task: str) -> str:
        """Return the reason of a failure or skip."""
        return str(self.xcoms[task]["kfp_message"])


@cache
def _prepared_home() -> Path:
    """Make the database of this test process's Airflow home, once, and let one Task Execution API serve all tasks.

    Airflow 3.1 makes one for each task, which takes seconds.
    """
    from airflow.sdk.execution_time import supervisor
    from airflow.utils import db

    supervisor.in_process_api_server = cache(supervisor.in_process_api_server)

    home = Path(os.environ["AIRFLOW_HOME"])
    (home / "dags").mkdir(exist_ok=True)
    db.initdb()
    return home


def run(pipeline: Callable[..., Any], *, losing_calls: bool = False, **conf: Any) -> Ran:
    """Run a pipeline function on the process runtime, with parameters, and return how it ended."""
    dags = build_dags(build_graph(pipeline), DagOptions(runtime="process"))
    return run_dags(dags, conf, losing_calls=losing_calls)


def run_dags(made: Sequence[Any], conf: Mapping[str, Any], *, losing_calls: bool = False) -> Ran:
    """Run the first of the DAGs, and of the others what its tasks start, and return how it ended.

    `losing_calls`: the first attempt of each call is lost as its run has ended, as in apache/airflow#67287.
    """
    from airflow.utils.session import create_session

    home = _prepared_home()
    dags = {dag.dag_id: dag for dag in made}
    root = next(iter(dags))
    _register(dags, home / "dags" / f"{root}.py")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow's own, about its own libraries
        first_id, run_id = _start(root, conf)
        for _ in range(ROUNDS):
            if _advance(dags, first_id, losing_calls=losing_calls):
                break
        else:
            raise AssertionError(f"{root} did not come to its end")
    with create_session() as session:
        return read_run(session, root, run_id)


def read_run(session: Any, dag_id: str, run_id: str) -> Ran:
    """Return a run of a pipeline as it is in a database, with all runs that its calls started."""
    ended = _read(session, dag_id)
    called: dict[str, list[Ran]] = {}
    for (called_id, called_run_id), ran in ended.items():
        if called_id != dag_id and called_run_id.startswith(run_id):
            called.setdefault(called_id.removeprefix(f"{dag_id}."), []).append(_with_children(ran, ended))
    return replace(_with_children(ended[dag_id, run_id], ended), called=called)


def _with_children(ran: Ran, ended: Mapping[tuple[str, str], Ran]) -> Ran:
    """Return a run with those that its calls started, found by the ids that Airflow leaves in their XComs."""
    by_run_id = {run_id: other for (_, run_id), other in ended.items()}
    children = {
        name: _with_children(by_run_id[values["trigger_run_id"]], ended)
        for name, values in ran.xcoms.items()
        if values.get("trigger_run_id") in by_run_id
    }
    return replace(ran, children=children)


def _register(dags: Mapping[str, Any], file: Path) -> None:
    """Write the DAGs to the database; a DAG whose file is not there is one that Airflow starts no run of."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    DagBundlesManager().sync_bundles_to_db()
    bag = parse_dag_file(Path(os.devnull), bundle_path=file.parent, bundle_name="dags-folder")
    file.write_text("# The DAGs are made by the test.\n", encoding="utf-8")
    for dag in dags.values():
        dag.fileloc, dag.relative_fileloc = str(file), file.name
        bag.bag_dag(dag)
    write_dags(bag, bundle_name="dags-folder")
    assert not bag.import_errors


def _start(dag_id: str, conf: Mapping[str, Any]) -> tuple[int, str]:
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.utils.types import DagRunTriggeredByType

    started = trigger_dag(dag_id, triggered_by=DagRunTriggeredByType.TEST, conf=dict(conf))
    assert started is not None
    return started.id, started.run_id


def _advance(dags: Mapping[str, Any], first_id: int, *, losing_calls: bool) -> bool:
    """Do what a scheduler, its workers and the triggerer do in one round; return whether all runs have ended."""
    from airflow.models.dagrun import DagRun
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.utils import timezone
    from airflow.utils.session import create_session
    from sqlalchemy import select

    active = select(DagRun).where(DagRun.id >= first_id, DagRun.state.in_(("queued", "running")))
    with create_session() as session:
        runs = list(session.scalars(active.order_by(DagRun.id.desc())))
        for dag_run in runs:
            if dag_run.state == "queued":
                dag_run.state, dag_run.start_date = "running", timezone.utcnow()
            dag_run.dag = SerializedDagModel.get_dag(dag_run.dag_id, session=session)
            schedulable, _ = dag_run.update_state(session=session)
            for instance in schedulable:
                if AIRFLOW_V_3_4_PLUS:  # a retry is an instance of its own, which is counted already
                    instance.try_number = max(instance.try_number, 1)
                elif instance.state != "up_for_reschedule":
                    instance.try_number += 1
                instance.state, instance.scheduled_dttm = "scheduled", timezone.utcnow()
            session.commit()
            _resume_deferred(dag_run, session, losing=losing_calls)
            for instance in dag_run.get_task_instances(session=session):
                if instance.state == "scheduled":
                    _run_instance(instance, dags[instance.dag_id])
    return not runs


def _run_instance(instance: Any, dag: Any) -> None:
    from airflow.sdk.definitions.dag import _run_task

    _run_task(ti=instance, task=dag.task_dict[instance.task_id], run_triggerer=False)


def _resume_deferred(dag_run: Any, session: Any, *, losing: bool) -> None:
    """Let the calls of a run go on whose run has ended, as the triggerer does; or lose them, as the scheduler may."""
    from airflow.models.dagrun import DagRun
    from airflow.models.trigger import Trigger, handle_event_submit
    from airflow.triggers.base import TriggerEvent
    from sqlalchemy import select

    for instance in dag_run.get_task_instances(session=session):
        if instance.state != "deferred":
            continue
        trigger = session.get(Trigger, instance.trigger_id)
        dag_id, run_ids = trigger.kwargs["dag_id"], trigger.kwargs["run_ids"]
        state = session.scalar(select(DagRun.state).where(DagRun.dag_id == dag_id, DagRun.run_id == run_ids[0]))
        if state in {"success", "failed"}:
            ended = (trigger.classpath, {"dag_id": dag_id, "run_ids": run_ids, run_ids[0]: state})
            handle_event_submit(TriggerEvent(ended), task_instance=instance, session=session)
            if losing and instance.try_number == 1:
                instance.task = dag_run.dag.get_task(instance.task_id)
                instance.handle_failure("taken for ended", session=session)
    session.commit()


def _read(session: Any, root: str) -> dict[tuple[str, str], Ran]:
    """Return all runs of a pipeline and of the bodies that it calls."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from sqlalchemy import or_, select

    def of_pipeline(model: Any) -> Any:
        return or_(model.dag_id == root, model.dag_id.startswith(f"{root}.", autoescape=True))

    states: dict[tuple[str, str], dict[str, str]] = {}
    times: dict[tuple[str, str], dict[str, tuple[datetime, datetime]]] = {}
    for entry in session.scalars(select(TaskInstance).where(of_pipeline(TaskInstance))):
        run, name = (entry.dag_id, entry.run_id), _name(entry.task_id, entry.map_index)
        states.setdefault(run, {})[name] = str(entry.state)
        if entry.start_date and entry.end_date:
            times.setdefault(run, {})[name] = (entry.start_date, entry.end_date)
    xcoms: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for entry in session.scalars(select(XComModel).where(of_pipeline(XComModel))):
        of_task = xcoms.setdefault((entry.dag_id, entry.run_id), {})
        of_task.setdefault(_name(entry.task_id, entry.map_index), {})[entry.key] = entry.value
    found: dict[tuple[str, str], Ran] = {}
    for dag_run in session.scalars(select(DagRun).where(of_pipeline(DagRun)).order_by(DagRun.id)):
        run = (dag_run.dag_id, dag_run.run_id)
        found[run] = Ran(
            state=str(dag_run.state),
            states=states.get(run, {}),
            xcoms=xcoms.get(run, {}),
            times=times.get(run, {}),
        )
    return found


def _name(task_id: str, map_index: int) -> str:
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"
