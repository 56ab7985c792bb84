"""Conditions and references in words, as an author would say them: for group names, tooltips and logs."""

from __future__ import annotations

from typing_extensions import assert_never

from kfp_airflow.graph.model import Comparison, ExitHandler, Graph, Loop, SubGraph
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, ParameterRef, Reference, RunRef, Text


def comparison_words(comparison: Comparison) -> str:
    """Return a condition in words: `accuracy > 0.9`, `flip-coin == 'heads'`."""
    return f"{_operand(comparison.left)} {comparison.operator} {_operand(comparison.right)}"


def reference_words(reference: Reference) -> str:
    """Return what a reference is called: a parameter's name, an output's name.

    An output that is just `Output` is called by its step's name.
    """
    match reference:
        case ParameterRef() | ArgumentRef():
            return reference.name
        case OutputRef():
            return reference.step if reference.output.lower() in {"output", "data"} else reference.output
        case ItemRef():
            return f"item.{reference.key}" if reference.key else "item"
        case RunRef():
            return f"run {reference.field}"
        case _:
            assert_never(reference)


def items_words(loop: Loop) -> str:
    """Return what a loop goes over: `make-list`, `3 items`."""
    return f"{len(loop.items)} items" if isinstance(loop.items, tuple) else reference_words(loop.items)


def body_words(body: Loop | Graph | SubGraph) -> str:
    """Return what the inside of a group is called: `for each item of make-list`, a graph component's name, …."""
    match body:
        case Loop():
            return f"for each item of {items_words(body)}"
        case Graph():
            return body.name
        case SubGraph(members=(ExitHandler() as handled,)):
            return handler_words(handled)
        case SubGraph():
            return f"at most {body.parallelism} at a time"


def handler_words(group: ExitHandler) -> str:
    """Return what an exit handler's group is called."""
    return f"afterwards, always: {group.handler.name}"


def _operand(text: Text) -> str:
    if text.constant is not None:
        return text.constant if _is_number(text.constant) else repr(text.constant)
    return "".join(part if isinstance(part, str) else reference_words(part) for part in text.parts)


def _is_number(constant: str) -> bool:
    try:
        float(constant)
    except ValueError:
        return False
    return True
