"""What a rule about graphs is, and what the rules say in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

from kfp_airflow.diagnostics import Where
from kfp_airflow.graph.model import (
    Call,
    Condition,
    Container,
    ContainerStep,
    ExitHandler,
    Graph,
    Loop,
    ResourceStep,
    Step,
    SubGraph,
)
from kfp_airflow.graph.survey import Seat, Survey
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, ParameterRef, RunRef


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found: where, what is wrong, what to do; `step` is the id of the step, if it is one's."""

    where: Where
    problem: str
    advice: str
    step: str | None = None
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: its code, the row of the KFP v1 reference that it follows, and what finds breaches."""

    code: str
    row: str | None
    find: Callable[[Survey], Iterable[Found]]


_Kind = TypeVar("_Kind", ParameterRef, OutputRef, ItemRef, ArgumentRef, RunRef)

RULES: dict[str, Rule] = {}
"""Every rule by its code, in the order in which they are checked."""


def rule(
    code: str, *, row: str | None = None
) -> Callable[[Callable[[Survey], Iterable[Found]]], Callable[[Survey], Iterable[Found]]]:
    """Register a function as the rule with this code; the code may not be taken."""

    def register(find: Callable[[Survey], Iterable[Found]]) -> Callable[[Survey], Iterable[Found]]:
        if code in RULES:
            raise ValueError(f"two rules have the code {code}: {RULES[code].find.__name__} and {find.__name__}")
        RULES[code] = Rule(code, row, find)
        return find

    return register


def references(survey: Survey, kind: type[_Kind]) -> Iterator[tuple[Seat, _Kind]]:
    """Yield every different reference of this kind of every member with its seat."""
    for seat, reference in survey.references:
        if isinstance(reference, kind):
            yield seat, reference


def containers(survey: Survey) -> Iterator[tuple[Seat, Step, Container]]:
    """Yield every container, init containers and sidecars included, with its step."""
    for seat, step in survey.steps:
        if isinstance(step, ContainerStep):
            yield seat, step, step.container
        for container in (*step.pod.init_containers, *step.pod.sidecars):
            yield seat, step, container


def at(seat: Seat, problem: str, advice: str, *, severity: Literal["error", "warning"] = "error") -> Found:
    """Return what was found at a member; a group is named in the problem, a step in `step`."""
    member = seat.member
    if isinstance(member, ContainerStep | ResourceStep):
        return Found(member.where, problem, advice, member.id, severity)
    return Found(member.where, f"the {kind_of(seat)} '{member.id}' {problem}", advice, None, severity)


def kind_of(seat: Seat) -> str:
    """Return what people call a member."""
    match seat.member:
        case Condition():
            return "condition"
        case Loop():
            return "loop"
        case ExitHandler():
            return "exit handler group"
        case SubGraph():
            return "sub-graph"
        case Graph():
            return "graph component"
        case Call():
            return "call"
        case ContainerStep() | ResourceStep():
            return "step"


def quoted(names: Iterable[str]) -> str:
    """Return the names as people list them: 'a', 'b' and 'c'."""
    listed = [f"'{name}'" for name in sorted(names)]
    return " and ".join((", ".join(listed[:-1]), listed[-1])) if len(listed) > 1 else "".join(listed) or "none"


def repeated(names: Sequence[str]) -> list[str]:
    """Return the names that are there more than once."""
    if len(set(names)) == len(names):  # nearly always, and a Counter takes longer
        return []
    return [name for name, count in Counter(names).items() if count > 1]
