"""`kfp-airflow graph`: a graph as a tree, as Mermaid text, as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from typing_extensions import assert_never

from kfp_airflow.dag.words import comparison_words, reference_words
from kfp_airflow.graph.flow import comparison_references, item_references, references
from kfp_airflow.graph.model import (
    Call,
    Condition,
    ContainerStep,
    ExitHandler,
    Graph,
    Loop,
    Member,
    Parameter,
    Pipeline,
    ResourceStep,
    SubGraph,
)
from kfp_airflow.graph.text import OutputRef, Reference, resolve_tree

Format: TypeAlias = Literal["tree", "mermaid", "json"]
EdgeKind: TypeAlias = Literal["data", "items", "condition", "after"]
_BRANCHES: Final = ("├── ", "└── ", "│   ", "    ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """`target` needs `source` first: a value of it, its value in a condition or as a list, or `.after` alone."""

    source: str
    target: str
    kind: EdgeKind


def edges(pipeline: Pipeline) -> tuple[Edge, ...]:
    """Return what has to run before what, between steps and groups, each pair once a kind, in the author's order."""
    return tuple(dict.fromkeys(_edges(pipeline.members)))


def as_tree(pipeline: Pipeline) -> str:
    """Return the pipeline as indented lines: groups with their meaning in words, steps with what they need."""
    sources: dict[str, list[str]] = {}
    for edge in edges(pipeline):
        needed = sources.setdefault(edge.target, [])
        if edge.source not in needed:
            needed.append(edge.source)
    lines = [pipeline.name, *(f"  {_parameter_words(parameter)}" for parameter in pipeline.parameters)]
    return "\n".join([*lines, *_tree_lines(pipeline.members, sources, "")])


def as_mermaid(pipeline: Pipeline) -> str:
    """Return the pipeline as a Mermaid flowchart: groups are subgraphs, dotted arrows are conditions and `.after`."""
    numbers = {member.id: f"n{index}" for index, (member, _) in enumerate(_members(pipeline.members, None))}
    lines = ["flowchart TD", *_mermaid_lines(pipeline.members, numbers, "  ")]
    for edge in edges(pipeline):
        arrow = "-->" if edge.kind in {"data", "items"} else "-.->"
        lines.append(f"  {numbers[edge.source]} {arrow} {numbers[edge.target]}")
    return "\n".join(lines)


def as_json(pipeline: Pipeline) -> dict[str, Any]:
    """Return the pipeline as JSON data.

    `parameters`, `nodes` (steps and groups, a group before its members, `parent` the id of the group around it or null)
    and `edges`. `kind` of a node is step, resource, condition, loop, subgraph or exit-handler; further keys by kind.
    """
    return {
        "name": pipeline.name,
        "description": pipeline.description,
        "parameters": [
            {
                "name": parameter.name,
                "type": resolve_tree(parameter.type, _no_reference),
                "default": parameter.default,
                "required": parameter.default is None and not parameter.optional,
                "description": parameter.description,
            }
            for parameter in pipeline.parameters
        ],
        "nodes": [_node(member, parent) for member, parent in _members(pipeline.members, None)],
        "edges": [{"from": edge.source, "to": edge.target, "kind": edge.kind} for edge in edges(pipeline)],
    }


def _edges(members: Iterable[Member]) -> Iterator[Edge]:
    for member in members:
        yield from (Edge(source=source, target=member.id, kind="after") for source in member.after)
        match member:
            case ContainerStep() | ResourceStep():
                yield from _from_outputs(references(member), member.id, "data")
            case Condition():
                yield from _from_outputs(comparison_references(member.when), member.id, "condition")
                yield from _edges(member.members)
            case Loop():
                yield from _from_outputs(item_references(member), member.id, "items")
                yield from _edges(member.members)
            case SubGraph():
                yield from _edges(member.members)
            case Graph():
                yield from _from_outputs((reference for _, reference in member.arguments), member.id, "data")
                yield from _edges(member.members)
            case Call():
                yield from _from_outputs((reference for _, reference in member.arguments), member.id, "data")
            case ExitHandler():
                yield from _edges(member.members)
                yield from _edges((member.handler,))
                yield Edge(source=member.id, target=member.handler.id, kind="after")
            case _:
                assert_never(member)


def _from_outputs(found: Iterable[Reference], target: str, kind: EdgeKind) -> Iterator[Edge]:
    for reference in found:
        if isinstance(reference, OutputRef):
            yield Edge(source=reference.step, target=target, kind=kind)


