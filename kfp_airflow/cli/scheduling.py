"""Airflow's own scheduler and LocalExecutor, for as long as one run takes."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final, cast

import psutil  # type: ignore[import-untyped] # of Airflow's dependencies
from airflow.executors.local_executor import LocalExecutor
from airflow.jobs.job import run_job
from typing_extensions import override

from kfp_airflow.cli.database import withhold_waiting_tasks
from kfp_airflow.cli.home import TASKS_AT_A_TIME
from kfp_airflow.version_compat import make_scheduler

if TYPE_CHECKING:
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    from kfp_airflow.cli.helpers import Helper
    from kfp_airflow.cli.watch import Watch

_TOLD_AGAIN_S: Final = 1.0


def run_scheduler(watch: Watch, helpers: Sequence[Helper]) -> None:
    """Run Airflow's scheduler until the watched run has ended and everything that it told is out.

    Ends with SystemExit when the process is told to end or the command that started it is gone, with RuntimeError when
    a helper has ended; the tasks that run then are told to end (`on_kill`) and waited for.
    """
    executor = SessionExecutor(watch, helpers)
    executor.runner = runner = make_scheduler(executor)
    run_job(job=runner.job, execute_callable=runner._execute)  # noqa: SLF001 - as `airflow scheduler` starts it


class SessionExecutor(LocalExecutor):
    """The LocalExecutor, which each round of the scheduler looks at the run, too."""

    runner: SchedulerJobRunner

    def __init__(self, watch: Watch, helpers: Sequence[Helper]) -> None:
        super().__init__(parallelism=TASKS_AT_A_TIME)  # type: ignore[no-untyped-call]
        self._watch = watch
        self._helpers = helpers

    @override
    def sync(self) -> None:
        """Collect results, tell what has changed, and end the scheduler where the run has ended."""
        super().sync()
        self._watch.look()
        if self._watch.ended:
            self.runner.num_runs = 1  # the loop ends after this round
        elif _command_is_gone():
            raise SystemExit(1)
        for helper in self._helpers:
            helper.require_alive()

    @override
    def end(self) -> None:
        """End the workers: at once where nothing runs any more, else after telling the tasks to end.

        They are told until all have ended, for a process that just begins does not listen yet.
        """
        if not self._watch.ended:
            withhold_waiting_tasks()
            for _ in self.workers:
                self.activity_queue.put(None)
            told: dict[int, float] = {}
            while workers := [worker for worker in self.workers.values() if worker.is_alive()]:
                for worker in workers:
                    _tell_tasks(cast("int", worker.pid), told)
                wait([worker.sentinel for worker in workers], timeout=_TOLD_AGAIN_S)
        super().end()


def _tell_tasks(worker: int, told: dict[int, float]) -> None:
    """Tell the task of a worker to end, if it has one; `told`: when each process was told, which is put down.

    Not by way of the worker, as Airflow would: its handler writes a log line, and waits for ever for the lock of the
    log where the signal came while a line was written (Airflow 3.3.2).
    """
    with suppress(psutil.NoSuchProcess):
        for task in psutil.Process(worker).children():
            if time.monotonic() - told.get(task.pid, -_TOLD_AGAIN_S) >= _TOLD_AGAIN_S:
                told[task.pid] = time.monotonic()
                task.terminate()


def _command_is_gone() -> bool:
    """Tell whether standard input has ended: it stays open, and silent, as long as the command lives."""
    readable, _, _ = select.select([0], [], [], 0)
    return bool(readable) and os.read(0, 1) == b""
