"""Time limits that end an attempt before its own does: the run's, and that of all attempts together."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import datetime, timezone

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.resolved import ResolvedStep


def now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(timezone.utc)


def ended_by(deadline: datetime, step: ResolvedStep, *, what: str) -> ResolvedStep:
    """Return the step with a time limit that ends it by the deadline.

    `what` names the limit in the StepError where it is over already.
    """
    remaining_s = math.ceil((deadline - now()).total_seconds())
    if remaining_s <= 0:
        raise StepError(f"step '{step.id}' was not begun: {what} is over")
    return replace(step, timeout_s=remaining_s if step.timeout_s is None else min(step.timeout_s, remaining_s))
