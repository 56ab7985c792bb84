"""How values and files travel through the templates of a workflow.

A KFP package has one DAG template per group. A value that is used deep inside has to be handed down through every
template on the way, and one that is made deep inside has to be handed up: `Flow` is asked for a reference where it is
used, and notes in every `Scope` between what has to be declared there.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from kfp_airflow.diagnostics import UNKNOWN, Diagnostic, PipelineError
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
from kfp_airflow.graph.text import ArgumentRef, ItemRef, Json, OutputRef, ParameterRef, Reference, RunRef
from kfp_airflow.package.names import (
    UNNAMED,
    argument_name,
    group_template_name,
    listed_item_name,
    output_name,
    template_name,
    unique,
)
from kfp_airflow.package.recursion import Recursion

Fields: TypeAlias = dict[str, Json]


@dataclass(slots=True)
class Scope:
    """One DAG template: what is handed in (by name, with the caller's argument), handed out, and ordered inside."""

    name: str
    parent: Scope | None = None
    group: Group | None = None
    values: dict[str, str] = field(default_factory=dict)
    files: dict[str, Fields] = field(default_factory=dict)
    values_out: dict[str, str] = field(default_factory=dict)
    files_out: dict[str, str] = field(default_factory=dict)
    dependencies: dict[str, set[str]] = field(default_factory=dict)
    taken: dict[str, Reference] = field(default_factory=dict)
    """What the names that are handed in stand for."""

    @property
    def depth(self) -> int:
        """Return how many templates stand around this one."""
        return 0 if self.parent is None else self.parent.depth + 1

    def is_loop_of(self, ref: Reference) -> bool:
        """Tell whether the reference is to the item of this very loop."""
        return isinstance(ref, ItemRef) and isinstance(self.group, Loop) and self.group.id == ref.loop

    def is_graph_of(self, ref: Reference) -> bool:
        """Tell whether the reference is to an argument of this very graph component."""
        return isinstance(ref, ArgumentRef) and isinstance(self.group, Graph) and self.group.id == ref.graph


class Flow:
    """Where everything of a pipeline lies in its workflow, and what has to be handed from template to template."""

    def __init__(self, pipeline: Pipeline) -> None:
        members = tuple(walk(pipeline.members))
        self.names = _template_names(members)
        self.root = Scope(unique(template_name(pipeline.name) or UNNAMED, set(self.names.values())))
        self.scopes: dict[str, Scope] = {}
        self.values_used: set[OutputRef] = set()
        self.workflow_files: set[str] = set()
        self.volume_passing = pipeline.settings.volume_passing
        self._places: dict[str, Scope] = {}
        self._items: dict[str, str] = {}
        self._calls: list[Call] = []
        self._recursion = Recursion(pipeline)
        self._producers: dict[str, Step] = {
            member.id: member for member in members if isinstance(member, ContainerStep | ResourceStep)
        }
        self._enter(pipeline.members, self.root)

    def _enter(self, members: tuple[Member, ...], scope: Scope) -> None:
        for member in members:
            self._places[member.id] = scope
            if isinstance(member, Call):
                self._calls.append(member)
                self.names[member.id] = unique(self.names[member.graph], {self.names.get(it.id) for it in members})
            if isinstance(member, Condition | Loop | SubGraph | ExitHandler | Graph):
                inner = self.scopes[member.id] = Scope(self.names[member.id], scope, member)
                if isinstance(member, Loop):
                    self._items[member.id] = unique(self._item_name(member), self._items_around(scope))
                if isinstance(member, Graph):
                    self._recursion.name_arguments(member, self.name)
                self._enter(member.members, inner)
            if isinstance(member, ExitHandler):
                # The handler stands outside of every DAG: Argo hands it the arguments of the workflow itself.
                self.scopes[member.handler.id] = self._places[member.handler.id] = Scope(
                    self.names[member.handler.id], None, member
                )

    def _item_name(self, loop: Loop) -> str:
        if isinstance(loop.items, tuple):
            return listed_item_name(loop.id)
        return f"{self.name(self.settled(loop.items))}-loop-item"

    def _items_around(self, scope: Scope) -> set[str]:
        names = set()
        around: Scope | None = scope
        while around is not None:
            if isinstance(around.group, Loop):
                names.add(self._items[around.group.id])
            around = around.parent
        return names

    def settled(self, ref: Reference) -> Reference:
        """Return what a reference is in a package; every other method wants such ones."""
        return self._recursion.settled(ref)

    def order(self, member: Graph | Call) -> None:
        """Let a graph component, or a call in it, come after the steps whose outputs it is given."""
        for _, given in member.arguments:
            if isinstance(ref := self.settled(given), OutputRef):
                self.depend(member.id, ref.step)

    def hand_to_calls(self) -> None:
        """Declare what the calls of graph components need, when all members were written: it may be more each time."""
        known = -1
        while known < self._declared():
            known = self._declared()
            for call in self._calls:
                self.handed_to(call)

    def _declared(self) -> int:
        return sum(len(scope.values) + len(scope.files) for scope in self.scopes.values())

    def handed_to(self, call: Call) -> tuple[dict[str, str], dict[str, Fields]]:
        """Return what a call hands over, values and files: all that its graph component takes (R-02, R-04)."""
        graph, scope, given = self.scopes[call.graph], self._places[call.id], dict(call.arguments)

        def handed(name: str) -> Reference:
            ref = graph.taken[name]
            return self.settled(given[ref.name]) if isinstance(ref, ArgumentRef) and graph.is_graph_of(ref) else ref

        values = {name: self.value(scope, handed(name)) for name in tuple(graph.values)}
        return values, {name: self.file(scope, handed(name)) for name in tuple(graph.files)}

    def name(self, ref: Reference) -> str:
        """Return the name under which a reference is handed from template to template."""
        match ref:
            case ParameterRef(name):
                return argument_name(name)
            case OutputRef():
                return output_name(ref)
            case ItemRef(loop, key):
                return self._items[loop] if key is None else f"{self._items[loop]}-subvar-{key}"
            case ArgumentRef():
                return self._recursion.name(ref)
            case RunRef(run_field):
                return run_field

    def value(self, scope: Scope, ref: Reference) -> str:
        """Return the placeholder that gives the value of a reference within a DAG template."""
        if isinstance(ref, RunRef):
            return run_placeholder(ref)
        if isinstance(ref, ParameterRef) and ref.spelled_out:
            return workflow_placeholder(ref)
        name = self.name(ref)
        if isinstance(ref, OutputRef):
            self.values_used.add(ref)
            if producer := self._child(scope, ref.step):
                if (inner := self._inner(producer)) and name not in inner.values_out:
                    inner.values_out[name] = self.value(inner, ref)
                return f"{{{{tasks.{self.names[producer]}.outputs.parameters.{name}}}}}"
        if name not in scope.values:
            scope.taken[name] = ref
            scope.values[name] = self._value_from_outside(scope, ref)
        return f"{{{{inputs.parameters.{name}}}}}"

    def _value_from_outside(self, scope: Scope, found: Reference) -> str:
        ref = self._given(scope, found)
        if scope.is_loop_of(ref) and isinstance(ref, ItemRef):
            return item_placeholder(ref)
        if scope.parent is None:
            if not isinstance(ref, ParameterRef):
                raise PipelineError([_unreachable(self.name(ref), scope)])
            return workflow_placeholder(ref)
        return self.value(scope.parent, ref)

    def file(self, scope: Scope, ref: Reference) -> Fields:
        """Return the argument (`from` or `raw`) that gives the bytes of a reference within a DAG template."""
        name = self.name(ref)
        if isinstance(ref, OutputRef) and (producer := self._child(scope, ref.step)):
            return self._file_of_child(producer, ref, scope)
        if name not in scope.files:
            scope.taken[name] = ref
            scope.files[name] = self._file_from_outside(scope, ref)
        return {"from": f"{{{{inputs.artifacts.{name}}}}}"}

    def _file_of_child(self, producer: str, ref: OutputRef, scope: Scope) -> Fields:
        if isinstance(self._producers[ref.step], ResourceStep):
            return {"raw": {"data": self.value(scope, ref)}}
        name = self.name(ref)
        if (inner := self._inner(producer)) and name not in inner.files_out:
            inner.files_out[name] = str(self.file(inner, ref)["from"])
        return {"from": f"{{{{tasks.{self.names[producer]}.outputs.artifacts.{name}}}}}"}

    def _given(self, scope: Scope, ref: Reference) -> Reference:
        """Return what a reference is outside of a scope: the arguments of a graph component are what it is given."""
        if isinstance(ref, ArgumentRef) and scope.is_graph_of(ref):
            return self.settled(self._recursion.handed_in(ref))
        return ref

    def _file_from_outside(self, scope: Scope, found: Reference) -> Fields:
        ref = self._given(scope, found)
        if scope.is_loop_of(ref) and isinstance(ref, ItemRef):
            return {"raw": {"data": item_placeholder(ref)}}
        if scope.parent is None:
            if not isinstance(ref, ParameterRef):
                raise PipelineError([_unreachable(self.name(ref), scope)])
            self.workflow_files.add(ref.name)
            return {"raw": {"data": workflow_placeholder(ref)}}
        return self.file(scope.parent, ref)

    def depend(self, member: str, target: str) -> None:
        """Order two members: their first uncommon ancestors are ordered, the target's whole group first (CO-09)."""
        here, there = self._places[member], self._places[target]
        later, earlier = self.names[member], self.names[target]
        while here is not there:
            if here.depth >= there.depth and here.parent:
                here, later = here.parent, here.name
            elif there.parent:
                there, earlier = there.parent, there.name
            else:
                return  # an exit handler stands in no DAG: nothing can be ordered with it
        if later != earlier:
            here.dependencies.setdefault(later, set()).add(earlier)

    def place(self, member: str) -> Scope:
        """Return the DAG template in which a step or a group is a task."""
        return self._places[member]

    def is_used_by_value(self, ref: OutputRef) -> bool:
        """Tell whether anything consumes the output as text (DP-04)."""
        return ref in self.values_used

    def _inner(self, member: str) -> Scope | None:
        return None if member in self._producers else self.scopes[member]

    def _child(self, scope: Scope, step: str) -> str | None:
        """Return the id of the member of `scope` that is or holds a step, None where it lies elsewhere."""
        member, place = step, self._places[step]
        while place is not scope:
            if place.parent is None or place.group is None:
                return None
            member, place = place.group.id, place.parent
        return member


def run_placeholder(ref: RunRef) -> str:
    """Return what Argo calls a field of the run (PP-10)."""
    return f"{{{{{ref.field}}}}}" if "." in ref.field else f"{{{{workflow.{ref.field}}}}}"


def item_placeholder(ref: ItemRef) -> str:
    """Return what Argo calls the item in the arguments of a loop."""
    return "{{item}}" if ref.key is None else f"{{{{item.{ref.key}}}}}"


def workflow_placeholder(ref: ParameterRef) -> str:
    """Return what Argo calls a parameter of the workflow, usable in every template."""
    return f"{{{{workflow.parameters.{argument_name(ref.name)}}}}}"


def _template_names(members: tuple[Member, ...]) -> dict[str, str]:
    names: dict[str, str] = {}
    taken: set[str] = set()
    for member in members:
        if isinstance(member, Call):
            continue  # it has no template of its own
        is_step = isinstance(member, ContainerStep | ResourceStep)
        names[member.id] = unique((template_name if is_step else group_template_name)(member.id) or "task", taken)
        taken.add(names[member.id])
    return names


def _unreachable(name: str, scope: Scope) -> Diagnostic:
    group = scope.group
    return Diagnostic(
        code="KA206",
        row="EH-01",
        where=group.where if group else UNKNOWN,
        problem=f"template '{scope.name}' uses '{name}', which nothing around it makes",
        advice=(
            "Use outputs of steps that are in the pipeline, items inside their own loop, "
            "and only pipeline parameters in an exit handler."
        ),
    )
