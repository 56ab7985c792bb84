"""One run in a home, from the DAG file to the report: the process in which `kfp-airflow run` uses Airflow.

Started with the file descriptor for its events as its only argument. Reads a `Request` as the first line of standard
input, which then stays open: its end means that the command is gone.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfp_airflow.cli.database import end_unfinished_runs, prepare_database, require_usable
from kfp_airflow.cli.events import Broken, EventWriter, Refused, Request, Started, Waiting
from kfp_airflow.cli.helpers import Helper
from kfp_airflow.cli.home import Home
from kfp_airflow.cli.places import require_cluster
from kfp_airflow.diagnostics import KfpAirflowError, UsageError

if TYPE_CHECKING:
    from airflow.sdk import DAG

BUNDLE = "dags-folder"


def serve_request(request: Request, events: EventWriter) -> None:
    """Run what is asked for and tell all about it; what goes wrong is told, too."""
    home = Home(root=Path(request.home))
    try:
        with _lock(home, events):
            require_usable(home)
            with _task_api() as task_api, _triggerer(needed=request.calls) as triggerer:
                _run(request, home, events, [task_api, *triggerer])
    except KfpAirflowError as error:
        events.send(Refused(message=str(error)))
    except Exception as error:  # noqa: BLE001 - the last place where it can be told
        events.send(Broken(message=f"{type(error).__name__}: {error}", traceback=traceback.format_exc()))


def _run(request: Request, home: Home, events: EventWriter, helpers: list[Helper]) -> None:
    from kfp_airflow.cli.watch import read_run

    prepare_database(home)
    if request.runtime == "kubernetes":
        require_cluster()
    end_unfinished_runs()
    for helper in helpers:
        helper.begin()
    dags = _register(request, home)
    watch = _start(_dag_id(request, dags), request, dags, events)
    from kfp_airflow.cli.scheduling import run_scheduler

    try:
        with suppress(SystemExit, BrokenPipeError):  # told to end, or the command is gone
            run_scheduler(watch, helpers)
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        end_unfinished_runs()
    with suppress(BrokenPipeError):  # nobody is left to be told
        watch.look()
        events.send(read_run(watch, home, dags))


@contextmanager
def _lock(home: Home, events: EventWriter) -> Iterator[None]:
    """Hold the home: SQLite takes one scheduler at a time. Waits for another session, and says so."""
    home.root.mkdir(parents=True, exist_ok=True)
    with home.lock_file.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stream.seek(0)
            events.send(Waiting(pid=stream.read().strip()))
            fcntl.flock(stream, fcntl.LOCK_EX)
        stream.seek(0)
        stream.truncate()
        stream.write(f"{os.getpid()}\n")
        stream.flush()
        yield


@contextmanager
def _task_api() -> Iterator[Helper]:
    """Start the Task Execution API and set where Airflow finds it; the socket listens before the process is ready."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as server:
        port = server.getsockname()[1]
        os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] = f"http://127.0.0.1:{port}/"
        os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = secrets.token_hex(32)
        descriptor = server.fileno()
        process = subprocess.Popen(
            [sys.executable, "-m", "kfp_airflow.cli.task_api", str(descriptor)],
            stdin=subprocess.PIPE,
            pass_fds=[descriptor],
        )
    try:
        yield Helper("Task Execution API", process)
    finally:
        process.kill()  # it holds nothing: a request is one transaction
        process.wait()


@contextmanager
def _triggerer(*, needed: bool) -> Iterator[list[Helper]]:
    """Start the triggerer, one helper, where calls will wait in it."""
    if not needed:
        yield []
        return
    reading, writing = os.pipe()
    process = subprocess.Popen([sys.executable, "-m", "kfp_airflow.cli.triggerer"], stdin=reading)
    os.close(reading)
    triggerer = Helper("triggerer", process, told_by=writing)
    try:
        yield [triggerer]
    finally:
        triggerer.end()


def _register(request: Request, home: Home) -> Mapping[str, DAG]:
    """Put the DAG file into the home, parse it and write its DAGs to the database; nothing stays where that fails."""
    from airflow.dag_processing.bundles.manager import DagBundlesManager

    from kfp_airflow.version_compat import parse_dag_file, write_dags

    home.dags.mkdir(exist_ok=True)
    path = home.dags / request.dag_file
    before = path.read_text(encoding="utf-8") if path.exists() else None
    path.write_text(request.dag_file_text, encoding="utf-8")
    try:
        bag = parse_dag_file(path, bundle_path=home.dags, bundle_name=BUNDLE)
        if bag.import_errors:
            raise UsageError("\n".join(bag.import_errors.values()))
    except BaseException:
        path.unlink() if before is None else path.write_text(before, encoding="utf-8")
        raise
    DagBundlesManager().sync_bundles_to_db()  # type: ignore[no-untyped-call]
    write_dags(bag, bundle_name=BUNDLE)
    return bag.dags


def _dag_id(request: Request, dags: Mapping[str, Any]) -> str:
    """Return the id of the DAG that was asked for; the file's other DAGs are called by it."""
    named = (dag_id for dag_id, dag in dags.items() if dag.dag_display_name == request.pipeline)
    return next(named, min(dags, key=len))


def _start(dag_id: str, request: Request, dags: Mapping[str, DAG], events: EventWriter) -> Any:
    from airflow.api.common.trigger_dag import trigger_dag
    from airflow.utils.types import DagRunTriggeredByType

    from kfp_airflow.cli.watch import Watch
    from kfp_airflow.version_compat import AirflowException

    try:
        run = trigger_dag(dag_id, triggered_by=DagRunTriggeredByType.CLI, conf=dict(request.conf))
    except (AirflowException, ValueError) as error:
        raise UsageError(f"Airflow makes no run of DAG '{dag_id}': {error}") from error
    if run is None:
        raise UsageError(f"Airflow made no run of DAG '{dag_id}'")
    _await_task_api()
    events.send(Started(dag_id=dag_id, run_id=run.run_id, tasks=len(dags[dag_id].task_dict)))
    return Watch(dag_id=dag_id, run_id=run.run_id, first_id=run.id, events=events)


def _await_task_api() -> None:
    """Return when the Task Execution API answers; a task that waited for it would count that as its own time."""
    from urllib.request import urlopen  # only here

    with urlopen(os.environ["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] + "health", timeout=120) as answer:  # noqa: S310 - own URL
        answer.read()


def main() -> None:
    """Serve the one request on standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the command's to act on
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as stream:
        # The executor's workers may outlive this process; the command is to see its end nevertheless.
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.register_at_fork(after_in_child=partial(os.dup2, nothing, stream.fileno(), inheritable=False))
        line = b""
        while not line.endswith(b"\n") and (byte := os.read(0, 1)):
            line += byte
        if line:
            serve_request(Request(**json.loads(line)), EventWriter(stream))


if __name__ == "__main__":
    main()
