"""The metadata database of a home: made, migrated, and freed of what a session that was killed left behind."""

from __future__ import annotations

import sqlite3

from kfp_airflow.cli.home import Home
from kfp_airflow.diagnostics import UsageError


def prepare_database(home: Home) -> None:
    """Make the database, or bring it to the schema of the Airflow that is installed; nothing to do costs nothing.

    Raises UsageError where a newer Airflow wrote it.
    """
    import airflow  # noqa: PLC0415
    from airflow.utils import db  # noqa: PLC0415
    from packaging.version import Version  # noqa: PLC0415

    written_by = home.version_file.read_text(encoding="utf-8").strip() if home.version_file.exists() else None
    if written_by == airflow.__version__ and home.database.exists():
        return
    if written_by is not None and Version(written_by) > Version(airflow.__version__):
        raise UsageError(
            f"the home {home.root} was last used with Airflow {written_by}, this is {airflow.__version__}, which is older. "
            f"Choose another one with --home, or install Airflow {written_by}"
        )
    if not home.database.exists():
        # Readers and the one writer do not wait for each other in this mode; it stays with the file.
        with sqlite3.connect(home.database) as connection:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.close()
    db.initdb()
    home.version_file.write_text(airflow.__version__ + "\n", encoding="utf-8")


def end_unfinished_runs() -> None:
    """Mark every run that has not ended as failed: the one that was interrupted, or what a killed session left behind.

    Only for the one session that holds the home. Tasks that had begun become failed, the others stay without a state.
    """
    from airflow.models.dagrun import DagRun  # noqa: PLC0415
    from airflow.models.taskinstance import TaskInstance  # noqa: PLC0415
    from airflow.utils.session import create_session  # noqa: PLC0415
    from airflow.utils.state import DagRunState, State, TaskInstanceState  # noqa: PLC0415
    from sqlalchemy import case, func, select, update  # noqa: PLC0415

    waiting = (TaskInstanceState.SCHEDULED, TaskInstanceState.QUEUED, TaskInstanceState.UP_FOR_RESCHEDULE)
    with create_session() as session:
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
                    state=case((TaskInstance.state.in_(waiting), None), else_=TaskInstanceState.FAILED),
                    end_date=case((TaskInstance.state.in_(waiting), None), else_=func.current_timestamp()),
                )
                .execution_options(synchronize_session=False)
            )
            run.state = DagRunState.FAILED