def _members(members: Iterable[Member], parent: str | None) -> Iterator[tuple[Member, str | None]]:
    for member in members:
        yield member, parent
        if not isinstance(member, ContainerStep | ResourceStep | Call):
            yield from _members(member.members, member.id)
        if isinstance(member, ExitHandler):
            yield member.handler, parent


def _title(member: Member) -> str:
    """Return a member in words: a step's id, a group's meaning."""
    match member:
        case ContainerStep():
            return member.id
        case ResourceStep():
            return f"{member.id} ({member.action} a Kubernetes object)"
        case Condition():
            return f"if {comparison_words(member.when)}"
        case Loop():
            limit = "" if member.parallelism is None else f", at most {member.parallelism} at a time"
            return f"for each item of {_items_words(member)}{limit}"
        case SubGraph():
            return f"at most {member.parallelism} at a time"
        case Graph():
            return f"graph component {member.name}"
        case Call():
            return f"{member.name} once more"
        case ExitHandler():
            return f"always followed by {member.handler.id}"
        case _:
            assert_never(member)


def _items_words(loop: Loop) -> str:
    if isinstance(loop.items, tuple):
        return f"a list of {len(loop.items)}"
    return reference_words(loop.items)


def _parameter_words(parameter: Parameter) -> str:
    if parameter.default is not None:
        return f"parameter {parameter.name} = {parameter.default}"
    return f"parameter {parameter.name} ({'may stay empty' if parameter.optional else 'has to be given'})"


def _tree_lines(members: tuple[Member, ...], sources: dict[str, list[str]], indent: str) -> Iterator[str]:
    shown = [*members, *(member.handler for member in members if isinstance(member, ExitHandler))]
    for index, member in enumerate(shown):
        last = index == len(shown) - 1
        needed = sources.get(member.id)
        after = f"  ← {', '.join(needed)}" if needed else ""
        yield f"{indent}{_BRANCHES[last]}{_title(member)}{after}"
        if not isinstance(member, ContainerStep | ResourceStep | Call):
            yield from _tree_lines(member.members, sources, indent + _BRANCHES[2 + last])


def _mermaid_lines(members: tuple[Member, ...], numbers: dict[str, str], indent: str) -> Iterator[str]:
    for member in members:
        title = _quoted(_title(member))
        if isinstance(member, ContainerStep | ResourceStep | Call):
            yield f"{indent}{numbers[member.id]}[{title}]"
            continue
        yield f"{indent}subgraph {numbers[member.id]} [{title}]"
        yield from _mermaid_lines(member.members, numbers, indent + "  ")
        yield f"{indent}end"
        if isinstance(member, ExitHandler):
            yield f"{indent}{numbers[member.handler.id]}[{_quoted(member.handler.id)}]"


def _quoted(title: str) -> str:
    """Return a Mermaid label; what has a meaning there is written as an entity."""
    entities = {'"': "#quot;", "<": "#lt;", ">": "#gt;", "#": "#35;"}
    return '"' + "".join(entities.get(character, character) for character in title) + '"'


def _node(member: Member, parent: str | None) -> dict[str, Any]:
    node: dict[str, Any] = {"id": member.id, "kind": _kind(member), "name": member.name, "parent": parent}
    match member:
        case ContainerStep():
            node["image"] = "".join(
                part if isinstance(part, str) else f"<{reference_words(part)}>" for part in member.container.image.parts
            )
            node["inputs"] = [item.name for item in member.inputs]
            node["outputs"] = [output.name for output in member.outputs]
        case ResourceStep():
            node["action"] = member.action
            node["outputs"] = [name for name, _ in member.attributes]
        case Condition():
            node["when"] = comparison_words(member.when)
        case Loop():
            node["items"] = _items_words(member)
            node["parallelism"] = member.parallelism
        case SubGraph():
            node["parallelism"] = member.parallelism
        case Graph() | Call():
            node["arguments"] = {name: reference_words(reference) for name, reference in member.arguments}
        case ExitHandler():
            node["handler"] = member.handler.id
        case _:
            assert_never(member)
    return node


def _kind(member: Member) -> str:
    match member:
        case ContainerStep():
            return "step"
        case ResourceStep():
            return "resource"
        case Condition():
            return "condition"
        case Loop():
            return "loop"
        case SubGraph():
            return "subgraph"
        case Graph():
            return "graph-component"
        case Call():
            return "call"
        case ExitHandler():
            return "exit-handler"
        case _:
            assert_never(member)


def _no_reference(reference: Reference) -> str:
    return reference_words(reference)
