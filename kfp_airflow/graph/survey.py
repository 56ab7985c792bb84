"""A pipeline looked over once: every member with the groups around it and the references in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from kfp_airflow.graph import flow
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
)
from kfp_airflow.graph.text import Reference, Text, walk_texts


@dataclass(frozen=True, slots=True)
class Seat:
    """A member and its place: the groups around it, the outermost first, and the exit handler that it is, if any."""

    member: Member
    groups: tuple[Group, ...]
    handler_of: ExitHandler | None
    texts: tuple[Text, ...]
    """The member's own values, not those of the members inside it."""
    references: tuple[Reference, ...]
    """The references in them, repeated where they are repeated."""


class Survey:
    """The seats of a pipeline in the order of `walk`, and the ways to find them."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        self.seats = tuple(_seats(pipeline.members, ()))

    @cached_property
    def by_id(self) -> dict[str, Seat]:
        """Return the seats by the ids of their members; of two with the same id the first."""
        return {seat.member.id: seat for seat in reversed(self.seats)}

    @cached_property
    def steps(self) -> tuple[tuple[Seat, Step], ...]:
        """Return the seats of steps, with the steps."""
        return tuple(
            (seat, seat.member) for seat in self.seats if isinstance(seat.member, ContainerStep | ResourceStep)
        )

    @cached_property
    def references(self) -> tuple[tuple[Seat, Reference], ...]:
        """Return every different reference of every member, with its seat."""
        return tuple((seat, reference) for seat in self.seats for reference in dict.fromkeys(seat.references))


def output_names(step: Step) -> tuple[str, ...]:
    """Return the names of the outputs of a step that others can take, in the author's order."""
    match step:
        case ContainerStep():
            return tuple(output.name for output in step.outputs if not output.to_be_seen)
        case ResourceStep():
            return tuple(name for name, _ in step.attributes)


def _seats(members: tuple[Member, ...], groups: tuple[Group, ...]) -> Iterator[Seat]:
    for member in members:
        yield _seat(member, groups, None)
        if not isinstance(member, ContainerStep | ResourceStep | Call):
            yield from _seats(member.members, (*groups, member))
        if isinstance(member, ExitHandler):
            yield _seat(member.handler, groups, member)


def _seat(member: Member, groups: tuple[Group, ...], handler_of: ExitHandler | None) -> Seat:
    texts = tuple(_texts(member))
    return Seat(member, groups, handler_of, texts, tuple(flow.references_in(texts)))


def _texts(member: Member) -> Iterator[Text]:
    match member:
        case ContainerStep() | ResourceStep():
            yield from flow.texts(member)
            if isinstance(member, ContainerStep) and member.component is not None:
                yield from walk_texts(member.component.arguments)
        case Condition():
            yield member.when.left
            yield member.when.right
        case Loop():
            yield from walk_texts(member.items) if isinstance(member.items, tuple) else (Text((member.items,)),)
        case Graph() | Call():
            yield from (Text((reference,)) for _, reference in member.arguments)
        case SubGraph() | ExitHandler():
            return
