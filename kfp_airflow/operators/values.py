"""What references stand for in one task instance: parameters, outputs of other steps, loop items, facts of the run."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from typing_extensions import assert_never

from kfp_airflow import config
from kfp_airflow.artifacts.store import Published, Store, Stored, default_root, parse_published
from kfp_airflow.diagnostics import KfpAirflowError, StepError, ValueTooLarge
from kfp_airflow.graph.text import ArgumentRef, ItemRef, Json, OutputRef, ParameterRef, Reference, RunRef, resolve_tree
from kfp_airflow.operators.inherited import AWAITED, Caller, Handed, Inherited, Root, read_conf
from kfp_airflow.operators.item_text import FrozenItem, frozen_item, parse_item
from kfp_airflow.operators.limits import SharedLimit
from kfp_airflow.operators.macros import RunFacts, expand_macros
from kfp_airflow.operators.placement import Placement, Source

if TYPE_CHECKING:
    from airflow.sdk import Context

LABEL_CHARACTERS: Final = 80
"""How long the label of an iteration gets."""

log = logging.getLogger(__name__)


class OperandSkipped(KfpAirflowError):
    """A value was asked for whose step was skipped, or left out in every iteration (CO-11)."""


class RunValues:
    """The values of one task instance, each looked up once. Calling it makes it a `Resolver`."""

    def __init__(self, placement: Placement, context: Context, store: Store) -> None:
        self.placement = placement
        self._context = context
        self._store = store
        self._outputs: dict[OutputRef, Published] = {}
        self._item: FrozenItem | None = None
        self._came_in: Inherited | None = None

    def __call__(self, reference: Reference) -> str:
        """Return the reference's value as text.

        Raises OperandSkipped where the step that has it was skipped, StepError where it cannot be had as text.
        """
        match reference:
            case ParameterRef():
                return self.parameter(reference.name)
            case OutputRef():
                return self._output_text(reference)
            case ItemRef():
                return self._item_text(reference)
            case RunRef():
                return self._run_field(reference)
            case ArgumentRef():
                return self._argument_text(reference)
            case _:
                assert_never(reference)

    def require_known_parameters(self) -> None:
        """Raise StepError where the run was given a parameter that the pipeline does not have (PP-07)."""
        if self.placement.inherits:
            return
        known = self.placement.facts.parameters
        unknown = [name for name in self._context["dag_run"].conf or () if name not in known]
        if unknown:
            raise StepError(
                f"the run was given the parameter '{unknown[0]}', which the pipeline does not have: "
                f"it has {', '.join(repr(name) for name in known) or 'none'}. Trigger it again without it"
            )

    def handed(self, reference: Reference) -> Handed:
        """Return a value whole: an output as it was published, anything else as its text."""
        match reference:
            case OutputRef():
                return Handed(self.output(reference), is_output=True)
            case ArgumentRef():
                return self._argument(reference)
            case _:
                return Handed(self(reference), is_output=False)

    def output(self, reference: OutputRef) -> Published:
        """Return an output as it was published. Raises OperandSkipped where its step was skipped."""
        if reference not in self._outputs:
            self._outputs[reference] = self._pull(reference)
        return self._outputs[reference]

    def bytes_of(self, value: str | Stored, *, limit_bytes: int) -> bytes:
        """Return a published output's bytes."""
        return value.encode() if isinstance(value, str) else self._store.read(value, limit_bytes=limit_bytes)

    @property
    def item_label(self) -> str | None:
        """Return the loop's item as a short text for people, None outside loops."""
        if self.placement.loop is None:
            return None
        return _shortened(self._loop_item())

    @property
    def root(self) -> Root:
        """Return the run that was started by somebody else than a call."""
        if self.placement.inherits:
            return self._inherited.root
        ti, run = self._context["ti"], self._context["dag_run"]
        return Root(dag_id=ti.dag_id, run_id=ti.run_id, started=run.start_date or run.run_after)

    @property
    def shared_limit(self) -> SharedLimit | None:
        """Return the limit of the steps at a time that this run shares with others. Exit handlers wait for nobody."""
        steps = self.placement.facts.steps_at_a_time
        if steps is None or self.placement.handles_exit:
            return None
        return SharedLimit(_digest(self.root.dag_id, self.root.run_id), steps)

    @property
    def callers(self) -> tuple[Caller, ...]:
        """Return the outermost and the innermost task that wait for the end of this run, none in the root itself."""
        return self._inherited.callers if self.placement.inherits else ()

    def state_of(self, caller: Caller) -> str | None:
        """Return the state of a task instance, None where it has none yet, or was taken out."""
        run, task = caller.run_id, caller.task_id
        found = self._context["ti"].get_task_states(
            dag_id=caller.dag_id, run_ids=[run], task_ids=[task], map_index=caller.map_index
        )
        return next(iter(found.get(run, {}).values()), None)

    def run_awaited_by(self, caller: Caller) -> str | None:
        """Return the id of the run that a call waits for, None where it has not said so yet."""
        found = self._context["ti"].xcom_pull(
            task_ids=caller.task_id,
            dag_id=caller.dag_id,
            run_id=caller.run_id,
            key=AWAITED,
            map_indexes=caller.map_index,
        )
        return None if found is None else str(found)

    @property
    def run_id(self) -> str:
        """Return the id of this run."""
        return str(self._context["ti"].run_id)

    @property
    def depth(self) -> int:
        """Return the number of calls between the root and this run."""
        return self._inherited.depth if self.placement.inherits else 0

    @property
    def _inherited(self) -> Inherited:
        if self._came_in is None:
            self._came_in = read_conf(self._context["dag_run"].conf)
        return self._came_in

    @property
    def attempt_name(self) -> str:
        """Return a name for this attempt that Kubernetes takes: what `{{pod.name}}` stands for.

        It is the same whenever it is asked.
        """
        ti = self._context["ti"]
        index = f"-{ti.map_index}" if ti.map_index is not None and ti.map_index >= 0 else ""
        tail = f"{index}-{_digest(ti.dag_id, ti.run_id, str(ti.try_number))}"
        return _label(f"{ti.dag_id}-{ti.task_id}")[: 63 - len(tail)].strip("-") + tail

    def parameter(self, name: str) -> str:
        """Return a parameter's value as text, its macros replaced (PP-08, PP-09); the empty text for none (PP-07)."""
        if self.placement.inherits:
            return self._inherited.parameters.get(name, "")
        return expand_macros(self._given(name), self._macro_facts(), whose=f"parameter '{name}'")

    def _given(self, name: str) -> str:
        parameter = self.placement.facts.parameters.get(name)
        value = self._context["params"].get(name)
        if value is None:
            return ""
        if (
            parameter is not None
            and parameter.default is not None
            and value == typed_default(parameter.default, type(value))
        ):
            return parameter.default
        return as_text(value)

    def _macro_facts(self) -> RunFacts:
        run = self._context["dag_run"]
        return RunFacts(run_id=self._run_id(), current=run.start_date or run.run_after, scheduled=run.run_after)

    def _run_id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.root.dag_id}/{self.root.run_id}"))

    def _pull(self, reference: OutputRef) -> Published:
        whose = f"output '{reference.output}' of step '{reference.step}'"
        source = self.placement.sources.get(reference)
        if source is None:
            value: object = self._inherited.outputs.get(reference)
            if value is None:
                raise OperandSkipped(f"{whose} does not exist: the step was skipped")
            return self._inherited.outputs[reference]
        value = pull(self._context["ti"], source)
        if value is None:
            raise OperandSkipped(f"{whose} does not exist: the step was skipped")
        return parse_published(value, whose=whose)

    def _argument(self, reference: ArgumentRef) -> Handed:
        if not self.placement.inherits:
            raise StepError(f"argument '{reference.name}' was asked for outside of a run of its graph component")
        handed = self._inherited.arguments.get(reference)
        if handed is None:
            raise OperandSkipped(f"argument '{reference.name}' does not exist: the step that has it was skipped")
        return handed

    def _argument_text(self, reference: ArgumentRef) -> str:
        handed, whose = self._argument(reference), f"argument '{reference.name}'"
        if not handed.is_output and isinstance(handed.value, str):
            return handed.value
        return self._published_text(handed.value, whose)

    def _output_text(self, reference: OutputRef) -> str:
        return self._published_text(self.output(reference), f"output '{reference.output}' of step '{reference.step}'")

    def _published_text(self, value: Published, whose: str) -> str:
        limit = config.get_int("value_limit")
        if isinstance(value, list):
            texts = self._texts(value, whose, limit)
            return self._bounded(json.dumps(texts, ensure_ascii=False), whose, limit)
        return self._by_value(value, whose, limit)

    def _texts(self, value: Published, whose: str, limit: int) -> Json:
        if isinstance(value, list):
            return [self._texts(one, whose, limit) for one in value]
        return self._by_value(value, whose, limit)

    def _by_value(self, value: str | Stored, whose: str, limit: int) -> str:
        """Return the text with exactly one final newline removed (DP-05)."""
        if isinstance(value, Stored) and value.kind == "directory":
            raise StepError(f"{whose} is a directory and is used as text. Take it by file (InputPath)")
        if isinstance(value, Stored) and value.size > limit + 1:
            raise self._too_large(whose, value.size, limit)
        content = self.bytes_of(value, limit_bytes=limit + 1).removesuffix(b"\n")
        text = content.decode(errors="replace")
        if "\N{REPLACEMENT CHARACTER}" in text and text.encode() != content:
            log.warning("%s is not UTF-8; as text, each undecodable byte becomes U+FFFD (DP-05)", whose)
        if "\0" in text:
            raise StepError(
                f"{whose} holds a NUL character and is used as text, which no argument can carry. "
                "Take it by file (InputPath)"
            )
        return self._bounded(text, whose, limit)

    def _bounded(self, text: str, whose: str, limit: int) -> str:
        size = len(text.encode())
        if size > limit:
            raise self._too_large(whose, size, limit)
        return text

    @staticmethod
    def _too_large(whose: str, size: int, limit: int) -> ValueTooLarge:
        return ValueTooLarge(
            f"{whose} has {size:,} B and is used as text, of which {limit:,} B can be handed over. "
            "Take it by file (InputPath)"
        )

    def _loop_item(self) -> FrozenItem:
        if self._item is None:
            loop, ti = self.placement.loop, self._context["ti"]
            index = ti.map_index
            if loop is None or index is None or index < 0:
                raise StepError("a loop's item was asked for outside of the loop")
            if loop.values is not None:
                self._item = frozen_item(resolve_tree(loop.values[index], self))
            else:
                self._item = parse_item(ti.xcom_pull(task_ids=loop.task_id, map_indexes=-1), index)
        return self._item

    def item(self, loop: str) -> FrozenItem:
        """Return the current item of a loop around the task."""
        if self.placement.loop is not None and self.placement.loop.loop == loop:
            return self._loop_item()
        item = self._inherited.items.get(loop) if self.placement.inherits else None
        if item is None:
            raise StepError(f"the item of loop '{loop}' was asked for outside of the loop")
        return item

    def _item_text(self, reference: ItemRef) -> str:
        item = self.item(reference.loop)
        if reference.key is None:
            return item if isinstance(item, str) else item["item"]
        if isinstance(item, str) or reference.key not in item["keys"]:
            raise StepError(f"item {_shortened(item)} of loop '{reference.loop}' has no '{reference.key}'")
        return item["keys"][reference.key]

    def _run_field(self, reference: RunRef) -> str:
        root = self.root
        match reference.field:
            case "uid":
                return self._run_id()
            case "name":
                return f"{_label(root.dag_id)[:50].strip('-')}-{_digest(root.dag_id, root.run_id)}"
            case "namespace":
                return config.get("namespace") or "default"
            case "serviceAccountName":
                return config.get("service_account") or "default"
            case "creationTimestamp":
                return _timestamp(root.started)
            case "pod.name" | "node.name":
                return self.attempt_name
            case "status" | "failures" | "duration":
                return self._ended_run(reference.field)
            case _:
                assert_never(reference.field)

    def _ended_run(self, field: str) -> str:
        """Return what only an exit handler can know (EH-05); elsewhere the status is empty, as in Argo."""
        if not self.placement.handles_exit:
            return "" if field == "status" else f"{{{{workflow.{field}}}}}"
        ti, run = self._context["ti"], self._context["dag_run"]
        failed = failed_tasks(ti)
        match field:
            case "status":
                return "Failed" if failed else "Succeeded"
            case "failures":
                return json.dumps(
                    json.dumps([{"displayName": task, "phase": "Failed"} for task in failed]) if failed else "null"
                )
            case _:
                started = run.start_date or run.run_after
                return f"{(datetime.now(timezone.utc) - started).total_seconds():.6f}"


