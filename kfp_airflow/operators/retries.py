"""Which failures are retried, when, how often and how long: KFP's `set_retry` as Argo carries it out (B-09)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import override

from kfp_airflow.diagnostics import StepError, StepFailed
from kfp_airflow.graph.model import Retry, RetryPolicy
from kfp_airflow.operators.limits import Deadline, now
from kfp_airflow.version_compat import AIRFLOW_V_3_3_PLUS, AirflowFailException, BaseRetryPolicy, RetryDecision

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import RuntimeTaskInstanceProtocol

    from kfp_airflow.artifacts.store import Store
    from kfp_airflow.operators.values import RunValues

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
_DURATION_PART: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h|d)")
_SECONDS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600, "d": 86400}


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
        number = attempt_number(airflow_retries(self.retry), try_number=try_number, max_tries=max_tries)
        return RetryDecision.retry(delay=delay_after(self.retry, number))

    @override
    def serialize(self) -> dict[str, Any]:
        """Return nothing: the decision is made in the worker, which has the DAG itself."""
        return {}


@dataclass(frozen=True, slots=True)
class Attempts:
    """What one attempt of a step knows of all its attempts: `number` counts from 1, anew after the task was cleared.

    `deadline`: when the budget of `backoff_max_duration` is over, which began with the first attempt.
    """

    retry: Retry
    number: int
    limit: int
    deadline: datetime | None = None

    @property
    def deadlines(self) -> tuple[Deadline, ...]:
        """Return the end of the budget, nothing where there is none."""
        return () if self.deadline is None else (Deadline(self.deadline, self._budget),)

    @property
    def _budget(self) -> str:
        return f"the time for all attempts together (backoff_max_duration {self.retry.backoff_max_duration})"

    def require_another(self, error: StepError) -> None:
        """Raise AirflowFailException where the limit or the budget does not allow another attempt after this one."""
        if self.number > self.limit:
            raise AirflowFailException(f"{error} (attempt {self.number} of {self.limit + 1})")
        if self.deadline is not None and now() + delay_after(self.retry, self.number) >= self.deadline:
            raise AirflowFailException(f"{error} (attempt {self.number}; before another one {self._budget} is over)")


def attempts_of(retry: Retry, values: RunValues, context: Context, store: Store) -> Attempts:
    """Return what is known of a step's attempts as one of them begins.

    Raises StepError where the number of retries is no whole number, or the budget cannot be kept.
    """
    number = attempt_of(context["ti"], airflow_retries(retry))
    return Attempts(retry=retry, number=number, limit=_limit(retry, values), deadline=_deadline(retry, context, store))


def _limit(retry: Retry, values: RunValues) -> int:
    if retry.limit is None:
        return UNLIMITED
    written = retry.limit.resolve(values)
    try:
        return int(written)
    except ValueError:
        raise StepError(f"the number of retries is {written!r}, which is no whole number") from None


def _deadline(retry: Retry, context: Context, store: Store) -> datetime | None:
    """Return when the budget is over. Every attempt of a series finds in the store when the first one began."""
    if retry.backoff_max_duration is None:
        return None
    ti = context["ti"]
    index = [str(ti.map_index)] if ti.map_index is not None and ti.map_index >= 0 else []
    series = f"attempts-to-{ti.max_tries}"  # clearing the task begins another one
    began = store.first(now().isoformat(), ti.dag_id, ti.run_id, ti.task_id, *index, series)
    try:
        return datetime.fromisoformat(began) + read_duration(retry.backoff_max_duration)
    except (ValueError, OverflowError) as error:
        raise StepError(f"backoff_max_duration cannot be kept: {error}") from None


def retries_after(retry: Retry, exception: BaseException) -> bool:
    """Tell whether a policy retries a step that this exception ended; a lost pod is retried by every policy."""
    table = _RETRIES_FAILURES if isinstance(exception, StepFailed) else _RETRIES_ERRORS
    return bool(getattr(exception, "lost_pod", False)) or table[retry.policy]


@contextmanager
def kept_to_policy(attempts: Attempts | None, *, asked: bool = AIRFLOW_V_3_3_PLUS) -> Iterator[None]:
    """End the task for good where its policy, its limit or its budget does not retry what passes through.

    `asked`: Airflow asks the policy itself. Where it does not, it would try anything again; the delay is constant then.
    """
    try:
        yield
    except StepError as error:
        if attempts is None:
            raise
        if not retries_after(attempts.retry, error):
            if asked:
                raise
            raise AirflowFailException(str(error)) from error
        attempts.require_another(error)
        raise


def airflow_retries(retry: Retry) -> int:
    """Return the number of retries that Airflow is given; a number that a run brings is kept by the step itself."""
    constant = retry.limit.constant if retry.limit is not None else None
    return UNLIMITED if constant is None else int(constant)


def attempt_of(ti: RuntimeTaskInstanceProtocol, retries: int) -> int:
    """Return which attempt of a task with so many retries this is, from 1, since it was cleared."""
    return attempt_number(retries, try_number=ti.try_number, max_tries=ti.max_tries)


def attempt_number(retries: int, *, try_number: int, max_tries: int) -> int:
    """Return which attempt this is, from 1. Airflow counts on where a task is cleared, and raises its maximum."""
    return max(try_number - max_tries + retries, 1)


def delay_after(retry: Retry, number: int) -> timedelta:
    """Return how long to wait after attempt `number` (from 1): duration × factor^(number − 1)."""
    factor = retry.backoff_factor if retry.backoff_factor is not None else 1.0
    return read_duration(retry.backoff_duration or "0") * factor ** (number - 1)


def read_duration(duration: str) -> timedelta:
    """Return a duration as Argo writes it: a bare number of seconds, or numbers with units, as `90s` and `1h30m`.

    `graph.check` has refused anything else (KA030).
    """
    if parts := _DURATION_PART.findall(duration):
        return timedelta(seconds=sum(float(number) * _SECONDS[unit] for number, unit in parts))
    return timedelta(seconds=float(duration))
