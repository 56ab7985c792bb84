"""Run a pipeline by Airflow itself, in this process: its database, its scheduling decisions, its task runner."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kfp_airflow.dag.build import build_dag
from kfp_airflow.dag.options import DagOptions
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.version_compat import parse_dag_file, write_dags


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A run that has ended: its state, and each task instance's state and XComs by `task` or `task[index]`."""

    state: str
    states: Mapping[str, str]
    xcoms: Mapping[str, Mapping[str, Any]]

    def output(self, task: str, name: str = "out") -> Any:
        """Return an output's XCom."""
        return self.xcoms[task][name]

    def why(self, task: str) -> str:
        """Return the reason of a failure or skip."""
        return str(self.xcoms[task]["kfp_message"])


@cache
def _prepared_home() -> Path:
    """Make the database of this test process's Airflow home, once."""
    from airflow.utils import db

    home = Path(os.environ["AIRFLOW_HOME"])
    (home / "dags").mkdir(exist_ok=True)
    db.initdb()
    return home


def run(pipeline: Callable[..., Any], **conf: Any) -> Ran:
    """Run a pipeline function on the process runtime, with parameters, and return how it ended."""
    home = _prepared_home()
    from airflow.dag_processing.bundles.manager import DagBundlesManager
    from airflow.models.taskinstance import TaskInstance
    from airflow.models.xcom import XComModel
    from airflow.utils.session import create_session
    from sqlalchemy import select

    dag = build_dag(build_graph(pipeline), DagOptions(runtime="process"))
    DagBundlesManager().sync_bundles_to_db()
    bag = parse_dag_file(Path(os.devnull), bundle_path=home / "dags", bundle_name="dags-folder")
    dag.fileloc = dag.relative_fileloc = f"{dag.dag_id}.py"
    bag.bag_dag(dag)
    write_dags(bag, bundle_name="dags-folder")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Airflow's own, about its own libraries
        ended = dag.test(run_conf=conf)
    with create_session() as session:
        instances = session.execute(
            select(TaskInstance.task_id, TaskInstance.map_index, TaskInstance.state).where(
                TaskInstance.run_id == ended.run_id, TaskInstance.dag_id == dag.dag_id
            )
        ).all()
        entries = session.scalars(
            select(XComModel).where(XComModel.run_id == ended.run_id, XComModel.dag_id == dag.dag_id)
        ).all()
        xcoms: dict[str, dict[str, Any]] = {}
        for entry in entries:
            xcoms.setdefault(_name(entry.task_id, entry.map_index), {})[entry.key] = entry.value
    return Ran(
        state=str(ended.state), states={_name(task, index): str(state) for task, index, state in instances}, xcoms=xcoms
    )


def _name(task_id: str, map_index: int) -> str:
    return task_id if map_index < 0 else f"{task_id}[{map_index}]"
