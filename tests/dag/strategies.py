"""Generated pipelines of simulated steps: every way to nest, skip, fail, loop, order and call again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final, Literal, TypeAlias, TypeVar

from hypothesis import strategies as st

from kfp_airflow.graph.model import (
    Call,
    Comparison,
    Condition,
    ExitHandler,
    Graph,
    Loop,
    Member,
    Operator,
    Parameter,
    Pipeline,
    Retry,
    RetryPolicy,
    SubGraph,
    walk,
)
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, ParameterRef, Part, Reference, RunRef, text, tree
from tests.dag.simulated import OUTPUT, simulated

Kind: TypeAlias = Literal["word", "flag", "number", "words", "numbers", "lists"]
T = TypeVar("T")

PARAMETERS: Final[dict[Kind, tuple[str, ...]]] = {
    "flag": ("yes", "no"),
    "number": ("0", "2"),
    "words": ('["a", "b"]', '["b"]', "[]"),
    "numbers": ("[0, 1, 2]",),
    "lists": ('[["a", "b"], [], ["c"]]', '[["b"]]'),
}
"""The parameters are called by the kinds of their values."""
ELEMENTS: Final[dict[Kind, Kind]] = {"words": "word", "numbers": "number", "lists": "words"}
OPERATORS: Final[dict[Kind, tuple[tuple[Operator, str], ...]]] = {
    "flag": (("==", "yes"), ("!=", "yes")),
    "number": ((">", "0"), ("<=", "1")),
    "word": (("!=", "a"), ("==", "b")),
}
POLICIES: Final[tuple[RetryPolicy | None, ...]] = (None, "Always", "OnFailure", "OnError")
DEPTH: Final = 4
STEPS: Final = 8
LOOPS_IN_LOOPS: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the next member stands."""

    depth: int = 0
    loops: int = 0
    recursive: bool = False


