"""The metadata database of a home: made, migrated, and freed of what a session that was killed left behind."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from importlib.metadata import version
from typing import Final

from packaging.version import Version

from kfp_airflow.cli.home import Home
from kfp_airflow.diagnostics import UsageError

_AIRFLOW: Final = "apache-airflow-core"
_WAITING: Final = ("scheduled", "queued", "up_for_reschedule")
"""The states of tasks that have not begun."""


def require_usable(home: Home) -> None:
    """Raise UsageError where a newer Airflow than this one wrote the database: there is no way back."""
    written_by, installed = _written_by(home), version(_AIRFLOW)
    if written_by is not None and Version(written_by) > Version(installed):
        raise UsageError(
            f"the home {home.root} was last used with Airflow {written_by}, and this is {installed}, "
            f"which is older. Choose another home with --home, or install Airflow {written_by}"
        )


def prepare_database(home: Home) -> None:
    """Make the database, or bring it to the schema of the Airflow that is installed; nothing to do costs nothing."""
    from airflow.utils import db

    installed = version(_AIRFLOW)
    if _written_by(home) == installed and home.database.exists():
        return
    if not home.database.exists():
        with closing(sqlite3.connect(home.database)) as connection:
            # Readers and the one writer do not wait for each other in this mode; it stays with the file.
            connection.execute("PRAGMA journal_mode=WAL")
    db.initdb()
    home.version_file.write_text(installed + "\n", encoding="utf-8")


def _written_by(home: Home) -> str | None:
    return home.version_file.read_text(encoding="utf-8").strip() if home.version_file.exists() else None


def withhold_waiting_tasks() -> None:
    """Take back the tasks that wait for a worker: the Task Execution API refuses the one that begins all the same.

    By a session of its own: that of a scheduler which has failed is in the middle of something.
    """
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from sqlalchemy import update

    with create_session(scoped=False) as session:
        session.execute(
            update(TaskInstance)
            .where(TaskInstance.state.in_(_WAITING))
            .values(state=None)
            .execution_options(synchronize_session=False)
        )


def end_unfinished_runs() -> None:
    """Mark every run that has not ended as failed: the one that was interrupted, or what a killed session left behind.

    Only for the one session that holds the home. Tasks that had begun become failed, the others stay without a state.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.session import create_session
    from airflow.utils.state import DagRunState, State, TaskInstanceState
    from sqlalchemy import case, func, select, update

    with create_session(scoped=False) as session:
        open_runs = list(session.scalars(select(DagRun).where(DagRun.state.not_in(State.finished_dr_states))))
        for run in open_runs:
            session.execute(
                update(TaskInstance)
                .where(
                    TaskInstance.dag_id == run.dag_id,
                    TaskInstance.run_id == run.run_id,
                    TaskInstance.state.is_not(None),
                    TaskInstance.state.not_in(State.finished),
                )
                .values(
                    state=case((TaskInstance.state.in_(_WAITING), None), else_=TaskInstanceState.FAILED),
                    end_date=case((TaskInstance.state.in_(_WAITING), None), else_=func.current_timestamp()),
                )
                .execution_options(synchronize_session=False)
            )
            run.state = DagRunState.FAILED
