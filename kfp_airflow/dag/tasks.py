"""Step → task: the operator of the chosen runtime, and what its references mean where it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from kfp_airflow.dag.options import Runtime
from kfp_airflow.dag.scope import Build, MakeOperator, Scope
from kfp_airflow.graph.flow import comparison_references, references
from kfp_airflow.graph.model import ContainerStep, Step
from kfp_airflow.graph.text import OutputRef, Reference, walk_texts
from kfp_airflow.operators.placement import Placement, Source
from kfp_airflow.operators.retries import ArgoRetryPolicy, airflow_retries, delay_after
from kfp_airflow.operators.step import ITEM_TEMPLATE
from kfp_airflow.version_compat import retry_policy_args

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

TRIGGER_RULE: Final = "none_failed"
"""A skipped dependency satisfies, as in Argo (CO-10)."""


def build_task(step: ContainerStep, scope: Scope) -> BaseOperator:
    """Return the task of a step."""
    arguments: dict[str, Any] = {"trigger_rule": TRIGGER_RULE, **loop_arguments(scope)}
    wanted = [*references(step), *guard_references(scope), *loop_item_references(scope)]
    return _make_task(step, placement_of(wanted, scope), arguments, scope.build)


def loop_arguments(scope: Scope) -> dict[str, Any]:
    """Return what the tasks of a mapped group have besides: the label of an iteration, and how many run at a time."""
    if scope.loop is None:
        return {}
    arguments: dict[str, Any] = {"map_index_template": ITEM_TEMPLATE}
    if scope.limit is not None:
        arguments["max_active_tis_per_dagrun"] = scope.limit
    return arguments


def build_exit_task(step: ContainerStep, build: Build) -> BaseOperator:
    """Return the task of an exit handler: a teardown, which runs whatever happened before it (EH-02)."""
    placement = replace(placement_of(references(step), Scope(build=build)), handles_exit=True)
    task = _make_task(step, placement, {}, build)
    task.as_teardown()
    return task


def placement_of(wanted: Iterable[Reference], scope: Scope) -> Placement:
    """Return what the references `wanted` mean to a task in this scope."""
    here = scope.loop.loop if scope.loop is not None else None
    sources: dict[OutputRef, Source] = {}
    for reference in wanted:
        if isinstance(reference, OutputRef) and reference not in sources:
            position = scope.build.plan.positions.get(reference.step)
            if position is None:
                continue  # it runs in a DAG around this one, which hands it in
            same = position.loop is not None and position.loop == here
            sources[reference] = Source(
                task_id=position.task_id,
                key=scope.build.export_key(reference) if position.exported else reference.output,
                same_loop=same,
                collected=position.loop is not None and not same,
            )
    return Placement(
        facts=scope.build.facts,
        guards=scope.guards,
        loop=scope.loop,
        sources=sources,
        inherits=scope.build.body is not None,
    )


def guard_references(scope: Scope) -> Iterable[Reference]:
    """Return what the conditions around a node compare."""
    return [reference for guard in scope.guards for reference in comparison_references(guard.when)]


def loop_item_references(scope: Scope) -> Iterable[Reference]:
    """Return what the author's items of the loop around a node refer to."""
    if scope.loop is None or scope.loop.values is None:
        return ()
    return [reference for value in scope.loop.values for text in walk_texts(value) for reference in text.references]


def _make_task(step: ContainerStep, placement: Placement, arguments: Mapping[str, Any], build: Build) -> BaseOperator:
    task: dict[str, Any] = {
        **arguments,
        "task_id": build.plan.positions[step.id].task_id,
        "step": step,
        "settings": build.settings,
        "placement": placement,
    }
    display_name = step.name if step.display_name is None else step.display_name.constant
    if display_name and display_name != step.id:
        task["task_display_name"] = display_name
    if step.retry is not None:
        task.update(_retry_arguments(step))
    task.update(build.options.operator_args)
    return build.make_operator(task)


def operators_of(runtime: Runtime) -> MakeOperator:
    """Return how the tasks of steps are made; the runtime's operator is imported with the first one that is."""
    return partial(_make_operator, runtime)


def _make_operator(runtime: Runtime, arguments: Mapping[str, Any]) -> BaseOperator:
    """Return the operator of a runtime, imported only where it is used: the pod operator's import takes 0.9 s."""
    if runtime == "kubernetes":
        from kfp_airflow.operators.pod import PodStepOperator

        return PodStepOperator(**arguments)
    from kfp_airflow.operators.local import LocalStepOperator

    return LocalStepOperator(runtime=runtime, **arguments)


def _retry_arguments(step: Step) -> dict[str, Any]:
    retry = step.retry
    if retry is None:
        return {}
    delay = delay_after(retry, 1)
    return {"retries": airflow_retries(retry), "retry_delay": delay, **retry_policy_args(ArgoRetryPolicy(retry))}
