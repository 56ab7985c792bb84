"""What a graph does when it runs, by the rules of KFP v1 alone: nothing of `kfp_airflow.dag` or its operators is used.

It runs one node after the other, level by level, as Argo's templates do:

- What waits for a member of another group waits for the whole of the outermost group that the two do not share (CO-09).
- A failed or omitted dependency omits, a skipped one satisfies (A-02, A-03, CO-10).
- A group fails where a member failed; its other members run to their end, and so do other iterations (A-02, L-14).
- Where Argo hands on the literal placeholder of a skipped step's output, whoever reads it is skipped (CO-11).
- Outside of a loop its outputs are the list of what its iterations have, those without left out (DP-13).
- A handler runs after everything, and its failure fails the run (EH-02); within another group, after the members of
  its own and wherever these run, and it is told how they ended (EH-04).
- A step is tried again as often as its limit says where its policy retries failures (B-09).

An instance is a step and its path: the index of each loop around it, the id of each recursive graph component and call.
"""

from __future__ import annotations

import json
import operator
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, TypeAlias

from kfp_airflow.graph.model import (
    Call,
    Comparison,
    Condition,
    ContainerStep,
    ExitHandler,
    Graph,
    Loop,
    Member,
    Pipeline,
    ResourceStep,
    walk,
)
from kfp_airflow.graph.text import (
    ArgumentRef,
    ItemRef,
    OutputRef,
    ParameterRef,
    Reference,
    RunRef,
    Text,
    resolve_tree,
    walk_texts,
)
from tests.dag.simulated import simulate

State: TypeAlias = Literal["success", "failed", "skipped", "omitted"]
Path: TypeAlias = tuple[int | str, ...]
Instance: TypeAlias = tuple[str, Path]
Value: TypeAlias = "str | list[Value]"

