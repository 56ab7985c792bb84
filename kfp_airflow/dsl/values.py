"""What an author gave, read as graph texts and trees: placeholders become references (PP-01, PP-10, L-07, F-14)."""

from __future__ import annotations

import datetime
import enum
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, cast

from kfp_airflow.dsl.params import PLACEHOLDER, PipelineParam, attributes_of
from kfp_airflow.graph.text import (
    EMPTY,
    RUN_FIELDS,
    ArgumentRef,
    ItemRef,
    OutputRef,
    ParameterRef,
    Reference,
    RunField,
    RunRef,
    Struct,
    Text,
    Tree,
    text,
)

_RUN_FIELDS = "|".join(sorted(re.escape(field) for field in RUN_FIELDS if "." not in field))
_REFERENCE: Final = re.compile(
    PLACEHOLDER
    + rf"|\{{\{{\s*(?:workflow\.({_RUN_FIELDS})|(pod\.name|node\.name)|workflow\.parameters\.([\w-]+))\s*\}}\}}"
)
_ARGO_INPUT: Final = re.compile(r"\{\{\s*inputs\.parameters\.([\w-]+)\s*\}\}")
_SUBVARIABLE = "-subvar-"

ItemName = tuple[str, str]
"""Op (empty for a parameter or a static list) and name of a loop item's placeholder (L-07)."""


class Reader:
    """Reads values as they stand at one place of a pipeline.

    `steps` maps op names, as placeholders spell them, to step ids; `items` maps the placeholders of loops' items to
    loop ids: of the loops around the place first of all, else of any loop, so that `graph.check` can name a loop whose
    item is used outside of it; `graphs` maps the op names of graph components' arguments to the ids of their groups;
    `values` maps names to the values of parameters that are none of the pipeline's.
    """

    def __init__(
        self,
        steps: Mapping[str, str],
        items: Mapping[ItemName, str],
        graphs: Mapping[str, str] | None = None,
        values: Mapping[str, object] | None = None,
    ) -> None:
        self._steps = steps
        self._items = items
        self._graphs = graphs or {}
        self._values = values or {}
        self._inputs: Mapping[str, str] = {}

    def of_op(self, inputs: Mapping[str, str]) -> Reader:
        """Return a reader for an op: Argo's `{{inputs.parameters.<name>}}` means one of its inputs by name."""
        reader = Reader(self._steps, self._items, self._graphs, self._values)
        reader._inputs = inputs
        return reader

    def inside(self, item: ItemName, loop: str) -> Reader:
        """Return a reader for the body of a loop."""
        return Reader(self._steps, {**self._items, item: loop}, self._graphs, self._values)

    def text(self, value: object) -> Text:
        """Return a scalar or a future value as text; constants by `str()`, None as nothing (CO-03, O-04)."""
        if isinstance(value, str):
            if "{{" not in value:
                return Text((value,)) if value else EMPTY
            return self._split(value)
        if isinstance(value, PipelineParam):
            return self._split(str(value))
        return EMPTY if value is None else text(str(value))

    def tree(self, value: object) -> Tree:
        """Return JSON-like data, kubernetes client objects included, with every string read as a text.

        Attributes of such objects that are None are left out. Raises TypeError, naming the type, for anything else.
        """
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if isinstance(value, (str, PipelineParam)):
            return self.text(value)
        if isinstance(value, Mapping):
            return Struct(tuple((self.text(key), self.tree(item)) for key, item in value.items()))
        names = attributes_of(value)
        if names is not None:
            return self._object(value, names)
        if isinstance(value, enum.Enum):
            return self.tree(value.value)
        if isinstance(value, (datetime.date, datetime.datetime)):
            return text(value.isoformat())
        if isinstance(value, Iterable) and not isinstance(value, (bytes, bytearray)):
            return tuple(self.tree(item) for item in value)
        raise TypeError(f"{value!r} of type {type(value).__name__} has no place in a pod's or resource's specification")

    def strings(self, values: Mapping[Any, object]) -> Struct:
        """Return a mapping whose values are texts: labels, annotations, selectors (B-06 to B-08)."""
        return Struct(tuple((self.text(name), self.text(value)) for name, value in values.items()))

    def reference(self, op: str, name: str) -> Reference:
        """Return what the placeholder of op (empty for none) and name stands for."""
        loop = self._items.get((op, name))
        if loop is not None:
            return ItemRef(loop)
        item, is_subvariable, key = name.rpartition(_SUBVARIABLE)
        loop = self._items.get((op, item)) if is_subvariable else None
        if loop is not None:
            return ItemRef(loop, key)
        if op in self._graphs:
            return ArgumentRef(self._graphs[op], name)
        return OutputRef(self._steps.get(op, op), name) if op else ParameterRef(name)

    def _object(self, value: object, names: Mapping[str, str]) -> Struct:
        entries = ((spelling, getattr(value, attribute)) for attribute, spelling in names.items())
        return Struct(tuple((Text((spelling,)), self.tree(item)) for spelling, item in entries if item is not None))

    def _split(self, content: str) -> Text:
        if self._inputs:
            content = _ARGO_INPUT.sub(lambda match: self._inputs.get(match[1], match[0]), content)
        if self._values:
            content = _REFERENCE.sub(self._written_out, content)
        parts: list[str | Reference] = []
        end = 0
        for match in _REFERENCE.finditer(content):
            if match.start() > end:
                parts.append(content[end : match.start()])
            parts.append(self._matched(match))
            end = match.end()
        if end < len(content):
            parts.append(content[end:])
        return Text(tuple(parts))

    def _written_out(self, match: re.Match[str]) -> str:
        """Return the value of a parameter that the author made with one, a placeholder of anything else as it is."""
        op, name = match.group(1, 2)
        if op or name not in self._values:
            return match.group()
        value = self._values[name]
        return json.dumps(value) if isinstance(value, (list, dict)) else str(value)

    def _matched(self, match: re.Match[str]) -> Reference:
        op, name, workflow_field, pod_field, parameter = match.groups()
        if name is not None:
            return self.reference(op, name)
        if parameter is not None:
            return ParameterRef(parameter, spelled_out=True)
        return RunRef(cast("RunField", workflow_field or pod_field))


def literal_tree(value: object) -> Tree:
    """Return plain JSON data as a tree in which nothing is a reference."""
    if isinstance(value, str):
        return text(value)
    if isinstance(value, Mapping):
        return Struct(tuple((text(str(key)), literal_tree(item)) for key, item in value.items()))
    if isinstance(value, (list, tuple)):
        return tuple(literal_tree(item) for item in value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    raise TypeError(f"{value!r} of type {type(value).__name__} has no place in JSON data")
