"""Graph components of a package: what they are given, and which of that a call in them changes (R-02, R-04)."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

from kfp_airflow.graph.model import Call, Condition, ExitHandler, Graph, Loop, Member, SubGraph, walk
from kfp_airflow.graph.rewrite import map_references
from kfp_airflow.graph.text import ArgumentRef, Reference

Component = TypeVar("Component", Graph, Call)


def with_changing_arguments(graph: Graph) -> Graph:
    """Return a graph component without the arguments that every call in it hands on as they are.

    A package hands whatever is used in there through all its templates, and so through every call; only what changes
    is an argument, everything else is what the outermost call hands in.
    """
    changing = {
        name
        for member in walk(graph.members)
        if isinstance(member, Call) and member.graph == graph.id
        for name, given in member.arguments
        if given != ArgumentRef(graph.id, name)
    }
    handed_in = dict(graph.arguments)

    def settled(ref: Reference) -> Reference:
        is_constant = isinstance(ref, ArgumentRef) and ref.graph == graph.id and ref.name not in changing
        return handed_in[ref.name] if is_constant and isinstance(ref, ArgumentRef) else ref

    members = tuple(_trimmed(member, graph.id, changing) for member in graph.members)
    return _only(replace(graph, members=map_references(members, settled)), changing)


def _trimmed(member: Member, graph: str, changing: set[str]) -> Member:
    match member:
        case Call() if member.graph == graph:
            return _only(member, changing)
        case Condition() | Loop() | SubGraph() | ExitHandler() | Graph():
            return replace(member, members=tuple(_trimmed(inner, graph, changing) for inner in member.members))
        case _:
            return member


def _only(member: Component, names: set[str]) -> Component:
    return replace(member, arguments=tuple(entry for entry in member.arguments if entry[0] in names))
