"""Argo's notation `{{…}}` in the texts of a package becomes references (R3: nothing else knows this notation)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, cast

from kfp_airflow.graph.text import (
    EMPTY,
    RUN_FIELDS,
    ItemRef,
    ParameterRef,
    RunField,
    RunRef,
    Text,
    text,
)

PLACEHOLDER: Final = re.compile(r"\{\{([^{}]*)\}\}")
_SUBVARIABLE: Final = "-subvar-"


class Outputs(Protocol):
    """The tasks of a DAG template, asked for their outputs."""

    def __call__(self, task: str, kind: str, name: str) -> Text:
        """Return output `name` of a task; `kind` is `parameters` or `artifacts`. Raises Unresolved."""
        ...


class Unresolved(Exception):
    """A placeholder that stands for nothing; the text says what is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What placeholders stand for at one place of a workflow.

    `values` and `files` are what was handed to the template, `paths` its own files by `inputs.artifacts.x.path`;
    `outputs` knows the tasks beside; `loop` is the loop whose item the arguments of a task may use. `items` are the
    loops around by the names that KFP gives to their items, for names that the SDK fails to hand down (L-10).
    `is_authors`: texts are the author's, not what the compiler hands from template to template.
    """

    parameters: Mapping[str, str]
    values: Mapping[str, Text] = field(default_factory=dict)
    files: Mapping[str, Text] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    outputs: Outputs | None = None
    loop: str | None = None
    items: Mapping[str, str] = field(default_factory=dict)
    is_authors: bool = False


def read_text(content: str, frame: Frame, note: Callable[[str], object]) -> Text:
    """Return a text of the package with every placeholder in it as what it stands for.

    What Argo does not know either stays as it is written; what it would refuse is noted.
    """
    if "{{" not in content:
        return Text((content,)) if content else EMPTY
    parts: list[str | Text] = []
    end = 0
    for match in PLACEHOLDER.finditer(content):
        try:
            found = _meaning(match.group(1).strip(), frame)
        except Unresolved as problem:
            note(f"'{match.group(0)}' stands for nothing: {problem}")
            found = EMPTY
        if found is not None:
            parts += (content[end : match.start()], found)
            end = match.end()
    return text(*parts, content[end:])


def _meaning(name: str, frame: Frame) -> Text | None:
    """Return what a placeholder stands for; None where it is no name of Argo's."""
    head, _, rest = name.partition(".")
    match head:
        case "inputs" | "outputs":
            return _own(name, frame)
        case "tasks":
            return _of_task(rest, frame)
        case "item":
            return None if frame.loop is None else Text((ItemRef(frame.loop, rest or None),))
        case "workflow" if rest.startswith("parameters."):
            return _parameter(rest.removeprefix("parameters."), frame, spelled_out=frame.is_authors)
        case "workflow" if rest in RUN_FIELDS and "." not in rest:
            return Text((RunRef(cast("RunField", rest)),))
        case "pod" | "node" if name in RUN_FIELDS:
            return Text((RunRef(cast("RunField", name)),))
        case _:
            return None


def _own(name: str, frame: Frame) -> Text | None:
    side, _, rest = name.partition(".")
    kind, _, rest = rest.partition(".")
    if rest.endswith(".path"):
        if (path := frame.paths.get(f"{side}.{kind}.{rest.removesuffix('.path')}")) is None:
            raise Unresolved(f"the template has no such file in its {side}")
        return text(path)
    if side == "outputs" or kind not in {"parameters", "artifacts"}:
        return None
    handed = frame.values if kind == "parameters" else frame.files
    if rest in handed:
        return handed[rest]
    if kind == "parameters" and rest in frame.parameters:
        # The SDK forgets to hand a parameter to a step that shows it in its display name only (B-13).
        return _parameter(rest, frame)
    raise Unresolved("nothing hands it to the template")


def _of_task(rest: str, frame: Frame) -> Text:
    task, _, side = rest.partition(".")
    output, _, name = side.removeprefix("outputs.").partition(".")
    if frame.outputs is None or not side.startswith("outputs.") or output not in {"parameters", "artifacts"}:
        raise Unresolved("only outputs of tasks in the same DAG template can be used")
    return frame.outputs(task, output, name)


def _parameter(name: str, frame: Frame, *, spelled_out: bool = False) -> Text:
    if name in frame.parameters:
        return Text((ParameterRef(frame.parameters[name], spelled_out=spelled_out),))
    if name in frame.items:
        return Text((ItemRef(frame.items[name]),))
    item, _, key = name.rpartition(_SUBVARIABLE)
    if item in frame.items:
        return Text((ItemRef(frame.items[item], key),))
    return Text((ParameterRef(name),))
