"""Groups wait, and are waited for, as a whole (CO-09).

A dependency between members of different groups is one between the outermost groups that they do not share, as in
KFP: a step that uses an output of a condition's member follows all that is in the condition.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

from typing_extensions import assert_never

from kfp_airflow.dag.sections import is_lifted
from kfp_airflow.graph.flow import comparison_references, item_references, references
from kfp_airflow.graph.model import (
    Call,
    Condition,
    ContainerStep,
    ExitHandler,
    Graph,
    Loop,
    Member,
    ResourceStep,
    Step,
    SubGraph,
    walk,
)
from kfp_airflow.graph.text import OutputRef, Reference

Needs: TypeAlias = Mapping[str, Mapping[str, None]]
"""What each neighbour waits for, in the author's order."""


def group_edges(members: tuple[Member, ...]) -> Iterator[tuple[str, str]]:
    """Yield which neighbour follows which, (earlier, later), where one of the two is a group; inner ones first.

    Groups that wait for each other in a circle, which KFP cannot run, keep the dependencies of their members alone.
    """
    neighbours = tuple(_neighbours(members))
    inside = [member for member in neighbours if not isinstance(member, Step | Call)]
    if not inside:
        return
    for member in inside:
        if not is_lifted(member):
            yield from group_edges(member.members)
    groups = {member.id for member in inside}
    needs = _needs(neighbours)
    circles = _has_circle(needs)
    for later, wanted in needs.items():
        for earlier in wanted:
            if not groups.isdisjoint((earlier, later)) and not (circles and _waits(earlier, later, needs)):
                yield earlier, later


def _neighbours(members: tuple[Member, ...]) -> Iterator[Member]:
    """Yield the members of one level; an exit handler does not make a level, it holds nearly the whole pipeline."""
    for member in members:
        if isinstance(member, ExitHandler):
            yield from _neighbours(member.members)
        else:
            yield member


def _needs(neighbours: tuple[Member, ...]) -> Needs:
    owners = {inner.id: member.id for member in neighbours for inner in walk((member,))}
    return {
        member.id: dict.fromkeys(
            owners[name]
            for inner in walk((member,))
            for name in _wanted(inner)
            if name in owners and owners[name] != member.id
        )
        for member in neighbours
    }


def _wanted(member: Member) -> Iterator[str]:
    yield from (reference.step for reference in _references(member) if isinstance(reference, OutputRef))
    yield from member.after


def _references(member: Member) -> Iterator[Reference]:
    match member:
        case ContainerStep() | ResourceStep():
            yield from references(member)
        case Condition():
            yield from comparison_references(member.when)
        case Loop():
            yield from item_references(member)
        case Graph() | Call():
            yield from (reference for _, reference in member.arguments)
        case SubGraph() | ExitHandler():
            return
        case _:
            assert_never(member)


def _has_circle(needs: Needs) -> bool:
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        return True
    return False


def _waits(member: str, other: str, needs: Needs) -> bool:
    """Tell whether a member waits for the other, directly or not."""
    seen: set[str] = set()
    ahead = [member]
    while ahead:
        current = ahead.pop()
        if current == other:
            return True
        if current not in seen:
            seen.add(current)
            ahead.extend(needs[current])
    return False
