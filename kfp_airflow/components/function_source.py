"""The source of a function as it goes into a component: alone, without decorators and type hints (row W-03)."""

from __future__ import annotations

import ast
import inspect
import io
import textwrap
import tokenize
from collections.abc import Callable
from typing import Any

from kfp_airflow.diagnostics import Diagnostic, PipelineError, Where

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def function_source(function: Callable[..., Any]) -> str:
    """Return the source of a `def`, comments kept, ready to stand at the top of a program of its own.

    Type hints of the function, and of functions inside it, are left out, because the names in them may not be defined
    there. Lines keep their numbers relative to the `def`.
    Raises PipelineError for what has no such source: lambdas, `async def`, classes, functions typed into a prompt.
    """
    lines, where = _source_lines(function)
    text, node = _parsed("".join(lines))
    if node is None or not isinstance(node, ast.FunctionDef):
        found = "an 'async def'" if isinstance(node, ast.AsyncFunctionDef) else "a lambda or an expression"
        name = getattr(function, "__name__", repr(function))
        raise _refused(
            where, f"'{name}' is {found}, which cannot become a component", "Write it as a function with 'def'."
        )
    text = without_hints(text, node)
    body = text.split("\n")[node.lineno - 1 : node.end_lineno]
    return "\n".join(["if True:", *body] if node.col_offset else body)


def _source_lines(function: Callable[..., Any]) -> tuple[list[str], Where]:
    target = inspect.unwrap(function)
    code = getattr(target, "__code__", None)
    where = Where(code.co_filename, code.co_firstlineno) if code else Where(f"<{type(function).__name__}>", 0)
    if code is None or not inspect.isfunction(target):
        name = getattr(function, "__name__", repr(function))
        raise _refused(
            where,
            f"'{name}' is no function written with 'def', so it has no source for a component",
            "Wrap it in a function of your own.",
        )
    try:
        return inspect.getsourcelines(target)[0], where
    except OSError as error:
        raise _refused(
            where,
            f"the source of function '{target.__name__}' cannot be read, and a component is made of it",
            "Write it into a file or a notebook cell: one typed into a prompt or made by exec() has no source.",
        ) from error


def _parsed(text: str) -> tuple[str, ast.stmt | None]:
    """Return the source and its function: at the top, or in an `if` where it is indented and cannot be moved."""
    for candidate in (textwrap.dedent(text), "if True:\n" + text):
        try:
            statement = ast.parse(candidate).body[0]
        except SyntaxError:
            continue
        is_wrapped = isinstance(statement, ast.If) and candidate.startswith("if True:")
        return candidate, statement.body[0] if isinstance(statement, ast.If) and is_wrapped else statement
    return text, None


def without_hints(text: str, function: ast.FunctionDef) -> str:
    """Return the source of `function` without the hints of arguments and results, also of functions inside it.

    KFP takes all of them: where a function stands alone, names in them may be bound elsewhere, later, or not at all.
    """
    edits: list[tuple[tuple[int, int], tuple[int, int], str]] = []
    for node in ast.walk(function):
        if isinstance(node, _Function):
            edits += [_edit_of_argument(text, argument) for argument in _annotated_arguments(node)]
            if node.returns is not None:
                edits.append(_edit_of_return(text, node))
    return _edited(text, edits)


def _annotated_arguments(node: _Function) -> list[ast.arg]:
    arguments = node.args
    every = [*arguments.posonlyargs, *arguments.args, arguments.vararg, *arguments.kwonlyargs, arguments.kwarg]
    return [argument for argument in every if argument is not None and argument.annotation is not None]


def _edit_of_argument(text: str, argument: ast.arg) -> tuple[tuple[int, int], tuple[int, int], str]:
    """Return what takes `: hint` away, newlines inside it kept: they stand in parentheses."""
    line = text.split("\n")[argument.lineno - 1]
    start = len(line.encode()[: argument.col_offset].decode())
    end = start
    while end < len(line) and (line[end].isalnum() or line[end] == "_"):
        end += 1
    last_line, last_column = argument.end_lineno or argument.lineno, argument.end_col_offset or 0
    last = len(text.split("\n")[last_line - 1].encode()[:last_column].decode())
    return (argument.lineno, end), (last_line, last), "\n" * (last_line - argument.lineno)


def _edit_of_return(text: str, node: _Function) -> tuple[tuple[int, int], tuple[int, int], str]:
    """Return what takes `-> hint` away; its newlines move into the parentheses, where they do not end the line."""
    depth, closing, arrow = 0, (0, 0), False
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.start < (node.lineno, 0) or token.type != tokenize.OP:
            continue
        if token.string in "([{":
            depth += 1
        elif token.string in ")]}":
            depth -= 1
            closing = token.start if depth == 0 and not arrow else closing
        elif token.string == "->" and depth == 0:
            arrow = True
        elif token.string == ":" and depth == 0 and arrow:
            return closing, token.start, "\n" * (token.start[0] - closing[0]) + ")"
    return closing, closing, ""


def _edited(text: str, edits: list[tuple[tuple[int, int], tuple[int, int], str]]) -> str:
    lines = text.split("\n")
    for (first, start), (last, end), replacement in sorted(edits, reverse=True):
        lines[first - 1 : last] = (lines[first - 1][:start] + replacement + lines[last - 1][end:]).split("\n")
    return "\n".join(lines)


def _refused(where: Where, problem: str, advice: str) -> PipelineError:
    return PipelineError([Diagnostic(code="KA311", where=where, problem=problem, advice=advice, row="W-03")])
