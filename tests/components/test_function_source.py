"""The source of a function, alone (W-03)."""
# ruff: noqa: PLC2401, UP006, UP035, UP045 - the functions are written as KFP authors write them

import ast
import functools
from collections.abc import Callable
from typing import Any, List, Optional

import pytest

from kfp_airflow.components.function_source import function_source
from kfp_airflow.diagnostics import PipelineError

Hint = List[int]


def decorated(option: str) -> Callable[..., Any]:
    return lambda function: function


# fmt: off
@decorated("x")
@decorated(
    "y",
)
def spread(  # a comment
    a: List[int],      # the first
    b : "str" = "x",   # the second, with a ':' and '->'
    *rest: Hint,
    c: Optional[
        int
    ] = 3,
    d=lambda x: {1: x}, **more: int
) -> dict[
    str, int
]:
    """A docstring: with -> arrows.

  less indented than the code
    """
    local: int = len(a)  # stays: it is not evaluated

    def known(x: int, y: "Hint") -> str: return str(x)
    def unknown(x: Hint, *, y: List[int] = ()) -> Optional[int]: return x
    def generic(x: list[int]) -> int: return len(x)
    class Row:
        value: int = 5
        def ünï(self, ä: Hint) -> "Row": return self
    return {"local": local}
# fmt: on

EXPECTED = '''\
def spread(  # a comment
    a,      # the first
    b = "x",   # the second, with a ':' and '->'
    *rest,
    c

 = 3,
    d=lambda x: {1: x}, **more


):
    """A docstring: with -> arrows.

  less indented than the code
    """
    local: int = len(a)  # stays: it is not evaluated

    def known(x, y): return str(x)
    def unknown(x, *, y = ()): return x
    def generic(x): return len(x)
    class Row:
        value: int = 5
        def ünï(self, ä): return self
    return {"local": local}'''


@pytest.mark.better("W-03", how="source is kept as written, comments and line numbers too; only type hints go")
def test_hints_go_and_all_else_stays() -> None:
    assert function_source(spread) == EXPECTED


@pytest.mark.row("W-03")
def test_a_function_inside_runs_with_hints_that_are_bound_later_or_elsewhere() -> None:
    def outer() -> str:
        def load(path: Later, kind: only_inside.Kind = "b") -> Later:  # type: ignore[name-defined] # noqa: F821
            import string as only_inside

            return path + kind + only_inside.digits[:1]

        class Later: ...

        return load("a")  # type: ignore[no-any-return]

    names: dict[str, Any] = {}
    exec(compile(function_source(outer), "step", "exec", dont_inherit=True), names)
    assert names["outer"]() == "ab0"


def test_lines_keep_their_numbers() -> None:
    returned = ast.parse(function_source(spread)).body[0].body[-1]
    assert returned.lineno == len(EXPECTED.splitlines())


def test_a_function_inside_another_is_moved_to_the_margin() -> None:
    def inner(a: int) -> int:
        # a comment
        return a

    assert function_source(inner) == "def inner(a):\n    # a comment\n    return a"


def test_a_function_that_cannot_be_moved_without_changing_a_text_in_it_is_wrapped() -> None:
    def inner(a: int) -> str:
        return """
at the margin
"""

    source = function_source(inner)
    assert source.startswith("if True:\n    def inner(a):\n")
    names: dict[str, Any] = {}
    exec(source, names)
    assert names["inner"](1) == "\nat the margin\n"


def test_a_wrapped_function_is_the_one_inside() -> None:
    def outer(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapper(*args: Any) -> Any:
            return function(*args)

        return wrapper

    @outer
    def wrapped(a: int) -> int:
        return a

    assert function_source(wrapped) == "def wrapped(a):\n    return a"


async def waiting() -> None:
    """Wait."""


class Caller:
    def __call__(self) -> None:
        """Do nothing."""


def from_nowhere() -> Callable[..., Any]:
    names: dict[str, Any] = {}
    exec("def typed(): pass", names)
    return names["typed"]


@pytest.mark.row("W-03")
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (
            lambda x: x,
            "'<lambda>' is a lambda or an expression, which cannot become a component [KA311]\n  Write it as a",
        ),
        (waiting, "'waiting' is an 'async def', which cannot become a component [KA311]"),
        (len, "'len' is no function written with 'def', so it has no source for a component [KA311]"),
        (Caller(), "is no function written with 'def'"),
        (
            from_nowhere(),
            "the source of function 'typed' cannot be read, and a component is made of it [KA311]\n  Write",
        ),
    ],
)
def test_what_has_no_source_of_its_own_is_refused(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(PipelineError) as caught:
        function_source(function)
    assert message in str(caught.value)


def test_the_refusal_names_the_authors_line() -> None:
    with pytest.raises(PipelineError, match=rf"test_function_source\.py:{waiting.__code__.co_firstlineno}: "):
        function_source(waiting)
