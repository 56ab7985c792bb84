"""Airflow's own scheduler and LocalExecutor, for as long as one run takes."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Sequence
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Final, cast

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

        They are told until all have ended: between two processes that begin there is a moment when nobody listens.
        """
        if not self._watch.ended:
            withhold_waiting_tasks()
            for _ in self.workers:
                self.activity_queue.put(None)
            while workers := [worker for worker in self.workers.values() if worker.is_alive()]:
                for worker in workers:
                    # A supervisor passes it on to its task; an idle worker ignores it.
                    os.kill(cast("int", worker.pid), signal.SIGTERM)
                wait([worker.sentinel for worker in workers], timeout=_TOLD_AGAIN_S)
        super().end()


def _command_is_gone() -> bool:
    """Tell whether standard input has ended: it stays open, and silent, as long as the command lives."""
    readable, _, _ = select.select([0], [], [], 0)
    return bool(readable) and os.read(0, 1) == b""
