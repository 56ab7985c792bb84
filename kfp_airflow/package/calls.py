"""Which template calls which: a workflow unrolled into the tree of its tasks, each with its id in the graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from kfp_airflow.graph.text import OutputRef, Text
from kfp_airflow.package.fields import Notes, by_name
from kfp_airflow.package.names import template_name
from kfp_airflow.package.placeholders import PLACEHOLDER, Unresolved
from kfp_airflow.package.read_files import output_names
from kfp_airflow.package.yaml_data import Block

MAX_CALLS: Final = 20_000
MAX_NESTED: Final = 100
_CONTROLS: Final = frozenset(("when", "withItems", "withParam"))
_WITHOUT_EFFECT: Final = frozenset(("failFast",))
"""Whether other branches go on when a step has failed: they do here, as with `failFast: false`."""
_KINDS: Final = ("dag", "container", "resource")
_OTHER_KINDS: Final = ("steps", "script", "suspend", "http", "data", "containerSet", "plugin")


@dataclass(slots=True, eq=False, kw_only=True)
class Call:
    """A task and the template that it calls; `tasks` are those of the template, by name, where it is a DAG.

    `again` is the call around it whose template it runs once more; that one `calls_itself`.
    """

    id: str
    task: Block
    template: Block
    tasks: dict[str, Call] = field(default_factory=dict)
    again: Call | None = None
    times_again: int = 0
    _outputs: dict[str, str] | None = None
    _made: dict[str, Text] | None = None

    @property
    def is_dag(self) -> bool:
        """Tell whether the template is a DAG, else it runs something itself."""
        return "dag" in self.template

    @property
    def calls_itself(self) -> bool:
        """Tell whether a task inside runs the template once more (R-02)."""
        return self.times_again > 0

    @property
    def what(self) -> str:
        """Return what messages call the template."""
        return f"template '{self.template.get('name')}'"

    def steps(self) -> Iterator[str]:
        """Yield the ids of all steps in it."""
        if not self.is_dag:
            yield self.id
        for call in self.tasks.values():
            yield from call.steps()

    def output(self, kind: str, name: str) -> Text:
        """Return what an output of this task is: the output of the step that makes it. Raises Unresolved."""
        if not self.is_dag:
            if self._outputs is None:
                self._outputs = output_names(self.template)
            if name not in self._outputs:
                raise Unresolved(f"{self.what} has no output '{name}'")
            return Text((OutputRef(self.id, self._outputs[name]),))
        source = self._source(kind, name)
        if source is None:
            # The SDK forgets to declare what leaves a group and is used by value outside only (DP-13).
            return self._undeclared(name)
        match = PLACEHOLDER.fullmatch(source)
        task, _, output = (match.group(1).strip() if match else "").removeprefix("tasks.").partition(".outputs.")
        inner_kind, _, inner_name = output.partition(".")
        if task not in self.tasks or not inner_name:
            raise Unresolved(f"output '{name}' of {self.what} is {source!r}, no output of one of its tasks")
        return self.tasks[task].output(inner_kind, inner_name)

    def _source(self, kind: str, name: str) -> str | None:
        outputs = self.template.get("outputs")
        entries = outputs.get(kind) if isinstance(outputs, Block) else None
        for entry in entries if isinstance(entries, list) else ():
            if isinstance(entry, Block) and entry.get("name") == name:
                value = entry.get("valueFrom")
                source = value.get("parameter") if isinstance(value, Block) else entry.get("from")
                return source if isinstance(source, str) else ""
        return None

    def _undeclared(self, name: str) -> Text:
        if name not in (made := self.made()):
            raise Unresolved(f"{self.what} has no output '{name}'")
        return made[name]

    def made(self) -> dict[str, Text]:
        """Return every output that a step in it makes, by its name in the workflow (N-07)."""
        if self._made is None:
            self._made = {}
            if not self.is_dag:
                self._made = {name: self.output("artifacts", name) for name in output_names(self.template)}
            for call in self.tasks.values():
                self._made = {**call.made(), **self._made}
        return self._made


class Caller:
    """Makes the tree of calls, and gives every task its id: its name, made unique (N-02)."""

    def __init__(self, templates: Iterable[Block], notes: Notes) -> None:
        self.templates = by_name(templates)
        self.called: set[str] = set()
        self._notes = notes
        self._ids: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._calls = 0

    def call(self, task: Block, around: tuple[Call, ...] = ()) -> Call | None:
        """Return the call of a task, with everything inside; None where it cannot be made, which is noted.

        `around` are the calls in whose templates the task stands, the outermost first.
        """
        name = self._notes.required(task, "template", f"task '{task.get('name')}'")
        template = self.templates.get(name)
        if template is None:
            self._missing(task, name)
            return None
        self._calls += 1
        if self._calls > MAX_CALLS or len(around) >= MAX_NESTED:
            problem = f"more than {MAX_CALLS:,} tasks, or {MAX_NESTED} DAG templates inside each other"
            self._notes.note("KA411", template, f"the package has {problem}", "Divide the pipeline into several.")
            self._notes.require_sound()
        for outer in around:
            if outer.template is template:
                return self._again(task, outer)
        self.called.add(name)
        # The entrypoint's own DAG is the pipeline itself, which has no id.
        is_root = not around and "dag" in template
        call = Call(id="" if is_root else self._id(str(task.get("name") or name)), task=task, template=template)
        self._check_kind(call)
        if call.is_dag:
            self._enter(call, (*around, call))
        return call

    def _enter(self, call: Call, around: tuple[Call, ...]) -> None:
        dag = self._notes.block(call.template, "dag", call.what)
        self._notes.only(dag, f"{call.what}: dag", {"tasks"}, _WITHOUT_EFFECT)
        for task in self._notes.blocks(dag, "tasks", call.what):
            name = self._notes.required(task, "name", f"a task of {call.what}")
            if name in call.tasks:
                self._notes.note(
                    "KA405", task, f"{call.what} has two tasks '{name}'", "Give each task a name of its own."
                )
            elif (inner := self.call(task, around)) is not None:
                call.tasks[name] = inner

    def _check_kind(self, call: Call) -> None:
        kinds = [kind for kind in _KINDS if kind in call.template]
        for kind in _OTHER_KINDS:
            if kind in call.template:
                self._notes.feature(call.template, call.what, f"'{kind}'")
                return
        if len(kinds) != 1:
            found = f"{call.what} has {' and '.join(kinds) or 'none of dag, container and resource'}"
            self._notes.note("KA405", call.template, found, "A template does exactly one of those.")

    def _id(self, name: str) -> str:
        candidate, number = name, self._numbers.get(name, 2)
        while candidate in self._ids:
            candidate, number = f"{name}-{number}", number + 1
        self._numbers[name] = number
        self._ids.add(candidate)
        return candidate

    def _missing(self, task: Block, name: str) -> None:
        if name:
            problem = f"task '{task.get('name')}' calls the template '{name}', which the package does not have"
            self._notes.note("KA405", task, problem, "Compile the pipeline again.")

    def _again(self, task: Block, outer: Call) -> Call | None:
        """Return a call that runs a template around it once more: KFP has that for graph components (R-02)."""
        if not outer.id or _CONTROLS & outer.task.keys():
            self._notes.feature(outer.template, outer.what, "a call of itself, which only graph components have")
            return None
        outer.times_again += 1
        name = self._id(template_name(f"{outer.id}-again-{outer.times_again}"))
        return Call(id=name, task=task, template=outer.template, again=outer)


def in_order(tasks: Mapping[str, Call], before: Mapping[str, Iterable[str]]) -> list[str]:
    """Return the names of tasks, each after those that it waits for; in a circle as they are listed."""
    waiting = {name: {other for other in before[name] if other in tasks and other != name} for name in tasks}
    after: dict[str, list[str]] = {name: [] for name in tasks}
    for name, others in waiting.items():
        for other in others:
            after[other].append(name)
    found: dict[str, None] = {}
    ready = [name for name, others in waiting.items() if not others]
    for name in ready:
        found[name] = None
        for later in after[name]:
            waiting[later].discard(name)
            if not waiting[later]:
                ready.append(later)
    return [*found, *(name for name in tasks if name not in found)]
