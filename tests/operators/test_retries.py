"""Which failures are tried again, asked by Airflow (3.3 or later) and kept by the step itself (before)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from kfp_airflow.diagnostics import ImageUnavailable, OutputMissing, StepError, StepFailed
from kfp_airflow.graph.model import Retry, RetryPolicy
from kfp_airflow.graph.resolved import ResolvedContainer, ResolvedStep
from kfp_airflow.graph.text import text
from kfp_airflow.operators.limits import ended_by
from kfp_airflow.operators.retries import (
    UNLIMITED,
    Attempts,
    airflow_retries,
    attempt_number,
    kept_to_policy,
    read_duration,
)
from kfp_airflow.pods.state import PodLost
from kfp_airflow.version_compat import AirflowFailException, AirflowSkipException

FAILED = StepFailed("step 'a': exit code 3", exit_code=3)
MISSING = OutputMissing("step 'a' did not write 'x'")
NO_IMAGE = ImageUnavailable("p.py:3: step 'a': image 'x' cannot be pulled")
LOST = PodLost("pod p was deleted")


def attempt(retry: Retry, number: int = 1, limit: int = 3, left_s: float | None = None) -> Attempts:
    """One of a step's attempts, `left_s` seconds before the budget of all is over."""
    deadline = None if left_s is None else datetime.now(timezone.utc) + timedelta(seconds=left_s)
    return Attempts(retry, number, limit, deadline)


@pytest.mark.parametrize(
    ("policy", "error", "again"),
    [
        (None, FAILED, True),
        (None, MISSING, False),
        ("OnFailure", FAILED, True),
        ("OnFailure", NO_IMAGE, False),
        ("OnFailure", LOST, True),
        ("OnError", FAILED, False),
        ("OnError", MISSING, True),
        ("Always", FAILED, True),
        ("Always", NO_IMAGE, True),
        ("OnTransientError", FAILED, False),
        ("OnTransientError", LOST, True),
    ],
)
def test_a_policy_is_kept_where_airflow_asks_none(policy: RetryPolicy | None, error: StepError, again: bool) -> None:
    """B-09."""
    with (
        pytest.raises(type(error) if again else AirflowFailException) as raised,
        kept_to_policy(attempt(Retry(policy=policy)), asked=False),
    ):
        raise error
    assert str(raised.value) == str(error)
    assert again == (raised.value is error)


@pytest.mark.parametrize(
    ("retry", "asked"), [(None, False), (Retry(policy="OnError"), True)], ids=["no policy", "Airflow asks"]
)
def test_a_failure_passes_unchanged_where_nobody_is_to_decide(retry: Retry | None, asked: bool) -> None:
    with pytest.raises(StepFailed) as raised, kept_to_policy(retry and attempt(retry), asked=asked):
        raise FAILED
    assert raised.value is FAILED


def test_a_skip_is_no_failure() -> None:
    with pytest.raises(AirflowSkipException), kept_to_policy(attempt(Retry(policy="OnError")), asked=False):
        raise AirflowSkipException("skipped")


@pytest.mark.parametrize(("number", "again"), [(3, True), (4, False)])
def test_the_step_itself_counts_where_the_run_brings_the_number(number: int, again: bool) -> None:
    """B-09: three retries are four attempts."""
    with (
        pytest.raises(StepFailed if again else AirflowFailException) as raised,
        kept_to_policy(attempt(Retry(), number)),
    ):
        raise FAILED
    assert str(raised.value).removeprefix(str(FAILED)) in {"", " (attempt 4 of 4)"}


@pytest.mark.parametrize(("left_s", "again"), [(30, True), (9, False), (-1, False)])
def test_no_attempt_begins_after_the_budget_of_all_attempts(left_s: float, again: bool) -> None:
    """B-09: the delay before the third attempt is 5 s × 2."""
    retry = Retry(backoff_duration="5", backoff_factor=2, backoff_max_duration="1m")
    with (
        pytest.raises(StepFailed if again else AirflowFailException) as raised,
        kept_to_policy(attempt(retry, 2, left_s=left_s)),
    ):
        raise FAILED
    assert again or "before another one the time for all attempts together (backoff_max_duration 1m) is over" in str(
        raised.value
    )


def test_an_attempt_ends_with_the_budget_of_all_attempts() -> None:
    step = ResolvedStep(id="a", container=ResolvedContainer(name="", image="i", command=(), args=()), timeout_s=100)
    retry = Retry(backoff_max_duration="1m")
    assert ended_by(attempt(retry).deadlines, step).timeout_s == 100
    assert ended_by(attempt(retry, left_s=30.5).deadlines, step).timeout_s == 31
    with pytest.raises(StepError, match=r"step 'a' was not begun: the time for all attempts together .* is over"):
        ended_by(attempt(retry, left_s=-1).deadlines, step)


@pytest.mark.parametrize(
    ("limit", "try_number", "max_tries", "number"),
    [("2", 1, 2, 1), ("2", 3, 2, 3), ("2", 4, 5, 1), (None, 2, UNLIMITED, 2), (None, 8, UNLIMITED + 7, 1)],
    ids=["first", "last", "cleared", "unlimited", "unlimited, cleared"],
)
def test_a_cleared_task_counts_its_attempts_from_1(
    limit: str | None, try_number: int, max_tries: int, number: int
) -> None:
    retry = Retry(limit=text(limit) if limit else None)
    assert attempt_number(airflow_retries(retry), try_number=try_number, max_tries=max_tries) == number


@pytest.mark.parametrize(
    ("written", "seconds"), [("30", 30), ("1.5", 1.5), ("2m", 120), ("1h30m", 5400), ("1d", 86400), ("250ms", 0.25)]
)
def test_durations_are_read_as_argo_reads_them(written: str, seconds: float) -> None:
    """B-09."""
    assert read_duration(written) == timedelta(seconds=seconds)
