"""DAG templates become groups: what a task hands over is followed to where it is used, and is no input of anything."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from kfp_airflow.graph import model
from kfp_airflow.graph.flow import comparison_references, item_references, references
from kfp_airflow.graph.model import (
    Comparison,
    Condition,
    ContainerStep,
    ExitHandler,
    Graph,
    Loop,
    Member,
    ResourceStep,
    Step,
    SubGraph,
)
from kfp_airflow.graph.text import (
    EMPTY,
    ArgumentRef,
    ItemRef,
    OutputRef,
    ParameterRef,
    Reference,
    Text,
    Tree,
    tree,
    walk_texts,
)
from kfp_airflow.package.calls import Call, in_order
from kfp_airflow.package.expressions import read_when
from kfp_airflow.package.fields import Notes
from kfp_airflow.package.placeholders import Frame, Unresolved, read_text
from kfp_airflow.package.read_recursion import with_changing_arguments
from kfp_airflow.package.read_steps import StepSource, read_step
from kfp_airflow.package.yaml_data import Block

_TASK_FIELDS: Final = frozenset(("name", "template", "dependencies", "arguments", "when", "withItems", "withParam"))
_DAG_FIELDS: Final = frozenset(("name", "dag", "inputs", "outputs", "parallelism", "metadata"))
_NAMED_CONDITION: Final = re.compile(r"condition-(.+)-\d+")
_NAMED_GRAPH: Final = re.compile(r"graph-(.+)-\d+")
_PARAMETER_OF: Final = re.compile(r"parameters\.([^.{}\s]+)\s*\}\}")
_LIST: Final = "Argo takes a list there, or a parameter, an output or an item that holds one."


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A member, and the steps whose outputs are used in it: it waits for them without a word."""

    member: Member
    uses: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exit:
    """What runs after everything else: the handler, and the group that it belongs to."""

    group: str
    handler: Step


@dataclass(frozen=True, slots=True)
class TaskOutputs:
    """The outputs of the tasks of one DAG template."""

    dag: Call

    def __call__(self, task: str, kind: str, name: str) -> Text:
        """Return an output of a task. Raises Unresolved."""
        if task not in self.dag.tasks:
            raise Unresolved(f"{self.dag.what} has no task '{task}'")
        return self.dag.tasks[task].output(kind, name)


