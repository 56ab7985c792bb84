"""The comparison rules of `dsl.Condition` (CO-02 to CO-05): values are compared, never evaluated as an expression."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.model import Operator

_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?")
_HEXADECIMAL: Final = re.compile(r"0[xX][0-9a-fA-F]+")
_OPERATORS: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def holds(left: str, comparison: Operator, right: str) -> bool:
    """Tell whether `left comparison right` holds.

    `==` and `!=` compare plain text. The others compare as numbers where both are numbers (exactly, white space around
    them ignored, hexadecimal accepted) and as text, by code point, where neither is. Raises StepError where only one is
    a number.
    """
    compare = _OPERATORS[comparison]
    if comparison in {"==", "!="}:
        return compare(left, right)
    numbers = _number(left), _number(right)
    if None not in numbers:
        return compare(*numbers)
    if numbers == (None, None):
        return compare(left, right)
    text = left if numbers[0] is None else right
    raise StepError(f"'{_short(text)}' cannot be used with '{comparison}': it is not a number, the other side is")


def _number(value: str) -> Decimal | None:
    value = value.strip()
    if _HEXADECIMAL.fullmatch(value):
        return Decimal(int(value, 16))
    return Decimal(value) if _NUMBER.fullmatch(value) else None


def _short(value: str, limit: int = 60) -> str:
    return value if len(value) <= limit else value[: limit - 1] + "…"
