"""Airflow's triggerer for the calls of one session: a process of its own, as the Task Execution API is.

Started ahead, so that its imports are done when the first call waits; it begins when its standard input says so, when
there is a database, and ends when it is told so there, or when the process that started it ends.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, Final

from airflow.api_fastapi.execution_api.app import InProcessExecutionAPI
from airflow.jobs.base_job_runner import BaseJobRunner
from airflow.jobs.job import Job, run_job
from airflow.jobs.triggerer_job_runner import TriggererJobRunner, TriggerRunnerSupervisor
from airflow.sdk.api.client import Client
from structlog import get_logger
from typing_extensions import override

from kfp_airflow.cli.helpers import BEGIN, END
from kfp_airflow.cli.task_api import keep_newest_version
from kfp_airflow.version_compat import AIRFLOW_V_3_2_PLUS

if TYPE_CHECKING:
    import httpx

CAPACITY: Final = 100_000
"""How many calls may wait: one that waits for another must never keep that one out."""
MOST_PROCESSES: Final = 100
"""How often the process that waits is started anew with Airflow 3.1, where it dies of two calls that look at their runs
at the same time (its answers come "out of order"): the calls go on waiting in the next one."""
_LOOK_S: Final = 0.5


class CallSupervisor(TriggerRunnerSupervisor):
    """Airflow's process that waits for the called runs; it asks an API of its own process, of the newest version."""

    @cached_property
    @override
    def client(self) -> Client:
        """The client of the API in this process, as Airflow makes it, but 5 s sooner (see `keep_newest_version`)."""
        api = InProcessExecutionAPI()
        keep_newest_version(api.app)
        transport: httpx.BaseTransport = api.transport
        client = Client(base_url=None, token="", dry_run=True, transport=transport)
        client.base_url = "http://in-process.invalid./"
        return client


class CallTriggerer(BaseJobRunner):
    """Waits for called runs until the process is ended; `started` is told the supervisor."""

    job_type = TriggererJobRunner.job_type

    def __init__(self, job: Job, started: Callable[[CallSupervisor], None]) -> None:
        super().__init__(job)
        self._started = started

    @override
    def _execute(self) -> int | None:
        os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "server"  # connections come from the database, as in Airflow's own
        for _ in range(1 if AIRFLOW_V_3_2_PLUS else MOST_PROCESSES):
            supervisor = CallSupervisor.start(job=self.job, capacity=CAPACITY, logger=get_logger("triggerer"))
            self._started(supervisor)
            supervisor.run()  # it ends by itself only where its process has died
        return 1


def serve() -> None:
    """Wait for the beginning, then run the triggerer until the process is ended."""
    parent = os.getppid()
    if os.read(0, 1) != BEGIN:
        return
    running: list[CallSupervisor] = []
    threading.Thread(target=_end_with_session, args=(parent, running), daemon=True).start()
    runner = CallTriggerer(Job(), running.append)  # type: ignore[no-untyped-call]
    run_job(job=runner.job, execute_callable=runner._execute)  # noqa: SLF001 - as `airflow triggerer` starts it


def _end_with_session(parent: int, running: list[CallSupervisor]) -> None:
    """End both processes when the session is over. They hold nothing: every change is one transaction.

    A session that was killed tells nothing, and the executor's workers, which inherit its end of the pipe, may outlive
    it.
    """
    while os.getppid() == parent:
        readable, _, _ = select.select([0], [], [], _LOOK_S)
        if readable and os.read(0, 1) in {END, b""}:
            break
    for supervisor in running[-1:]:
        with suppress(ProcessLookupError):
            os.kill(supervisor.pid, signal.SIGKILL)
    os._exit(0)


if __name__ == "__main__":
    serve()