@dataclass(frozen=True, slots=True)
class MemberReader:
    """Reads the tasks of DAG templates, from the outside to the inside.

    `root` is what placeholders stand for outside of every template, `volumes` the workflow's own, by name.
    """

    notes: Notes
    root: Frame
    volumes: Mapping[str, Block] = field(default_factory=dict)
    at_exit: Exit | None = None

    def step(self, call: Call, frame: Frame) -> Step:
        """Return the step of a task that runs something itself."""
        declared = self.notes.block(call.template, "inputs", call.what)
        values = self._with_defaults(call, frame)
        own = replace(frame, outputs=None, paths=_paths(call.template), values=values, is_authors=True)
        self.notes.only(declared, f"{call.what}: inputs", {"parameters", "artifacts"})
        source = StepSource(id=call.id, template=call.template, frame=own, volumes=self.volumes, root=self.root)
        return read_step(source, self.notes)

    def members(self, dag: Call, frame: Frame) -> tuple[Placed, ...]:
        """Return what a DAG template holds, each member after those that it waits for."""
        inside = replace(frame, outputs=TaskOutputs(dag), values=self._with_defaults(dag, frame))
        self.notes.only(dag.template, dag.what, _DAG_FIELDS)
        waits = {name: self._dependencies(call, dag) for name, call in dag.tasks.items()}
        order = in_order(dag.tasks, waits)
        found = {name: self._task(dag.tasks[name], inside) for name in order}
        owners = {step: name for name, call in dag.tasks.items() for step in call.steps()}
        return tuple(
            _after(placed, [other for other in waits[name] if other != name], owners, found)
            for name, all_placed in found.items()
            for placed in all_placed
        )

    def _task(self, call: Call, frame: Frame) -> tuple[Placed, ...]:
        """Return the member of a task; several where its template is a plain group, which has no meaning of its own."""
        task = call.task
        self.notes.only(task, f"task '{task.get('name')}'", _TASK_FIELDS)
        loops = [key for key in ("withItems", "withParam") if key in task]
        inner = self._handed(call, replace(frame, loop=call.id if loops else None))
        limit = self.notes.whole(call.template, "parallelism", call.what) or None if call.is_dag else None
        self._check_controls(call, loops, limit)
        if call.again is not None:
            return (self._again(call, call.again, inner),)
        if not call.is_dag:
            step = self.step(call, inner)
            return (Placed(member=step, uses=_uses(_references(step))),)
        if loops:
            return (self._loop(call, frame, inner, limit),)
        if call.calls_itself:
            return (self._recursive(call, inner),)
        members = self.members(call, inner)
        if "when" in task:
            return (self._condition(call, frame, members),)
        return self._plain_group(call, members, limit)

    def _check_controls(self, call: Call, loops: list[str], limit: int | None) -> None:
        """Note conditions, loops and limits that are not those of a group of its own."""
        controls = [*loops, *(["when"] if "when" in call.task else [])]
        is_group = call.is_dag and call.again is None
        if not is_group or len(controls) > 1 or (limit and "when" in controls):
            for feature in controls:
                what = f"'{feature}' for {call.what}, not for a group of its own"
                self.notes.feature(call.task, f"task '{call.task.get('name')}'", what)
        if limit and call.calls_itself:
            self.notes.feature(call.template, call.what, "'parallelism' for a graph component")

    def _plain_group(self, call: Call, members: tuple[Placed, ...], limit: int | None) -> tuple[Placed, ...]:
        if self.at_exit is not None and self.at_exit.group == call.id:
            return (_grouped(self._exit_handler(call, self.at_exit, members), members),)
        where = self.notes.where(call.task)
        if limit:
            group = SubGraph(id=call.id, parallelism=limit, members=_plain(members), where=where)
            return (_grouped(group, members),)
        if named := _NAMED_GRAPH.fullmatch(call.id):
            graph = Graph(id=call.id, name=named.group(1), members=_plain(members), where=where)
            return (_grouped(graph, members),)
        return members

    def _recursive(self, call: Call, given: Frame) -> Placed:
        """Return a graph component that calls itself: all that is handed to its template are its arguments (R-02)."""
        arguments = self._arguments(call, call.id, given)
        inside = {name: Text((ArgumentRef(call.id, name),)) for name in arguments}
        members = self.members(call, replace(given, values=inside, files=inside))
        graph = Graph(
            id=call.id,
            name=_name_of_graph(call),
            arguments=tuple(arguments.items()),
            members=_plain(members),
            where=self.notes.where(call.task),
        )
        return _grouped(with_changing_arguments(graph), members, arguments.values())

    def _again(self, call: Call, graph: Call, given: Frame) -> Placed:
        """Return a call of a graph component in itself; what it does not hand over stays as it is (R-04)."""
        unchanged = {
            str(entry.get("name")): Text((ArgumentRef(graph.id, str(entry.get("name"))),))
            for entry in (entry for _, entry in self._inputs(graph))
        }
        known = replace(given, values={**unchanged, **given.values}, files={**unchanged, **given.files})
        arguments = self._arguments(call, graph.id, known)
        again = model.Call(
            id=call.id,
            graph=graph.id,
            name=_name_of_graph(graph),
            arguments=tuple(arguments.items()),
            where=self.notes.where(call.task),
        )
        return _grouped(again, (), arguments.values())

    def _arguments(self, call: Call, graph: str, given: Frame) -> dict[str, Reference]:
        """Return what a task hands to the template of a graph component, by the template's names."""
        known = replace(given, values=self._with_defaults(call, given))
        found: dict[str, Reference] = {}
        for kind, entry in self._inputs(call):
            name = self.notes.required(entry, "name", f"{call.what}: an input")
            handed = self._text(f"{{{{inputs.{kind}.{name}}}}}", known, call.task)
            ref = handed.sole_reference
            if ref is not None and found.setdefault(name, ref) == ref:
                continue
            if handed.parts:
                what = f"argument '{name}' of '{graph}' that is not one value, the same as text and as file"
                self.notes.feature(call.task, f"task '{call.task.get('name')}'", what)
        return found

    def _inputs(self, call: Call) -> Iterator[tuple[str, Block]]:
        """Yield what a template takes, with its kind."""
        declared = self.notes.block(call.template, "inputs", call.what)
        for kind in ("parameters", "artifacts"):
            yield from ((kind, entry) for entry in self.notes.blocks(declared, kind, f"{call.what}: inputs"))

    def _exit_handler(self, call: Call, at_exit: Exit, members: tuple[Placed, ...]) -> ExitHandler:
        where = self.notes.where(call.task)
        return ExitHandler(id=call.id, handler=at_exit.handler, members=_plain(members), where=where)

    def _condition(self, call: Call, frame: Frame, members: tuple[Placed, ...]) -> Placed:
        expression = self.notes.text(call.task, "when", f"task '{call.task.get('name')}'") or ""
        comparison = self._comparison(call, expression, frame)
        named = _NAMED_CONDITION.fullmatch(call.id)
        group = Condition(
            id=call.id,
            when=comparison,
            name=named.group(1) if named else None,
            members=_plain(members),
            where=self.notes.where(call.task),
        )
        return _grouped(group, members, comparison_references(comparison))

    def _comparison(self, call: Call, expression: str, frame: Frame) -> Comparison:
        when = read_when(expression)
        if when is None:
            problem = f"task '{call.task.get('name')}' runs when {_shown(expression)}, which is not one comparison"
            advice = (
                "Write it in Python: a dsl.Condition inside another one is `and`, two with opposite guards are `or`."
            )
            self.notes.note("KA410", call.task, problem, advice)
            return Comparison(left=EMPTY, operator="==", right=EMPTY)
        inside = replace(frame, is_authors=True)
        left, right = (self._text(operand, inside, call.task) for operand in (when.left, when.right))
        return Comparison(left=left, operator=when.operator, right=right)

    def _loop(self, call: Call, frame: Frame, inner: Frame, limit: int | None) -> Placed:
        items, name = self._items(call, frame)
        members = self.members(call, replace(inner, items={**inner.items, name: call.id} if name else inner.items))
        where = self.notes.where(call.task)
        group = Loop(id=call.id, items=items, parallelism=limit, members=_plain(members), where=where)
        return _grouped(group, members, item_references(group))

    def _items(
        self, call: Call, frame: Frame
    ) -> tuple[tuple[Tree, ...] | ParameterRef | OutputRef | ItemRef | ArgumentRef, str | None]:
        """Return what a loop goes over, and the name that KFP gives to its item (L-07)."""
        task, what = call.task, f"task '{call.task.get('name')}'"
        if "withItems" in task:
            listed = self.notes.listed(task, "withItems", what)
            return tuple(tree(item, lambda text: self._text(text, frame, task)) for item in listed), None
        written = self.notes.text(task, "withParam", what) or ""
        found = self._text(written, frame, task)
        ref = found.sole_reference
        if isinstance(ref, ParameterRef | OutputRef | ItemRef | ArgumentRef):
            named = _PARAMETER_OF.search(written)
            return ref, f"{named.group(1)}-loop-item" if named else None
        if (constant := _json_list(found.constant)) is not None:
            return constant, None
        self.notes.note("KA410", task, f"{what} loops over {_shown(written)}, which is no list", _LIST)
        return (), None

    def _handed(self, call: Call, frame: Frame) -> Frame:
        """Return what the template of a task knows: what the task hands to it, and nothing else."""
        what = f"task '{call.task.get('name')}'"
        arguments = self.notes.block(call.task, "arguments", what)
        self.notes.only(arguments, f"{what}: arguments", {"parameters", "artifacts"})
        values = {
            self.notes.required(entry, "name", what): self._value(entry, frame, what)
            for entry in self.notes.blocks(arguments, "parameters", what)
        }
        files = {
            self.notes.required(entry, "name", what): self.file(entry, frame, what)
            for entry in self.notes.blocks(arguments, "artifacts", what)
        }
        return Frame(parameters=frame.parameters, values=values, files=files, items=frame.items)

    def _value(self, entry: Block, frame: Frame, what: str) -> Text:
        self.notes.only(entry, f"{what}: argument '{entry.get('name')}'", {"name", "value"})
        return self._text(self.notes.text(entry, "value", what) or "", frame, entry)

    def file(self, entry: Block, frame: Frame, what: str) -> Text:
        """Return what a file argument holds: the bytes of an output, or a text."""
        self.notes.only(entry, f"{what}: file '{entry.get('name')}'", {"name", "from", "raw"})
        if "raw" in entry:
            raw = self.notes.block(entry, "raw", what)
            return self._text(self.notes.text(raw, "data", what) or "", frame, entry)
        return self._text(self.notes.required(entry, "from", what), frame, entry)

    def _with_defaults(self, call: Call, frame: Frame) -> Mapping[str, Text]:
        """Return the values handed to a template, with its own for those that were not."""
        declared = self.notes.block(call.template, "inputs", call.what)
        own = {
            str(entry.get("name")): self._text(self.notes.text(entry, "value", call.what) or "", self.root, entry)
            for entry in self.notes.blocks(declared, "parameters", f"{call.what}: inputs")
            if "value" in entry and entry.get("name") not in frame.values
        }
        return {**own, **frame.values} if own else frame.values

    def _dependencies(self, call: Call, dag: Call) -> list[str]:
        names = self.notes.listed(call.task, "dependencies", f"task '{call.task.get('name')}'")
        beside = [name for name in names if isinstance(name, str) and name in dag.tasks]
        for name in names:
            if name not in beside:
                what = f"a dependency of task '{call.task.get('name')}'"
                self.notes.shape(call.task, what, "a task beside it", name)
        return beside

    def _text(self, content: str, frame: Frame, at: Block) -> Text:
        def note(problem: str) -> None:
            self.notes.note("KA407", at, problem, "Compile the pipeline again; Argo would refuse this package, too.")

        return read_text(content, frame, note)


