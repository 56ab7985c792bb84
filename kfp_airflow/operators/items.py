"""The tasks that make the list over which Airflow maps the tasks of a loop."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator
from typing_extensions import override

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.text import Reference, text
from kfp_airflow.operators.guards import check_guards
from kfp_airflow.operators.item_text import FrozenItem, frozen_item, item_text, read_items
from kfp_airflow.operators.placement import Placement
from kfp_airflow.operators.reasons import explained
from kfp_airflow.operators.values import OperandSkipped, RunValues, open_store
from kfp_airflow.version_compat import AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context

SHOWN_CHARACTERS: Final = 200
"""How much a message shows of a text that is no list."""


class ItemsOperator(BaseOperator):
    """Publishes the items of one loop as the list that Airflow maps the loop's tasks over.

    Fails, showing the beginning of the text it got, where that is no JSON list; skips with the conditions around the
    loop.
    """

    ui_color = "#e8f0fe"

    def __init__(
        self, *, items: Reference, loop: str, keys: tuple[str, ...], placement: Placement, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.items = items
        self.loop = loop
        self.keys = keys
        self.placement = placement

    @override
    def execute(self, context: Context) -> list[FrozenItem]:
        """Return the frozen items."""
        with explained(context):
            return self._read(RunValues(self.placement, context, open_store()))

    def _read(self, values: RunValues) -> list[FrozenItem]:
        check_guards(values)
        try:
            content = text(self.items).resolve(values)
        except OperandSkipped as skipped:
            raise AirflowSkipException(str(skipped)) from None
        try:
            items = read_items(content)
        except ValueError as error:
            shown = content if len(content) <= SHOWN_CHARACTERS else content[: SHOWN_CHARACTERS - 1] + "…"
            raise StepError(f"loop '{self.loop}' needs a JSON list and got {shown!r}: {error}") from error
        for index, item in enumerate(items):
            missing = [key for key in self.keys if not isinstance(item, Mapping) or key not in item]
            if missing:
                raise StepError(f"element {index} of loop '{self.loop}' has no '{missing[0]}': {item_text(item)[:200]}")
        return [frozen_item(item) for item in items]


class CountOperator(BaseOperator):
    """Publishes the indexes of a loop's items, which the DAG file has; skips with the conditions around the loop."""

    ui_color = "#e8f0fe"

    def __init__(self, *, count: int, placement: Placement, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count
        self.placement = placement

    @override
    def execute(self, context: Context) -> list[int]:
        """Return 0, 1, 2, … up to one less than the number of items."""
        with explained(context):
            check_guards(RunValues(self.placement, context, open_store()))
            return list(range(self.count))
