"""What waits for what in a pipeline, and whether anything waits for itself (row A-01)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from kfp_airflow.graph.survey import Survey
from kfp_airflow.graph.text import OutputRef

Moment = tuple[str, bool]
"""The start (False) or the end (True) of a member."""


def find_cycle(survey: Survey) -> tuple[str, ...]:
    """Return the ids of steps and groups that wait for each other in a circle, in order; () where none do.

    A step waits for those whose outputs it uses, and for what it comes after; so do all members of a group. A group
    ends when all its members have ended.
    """
    later: dict[Moment, list[Moment]] = {}
    open_edges: dict[Moment, int] = {}
    for before, after in _edges(survey):
        later.setdefault(before, []).append(after)
        open_edges[after] = open_edges.get(after, 0) + 1
    ready = deque(moment for moment in later if moment not in open_edges)
    while ready:
        for after in later.get(ready.popleft(), ()):
            open_edges[after] -= 1
            if not open_edges[after]:
                ready.append(after)
    return _circle(later, {moment for moment, count in open_edges.items() if count})


def _edges(survey: Survey) -> Iterator[tuple[Moment, Moment]]:
    for seat in survey.seats:
        member = seat.member
        start, end = (member.id, False), (member.id, True)
        yield start, end
        for reference in seat.references:
            if isinstance(reference, OutputRef):
                yield (reference.step, True), start
        for name in member.after:
            yield (name, True), start
        if seat.handler_of is not None:
            yield from (((inner.id, True), start) for inner in seat.handler_of.members)
            yield end, (seat.handler_of.id, True)
        elif seat.groups:
            yield (seat.groups[-1].id, False), start
            yield end, (seat.groups[-1].id, True)


def _circle(later: dict[Moment, list[Moment]], stuck: set[Moment]) -> tuple[str, ...]:
    """Return the members of one circle among moments that can never come."""
    earlier: dict[Moment, Moment] = {}
    for before, afters in later.items():
        if before in stuck:
            earlier.update(dict.fromkeys((after for after in afters if after in stuck), before))
    if not earlier:
        return ()
    trail: dict[Moment, int] = {}
    moment = min(earlier)
    while moment not in trail:
        trail[moment] = len(trail)
        moment = earlier[moment]
    circle = [member_id for member_id, _ in list(trail)[trail[moment] :]]
    return tuple(dict.fromkeys(reversed(circle)))
