"""The scheduler and the executor of a session: how many tasks they take in, and when they look for more."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from airflow.executors.local_executor import LocalExecutor
from airflow.executors.workloads import ExecuteTask
from airflow.jobs.scheduler_job_runner import SchedulerJobRunner
from airflow.utils.state import TaskInstanceState

from kfp_airflow.cli.home import TASKS_AT_A_TIME
from kfp_airflow.cli.scheduling import SessionExecutor, SessionScheduler
from kfp_airflow.version_compat import AIRFLOW_V_3_4_PLUS, make_scheduler


class Watched:
    """A run that never ends."""

    ended = False

    def look(self) -> None:
        """Nobody is told."""


class Idle(SessionExecutor):
    """An executor whose workers do nothing: results come from the test."""

    def __init__(self) -> None:
        super().__init__(Watched(), [])  # type: ignore[arg-type]
        self.results: list[Any] = []
        self.workers = {}

    def _process_workloads(self, workloads: Any) -> None:
        for workload in workloads:
            del queued_in(self)[workload.ti.key]

    def _read_results(self) -> None:
        while self.results:
            self.change_state(self.results.pop(), TaskInstanceState.SUCCESS)  # type: ignore[no-untyped-call]


@pytest.fixture
def executor(monkeypatch: pytest.MonkeyPatch) -> Idle:
    monkeypatch.setattr("kfp_airflow.cli.scheduling._command_is_gone", lambda: False)
    monkeypatch.setattr(LocalExecutor, "_check_workers", lambda _self: None)
    idle = Idle()
    idle.runner = cast("SessionScheduler", SimpleNamespace(told_to_end=False))
    return idle


def queue(executor: Idle, *keys: str) -> None:
    for key in keys:
        traced = {"dag_run": SimpleNamespace(context_carrier={}), "context_carrier": {}}  # asked for before Airflow 3.2
        ti: Any = SimpleNamespace(id=key, key=key, task_id=key, priority_weight=1, **traced)
        workload = ExecuteTask.model_construct(ti=ti)
        queued_in(executor)[key] = workload


def queued_in(executor: SessionExecutor) -> dict[Any, Any]:
    """Return the tasks that wait in an executor."""
    if not AIRFLOW_V_3_4_PLUS:
        return executor.queued_tasks
    from airflow.executors.base_executor import WorkloadType

    queues: Any = executor.executor_queues
    return cast("dict[Any, Any]", queues[WorkloadType.EXECUTE_TASK])


holding = pytest.mark.skipif(AIRFLOW_V_3_4_PLUS, reason="Airflow's own LocalExecutor holds a slot for each task")


@holding
def test_a_task_holds_its_slot_until_its_result_is_there(executor: Idle) -> None:
    """Else more tasks wait in the executor than can run, and count as stuck after ten minutes."""
    queue(executor, *"abcdef"[:TASKS_AT_A_TIME])
    assert executor.slots_available == 0
    for _ in range(2):
        executor.heartbeat()
        assert (executor.slots_available, executor.stayed_free) == (0, False)
    executor.results.append("b")
    executor.heartbeat()
    assert (executor.slots_available, executor.stayed_free) == (1, False)
    executor.heartbeat()
    assert executor.stayed_free


@holding
def test_a_worker_that_was_killed_gives_back_the_slots(executor: Idle) -> None:
    queue(executor, *"ab")
    executor.heartbeat()
    executor.workers = {1: cast("Any", SimpleNamespace(is_alive=lambda: True))}
    executor.heartbeat()
    assert executor.slots_available == TASKS_AT_A_TIME - 2
    executor.workers[2] = cast("Any", SimpleNamespace(is_alive=lambda: False))
    executor.heartbeat()
    assert executor.slots_available == TASKS_AT_A_TIME


@pytest.mark.timeout(60)
def test_every_worker_gets_its_end_however_fast_another_one_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before it was given its own: Airflow's executor then waits for ever for the worker that got none."""
    watched = Watched()
    watched.ended = True
    executor = SessionExecutor(watched, [])  # type: ignore[arg-type]
    executor.start()
    workers = list(executor.workers.values())
    put = executor.activity_queue.put

    def put_and_see_it_taken(item: None) -> None:
        alive = sum(worker.is_alive() for worker in workers)
        put(item)
        while sum(worker.is_alive() for worker in workers) == alive:
            time.sleep(0.01)

    monkeypatch.setattr(executor.activity_queue, "put", put_and_see_it_taken)
    executor.end()
    assert len(workers) == TASKS_AT_A_TIME


