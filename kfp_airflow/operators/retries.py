"""Which failures are retried and when: KFP's `set_retry` as Argo carries it out (B-09)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from kfp_airflow.diagnostics import StepError, StepFailed
from kfp_airflow.graph.model import Retry, RetryPolicy
from kfp_airflow.version_compat import AIRFLOW_V_3_3_PLUS, AirflowFailException, BaseRetryPolicy, RetryDecision

if TYPE_CHECKING:
    from airflow.sdk import Context

UNLIMITED: Final = 1_000_000
"""What a policy without a number means (B-09): Airflow's count of retries has no infinity."""

_RETRIES_FAILURES: Final[Mapping[RetryPolicy | None, bool]] = {
    None: True,
    "OnFailure": True,
    "Always": True,
    "OnError": False,
    "OnTransientError": False,
}
_RETRIES_ERRORS: Final[Mapping[RetryPolicy | None, bool]] = {
    None: False,
    "OnFailure": False,
    "Always": True,
    "OnError": True,
    "OnTransientError": False,
}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*(s|m|h|d)?")
_SECONDS: Final = {None: 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


@dataclass(frozen=True)
class ArgoRetryPolicy(BaseRetryPolicy):
    """Retries what Argo's policy of the same name retries, after exactly the delay that the author set.

    A step *failed* when its program ended with an exit code other than 0; everything else is an *error*.
    """

    retry: Retry

    @override
    def evaluate(
        self, exception: BaseException, try_number: int, max_tries: int, context: Context | None = None
    ) -> RetryDecision:
        """Decide about the attempt after `try_number` (from 1)."""
        if not retries_after(self.retry, exception):
            kind = "failure" if isinstance(exception, StepFailed) else "error"
            return RetryDecision.fail(
                reason=f"the retry policy {self.retry.policy or 'OnFailure'} does not retry a step's {kind}"
            )
        return RetryDecision.retry(delay=delay_after(self.retry, try_number))

    @override
    def serialize(self) -> dict[str, Any]:
        """Return nothing: the decision is made in the worker, which has the DAG itself."""
        return {}


def retries_after(retry: Retry, exception: BaseException) -> bool:
    """Tell whether a policy retries a step that this exception ended; a lost pod is retried by every policy."""
    table = _RETRIES_FAILURES if isinstance(exception, StepFailed) else _RETRIES_ERRORS
    return bool(getattr(exception, "lost_pod", False)) or table[retry.policy]


@contextmanager
def kept_to_policy(retry: Retry | None, *, asked: bool = AIRFLOW_V_3_3_PLUS) -> Iterator[None]:
    """End the task for good where its policy does not retry what passes through.

    `asked`: Airflow asks the policy itself. Where it does not, it would try anything again; the delay is constant then.
    """
    try:
        yield
    except StepError as error:
        if asked or retry is None or retries_after(retry, error):
            raise
        raise AirflowFailException(str(error)) from error


def delay_after(retry: Retry, try_number: int) -> timedelta:
    """Return how long to wait after attempt `try_number` (from 1): duration × factor^(try_number − 1)."""
    factor = retry.backoff_factor if retry.backoff_factor is not None else 1.0
    return read_duration(retry.backoff_duration or "0") * factor ** (try_number - 1)


def read_duration(duration: str) -> timedelta:
    """Return a duration as Argo writes it: a bare number of seconds, or a number and s, m, h or d.

    Raises ValueError for anything else.
    """
    match = _DURATION.fullmatch(duration.strip())
    if match is None:
        raise ValueError(f"{duration!r} is no duration; write seconds, or a number and s, m, h or d")
    return timedelta(seconds=float(match.group(1)) * _SECONDS[match.group(2)])