def _after(
    placed: Placed, waits: Iterable[str], owners: Mapping[str, str], beside: Mapping[str, tuple[Placed, ...]]
) -> Placed:
    """Return a member with what it waits for besides the steps beside it whose outputs it uses.

    A group is waited for as a whole, also where one of its outputs is used: that is what Argo does (CO-09), and an
    author's `.after()` of another step in that group leaves no other trace.
    """
    implied = {owners[step] for step in placed.uses if step in owners}
    extra = [found for name in waits for found in beside[name] if name not in implied or not _is_step(found.member)]
    names = tuple(dict.fromkeys(name for found in extra for name in _names(found.member)))
    return replace(placed, member=_later(placed.member, names)) if names else placed


def _later(member: Member, names: tuple[str, ...]) -> Member:
    """Return a member that comes after others; of an exit handler's group, which no DAG shows, all that is in it."""
    if isinstance(member, ExitHandler):
        return replace(member, members=tuple(_later(inner, names) for inner in member.members))
    return replace(member, after=tuple(dict.fromkeys((*member.after, *names))))


def _is_step(member: Member) -> bool:
    return isinstance(member, ContainerStep | ResourceStep)


def _names(member: Member) -> Iterator[str]:
    """Yield what `.after()` names for a member: of an exit handler's group all that is in it, as above."""
    if isinstance(member, ExitHandler):
        yield from (name for inner in member.members for name in _names(inner))
    else:
        yield member.id