LOOK_S = 2.0


@dataclass
class Looks:
    """What the looks of a scheduler were given, how many runs each; one run takes `LOOK_S`."""

    now: float = 1000.0
    runs: list[int] = field(default_factory=list)

    def look(self, _guard: Any, dag_runs: list[Any], _session: Any) -> list[Any]:
        self.runs.append(len(dag_runs))
        self.now += LOOK_S * len(dag_runs)
        return []


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    looks = Looks()
    monkeypatch.setattr("kfp_airflow.cli.scheduling.time.monotonic", lambda: looks.now)
    monkeypatch.setattr(SchedulerJobRunner, "_schedule_all_dag_runs", lambda _self, *given: looks.look(*given))
    return looks


@pytest.fixture
def runner(executor: Idle) -> Any:
    """Return a scheduler whose executor was full after the last round."""
    runner = make_scheduler(SessionScheduler, executor)
    runner.session_executor = executor
    executor.stayed_free = False
    return runner


class Forgotten:
    """What asks for the end of its process from its destructor."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGTERM)


def test_a_request_to_end_is_acted_on_after_the_round_wherever_it_comes(executor: Idle, runner: Any) -> None:
    """An error that is raised in a destructor is lost, SystemExit too."""
    executor.runner = runner
    with runner.register_signals():
        executor.heartbeat()
        Forgotten()
        with pytest.raises(SystemExit):
            executor.heartbeat()


def found(tasks: int) -> Any:
    """Return a session of a database with so many tasks that may begin."""
    return SimpleNamespace(scalars=lambda query: SimpleNamespace(all=lambda: [1] * min(tasks, query._limit)))


def test_it_looks_for_more_tasks_where_too_few_were_found_for_the_free_slots(runner: Any, looks: Looks) -> None:
    runner._schedule_all_dag_runs(None, ["run"], found(0))
    runner._schedule_all_dag_runs(None, ["run"], found(TASKS_AT_A_TIME - 1))
    assert looks.runs == [1, 1]


def test_it_does_not_look_while_what_it_has_found_fills_the_slots(executor: Idle, runner: Any, looks: Looks) -> None:
    runner._schedule_all_dag_runs(None, ["run"], found(9))
    runner._schedule_all_dag_runs(None, ["run"], found(TASKS_AT_A_TIME))
    queue(executor, *"abcd")
    runner._schedule_all_dag_runs(None, ["run"], found(0))  # all slots are taken
    assert looks.runs == [1, 0, 0]


def test_it_looks_again_after_a_pause_whatever_waits(runner: Any, looks: Looks) -> None:
    """For the ends of runs, skipped tasks and time limits."""
    for _ in range(2):
        runner._schedule_all_dag_runs(None, ["run"], found(9))
    looks.now += 10 * LOOK_S
    runner._schedule_all_dag_runs(None, ["run"], found(9))
    assert looks.runs == [1, 0, 1]


def test_it_looks_again_where_a_slot_stays_free_although_tasks_wait(executor: Idle, runner: Any, looks: Looks) -> None:
    """They wait for something else: `parallelism` of the pipeline."""
    executor.stayed_free = True
    runner._schedule_all_dag_runs(None, ["run"], found(9))
    runner._schedule_all_dag_runs(None, ["run"], found(9))
    assert looks.runs == [1, 1]
