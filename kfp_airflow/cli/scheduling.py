"""Airflow's own scheduler and LocalExecutor, for as long as one run takes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from multiprocessing.connection import wait
from select import select as wait_for_streams
from typing import TYPE_CHECKING, Any, Final, cast

import psutil  # type: ignore[import-untyped] # of Airflow's dependencies
from airflow.executors.local_executor import LocalExecutor
from airflow.jobs.job import run_job
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.models.taskinstance import TaskInstance
from airflow.utils.state import TaskInstanceState
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from typing_extensions import override

from kfp_airflow.cli.database import withhold_waiting_tasks
from kfp_airflow.cli.home import TASKS_AT_A_TIME
from kfp_airflow.version_compat import AIRFLOW_V_3_3_PLUS, AIRFLOW_V_3_4_PLUS, make_scheduler

if TYPE_CHECKING:
    from types import FrameType

    from airflow.callbacks.callback_requests import DagCallbackRequest
    from airflow.models.dagrun import DagRun
    from airflow.utils.sqlalchemy import CommitProhibitorGuard
    from sqlalchemy.orm import Session

    from kfp_airflow.cli.helpers import Helper
    from kfp_airflow.cli.watch import Watch

_TOLD_AGAIN_S: Final = 1.0
_PAUSE_PER_LOOK: Final = 10
"""How many times as long as a look for more tasks the pause after it may be."""


def run_scheduler(watch: Watch, helpers: Sequence[Helper]) -> None:
    """Run Airflow's scheduler until the watched run has ended and everything that it told is out.

    Ends with SystemExit when the process is told to end or the command that started it is gone, with RuntimeError when
    a helper has ended; the tasks that run then are told to end (`on_kill`) and waited for.
    """
    executor = SessionExecutor(watch, helpers)
    executor.runner = runner = make_scheduler(SessionScheduler, executor)
    runner.session_executor = executor
    run_job(job=runner.job, execute_callable=runner._execute)  # noqa: SLF001 - as `airflow scheduler` starts it


class SessionScheduler(SchedulerJobRunner):
    """Airflow's scheduler, told to end between two rounds, and not looking for more tasks than the executor can take.

    For a loop over 1,000 items such a look takes seconds, in which no task begins: Airflow asks the database about
    each instance that waits (`DagRun.task_instance_scheduling_decisions`).
    """

    session_executor: SessionExecutor

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.told_to_end = False
        self._next_look = 0.0

    @override
    def _exit_gracefully(self, signum: int, frame: FrameType | None) -> None:
        """Note a signal that asks for the end; the executor acts on it.

        Airflow's writes a line of the log, which waits for ever where the signal came in the middle of another line,
        and raises SystemExit wherever the scheduler is, which in a destructor is lost (Airflow 3.3.2).
        """
        self.told_to_end = True

    @override
    def _schedule_all_dag_runs(
        self, guard: CommitProhibitorGuard, dag_runs: Iterable[DagRun], session: Session
    ) -> list[tuple[DagRun, DagCallbackRequest | None]]:
        if time.monotonic() < self._next_look and self._has_enough(session):
            return super()._schedule_all_dag_runs(guard, [], session)
        begun = time.monotonic()
        callbacks = super()._schedule_all_dag_runs(guard, dag_runs, session)
        ended = time.monotonic()
        self._next_look = ended + _PAUSE_PER_LOOK * (ended - begun)
        return callbacks

    @override
    def _critical_section_enqueue_task_instances(self, session: Session) -> int:
        """Find nothing where another process has written meanwhile; the next round finds it (before Airflow 3.3)."""
        try:
            found: int = super()._critical_section_enqueue_task_instances(session)
        except OperationalError as error:
            if AIRFLOW_V_3_3_PLUS or "database is locked" not in str(error.orig):
                raise  # Airflow knows what to do about a lock; before 3.3 not about SQLite's
            session.rollback()
            return 0
        return found

    def _has_enough(self, session: Session) -> bool:
        """Tell whether tasks that may begin were found for every slot that is free, and lately no slot stayed free."""
        free: int = self.session_executor.slots_available
        if free <= 0:
            return True
        if self.session_executor.stayed_free:
            return False
        found = select(TaskInstance.id).where(TaskInstance.state == TaskInstanceState.SCHEDULED).limit(free)
        return len(session.scalars(found).all()) >= free


if TYPE_CHECKING or not AIRFLOW_V_3_4_PLUS:

    class HoldingExecutor(LocalExecutor):
        """A LocalExecutor that holds a slot for each task until its result is there, as it does from 3.4 on.

        Before (apache/airflow#71914), it takes in more than its workers can run, and after ten minutes in its queue a
        task counts as stuck.
        """

        @override
        def trigger_tasks(self, open_slots: int) -> None:
            """Hand waiting tasks to the workers, and hold a slot for each."""
            waiting = set(self.queued_tasks)
            super().trigger_tasks(open_slots)
            self.running |= waiting - self.queued_tasks.keys()

        @override
        def _check_workers(self) -> None:
            """Give the slots back where a worker was killed: the result of its task never comes."""
            if any(not worker.is_alive() for worker in self.workers.values()):
                self.running.clear()
            super()._check_workers()  # type: ignore[no-untyped-call]

else:  # goes when the oldest supported Airflow is 3.4, and the class above with it
    HoldingExecutor = LocalExecutor


class SessionExecutor(HoldingExecutor):
    """The LocalExecutor, which each round of the scheduler looks at the run, too."""

    runner: SessionScheduler

    def __init__(self, watch: Watch, helpers: Sequence[Helper]) -> None:
        super().__init__(parallelism=TASKS_AT_A_TIME)  # type: ignore[no-untyped-call]
        self.stayed_free = True
        """Whether a slot was free after the last round of the scheduler: what it had found was not enough, or waits for
        something else."""
        self._watch = watch
        self._helpers = helpers

    @override
    def sync(self) -> None:
        """Collect results, tell what has changed, and end the scheduler where the run has ended."""
        self.stayed_free = self.slots_available > 0
        super().sync()
        self._watch.look()
        if self._watch.ended:
            self.runner.num_runs = 1  # the loop ends after this round
        elif self.runner.told_to_end or _command_is_gone():
            raise SystemExit(1)
        for helper in self._helpers:
            helper.require_alive()

    @override
    def end(self) -> None:
        """End the workers: at once where nothing runs any more, else after telling the tasks to end.

        They are told until all have ended, for a process that just begins does not listen yet. Airflow would send
        fewer ends than there are workers where one takes another's and is gone before its own turn, and then wait for
        ever for the one that got none (Airflow 3.3.2).
        """
        told: dict[int, float] = {}
        if not self._watch.ended:
            withhold_waiting_tasks()
        for _ in self.workers:
            self.activity_queue.put(None)
        while workers := [worker for worker in self.workers.values() if worker.is_alive()]:
            for worker in [] if self._watch.ended else workers:
                _tell_tasks(cast("int", worker.pid), told)
            wait([worker.sentinel for worker in workers], timeout=_TOLD_AGAIN_S)
            self._read_results()  # type: ignore[no-untyped-call] # a worker waits where they fill the pipe
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
    readable, _, _ = wait_for_streams([0], [], [], 0)
    return bool(readable) and os.read(0, 1) == b""
