"""Graphs with other references in them; everything else stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, ParameterRef, Reference, RunRef

Node = TypeVar("Node")


def map_references(node: Node, mapped: Callable[[Reference], Reference]) -> Node:
    """Return the node with `mapped(reference)` for each reference in it; parts without one are the same objects."""
    changed: Node = _map(node, mapped)
    return changed


def _map(value: Any, mapped: Callable[[Reference], Reference]) -> Any:
    match value:
        case ParameterRef() | OutputRef() | ItemRef() | ArgumentRef() | RunRef():
            return mapped(value)
        case tuple():
            items = tuple(_map(item, mapped) for item in value)
            return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
        case _ if is_dataclass(value) and not isinstance(value, type):
            changes = {field.name: _map(getattr(value, field.name), mapped) for field in fields(value)}
            changed = {name: new for name, new in changes.items() if new is not getattr(value, name)}
            return replace(value, **changed) if changed else value
        case _:
            return value
