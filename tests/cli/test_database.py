"""The database of a home, in a process that has the home's settings, as a session has."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from kfp_airflow.cli.database import require_usable
from kfp_airflow.cli.home import Home, session_environment
from kfp_airflow.diagnostics import UsageError

PREPARE = (
    "import sys\nfrom pathlib import Path\n"
    "from kfp_airflow.cli.database import end_unfinished_runs, prepare_database\n"
    "from kfp_airflow.cli.home import Home\n"
    "prepare_database(Home(root=Path(sys.argv[1])))\nend_unfinished_runs()\n"
)


def prepare(home: Home) -> None:
    """Do what a session does first."""
    environ = {**session_environment(home, os.environ, runtime="process"), "PYTHONPATH": str(Path.cwd())}
    subprocess.run([sys.executable, "-c", PREPARE, str(home.root)], env=environ, check=True, capture_output=True)


@pytest.mark.slow
def test_a_session_migrates_an_old_home_and_ends_what_a_killed_one_left_running(tmp_path: Path) -> None:
    home = Home(root=tmp_path)
    prepare(home)
    assert home.version_file.read_text() == version("apache-airflow-core") + "\n"
    home.version_file.write_text("3.0.0\n")
    states = {"begun": "running", "waiting": "queued", "never": None, "over": "success", "again": "up_for_retry"}
    with closing(sqlite3.connect(home.database)) as database:
        assert database.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        insert(database, "dag_run", dag_id="d", run_id="r", state="running")
        insert(database, "dag_run", dag_id="d", run_id="old", state="success")
        for number, (task_id, state) in enumerate(states.items()):
            insert(database, "task_instance", id=f"{number:032x}", dag_id="d", run_id="r", task_id=task_id, state=state)
        database.commit()
    prepare(home)
    assert home.version_file.read_text() == version("apache-airflow-core") + "\n"
    with closing(sqlite3.connect(home.database)) as database:
        assert dict(database.execute("SELECT run_id, state FROM dag_run")) == {"r": "failed", "old": "success"}
        assert dict(database.execute("SELECT task_id, state FROM task_instance")) == {
            "begun": "failed",
            "waiting": None,
            "never": None,
            "over": "success",
            "again": "failed",
        }


def insert(database: sqlite3.Connection, table: str, **values: object) -> None:
    """Insert a row; what has to be there and is not given becomes a text, a number or a time of its column's type."""
    columns = database.execute(f"PRAGMA table_info({table})").fetchall()
    for _, name, kind, required, default, _ in columns:
        if required and default is None and name not in values and name != "id":
            values[name] = "2026-01-01 00:00:00" if "TIME" in kind else 0 if "INT" in kind or "BOOL" in kind else "x"
    names, marks = ", ".join(values), ", ".join("?" for _ in values)
    database.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))


def test_a_home_of_a_newer_airflow_is_refused(tmp_path: Path) -> None:
    (tmp_path / "airflow.version").write_text("99.1.0\n")
    installed = version("apache-airflow-core")
    with pytest.raises(UsageError) as refused:
        require_usable(Home(root=tmp_path))
    assert str(refused.value) == (
        f"the home {tmp_path} was last used with Airflow 99.1.0, and this is {installed}, "
        "which is older. Choose another home with --home, or install Airflow 99.1.0"
    )
