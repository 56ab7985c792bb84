"""What of a pipeline becomes a DAG of its own, and what goes into it and comes out of it.

Airflow's mapped groups cannot stand in each other, a DAG has no cycles, and limits and teardowns hold for a DAG as a
whole. So the body of a loop with a loop in it, that of a graph component that calls itself, and that of a limited or
set-apart group are DAGs of their own; a *call* in the DAG around it makes one run of it per item, or per round.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from kfp_airflow.graph.model import Call, ExitHandler, Graph, Loop, Member, Pipeline, Step, SubGraph, walk
from kfp_airflow.graph.survey import Survey
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, Reference

Body: TypeAlias = Loop | Graph | SubGraph
Chain: TypeAlias = tuple[str, ...]
"""The bodies around a member that are DAGs of their own, the outermost first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """The members of one DAG; `body`: whose body they are, None for the pipeline itself."""

    members: tuple[Member, ...]
    body: Body | None = None


@dataclass(slots=True)
class Interface:
    """What a body takes from outside and gives, and what outside it waits for; insertion order, no values."""

    captured: dict[Reference, None] = field(default_factory=dict)
    exported: dict[OutputRef, None] = field(default_factory=dict)
    after: dict[str, None] = field(default_factory=dict)


def make_sections(pipeline: Pipeline) -> tuple[Section, ...]:
    """Return the sections of a pipeline, the pipeline itself first."""
    return tuple(_sections(Section(members=pipeline.members)))


def is_lifted(member: Member) -> bool:
    """Tell whether a group's body is a DAG of its own."""
    match member:
        case Loop():
            return any(isinstance(inner, Loop) for inner in _mapped_with(member.members))
        case Graph():
            return any(isinstance(inner, Call) and inner.graph == member.id for inner in walk(member.members))
        case SubGraph():
            return member.parallelism is None or _needs_a_limit(member.members, member.parallelism)
        case _:
            return False


def make_interfaces(pipeline: Pipeline) -> Mapping[str, Interface]:
    """Return the interfaces of all bodies that are DAGs of their own, by the ids of their groups."""
    chains = dict(_chains(pipeline.members, ()))
    interfaces = {body: Interface() for chain in chains.values() for body in chain}
    if not interfaces:
        return interfaces
    graphs = {member.id: member for member in walk(pipeline.members) if isinstance(member, Graph)}
    for seat in Survey(pipeline).seats:
        consumer = chains[seat.member.id]
        for reference in seat.references:
            _pass(reference, consumer, chains, interfaces)
        for name in seat.member.after:
            for body in _beyond(consumer, chains.get(name, ())):
                interfaces[body].after[name] = None
        if isinstance(seat.member, Call):
            _pass_through(seat.member, graphs[seat.member.graph], interfaces)
    for graph in graphs.values():
        if graph.id in interfaces:
            for _, reference in graph.outputs:
                _pass(reference, (*chains[graph.id], graph.id), chains, interfaces)
    return interfaces


def _pass_through(call: Call, graph: Graph, interfaces: Mapping[str, Interface]) -> None:
    """Let what a further run returns be known: `OutputRef(call.id, name)` is what its graph returns."""
    for name, _ in graph.outputs:
        interfaces[call.graph].exported[OutputRef(graph.id, name)] = None


def _pass(
    reference: Reference, consumer: Chain, chains: Mapping[str, Chain], interfaces: Mapping[str, Interface]
) -> None:
    match reference:
        case OutputRef():
            producer = chains.get(reference.step, ())
            if reference.step in interfaces:  # what a graph component returns comes out of its body
                producer = (*producer, reference.step)
            for body in _beyond(producer, consumer):
                interfaces[body].exported[reference] = None
        case ItemRef():
            producer = chains.get(reference.loop, ())
        case ArgumentRef():
            producer = (*chains.get(reference.graph, ()), reference.graph)
        case _:
            return
    for body in _beyond(consumer, producer):
        interfaces[body].captured[reference] = None


def _beyond(chain: Chain, other: Chain) -> Chain:
    """Return what of a chain is not shared with the other."""
    shared = 0
    while shared < min(len(chain), len(other)) and chain[shared] == other[shared]:
        shared += 1
    return chain[shared:]


def _chains(members: tuple[Member, ...], around: Chain) -> Iterator[tuple[str, Chain]]:
    for member in members:
        yield member.id, around
        if isinstance(member, Step | Call):
            continue
        yield from _chains(member.members, (*around, member.id) if is_lifted(member) else around)
        if isinstance(member, ExitHandler):
            yield member.handler.id, around


def _sections(section: Section) -> Iterator[Section]:
    yield section
    for body in _lifted(section.members):
        yield from _sections(Section(members=body.members, body=body))


def _lifted(members: tuple[Member, ...]) -> Iterator[Body]:
    for member in members:
        if isinstance(member, Step | Call):
            continue
        if isinstance(member, Body) and is_lifted(member):
            yield member
        else:
            yield from _lifted(member.members)


def _mapped_with(members: tuple[Member, ...]) -> Iterator[Member]:
    """Yield what would stand in a loop's mapped group: all but the inside of what is a DAG of its own anyway."""
    for member in members:
        yield member
        if not isinstance(member, Step | Call) and not (isinstance(member, Graph | SubGraph) and is_lifted(member)):
            yield from _mapped_with(member.members)


def _needs_a_limit(members: tuple[Member, ...], parallelism: int) -> bool:
    """Tell whether more could run at a time than allowed; those of a loop alone are limited by its mapped tasks."""
    children = list(_children(members))
    return len(children) > (1 if any(isinstance(child, Loop) for child in children) else parallelism)


def _children(members: tuple[Member, ...]) -> Iterator[Member]:
    """Yield what runs in a group as a whole: steps, calls and loops."""
    for member in members:
        if isinstance(member, Step | Call | Loop) or is_lifted(member):
            yield member
        else:
            yield from _children(member.members)
