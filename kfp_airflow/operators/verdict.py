"""The last task of a run with exit handlers: it gives the run the state that its steps had."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator
from typing_extensions import override

from kfp_airflow.diagnostics import StepError
from kfp_airflow.operators.reasons import explained
from kfp_airflow.operators.values import failed_tasks

if TYPE_CHECKING:
    from airflow.sdk import Context

NAMED_TASKS: Final = 20
"""How many of the failed tasks the message names."""


class VerdictOperator(BaseOperator):
    """Fails where any task of the run has failed, an exit handler included (EH-02).

    Exit handlers are teardown tasks, and Airflow leaves these out when it decides about the run's state; alone they
    would turn a failed run into a succeeded one.
    """

    ui_color = "#f1f3f4"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    @override
    def execute(self, context: Context) -> None:
        """Raise StepError, naming the failed tasks, where there are any."""
        with explained(context):
            failed = failed_tasks(context["ti"])
            if failed:
                named, more = failed[:NAMED_TASKS], failed[NAMED_TASKS:]
                raise StepError(f"the run has failed in {', '.join(named)}{' …' if more else ''}")
