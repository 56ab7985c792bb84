"""Limits that an attempt does not set itself: of the run's time, of all attempts' time, of the steps at a time."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timezone

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.resolved import ResolvedStep


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment that ends an attempt; `what` names the limit."""

    at: datetime
    what: str


@dataclass(frozen=True, slots=True)
class SharedLimit:
    """At most `steps` steps run at a time in a run and all runs that its tasks started; `run`: the same name for all.

    `run` is fit for a label of Kubernetes and for a file.
    """

    run: str
    steps: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an attempt keeps besides its step's own time limit."""

    deadlines: tuple[Deadline, ...] = ()
    shared: SharedLimit | None = None


def now() -> datetime:
    """Return the time, with its zone."""
    return datetime.now(timezone.utc)


def ended_by(deadlines: Iterable[Deadline], step: ResolvedStep) -> ResolvedStep:
    """Return the step with a time limit that ends it by the deadlines, as of now.

    Raises StepError where one is over already.
    """
    for deadline in deadlines:
        remaining_s = math.ceil((deadline.at - now()).total_seconds())
        if remaining_s <= 0:
            raise StepError(f"step '{step.id}' was not begun: {deadline.what} is over")
        step = replace(step, timeout_s=remaining_s if step.timeout_s is None else min(step.timeout_s, remaining_s))
    return step