@dataclass(slots=True)
class Author:
    """Who writes a pipeline: what may be read and come after here, and what is left to write."""

    draw: st.DrawFn
    values: list[tuple[Reference, Kind]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    steps: int = 0
    numbers: int = 0

    def chosen(self, options: list[T] | tuple[T, ...]) -> T:
        """Return one of the options; the first is the plainest."""
        return self.draw(st.sampled_from(options))

    def chance(self, of: int) -> bool:
        """Return True once in so many times."""
        return self.draw(st.integers(0, of - 1)) == of - 1

    def name(self, kind: str) -> str:
        """Return a new id."""
        self.numbers += 1
        return f"{kind}-{self.numbers}"

    def known(self, *kinds: Kind) -> list[tuple[Reference, Kind]]:
        """Return what there is of some kinds."""
        return [value for value in self.values if value[1] in kinds]

    def after(self) -> tuple[str, ...]:
        """Return what a member comes after."""
        return (self.chosen(self.closed),) if self.closed and self.chance(4) else ()

    def members(self, place: Place) -> tuple[Member, ...]:
        """Return what stands side by side."""
        made: list[Member] = []
        for _ in range(self.draw(st.integers(1, 3))):
            if self.steps >= STEPS and made:
                break
            made.append(self.member(place))
            inside = list(walk((made[-1],)))
            handlers = {inner.handler.id for inner in inside if isinstance(inner, ExitHandler)}
            self.closed += [inner.id for inner in inside if inner.id not in handlers]
        return tuple(made)

    def member(self, place: Place) -> Member:
        """Return a step or a group."""
        groups: list[Callable[[Place], Member]] = [self.step, self.step]
        if place.depth < DEPTH and self.steps < STEPS - 1:
            groups += [self.condition, self.condition, self.subgraph]
            if place.depth:
                groups += [self.exit_handler]
            if place.loops < LOOPS_IN_LOOPS:
                groups += [self.loop, self.loop]
            if not place.recursive and place.loops < 2 and self.known("number"):
                groups += [self.recursion]
        return self.chosen(groups)(place)

    def step(self, place: Place) -> Member:
        """Return a step; `place` does not matter to it."""
        del place
        self.steps += 1
        name, after = self.name("step"), self.after()
        kind: Kind = "word"
        match self.draw(st.integers(0, 7)):
            case 0 | 1 | 2:
                count = self.draw(st.integers(0, 2)) if self.values else 0
                made = simulated(name, "text", *(self.chosen(self.values)[0] for _ in range(count)), after=after)
            case 3 if self.known("word", "flag", "number"):
                value, of = self.chosen(self.known("word", "flag", "number"))
                made = simulated(name, "fail", value, self.chosen(OPERATORS[of])[1], after=after)
            case 4 if self.chance(2):
                made = simulated(name, "fail", "x", "x", after=after)
            case 4:
                made = self.flaky(name, after)
            case _:
                kind = self.chosen(tuple(PARAMETERS))
                made = simulated(name, "const", self.chosen(PARAMETERS[kind]), after=after)
        self.values.append((OutputRef(name, OUTPUT), kind))
        return made

    def flaky(self, name: str, after: tuple[str, ...]) -> Member:
        """Return a step that fails once or twice, and is tried again once, twice or as often as a value says."""
        limits: list[Part] = ["1", "2", *(reference for reference, _ in self.known("number"))]
        retry = Retry(limit=text(self.chosen(limits)), policy=self.chosen(POLICIES))
        return simulated(name, "flaky", self.chosen(("1", "2")), after=after, retry=retry)

    def condition(self, place: Place) -> Condition:
        """Return a condition on any value that can be compared."""
        value, kind = self.chosen(self.known("flag", "number", "word"))
        comparison, constant = self.chosen(OPERATORS[kind])
        when = Comparison(left=text(value), operator=comparison, right=text(constant))
        name, after = self.name("condition"), self.after()
        return Condition(id=name, when=when, after=after, members=self.members(replace(place, depth=place.depth + 1)))

    def subgraph(self, place: Place) -> SubGraph:
        """Return a group that only limits."""
        name, after = self.name("subgraph"), self.after()
        members = self.members(replace(place, depth=place.depth + 1))
        return SubGraph(id=name, parallelism=self.chosen((3, 1, 2)), after=after, members=members)

    def exit_handler(self, place: Place) -> ExitHandler:
        """Return members and what runs after them; it may read whatever is there before any step ran (EH-01)."""
        name, after = self.name("exit-handler"), self.after()
        there = [reference for reference, _ in self.values if not isinstance(reference, OutputRef)]
        self.steps += 1
        handler = simulated(
            self.name("step"), self.chosen(("text", "text", "fail")), RunRef("status"), self.chosen([*there, "Failed"])
        )
        members = self.members(replace(place, depth=place.depth + 1))
        return ExitHandler(id=name, handler=handler, after=after, members=members)

    def loop(self, place: Place) -> Loop:
        """Return a loop over what the author wrote, or over a value: mostly a list."""
        name, after = self.name("for-loop"), self.after()
        items: tuple[object, ...] | Reference
        kind: Kind = "word"
        if self.chance(4):
            items = ("a", self.chosen(("b", text(self.chosen(self.values)[0]))))
        elif self.chance(10):
            items, _ = self.chosen(self.known("word", "flag"))  # an error, most times
        else:
            items, listed = self.chosen(self.known("words", "numbers", "lists"))
            kind = ELEMENTS[listed]
        before = list(self.values)
        self.values.append((ItemRef(name), kind))
        members = self.members(replace(place, depth=place.depth + 1, loops=place.loops + 1))
        made = [reference for reference, _ in self.values if reference not in dict(before) and not _is_inner(reference)]
        self.values = [*before, *((reference, "words") for reference in made)]
        frozen = tuple(tree(item) for item in items) if isinstance(items, tuple) else items
        return Loop(id=name, items=frozen, after=after, members=members, parallelism=self.chosen((None, 1)))

    def recursion(self, place: Place) -> Graph:
        """Return a graph component that calls itself until its number is large enough."""
        name, after = self.name("graph"), self.after()
        number, word = ArgumentRef(name, "number"), ArgumentRef(name, "word")
        arguments = (("number", self.chosen(self.known("number"))[0]), ("word", self.chosen(self.values)[0]))
        before, closed = list(self.values), list(self.closed)
        self.steps += 1
        more = simulated(self.name("step"), "next", number)
        more_output = OutputRef(more.id, OUTPUT)
        self.values += [(number, "number"), (word, "word"), (more_output, "number")]
        inside = self.members(replace(place, depth=place.depth + 1, recursive=True)) if self.steps < STEPS else ()
        handed = self.chosen([reference for reference, kind in self.values if kind in {"word", "flag", "number"}])
        again = Call(id=f"{name}-again", graph=name, name=name, arguments=(("number", more_output), ("word", handed)))
        when = Comparison(left=text(more_output), operator="<", right=text("2"))
        repeat = Condition(id=self.name("condition"), when=when, members=(again,))
        self.values, self.closed = [*before, (OutputRef(name, "number"), "number")], closed
        return Graph(
            id=name,
            name=name,
            arguments=arguments,
            outputs=(("number", more_output),),
            members=(more, *inside, repeat),
            after=after,
        )


def _is_inner(reference: Reference) -> bool:
    return isinstance(reference, ItemRef | ArgumentRef)


@st.composite
def pipelines(draw: st.DrawFn) -> tuple[Pipeline, dict[str, str]]:
    """Return a pipeline and the values of its parameters."""
    parameters: dict[str, str] = {kind: draw(st.sampled_from(values)) for kind, values in PARAMETERS.items()}
    author = Author(draw, values=[(ParameterRef(kind), kind) for kind in PARAMETERS])
    members = author.members(Place())
    if author.chance(3):
        failing = author.chance(3)
        handler = simulated("bye", "fail" if failing else "text", RunRef("status"), "Succeeded")
        members = (ExitHandler(id="exit-handler-1", handler=handler, members=members),)
        if author.chance(2):
            members = (*members, author.step(Place()))
    declared = tuple(Parameter(name=name, default=value) for name, value in parameters.items())
    return Pipeline(name="generated", parameters=declared, members=members), parameters
