"""A run whose call is over goes on with nothing; a real Airflow does it in tests/airflow/test_control_flow.py."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any, cast

import pytest
from airflow.providers.standard.operators.trigger_dagrun import XCOM_RUN_ID

from kfp_airflow.diagnostics import StepFailed
from kfp_airflow.operators import callers
from kfp_airflow.operators.callers import ended_with_callers, require_callers
from kfp_airflow.operators.inherited import AWAITED, Caller
from kfp_airflow.operators.placement import Facts, Placement
from kfp_airflow.operators.values import RunValues
from kfp_airflow.version_compat import AirflowFailException

OUTER = Caller(dag_id="p", run_id="r", task_id="outer", map_index=-1)
INNER = Caller(dag_id="p.for-loop-1", run_id="r.1", task_id="inner", map_index=2)


BOTH = (OUTER, INNER)


class Values:
    """As much of RunValues as is asked: the callers, and their states one after the other."""

    def __init__(self, states: Sequence[str | None], callers: tuple[Caller, ...], *, handles_exit: bool) -> None:
        self.placement = Placement(facts=Facts(pipeline="p"), handles_exit=handles_exit)
        self.callers = callers
        self.states = list(states)
        self.run_id = "r.1.inner"
        self.awaited: str | None = None

    def state_of(self, caller: Caller) -> str | None:
        assert caller in self.callers
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        if state == "unreachable":
            raise ConnectionError(state)
        return state

    def run_awaited_by(self, caller: Caller) -> str | None:
        assert caller == self.callers[-1]
        return self.awaited


def values(*states: str | None, called_by: tuple[Caller, ...] = BOTH, handles_exit: bool = False) -> RunValues:
    return cast("RunValues", Values(states, called_by, handles_exit=handles_exit))


@pytest.mark.parametrize("state", ["failed", "success", "skipped", "removed"])
def test_nothing_begins_in_a_run_whose_call_has_ended(state: str) -> None:
    with pytest.raises(
        AirflowFailException, match=rf"^task 'inner' of run r\.1 of p\.for-loop-1, .* ended as {state}:"
    ):
        require_callers(values("deferred", state))


def test_a_call_that_waits_or_is_lost_or_begins_anew_is_waited_with() -> None:
    for state in ("deferred", "running", "queued", "scheduled", "up_for_retry", None):
        require_callers(values(state))
    require_callers(values("failed", handles_exit=True))
    require_callers(values("failed", called_by=()))


def test_nothing_begins_in_a_run_whose_call_has_started_another() -> None:
    run = cast("Any", values("deferred"))
    for run.awaited in (None, "r.1.inner"):
        require_callers(run)
    run.awaited = "r.1.other"
    with pytest.raises(AirflowFailException, match=r"^task 'inner' of run r\.1 .* waits for run r\.1\.other instead:"):
        require_callers(run)


def test_the_name_of_the_awaited_run_is_that_of_airflow() -> None:
    assert AWAITED == XCOM_RUN_ID


@pytest.mark.parametrize("raises", [True, False])
def test_a_step_that_runs_is_ended_when_its_call_is_and_says_so(monkeypatch: pytest.MonkeyPatch, raises: bool) -> None:
    monkeypatch.setattr(callers, "LOOK_EVERY_S", 0.01)
    told = threading.Event()
    run = values("deferred", "deferred", "unreachable", "deferred", "failed")

    def step() -> None:
        with ended_with_callers(run, told.set):
            assert told.wait(timeout=30)
            if raises:
                raise StepFailed("step 'a': ended by signal 15", exit_code=143)

    with pytest.raises(AirflowFailException, match=r"^task 'inner' .* has ended as failed: nothing goes on here$"):
        step()


def test_a_step_whose_call_waits_ends_as_it_ends() -> None:
    with ended_with_callers(values("deferred"), pytest.fail):
        pass
    with pytest.raises(StepFailed, match="its own"), ended_with_callers(values("deferred"), pytest.fail):
        raise StepFailed("its own", exit_code=1)
    assert not [thread for thread in threading.enumerate() if thread.name == "kfp-airflow-callers"]