_COMPARE: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Absent(Exception):
    """A value of a step that was skipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """Where a member runs: `spots` has the path of the body of each loop and component around it.

    `before` are the instances that end before its group begins; `status` is what a handler is told.
    """

    path: Path = ()
    spots: Mapping[str, Path] = field(default_factory=dict)
    items: Mapping[str, Any] = field(default_factory=dict)
    arguments: Mapping[ArgumentRef, Value | None] = field(default_factory=dict)
    before: frozenset[Instance] = frozenset()
    status: str = ""


@dataclass(slots=True)
class Run:
    """One run of a pipeline, and what has become of it."""

    pipeline: Pipeline
    parameters: Mapping[str, str]
    states: dict[Instance, State] = field(default_factory=dict)
    values: dict[Instance, str] = field(default_factory=dict)
    attempts: dict[Instance, int] = field(default_factory=dict)
    before: dict[Instance, frozenset[Instance]] = field(default_factory=dict)
    returned: dict[tuple[str, str, Path], Value | None] = field(default_factory=dict)
    iterations: dict[Instance, int] = field(default_factory=dict)
    graphs: dict[str, Graph] = field(default_factory=dict)
    chains: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """The loops and recursive graph components around each member."""

    @property
    def state(self) -> State:
        """Return how the run ends."""
        return "failed" if self._failures() else "success"

    def _failures(self) -> bool:
        return any(state == "failed" for state in self.states.values())

    def start(self) -> Run:
        """Run the whole."""
        self.graphs = {member.id: member for member in walk(self.pipeline.members) if isinstance(member, Graph)}
        self.chains = dict(_chains(self.pipeline.members, ()))
        handlers: list[Member] = []
        members = tuple(_side_by_side(self.pipeline.members, handlers))
        self.level(members, Around())
        last = Around(before=frozenset(self.values), status=_status(self.state))
        for handler in handlers:
            self.node(handler, last)
        return self

    def level(self, members: tuple[Member, ...], around: Around) -> State:
        """Run what stands side by side, and return how the whole ends."""
        states: dict[str, State] = {}
        for node in members:  # an author names only what came before, so their order is one that Argo could take
            wanted = _wanted(node)
            waits = [other for other in members if other.id in states and not wanted.isdisjoint(_ids(other))]
            ended = {instance for other in waits for instance in self._inside(other, around.path)}
            inner = replace(around, before=around.before | ended)
            if any(states[other.id] in {"failed", "omitted"} for other in waits):
                states[node.id] = self.leave_out(node, "omitted", inner)
            else:
                states[node.id] = self.node(node, inner)
        if {"failed", "omitted"} & set(states.values()):
            return "failed"
        return "success"

    def node(self, node: Member, around: Around) -> State:
        """Run one member whose dependencies are satisfied."""
        try:
            match node:
                case ContainerStep():
                    return self.step(node, around)
                case Condition():
                    if not self.holds(node.when, around):
                        return self.leave_out(node, "skipped", around)
                    return self.level(node.members, around)
                case Loop():
                    return self.loop(node, around)
                case Graph() | Call():
                    return self.component(node, around)
                case ExitHandler():
                    return self.handled(node, around)
                case ResourceStep():
                    raise AssertionError("calls of the API are not simulated")
                case _:
                    return self.level(node.members, around)
        except Absent:
            return self.leave_out(node, "skipped", around)

    def leave_out(self, node: Member, state: State, around: Around) -> State:
        """Say of everything inside that it does not run."""
        for member in walk((node,)):
            if isinstance(member, ContainerStep):
                self.states[member.id, around.path] = state
        return state

    def step(self, step: ContainerStep, around: Around) -> State:
        """Run a step."""
        instance = (step.id, around.path)
        arguments = [self.text(argument, around) for argument in step.container.args]
        for attempt in range(1, self.retries(step, around) + 2):
            succeeds, self.values[instance] = simulate(step.id, arguments, attempt)
            self.attempts[instance] = attempt
            if succeeds:
                break
        self.before[instance] = around.before
        self.states[instance] = "success" if succeeds else "failed"
        return self.states[instance]

    def retries(self, step: ContainerStep, around: Around) -> int:
        """Return how often a step that failed is tried again."""
        if step.retry is None or step.retry.policy in {"OnError", "OnTransientError"}:
            return 0
        assert step.retry.limit is not None
        return int(self.text(step.retry.limit, around))

    def handled(self, group: ExitHandler, around: Around) -> State:
        """Run the members, and then the handler, however they ended."""
        state = self.level(group.members, around)
        ended = around.before | frozenset(self._inside(group, around.path))
        after = self.node(group.handler, replace(around, before=ended, status=_status(state)))
        return "failed" if "failed" in {state, after} else "success"

    def loop(self, loop: Loop, around: Around) -> State:
        """Run all iterations; no list at all is an error, an empty one a skip (L-06)."""
        if isinstance(loop.items, tuple):
            items: Any = [resolve_tree(item, lambda reference: self.word(reference, around)) for item in loop.items]
        else:
            try:
                items = json.loads(self.word(loop.items, around))
            except ValueError:
                items = "no list"
        if items is None or items == []:
            return self.leave_out(loop, "skipped", around)
        if not isinstance(items, list):
            self.states[f"{loop.id}-items", around.path] = "failed"
            self.leave_out(loop, "omitted", around)
            return "failed"
        self.iterations[loop.id, around.path] = len(items)
        ends = []
        for index, item in enumerate(items):
            path = (*around.path, index)
            spots, known = {**around.spots, loop.id: path}, {**around.items, loop.id: item}
            ends.append(self.level(loop.members, replace(around, path=path, spots=spots, items=known)))
        return "failed" if "failed" in ends else "success"

    def component(self, node: Graph | Call, around: Around) -> State:
        """Run the members of a graph component, once more where it is a call in itself (R-02)."""
        graph = node if isinstance(node, Graph) else self.graphs[node.graph]
        given: dict[ArgumentRef, Value | None] = {}
        for name, reference in node.arguments:
            try:
                given[ArgumentRef(graph.id, name)] = self.value(reference, around)
            except Absent:
                given[ArgumentRef(graph.id, name)] = None
        path = (*around.path, node.id) if _is_recursive(graph) else around.path
        inside = _ids(graph)  # of an earlier round, where this is a call
        spots = {group: spot for group, spot in around.spots.items() if group not in inside}
        if _is_recursive(graph):
            spots[graph.id] = path
        inner = replace(around, path=path, spots=spots, arguments={**around.arguments, **given})
        state = self.level(graph.members, inner)
        calls = [member for member in walk(graph.members) if isinstance(member, Call) and member.graph == graph.id]
        for name, reference in graph.outputs:
            further = self.returned.get((calls[0].id, name, path)) if len(calls) == 1 else None
            try:
                own = self.value(reference, inner)
            except Absent:
                own = None
            self.returned[node.id, name, around.path] = further if further is not None else own
        return state

    def holds(self, when: Comparison, around: Around) -> bool:
        """Compare: text for == and !=, numbers for the others (CO-02 to CO-04)."""
        left, right = self.text(when.left, around), self.text(when.right, around)
        if when.operator in {"==", "!="}:
            return _COMPARE[when.operator](left, right)
        return _COMPARE[when.operator](int(left), int(right))

    def text(self, content: Text, around: Around) -> str:
        """Return a text with its references resolved."""
        return content.resolve(lambda reference: self.word(reference, around))

    def word(self, reference: Reference, around: Around) -> str:
        """Return what a reference stands for, as text."""
        value = self.value(reference, around)
        return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)

    def value(self, reference: Reference, around: Around) -> Value:
        """Return what a reference stands for. Raises Absent where its step was skipped."""
        found: Value | None
        match reference:
            case ParameterRef():
                found = self.parameters[reference.name]
            case ItemRef():
                item = around.items[reference.loop]
                found = _item_text(item if reference.key is None else item[reference.key])
            case ArgumentRef():
                found = around.arguments[reference]
            case RunRef():
                found = around.status
            case OutputRef():
                found = self.output(reference, around)
        if found is None:
            raise Absent(reference)
        return found

    def output(self, reference: OutputRef, around: Around) -> Value | None:
        """Return an output: of the own iteration, or of all of the loops that the reader is not in (DP-13)."""
        path: Path = ()
        beyond: list[str] = []
        for group in self.chains[reference.step]:
            if group in around.spots:
                path, beyond = around.spots[group], []
            else:
                beyond.append(group)
        return self._collected(reference, path, tuple(beyond))

    def _collected(self, reference: OutputRef, path: Path, loops: tuple[str, ...]) -> Value | None:
        if not loops:
            if reference.step in self.graphs or (reference.step, reference.output, path) in self.returned:
                return self.returned.get((reference.step, reference.output, path))
            return self.values.get((reference.step, path))
        begun = range(self.iterations.get((loops[0], path), 0))
        found = [self._collected(reference, (*path, index), loops[1:]) for index in begun]
        return [value for value in found if value is not None]

    def _inside(self, node: Member, path: Path) -> Iterator[Instance]:
        ids = _ids(node)
        yield from (instance for instance in self.values if instance[0] in ids and instance[1][: len(path)] == path)


def interpret(pipeline: Pipeline, parameters: Mapping[str, str]) -> Run:
    """Run a pipeline of simulated steps."""
    return Run(pipeline, parameters).start()


def _item_text(item: Any) -> str:
    return item if isinstance(item, str) else json.dumps(item, separators=(",", ":"), ensure_ascii=False)


def _side_by_side(members: tuple[Member, ...], handlers: list[Member]) -> Iterator[Member]:
    """Yield the pipeline's own members: those of an exit handler stand beside those around it."""
    for member in members:
        if isinstance(member, ExitHandler):
            yield from _side_by_side(member.members, handlers)
            handlers.append(member.handler)
        else:
            yield member


