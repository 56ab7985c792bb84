"""Where every node of a section lands in its DAG: task ids, group ids, and what encloses what.

Made once, before any operator.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from kfp_airflow.dag.sections import is_lifted
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

MAX_GROUP_ID = 200
MAPPED_DIRECTLY = 100
"""How many items of a list in the file the DAG itself counts; more are counted by a task: its size stays the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the outputs of a step (or what a graph component returns) are published: a task, and the loop around it.

    `exported`: the task is the call of a DAG of its own, in which the step runs.
    """

    task_id: str
    loop: str | None = None
    exported: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Where all nodes of a section land; all ids are distinct in the DAG.

    `positions` by the ids of what has outputs, `group_ids`, `items_task_ids` and `call_task_ids` by the graph's ids;
    `ordered`: the nodes where an author's `.after` begins or ends. What has no position runs in a DAG around this one.
    """

    positions: Mapping[str, Position]
    group_ids: Mapping[str, str]
    items_task_ids: Mapping[str, str] = field(default_factory=dict)
    call_task_ids: Mapping[str, str] = field(default_factory=dict)
    verdict_task_id: str = "verdict"
    ordered: frozenset[str] = frozenset()


def make_plan(members: tuple[Member, ...]) -> Plan:
    """Return the plan of a section.

    Steps keep KFP's ids as task ids; a group or task of our own makes way for them.
    """
    taken = {member.id for member in _here(members) if isinstance(member, Step)}
    group_ids: dict[str, str] = {}
    items_task_ids: dict[str, str] = {}
    call_task_ids: dict[str, str] = {}
    for member in _here(members):
        match member:
            case ContainerStep() | ResourceStep():
                continue
            case Call():
                call_task_ids[member.id] = _unique(_group_id(member.id), taken)
            case Graph() | SubGraph() if is_lifted(member):
                call_task_ids[member.id] = _unique(_group_id(member.id), taken)
            case _:
                group_ids[member.id] = _unique(_group_id(member.id), taken)
                if isinstance(member, Loop) and has_items_task(member):
                    items_task_ids[member.id] = _unique(f"{group_ids[member.id]}-items", taken)
                if is_lifted(member):
                    call_task_ids[member.id] = _unique(f"{group_ids[member.id]}-run", taken)
    return Plan(
        positions=dict(_positions(members, None, call_task_ids)),
        group_ids=group_ids,
        items_task_ids=items_task_ids,
        call_task_ids=call_task_ids,
        verdict_task_id=_unique("verdict", taken),
        ordered=frozenset(_ordered(members)),
    )


def has_items_task(loop: Loop) -> bool:
    """Tell whether a task makes the list that Airflow maps the loop's tasks over."""
    return not isinstance(loop.items, tuple) or len(loop.items) > MAPPED_DIRECTLY


def _ordered(members: tuple[Member, ...]) -> Iterator[str]:
    for member in walk(members):
        if member.after:
            yield member.id
            yield from member.after


def _here(members: tuple[Member, ...]) -> Iterator[Member]:
    """Yield what becomes tasks and groups of this DAG, handlers included; not what is inside a DAG of its own."""
    for member in members:
        yield member
        if not isinstance(member, Step | Call) and not is_lifted(member):
            yield from _here(member.members)
        if isinstance(member, ExitHandler):
            yield member.handler


def _positions(
    members: tuple[Member, ...], loop: str | None, calls: Mapping[str, str]
) -> Iterator[tuple[str, Position]]:
    for member in members:
        match member:
            case ContainerStep() | ResourceStep():
                yield member.id, Position(task_id=member.id, loop=loop)
            case Call():
                yield member.id, Position(task_id=calls[member.id], loop=loop, exported=True)
            case Loop() | Graph() | SubGraph() if is_lifted(member):
                position = Position(
                    task_id=calls[member.id], loop=member.id if isinstance(member, Loop) else loop, exported=True
                )
                yield member.id, position
                yield from ((inner.id, position) for inner in walk(member.members))
            case Loop():
                yield from _positions(member.members, member.id, calls)
            case Condition() | SubGraph() | Graph() | ExitHandler():
                yield from _positions(member.members, loop, calls)
        if isinstance(member, ExitHandler):
            yield member.handler.id, Position(task_id=member.handler.id, loop=loop)


def _group_id(group_id: str) -> str:
    return re.sub(r"[^\w-]+", "-", group_id)[: MAX_GROUP_ID - 8].strip("-") or "group"


def _unique(name: str, taken: set[str]) -> str:
    candidate, count = name, 2
    while candidate in taken:
        candidate, count = f"{name}-{count}", count + 1
    taken.add(candidate)
    return candidate
