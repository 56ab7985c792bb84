"""The conditions around a step, asked before it runs: branch operators do not work inside mapped groups, this does."""

from __future__ import annotations

import logging

from kfp_airflow.diagnostics import StepError
from kfp_airflow.operators.callers import require_callers
from kfp_airflow.operators.comparison import holds
from kfp_airflow.operators.values import OperandSkipped, RunValues
from kfp_airflow.version_compat import AirflowSkipException

log = logging.getLogger(__name__)


def check_guards(values: RunValues) -> None:
    """Skip the task where a condition around it does not hold, outermost first (CO-08, CO-10).

    Raises AirflowSkipException, saying which condition and with which values, also where an operand's own step was
    skipped (CO-11), StepError for values that cannot be compared, and AirflowFailException where nobody waits for the
    run any more.
    """
    require_callers(values)
    for guard in values.placement.guards:
        try:
            left, right = guard.when.left.resolve(values), guard.when.right.resolve(values)
        except OperandSkipped as skipped:
            raise AirflowSkipException(f"condition '{guard.group}' ({guard.words}) cannot hold: {skipped}") from None
        try:
            true = holds(left, guard.when.operator, right)
        except StepError as error:
            raise StepError(f"condition '{guard.group}' ({guard.words}): {error}") from error
        if not true:
            shown = f"{_quoted(left)} {guard.when.operator} {_quoted(right)}"
            raise AirflowSkipException(f"condition '{guard.group}' ({guard.words}) is false: {shown}")
        log.info("Condition '%s' (%s) is true", guard.group, guard.words)


def _quoted(value: str, limit: int = 120) -> str:
    return repr(value if len(value) <= limit else value[: limit - 1] + "…")
