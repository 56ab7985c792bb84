"""The Airflow home of `kfp-airflow run`: its folders, and the environment in which Airflow uses nothing but it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Final
from urllib.parse import quote

ARTIFACTS_VARIABLE: Final = "AIRFLOW__KFP_AIRFLOW__ARTIFACTS"
HOME_VARIABLE: Final = "KFP_AIRFLOW_HOME"
TASKS_AT_A_TIME: Final = 4
DATABASE_TIMEOUT_S: Final = 60
"""How long a writer waits for the others (scheduler, Task Execution API, triggerer); SQLite's own 5 s pass under load.
"""
_KEPT_PREFIXES: Final = ("AIRFLOW__KFP_AIRFLOW__", "AIRFLOW_CONN_", "AIRFLOW_VAR_")


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Where everything of the runs on this machine lies: history, logs, artifacts, cache."""

    root: Path

    @property
    def dags(self) -> Path:
        """The dags folder: one file per pipeline that was ever run here."""
        return self.root / "dags"

    @property
    def logs(self) -> Path:
        """Airflow's log folder: one file per attempt of a task."""
        return self.root / "logs"

    @property
    def artifacts(self) -> Path:
        """The artifact store: outputs that are no short text."""
        return self.root / "artifacts"

    @property
    def database(self) -> Path:
        """Airflow's metadata database (SQLite)."""
        return self.root / "airflow.db"

    @property
    def version_file(self) -> Path:
        """Which Airflow the database is of."""
        return self.root / "airflow.version"

    @property
    def lock_file(self) -> Path:
        """Locked by the one session that uses the database; says whose it is."""
        return self.root / "session.lock"

    def task_log(self, *, dag_id: str, run_id: str, task_id: str, map_index: int, attempt: int) -> Path:
        """Return where Airflow writes the log of one attempt of a task (its default template)."""
        folder = self.logs / f"dag_id={dag_id}" / f"run_id={run_id}" / f"task_id={task_id}"
        if map_index >= 0:
            folder /= f"map_index={map_index}"
        return folder / f"attempt={attempt}.log"


def default_home(environ: Mapping[str, str]) -> Path:
    """Return the home that is used without `--home`: `$KFP_AIRFLOW_HOME`, or a folder below the user's data folder."""
    if chosen := environ.get(HOME_VARIABLE):
        return Path(chosen)
    data = environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "kfp-airflow"


def session_environment(home: Home, environ: Mapping[str, str], *, runtime: str) -> dict[str, str]:
    """Return the environment of a session: the caller's without its Airflow settings, and those of the home.

    Settings of this package, connections and variables that the caller gave are kept (`AIRFLOW__KFP_AIRFLOW__…`,
    `AIRFLOW_CONN_…`, `AIRFLOW_VAR_…`); one of the caller's own Airflow (its database, say) never reaches the session.
    """
    kept = {
        name: value
        for name, value in environ.items()
        if not name.startswith("AIRFLOW_") or name.startswith(_KEPT_PREFIXES)
    }
    own = {
        "AIRFLOW_HOME": str(home.root),
        "AIRFLOW__CORE__DAGS_FOLDER": str(home.dags),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
        "AIRFLOW__CORE__DAGBAG_IMPORT_ERROR_TRACEBACKS": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(TASKS_AT_A_TIME),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home.database}?timeout={DATABASE_TIMEOUT_S}",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_ENABLED": str(_takes_a_pool()),
        "AIRFLOW__DATABASE__LOAD_DEFAULT_CONNECTIONS": "False",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(home.logs),
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
        # A supervisor that misses the end of its task looks again after this many seconds, 5 by default.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
        "AIRFLOW__KFP_AIRFLOW__RUNTIME": runtime,
        "PYTHONUNBUFFERED": "1",
    }
    return {ARTIFACTS_VARIABLE: f"file://{quote(str(home.artifacts))}", **kept, **own}


def _takes_a_pool() -> bool:
    """Tell whether Airflow may use a connection to SQLite again.

    Before 3.3 its scheduler leaves a read open on one, and whatever is written by it next finds the database locked.
    """
    major, minor = version("apache-airflow-core").split(".")[:2]
    return (int(major), int(minor)) >= (3, 3)


def artifacts_place(home: Home, environ: Mapping[str, str]) -> str:
    """Return where a person finds a session's artifacts: the store that the caller has set, or the home's folder."""
    return environ.get(ARTIFACTS_VARIABLE) or str(home.artifacts)


def resolve_home(given: Path | None) -> Home:
    """Return the home as absolute paths, links resolved; nothing is created."""
    return Home(root=Path(os.path.realpath(given or default_home(os.environ))))