def _status(state: State) -> str:
    return "Failed" if state == "failed" else "Succeeded"


def _ids(node: Member) -> set[str]:
    return {member.id for member in walk((node,))}


def _wanted(node: Member) -> set[str]:
    wanted: set[str] = set()
    for member in walk((node,)):
        wanted |= set(member.after)
        texts: list[Text] = []
        match member:
            case ContainerStep():
                texts = list(member.container.args)
                if member.retry is not None and member.retry.limit is not None:
                    texts.append(member.retry.limit)
            case Condition():
                texts = [member.when.left, member.when.right]
            case Loop():
                texts = list(walk_texts(member.items)) if isinstance(member.items, tuple) else [Text((member.items,))]
            case Graph() | Call():
                texts = [Text((reference,)) for _, reference in member.arguments]
            case _:
                pass
        wanted |= {part.step for content in texts for part in content.references if isinstance(part, OutputRef)}
    return wanted


def _is_recursive(graph: Graph) -> bool:
    return any(isinstance(member, Call) and member.graph == graph.id for member in walk(graph.members))


def _chains(members: tuple[Member, ...], around: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for member in members:
        yield member.id, around
        if not isinstance(member, ContainerStep | ResourceStep | Call):
            deeper = isinstance(member, Loop) or (isinstance(member, Graph) and _is_recursive(member))
            yield from _chains(member.members, (*around, member.id) if deeper else around)