def _grouped(group: Member, members: tuple[Placed, ...], own: Iterable[Reference] = ()) -> Placed:
    return Placed(member=group, uses=_uses(own).union(*(placed.uses for placed in members)))


def _plain(members: tuple[Placed, ...]) -> tuple[Member, ...]:
    return tuple(placed.member for placed in members)


def _name_of_graph(call: Call) -> str:
    """Return the name of a graph component's function, as far as its group tells (N-08)."""
    named = _NAMED_GRAPH.fullmatch(call.id)
    return named.group(1) if named else call.id


def _uses(found: Iterable[Reference]) -> frozenset[str]:
    return frozenset(reference.step for reference in found if isinstance(reference, OutputRef))


def _references(step: Step) -> Iterator[Reference]:
    yield from references(step)
    if isinstance(step, ContainerStep) and step.component is not None:
        for content in walk_texts(step.component.arguments):
            yield from content.references


def _paths(template: Block) -> dict[str, str]:
    """Return the files of a template by the placeholders of their paths."""
    found: dict[str, str] = {}
    for side in ("inputs", "outputs"):
        block = template.get(side)
        for kind in ("artifacts", "parameters"):
            entries = block.get(kind) if isinstance(block, Block) else None
            for entry in entries if isinstance(entries, list) else ():
                value = entry.get("valueFrom") if isinstance(entry, Block) else None
                path = (value if isinstance(value, Block) else entry).get("path") if isinstance(entry, Block) else None
                if isinstance(path, str) and isinstance(entry, Block):
                    found[f"{side}.{kind}.{entry.get('name')}"] = path
    return found


def _json_list(content: str | None) -> tuple[Tree, ...] | None:
    """Return the items of a JSON list, None for every other text."""
    try:
        found = json.loads(content or "")
    except (ValueError, RecursionError):
        return None
    return tuple(tree(item) for item in found) if isinstance(found, list) else None


def _shown(written: str) -> str:
    return repr(written) if len(written) <= 200 else f"{written[:200]!r}…"  # noqa: PLR2004 - enough to find it
