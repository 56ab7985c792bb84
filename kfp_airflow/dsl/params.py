"""Future values: `PipelineParam`, the placeholder text that stands for one, comparisons of them (PP-01 to PP-05)."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, NamedTuple

from typing_extensions import override

from kfp_airflow.diagnostics import Diagnostic, Where
from kfp_airflow.dsl import naming
from kfp_airflow.dsl.notes import note

if TYPE_CHECKING:
    from typing_extensions import Self

PLACEHOLDER = r"\{\{pipelineparam:op=([\w\s_-]*);name=([\w\s_-]+)\}\}"
_PLACEHOLDER = re.compile(PLACEHOLDER)
_values: ContextVar[dict[str, object] | None] = ContextVar("kfp_airflow_values", default=None)


@contextmanager
def keeping_values() -> Iterator[dict[str, object]]:
    """Yield a dict that gets name → value of every parameter that is made with a value inside the block (F-08)."""
    values: dict[str, object] = {}
    token = _values.set(values)
    try:
        yield values
    finally:
        _values.reset(token)


class ConditionOperator(NamedTuple):
    """A comparison that is made at run time: what `==`, `<`, … of a PipelineParam return (PP-03)."""

    operator: str
    operand1: object
    operand2: object

    def __bool__(self) -> bool:
        """Return True, as in KFP; an author who asks for it (`if p == 'x'`) gets a warning (F-05)."""
        if not self._is_one_param_equal_to_itself():
            _note_truth_value(self)
        return True

    def _is_one_param_equal_to_itself(self) -> bool:
        """Tell whether Python itself may be asking, for a dict or set with the same parameter in it twice."""
        left, right = self.operand1, self.operand2
        return (
            self.operator == "=="
            and isinstance(left, PipelineParam)
            and isinstance(right, PipelineParam)
            and (left.op_name, left.name) == (right.op_name, right.name)
        )


class PipelineParam:
    """A value that is known at run time only: a pipeline's argument, or an output of the op `op_name` (D-06).

    Its text is a placeholder, so that it can stand in any string. `param_type` is a KFP type (T-02), `value` a default.
    Raises ValueError for a name that KFP does not take (N-06), and for an op's output that has a value.
    """

    def __init__(
        self,
        name: str,
        op_name: str | None = None,
        value: object = None,
        param_type: object = None,
        pattern: str | None = None,
    ) -> None:
        if not naming.is_parameter_name(name):
            raise ValueError(
                f"The name {name!r} of a parameter or output has to begin with a letter and to hold letters, digits, "
                "spaces, '_' and '-' only"
            )
        if op_name and value:
            raise ValueError("op_name and value cannot be both set.")
        self.name = name
        self.op_name = op_name
        self.value = value
        self.param_type = param_type
        self._text = f"{{{{pipelineparam:op={op_name or ''};name={name}}}}}"
        self.pattern = pattern or self._text
        values = _values.get()
        if value is not None and values is not None:
            values[name] = value

    @property
    def full_name(self) -> str:
        """Return `<op>-<name>`, or the name of a pipeline's argument (N-07)."""
        return f"{self.op_name}-{self.name}" if self.op_name else self.name

    @override
    def __str__(self) -> str:
        """Return the placeholder (PP-01)."""
        return self._text

    @override
    def __repr__(self) -> str:
        """Return the placeholder, so that a printed list or dict keeps its meaning (PP-01)."""
        return self._text

    def rename(self, name: str) -> None:
        """Take another name, any that a placeholder can hold: a Python argument may begin with `_`."""
        self.name = name
        self._text = self.pattern = f"{{{{pipelineparam:op={self.op_name or ''};name={name}}}}}"

    def to_struct(self) -> str:
        """Return the placeholder: how a list or dict that is written as JSON holds a parameter (W-08)."""
        return self._text

    @override
    def __eq__(self, other: object) -> ConditionOperator:  # type: ignore[override] # KFP's `==` makes a condition (PP-03)
        """Return the comparison, to be given to dsl.Condition."""
        return ConditionOperator("==", self, other)

    @override
    def __ne__(self, other: object) -> ConditionOperator:  # type: ignore[override] # KFP's `!=` makes a condition (PP-03)
        """Return the comparison, to be given to dsl.Condition."""
        return ConditionOperator("!=", self, other)

    def __lt__(self, other: object) -> ConditionOperator:
        """Return the comparison, to be given to dsl.Condition."""
        return ConditionOperator("<", self, other)

    def __le__(self, other: object) -> ConditionOperator:
        """Return the comparison, to be given to dsl.Condition."""
        return ConditionOperator("<=", self, other)

    def __gt__(self, other: object) -> ConditionOperator:
        """Return the comparison, to be given to dsl.Condition."""
        return ConditionOperator(">", self, other)

    def __ge__(self, other: object) -> ConditionOperator:
        """Return the comparison, to be given to dsl.Condition."""
        return ConditionOperator(">=", self, other)

    @override
    def __hash__(self) -> int:
        """Return a hash of op and name (PP-04)."""
        return hash((self.op_name, self.name))

    def ignore_type(self) -> Self:
        """Take the type away, so that the value fits any input (T-07); return self."""
        self.param_type = None
        return self


