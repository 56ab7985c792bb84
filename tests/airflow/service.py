"""A whole Airflow for tests: two api-servers, scheduler, dag-processor and triggerer, LocalExecutor, SQLite.

The public API and the API of the tasks are processes of their own: with SQLite, one server for both may wait for
itself, because Airflow writes the log of an action in the server's event loop, while the request that holds the
database needs that loop to end.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

Found = TypeVar("Found")

COMMANDS = {
    "public-api": ("api-server", "--apps", "core"),
    "task-api": ("api-server", "--apps", "execution"),
    "scheduler": ("scheduler",),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer",),
}
"""What to call of Airflow for each part; those before the scheduler are servers that it needs."""
FINISHED = frozenset({"success", "failed"})


class AirflowService:
    """Airflow in `home`, its dags folder `home/dags`, everybody an admin; use it as a context manager."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.database = home / "airflow.db"
        self.dags = home / "dags"
        self.dags.mkdir(parents=True, exist_ok=True)
        self._ports = {server: _free_port() for server in ("public-api", "task-api")}
        self.url = f"http://127.0.0.1:{self._ports['public-api']}"
        self._task_url = f"http://127.0.0.1:{self._ports['task-api']}/execution/"
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW_")},
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__API__BASE_URL": self.url,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": (
                "a secret of at least thirty-two bytes, for tests only; nobody else sees this server, or the data"
            ),
            "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": "False",
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": self._task_url,
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__MIN_SERIALIZED_DAG_UPDATE_INTERVAL": "0",
            "AIRFLOW__CORE__PARALLELISM": "4",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{self.database}?timeout=60",
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "5",
            "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "5",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO",
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.1",
            "AIRFLOW__TRIGGERER__CAPACITY": "10",
            **settings,
        }

    def __enter__(self) -> AirflowService:
        subprocess.run([*self._airflow, "db", "migrate"], env=self._environment, check=True, capture_output=True)
        with ExitStack() as started:
            started.push(self)  # ends what has been started where the rest does not start
            for component in COMMANDS:
                if component == "scheduler":  # one that starts a task before there is an API loses it
                    self.wait_for(self._servers_answer, "the servers to answer", timeout_s=240)
                self.start(component)
            self.wait_for(self._healthy, "Airflow to be healthy", timeout_s=240)
            started.pop_all()
        return self

    def start(self, component: str) -> None:
        """Start one of the processes."""
        port = ["--port", str(self._ports[component])] if component in self._ports else []
        with (self.home / f"{component}.log").open("ab") as log:
            self._processes[component] = subprocess.Popen(
                [*self._airflow, *COMMANDS[component], *port],
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def __exit__(self, *_: object) -> None:
        for process in self._processes.values():
            os.killpg(process.pid, signal.SIGINT)
        for process in self._processes.values():
            _await_end(process)

    def restart(self, component: str) -> None:
        """Stop one of the processes, and start it again when it has ended.

        Only the process itself is told: a LocalExecutor lets the tasks end that run. A signal to its process group
        would end them too, which Airflow counts as their failure.
        """
        self.stop(component)
        self.start(component)

    def stop(self, component: str) -> None:
        """Stop one of the processes, and wait for its end."""
        process = self._processes.pop(component)
        process.send_signal(signal.SIGINT)
        _await_end(process, patience_s=120)

    @property
    def _airflow(self) -> list[str]:
        return [sys.executable, "-m", "airflow"]

    def _servers_answer(self) -> bool | None:
        try:
            with urlopen(f"{self._task_url}health", timeout=60):
                return self.get("monitor/health") is not None
        except OSError:
            return None

    def _healthy(self) -> bool | None:
        health = self.get("monitor/health")
        return all(health[part]["status"] == "healthy" for part in ("scheduler", "dag_processor", "triggerer")) or None

    def get(self, path: str) -> Any:
        """Return the answer of `GET /api/v2/<path>`."""
        return self.call("GET", path)[1]

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> tuple[int, Any]:
        """Return status and decoded answer of a call of the public API, whatever the status."""
        request = Request(
            f"{self.url}/api/v2/{path}", method=method, data=json.dumps(body).encode() if body is not None else None
        )
        request.add_header("Authorization", f"Bearer {self._token}")
        request.add_header("Content-Type", "application/json")
        request.add_header("Accept", "application/json")
        try:
            with urlopen(request, timeout=120) as answer:
                return answer.status, json.load(answer)
        except HTTPError as error:
            return error.code, json.loads(error.read() or b"null")

    @cached_property
    def _token(self) -> str:
        with urlopen(f"{self.url}/auth/token", timeout=60) as answer:
            token: str = json.load(answer)["access_token"]
        return token

    def wait_for(self, look: Callable[[], Found | None], what: str, timeout_s: float = 60) -> Found:
        """Return what `look` returns as soon as that is not None; raises AssertionError with the ends of the logs."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            found = look()
            if found is not None:
                return found
            for component, process in self._processes.items():
                if process.poll() is not None:
                    raise AssertionError(f"{component} has ended:\n{self._log_end(component)}")
            time.sleep(0.2)
        raise AssertionError(
            f"waited {timeout_s} s for {what}\n" + "\n".join(self._log_end(component) for component in self._processes)
        )

    def _log_end(self, component: str) -> str:
        return f"--- {component}\n" + (self.home / f"{component}.log").read_text(errors="replace")[-2000:]

    def wait_for_dag(self, dag_id: str) -> Any:
        """Return the DAG's details as soon as the dag processor has found it."""

        def look() -> Any:
            status, details = self.call("GET", f"dags/{dag_id}/details")
            return details if status == 200 else None

        return self.wait_for(look, f"DAG {dag_id}", timeout_s=120)

    def trigger(self, dag_id: str, **conf: Any) -> tuple[int, Any]:
        """Ask for a run with parameters; returns status and answer."""
        return self.call("POST", f"dags/{dag_id}/dagRuns", {"logical_date": None, "conf": conf})

    def run(self, dag_id: str, timeout_s: float = 180, **conf: Any) -> Any:
        """Trigger a run, wait for its end, and return it."""
        status, run = self.trigger(dag_id, **conf)
        assert status == 200, run
        return self.wait_for_run(dag_id, run["dag_run_id"], timeout_s)

    def wait_for_run(self, dag_id: str, run_id: str, timeout_s: float = 180) -> Any:
        """Return a run as soon as it has ended."""

        def look() -> Any:
            run = self.get(f"dags/{dag_id}/dagRuns/{quote(run_id)}")
            return run if run["state"] in FINISHED else None

        return self.wait_for(look, f"run {run_id} of {dag_id}", timeout_s)

    def tasks(self, dag_id: str, run_id: str) -> dict[tuple[str, int], Any]:
        """Return a run's task instances by task id and map index."""
        entries = self.get(f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances?limit=200")["task_instances"]
        return {(entry["task_id"], entry["map_index"]): entry for entry in entries}

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str, map_index: int = -1) -> Any:
        """Return the value of an XCom."""
        path = f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/xcomEntries/{key}"
        status, entry = self.call("GET", f"{path}?map_index={map_index}&deserialize=false&stringify=false")
        assert status == 200, entry
        return entry["value"]

    def log(self, dag_id: str, run_id: str, task_id: str, map_index: int = -1, attempt: int = 1) -> str:
        """Return the text of a task's log."""
        entries = self.get(
            f"dags/{dag_id}/dagRuns/{quote(run_id)}/taskInstances/{task_id}/logs/{attempt}?map_index={map_index}"
        )
        return "\n".join(_log_lines(entries["content"]))


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
        return port


def _await_end(process: subprocess.Popen[bytes], patience_s: float = 20) -> None:
    try:
        process.wait(timeout=patience_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _log_lines(entries: list[Any]) -> Iterator[str]:
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            yield str(entry.get("event"))
            yield from (str(error["exc_value"]) for error in entry.get("error_detail") or ())
