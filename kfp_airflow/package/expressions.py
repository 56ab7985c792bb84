"""`when` of a task: the one comparison that KFP writes for a `dsl.Condition` (CO-02), not Argo's whole language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, cast

from kfp_airflow.graph.model import Operator
from kfp_airflow.package.placeholders import PLACEHOLDER

_OPERATOR: Final = re.compile(r"==|!=|<=|>=|<|>")
_LANGUAGE: Final = re.compile(r"&&|\|\||[()!]|==|[<>]=?|=~|\s[-+*/%?:]\s")
_END_OF_QUOTED: Final = re.compile(r"""["']\s*(?:&&|\|\||\))""")


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """A comparison as it is written: both operands without the quotes around them."""

    left: str
    operator: Operator
    right: str


def read_when(expression: str) -> When | None:
    """Return the comparison of a `when`, or None where it is anything else.

    SDKs before 0.2 wrote no quotes around the operands of == and !=; they are compared as texts all the same.
    """
    found = list(_splits(expression))
    with_reference = [when for when in found if _is_reference(when.left) or _is_reference(when.right)]
    return next(iter(with_reference or found), None)


def _splits(expression: str) -> Iterator[When]:
    """Yield every reading of an expression as two operands with an operator between them."""
    covered = [match.span() for match in PLACEHOLDER.finditer(expression)]
    for match in _OPERATOR.finditer(expression):
        if any(start < match.start() < end for start, end in covered):
            continue
        left, right = _operand(expression[: match.start()]), _operand(expression[match.end() :])
        if left is not None and right is not None and (left or right):
            yield When(left=left, operator=cast("Operator", match.group()), right=right)


def _operand(written: str) -> str | None:
    """Return one operand without its quotes; None where it is no plain value but an expression of its own."""
    stripped = written.strip()
    if len(stripped) > 1 and stripped[0] == stripped[-1] and stripped[0] in "\"'":
        inner = stripped[1:-1]
        return None if _END_OF_QUOTED.search(inner) else inner
    bare = PLACEHOLDER.sub("", stripped)
    return None if _LANGUAGE.search(bare) or '"' in bare else stripped


def _is_reference(operand: str) -> bool:
    return PLACEHOLDER.fullmatch(operand) is not None