class PipelineParamTuple(NamedTuple):
    """A placeholder found in a text."""

    name: str
    op: str
    pattern: str


def placeholders_in(payload: str) -> list[PipelineParamTuple]:
    """Return the placeholders of a text in order, repeated ones repeated, with names as authors write them."""
    return [
        PipelineParamTuple(match.group(2), match.group(1), match.group(0)) for match in _PLACEHOLDER.finditer(payload)
    ]


def match_serialized_pipelineparam(payload: str) -> list[PipelineParamTuple]:
    """Return the placeholders of a text in order, with names as packages spell them (D-07, N-05)."""
    return [
        PipelineParamTuple(naming.parameter_name(name), naming.label_name(op), pattern)
        for name, op, pattern in placeholders_in(payload)
    ]


def attributes_of(value: object) -> Mapping[str, str] | None:
    """Return Kubernetes' own spelling of a kubernetes client object's attributes, None for anything else."""
    names = getattr(type(value), "attribute_map", None)
    return names if isinstance(names, Mapping) and hasattr(type(value), "openapi_types") else None


def params_in(value: object) -> Iterator[PipelineParam]:
    """Yield the parameters anywhere in a value: strings, lists, dicts with their keys, kubernetes client objects."""
    if isinstance(value, PipelineParam):
        yield value
    elif isinstance(value, str):
        for name, op, pattern in placeholders_in(value) if "{{" in value else ():
            yield PipelineParam(name, op or None, pattern=pattern)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from params_in(key)
            yield from params_in(item)
    elif isinstance(value, Iterable) and not isinstance(value, bytes):
        for item in value:
            yield from params_in(item)
    else:
        for name in attributes_of(value) or ():
            yield from params_in(getattr(value, name))


def extract_pipelineparams_from_any(payload: object) -> list[PipelineParam]:
    """Return the parameters in a value, each once, in the order in which they are found."""
    return list({(param.op_name, param.name): param for param in params_in(payload)}.values())


def _note_truth_value(comparison: ConditionOperator) -> None:
    frame = sys._getframe(2)  # noqa: SLF001 - the code that asked; it may be no author's
    file = frame.f_code.co_filename.replace("\\", "/")
    if "/kubernetes/client/" in file:
        return
    note(
        Diagnostic(
            code="KA002",
            where=Where(frame.f_code.co_filename, frame.f_lineno),
            problem=f"the comparison {describe_comparison(comparison)} is used as a truth value: it is always true, "
            "the value is known at run time only",
            advice="Write `with dsl.Condition(a == b):` around the steps that depend on it, or compare in the program "
            "of a step.",
            row="F-05",
            severity="warning",
        )
    )


def describe_comparison(comparison: ConditionOperator) -> str:
    """Return the comparison in an author's words: `accuracy > 0.9`."""
    return f"{_describe_operand(comparison.operand1)} {comparison.operator} {_describe_operand(comparison.operand2)}"


def _describe_operand(operand: object) -> str:
    return operand.full_name if isinstance(operand, PipelineParam) else repr(operand)
