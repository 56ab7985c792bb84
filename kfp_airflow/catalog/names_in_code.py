"""What a file's code says without being executed: the pipelines that it submits, and the names that it uses."""

from __future__ import annotations

import ast
import dis
import inspect
from collections.abc import Callable, Iterator
from types import CodeType, ModuleType
from typing import Any, Final

from kfp_airflow.components.factory import TaskFactory

SUBMITTING: Final = frozenset(
    {
        "_create_and_write_workflow",
        "_create_workflow",
        "compile",
        "create_workflow",
        "create_run_from_pipeline_func",
        "run_pipeline_func_on_cluster",
        "run_pipeline_func_locally",
    }
)
"""The calls of kfp whose first argument is a pipeline function."""


def submitted(tree: ast.Module, module: ModuleType) -> Iterator[Callable[..., Any]]:
    """Yield the module's functions that it compiles or submits, also where it does so as a script only."""
    for name in _submitted_names(tree):
        function = vars(module).get(name)
        if inspect.isfunction(function) or isinstance(function, TaskFactory):
            yield function


def _submitted_names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _name_of(node.func) in SUBMITTING:
            named = (keyword.value for keyword in node.keywords if keyword.arg == "pipeline_func")
            argument = next(named, node.args[0] if node.args else None)
            if isinstance(argument, ast.Name):
                yield argument.id


def names_in(code: CodeType) -> Iterator[str]:
    """Yield the names that code uses, also inside the functions that it makes."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from names_in(constant)


def _name_of(called: ast.expr) -> str | None:
    match called:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
        case _:
            return None


def has_pipelines_from(line: int, tree: ast.Module) -> bool:
    """Tell whether a pipeline, decorated or submitted, is written in a statement that ends at a line or after it."""
    named = set(_submitted_names(tree))
    return any(
        isinstance(node, ast.FunctionDef)
        and (node.name in named or any("pipeline" in ast.unparse(one) for one in node.decorator_list))
        for statement in tree.body
        if (statement.end_lineno or statement.lineno) >= line
        for node in ast.walk(statement)
    )


def globals_in(code: CodeType) -> Iterator[str]:
    """Yield the names that code looks up in its module, also inside the functions that it makes."""
    for instruction in dis.get_instructions(code):
        if instruction.opname in {"LOAD_GLOBAL", "LOAD_NAME"}:
            yield str(instruction.argval)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from globals_in(constant)
