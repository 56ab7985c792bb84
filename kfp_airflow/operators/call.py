"""The task that runs the body of a loop or of a graph component as a run of a DAG of its own, and waits for it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, NoReturn

from airflow.providers.standard.operators.trigger_dagrun import XCOM_RUN_ID, TriggerDagRunOperator
from airflow.providers.standard.triggers.external_task import DagStateTrigger
from typing_extensions import override

from kfp_airflow import config
from kfp_airflow.artifacts.store import Published, parse_published, published_as_json
from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, Reference
from kfp_airflow.operators.guards import check_guards
from kfp_airflow.operators.inherited import Caller, Handed, Inherited
from kfp_airflow.operators.placement import Export, Placement, Source
from kfp_airflow.operators.reasons import explained
from kfp_airflow.operators.retries import attempt_of
from kfp_airflow.operators.step import show_item
from kfp_airflow.operators.values import OperandSkipped, RunValues, open_store, pull
from kfp_airflow.version_compat import AirflowFailException

if TYPE_CHECKING:
    from airflow.sdk import Context

POLL_S: Final = 1.0
"""How often the triggerer looks whether the run has ended."""
RETRIES: Final = 3
"""How often a call that was lost looks for its run again.

A worker may end with its task under it; and where a run ends within seconds, Airflow's scheduler may take the end of
the process that began to wait for that of the task (apache/airflow#67287, #72716).
"""
NAMED_TASKS: Final = 20
"""How many of the failed tasks the message names."""
_ACTIVE: Final = ("queued", "running")
_ENDED: Final = ("success", "failed")
_LONGEST_RUN_ID: Final = 250


class CallOperator(TriggerDagRunOperator):
    """Starts a run of the body's DAG with all values it needs, waits for it in the triggerer, publishes what it gives.

    The run's id follows from the task instance and the values. A call that was lost finds by it the run that it had
    started, active or ended; one that a user cleared lets a run that has ended run again. It fails where the run fails.
    """

    template_fields = ()
    ui_color = "#f3e8fd"

    def __init__(
        self,
        *,
        child_dag_id: str,
        placement: Placement,
        captured: tuple[Reference, ...],
        arguments: tuple[tuple[ArgumentRef, Reference], ...],
        exports: tuple[Export, ...],
        **kwargs: Any,
    ) -> None:
        super().__init__(
            trigger_dag_id=child_dag_id,
            logical_date=None,
            reset_dag_run=True,
            wait_for_completion=True,
            deferrable=True,
            poke_interval=POLL_S,  # type: ignore[arg-type] # it is slept for, a part of a second is fine
            openlineage_inject_parent_info=False,
            retries=RETRIES,
            retry_delay=timedelta(seconds=POLL_S),
            **kwargs,
        )
        self.placement = placement
        self.captured = captured
        self.arguments = arguments
        self.exports = exports

    @override
    def execute(self, context: Context) -> None:
        """Start the run, or find the one that is active.

        Raises AirflowSkipException where a condition around it is false, AirflowFailException where a value cannot be
        handed in or the calls are too deep.
        """
        with explained(context), _failed_for_good():
            values = RunValues(self.placement, context, open_store())
            show_item(values, context)
            check_guards(values)
            inherited = self._inherited(values, context)
            self._check_depth(inherited.depth)
            conf = inherited.as_conf()
        self.conf = conf
        self.trigger_run_id = run_id = _run_id(inherited, conf, context)
        ti = context["ti"]
        if ti.get_dr_count(dag_id=self.trigger_dag_id, run_ids=[run_id], states=list(_ACTIVE)):
            self.log.info("Run %s of %s is active already", run_id, self.trigger_dag_id)
            self._show_link(run_id, context)
            self._wait(run_id)
        if attempt_of(ti, RETRIES) > 1 and ti.get_dr_count(dag_id=self.trigger_dag_id, run_ids=[run_id]):
            self.log.info("Run %s of %s has ended", run_id, self.trigger_dag_id)
            self._show_link(run_id, context)
            self._conclude(run_id, context)
        else:
            super().execute(context)

    @override
    def execute_complete(self, context: Context, event: tuple[str, dict[str, Any]]) -> None:
        """Publish what the run has given.

        Raises AirflowFailException, naming the tasks that failed, where it has failed.
        """
        self.trigger_run_id = run_id = event[1]["run_ids"][0]
        self._conclude(run_id, context)

    def _conclude(self, run_id: str, context: Context) -> None:
        with explained(context), _failed_for_good():
            values = RunValues(self.placement, context, open_store())
            show_item(values, context)
            ti = context["ti"]
            state = ti.get_dagrun_state(dag_id=self.trigger_dag_id, run_id=run_id)
            if state != "success":
                raise StepError(self._failure(ti, run_id, state))
            for export in self.exports:
                value = self._read(export, run_id, values, context)
                if value is not None:
                    ti.xcom_push(key=export.key, value=published_as_json(value))

    def _show_link(self, run_id: str, context: Context) -> None:
        context["ti"].xcom_push(key=XCOM_RUN_ID, value=run_id)

    def _wait(self, run_id: str) -> NoReturn:
        self.defer(
            trigger=DagStateTrigger(
                dag_id=self.trigger_dag_id,
                states=list(_ENDED),  # type: ignore[arg-type] # the states' texts
                run_ids=[run_id],
                poll_interval=POLL_S,
            ),
            method_name="execute_complete",
        )

    def _inherited(self, values: RunValues, context: Context) -> Inherited:
        outputs: dict[OutputRef, Published] = {}
        arguments: dict[ArgumentRef, Handed] = {}
        for reference in self.captured:
            match reference:
                case OutputRef():
                    if (value := _or_skipped(values, reference)) is not None:
                        outputs[reference] = value.value
                case ArgumentRef():
                    if (value := _or_skipped(values, reference)) is not None:
                        arguments[reference] = value
                case _:
                    pass  # items and parameters go as a whole
        for argument, reference in self.arguments:
            if (value := _or_skipped(values, reference)) is not None:
                arguments[argument] = value
        loops = dict.fromkeys(reference.loop for reference in self.captured if isinstance(reference, ItemRef))
        return Inherited(
            root=values.root,
            callers=(*values.callers[:1], _caller(context)),
            depth=values.depth + 1,
            parameters={name: values.parameter(name) for name in self.placement.facts.parameters},
            items={loop: values.item(loop) for loop in loops},
            outputs=outputs,
            arguments=arguments,
        )

    def _check_depth(self, depth: int) -> None:
        limit = config.get_int("recursion_limit")
        if depth > limit:
            raise StepError(
                f"the calls of '{self.trigger_dag_id}' are {limit:,} deep, and a further one would be made: the "
                "recursion has no end, or needs more ([kfp_airflow] recursion_limit)"
            )

    def _failure(self, ti: Any, run_id: str, state: str) -> str:
        states = ti.get_task_states(dag_id=self.trigger_dag_id, run_ids=[run_id]).get(run_id, {})
        failed = sorted(task for task, task_state in states.items() if task_state == "failed")
        named = f" in {', '.join(failed[:NAMED_TASKS])}{' …' if len(failed) > NAMED_TASKS else ''}" if failed else ""
        how = str(getattr(state, "value", state))
        return f"run {run_id} of DAG {self.trigger_dag_id} ended as {how}{named}"

    def _read(self, export: Export, run_id: str, values: RunValues, context: Context) -> Published | None:
        for source in export.sources:
            value = self._pull(source, run_id, context)
            if value is not None:
                return value
        if export.constant is not None and (handed := _or_skipped(values, self._meaning(export.constant))) is not None:
            return handed.value
        return None

    def _meaning(self, reference: Reference) -> Reference:
        """Return what stands for one of the body's own arguments here."""
        return dict(self.arguments).get(reference, reference) if isinstance(reference, ArgumentRef) else reference

    def _pull(self, source: Source, run_id: str, context: Context) -> Published | None:
        whose = f"output '{source.key}' of task '{source.task_id}' in run {run_id} of {self.trigger_dag_id}"
        value = pull(context["ti"], source, dag_id=self.trigger_dag_id, run_id=run_id)
        return None if value is None else parse_published(value, whose=whose)


@contextmanager
def _failed_for_good() -> Iterator[None]:
    """Let Airflow try nothing again that fails for a reason: `RETRIES` is for calls that were lost."""
    try:
        yield
    except StepError as error:
        raise AirflowFailException(str(error)) from error


def _caller(context: Context) -> Caller:
    ti = context["ti"]
    index = ti.map_index if ti.map_index is not None else -1
    return Caller(dag_id=ti.dag_id, run_id=ti.run_id, task_id=ti.task_id, map_index=index)


def _or_skipped(values: RunValues, reference: Reference) -> Handed | None:
    """Return a value to hand in, None where its step was skipped: whoever reads it there is skipped, too (CO-11)."""
    try:
        return values.handed(reference)
    except OperandSkipped:
        return None


def _run_id(inherited: Inherited, conf: dict[str, Any], context: Context) -> str:
    """Return the id of the run: the root's, the task and the item for people, and a hash of all that it is given."""
    ti = context["ti"]
    facts = json.dumps([ti.dag_id, ti.run_id, ti.task_id, ti.map_index, conf], sort_keys=True)
    index = f".{ti.map_index}" if ti.map_index is not None and ti.map_index >= 0 else ""
    tail = (
        f".{re.sub(r'[^A-Za-z0-9_-]+', '-', ti.task_id)[:60]}{index}.{hashlib.sha256(facts.encode()).hexdigest()[:12]}"
    )
    return inherited.root.run_id[: _LONGEST_RUN_ID - len(tail)] + tail