def pull(ti: Any, source: Source, **run: str) -> object:
    """Return what a task has published, None for nothing: of one instance, or a list of all iterations' (DP-13).

    `run` names another run than the task instance's own: `dag_id` and `run_id`.
    """
    if source.collected:
        values = ti.xcom_pull(task_ids=[source.task_id], key=source.key, **run)
        return [value for value in values if value is not None]
    index = ti.map_index if source.same_loop else -1
    value: object = ti.xcom_pull(task_ids=source.task_id, key=source.key, map_indexes=index, **run)
    return value


def _shortened(item: FrozenItem) -> str:
    label = item if isinstance(item, str) else item["item"]
    return label if len(label) <= LABEL_CHARACTERS else label[: LABEL_CHARACTERS - 1] + "…"


def open_store() -> Store:
    """Return the store that `[kfp_airflow] artifacts` names, else the folder beside the Airflow home."""
    root = config.get("artifacts")
    if not root:
        from airflow.configuration import AIRFLOW_HOME

        root = default_root(AIRFLOW_HOME)
    return Store(root)


def failed_tasks(ti: Any) -> list[str]:
    """Return the tasks of the instance's run that have failed so far, mapped ones as `task_index`, sorted."""
    states: Mapping[str, str | None] = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
    return sorted(task for task, state in states.items() if state == "failed" and task != ti.task_id)


def as_text(value: object) -> str:
    """Return a JSON value as KFP hands it on (PP-08, CL-09).

    Text is as it is, lists and dicts are JSON, the rest `str()`.
    """
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False) if isinstance(value, Mapping | list | tuple) else str(value)


def typed_default(default: str, kind: type) -> object:
    """Return a parameter's default text as the JSON type `kind`, or the text where it is none of that type."""
    if kind is str:
        return default
    try:
        value = json.loads(default.lower() if kind is bool else default)
    except ValueError:
        return default
    return value


def _label(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "run"


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:8]


def _timestamp(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
