"""Where every node of a graph lands in its DAG: task ids, group ids, and what encloses what.

Made once, before any operator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kfp_airflow.graph.model import (
    Call,
    Condition,
    ContainerStep,
    ExitHandler,
    Graph,
    Group,
    Loop,
    Member,
    Pipeline,
    ResourceStep,
    Step,
    SubGraph,
    walk,
)

MAX_GROUP_ID = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """A step's place: its task id, and the loop that it runs in, if any."""

    task_id: str
    loop: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where all nodes of a pipeline land; all ids are distinct in the DAG.

    `positions` by step id, `group_ids` and `items_task_ids` by the graph's group ids; `ordered`: the nodes where an
    author's `.after` begins or ends.
    """

    positions: Mapping[str, Position]
    group_ids: Mapping[str, str]
    items_task_ids: Mapping[str, str] = field(default_factory=dict)
    verdict_task_id: str = "verdict"
    ordered: frozenset[str] = frozenset()


def make_plan(pipeline: Pipeline) -> Plan:
    """Return the plan of a pipeline.

    Steps keep KFP's ids as task ids; a group or task of our own makes way for them.
    """
    positions = dict(_positions(pipeline.members, None))
    taken = set(positions)
    group_ids: dict[str, str] = {}
    items_task_ids: dict[str, str] = {}
    for group in _groups(pipeline.members):
        group_ids[group.id] = _unique(_group_id(group.id), taken)
        if isinstance(group, Loop) and not isinstance(group.items, tuple):
            items_task_ids[group.id] = _unique(f"{group_ids[group.id]}-items", taken)
    return Plan(
        positions=positions,
        group_ids=group_ids,
        items_task_ids=items_task_ids,
        verdict_task_id=_unique("verdict", taken),
        ordered=frozenset(_ordered(pipeline)),
    )


def _ordered(pipeline: Pipeline) -> Iterator[str]:
    for member in walk(pipeline.members):
        if member.after:
            yield member.id
            yield from member.after


def _positions(members: tuple[Member, ...], loop: str | None) -> Iterator[tuple[str, Position]]:
    for member in members:
        match member:
            case ContainerStep() | ResourceStep():
                yield member.id, Position(task_id=member.id, loop=loop)
            case Loop():
                yield from _positions(member.members, member.id)
            case Condition() | SubGraph() | Graph():
                yield from _positions(member.members, loop)
            case ExitHandler():
                yield from _positions(member.members, loop)
                yield member.handler.id, Position(task_id=member.handler.id, loop=loop)


def _groups(members: tuple[Member, ...]) -> Iterator[Group]:
    for member in members:
        if not isinstance(member, Step | Call):
            yield member
            yield from _groups(member.members)


def _group_id(group_id: str) -> str:
    return re.sub(r"[^\w-]+", "-", group_id)[: MAX_GROUP_ID - 8].strip("-") or "group"


def _unique(name: str, taken: set[str]) -> str:
    candidate, count = name, 2
    while candidate in taken:
        candidate, count = f"{name}-{count}", count + 1
    taken.add(candidate)
    return candidate
