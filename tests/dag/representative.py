"""A few generated pipelines that between them do most of what all of them do, for runs that take their time.

They are the same each time: chosen from the first that the strategy yields, one after the other, each for what it has
that no earlier one had, measured against the tasks that it costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from hypothesis import HealthCheck, Phase, given, seed, settings

from kfp_airflow.graph.model import Call, ContainerStep, ExitHandler, Graph, Loop, Member, Pipeline, walk
from kfp_airflow.graph.text import OutputRef, Reference, walk_texts
from tests.dag.interpreter import Run, interpret
from tests.dag.strategies import pipelines

GENERATED = 150
LARGEST = 24
"""Instances of steps in a chosen pipeline, at most."""


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """A pipeline, and what the rules say of its run."""

    pipeline: Pipeline
    expected: Run


@cache
def representative(count: int, *, retries: bool = True) -> tuple[Chosen, ...]:
    """Return so many pipelines; `retries` False: without steps that are tried again."""
    features = {one: frozenset(_features(one)) for one in _generated() if retries or not _is_tried_again(one)}
    chosen: list[Chosen] = []
    covered: frozenset[str] = frozenset()
    while len(chosen) < count:
        best = max(features, key=lambda one: len(features[one] - covered) / (3 + len(one.expected.states)))
        chosen.append(best)
        covered |= features.pop(best)
    return tuple(chosen)


@cache
def _generated() -> tuple[Chosen, ...]:
    found: dict[str, Chosen] = {}

    @seed(1)
    @settings(
        max_examples=GENERATED,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(made=pipelines())
    def collect(made: tuple[Pipeline, dict[str, str]]) -> None:
        pipeline, parameters = made
        one = Chosen(pipeline, interpret(pipeline, parameters))
        if len(one.expected.states) <= LARGEST:
            found[repr(pipeline)] = one

    collect()
    return tuple(found.values())


def _is_tried_again(one: Chosen) -> bool:
    return any(isinstance(member, ContainerStep) and member.retry for member in walk(one.pipeline.members))


def _features(one: Chosen) -> Iterator[str]:
    """Yield what a pipeline has, as words that can be compared."""
    expected = one.expected
    yield f"run {expected.state}"
    kinds = {member.id: type(member).__name__ for member in walk(one.pipeline.members)}
    states: dict[str, set[str]] = {}
    for (step, path), state in expected.states.items():
        states.setdefault(step, set()).add(f"{state} at depth {len(path)}")
    for parent, member in _families(one.pipeline.members, "pipeline"):
        kind = type(member).__name__
        yield f"{kind} in {parent}"
        yield from (f"{kind} in {parent} after {kinds[name]}" for name in member.after)
        yield from (f"{kind} reads {_kind(reference, kinds)}" for reference in _reads(member))
        match member:
            case ContainerStep():
                does = member.container.args[0].constant
                yield from (f"{does} in {parent}: {state}" for state in states.get(member.id, ()))
                yield from (f"tried {tries}" for (step, _), tries in expected.attempts.items() if step == member.id)
            case Loop():
                counts = {min(n, 2) for (loop, _), n in expected.iterations.items() if loop == member.id} or {0}
                yield from (f"{'limited ' if member.parallelism else ''}loop of {n} in {parent}" for n in counts)
            case _:
                pass


def _families(members: tuple[Member, ...], parent: str) -> Iterator[tuple[str, Member]]:
    for member in members:
        yield parent, member
        if not isinstance(member, ContainerStep | Call):
            kind = type(member).__name__
            yield from _families(getattr(member, "members", ()), kind)
            if isinstance(member, ExitHandler):
                yield f"handler in {parent}", member.handler


def _reads(member: Member) -> Iterator[Reference]:
    match member:
        case ContainerStep():
            texts = list(member.container.args)
        case Loop() if isinstance(member.items, tuple):
            texts = list(walk_texts(member.items))
        case Loop():
            yield member.items  # type: ignore[misc] # not a tuple: see above
            return
        case Graph() | Call():
            yield from (reference for _, reference in member.arguments)
            return
        case _:
            return
    yield from (reference for content in texts for reference in content.references)


def _kind(reference: Reference, kinds: dict[str, str]) -> str:
    source = f" of {kinds.get(reference.step)}" if isinstance(reference, OutputRef) else ""
    return f"{type(reference).__name__}{source}"
