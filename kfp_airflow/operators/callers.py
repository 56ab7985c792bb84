"""Runs that a call started, when the call is over before them: Airflow ends a deferred task without asking it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from kfp_airflow.diagnostics import StepError
from kfp_airflow.operators.values import RunValues
from kfp_airflow.version_compat import AirflowFailException

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 10.0
"""How often a step that runs looks whether its run is still waited for."""
_ENDED: Final = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})


def require_callers(values: RunValues) -> None:
    """Raise AirflowFailException where a call that led to this run no longer waits for it.

    A person has ended the call or its run, or cleared the call, which has started another run then. Exit handlers begin
    nevertheless.
    """
    if values.placement.handles_exit:
        return
    for caller in values.callers:
        state = values.state_of(caller)
        if state in _ENDED:
            raise AirflowFailException(
                f"task '{caller.task_id}' of run {caller.run_id} of {caller.dag_id}, which waited for this run, "
                f"has ended as {state}: nothing goes on here"
            )
    for caller in values.callers[-1:]:
        awaited = values.run_awaited_by(caller)
        if awaited not in {None, values.run_id}:
            raise AirflowFailException(
                f"task '{caller.task_id}' of run {caller.run_id} of {caller.dag_id}, which started this run, "
                f"waits for run {awaited} instead: nothing goes on here"
            )


@contextmanager
def ended_with_callers(values: RunValues, end: Callable[[], None]) -> Iterator[None]:
    """Call `end`, from another thread, as soon as `require_callers` would raise, and raise that however the block ends.

    A look that goes wrong is left out, the next one comes in `LOOK_EVERY_S`.
    """
    if not values.callers or values.placement.handles_exit:
        yield
        return
    over = threading.Event()
    reasons: list[AirflowFailException] = []

    def watch() -> None:
        while not over.wait(LOOK_EVERY_S):
            try:
                require_callers(values)
            except AirflowFailException as reason:
                reasons.append(reason)
                end()
                return
            except Exception:
                log.warning("Cannot tell whether this run is still waited for", exc_info=True)

    watcher = threading.Thread(target=watch, name="kfp-airflow-callers", daemon=True)
    watcher.start()
    error: StepError | None = None
    try:
        yield
    except StepError as raised:
        error = raised
    finally:
        over.set()
        watcher.join()
    if reasons:
        raise reasons[0] from error
    if error is not None:
        raise error
