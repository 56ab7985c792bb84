"""Which failures are tried again, asked by Airflow (3.3 or later) and kept by the step itself (before)."""

from __future__ import annotations

import pytest

from kfp_airflow.diagnostics import ImageUnavailable, OutputMissing, StepError, StepFailed
from kfp_airflow.graph.model import Retry, RetryPolicy
from kfp_airflow.operators.retries import kept_to_policy
from kfp_airflow.pods.state import PodLost
from kfp_airflow.version_compat import AirflowFailException, AirflowSkipException

FAILED = StepFailed("step 'a': exit code 3", exit_code=3)
MISSING = OutputMissing("step 'a' did not write 'x'")
NO_IMAGE = ImageUnavailable("p.py:3: step 'a': image 'x' cannot be pulled")
LOST = PodLost("pod p was deleted")


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
        kept_to_policy(Retry(policy=policy), asked=False),
    ):
        raise error
    assert str(raised.value) == str(error)
    assert again == (raised.value is error)


@pytest.mark.parametrize(
    ("retry", "asked"), [(None, False), (Retry(policy="OnError"), True)], ids=["no policy", "Airflow asks"]
)
def test_a_failure_passes_unchanged_where_nobody_is_to_decide(retry: Retry | None, asked: bool) -> None:
    with pytest.raises(StepFailed) as raised, kept_to_policy(retry, asked=asked):
        raise FAILED
    assert raised.value is FAILED


def test_a_skip_is_no_failure() -> None:
    with pytest.raises(AirflowSkipException), kept_to_policy(Retry(policy="OnError"), asked=False):
        raise AirflowSkipException("skipped")
