"""`dsl.ParallelFor` → a mapped task group: one map index per item (§2.5)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from airflow.sdk import task_group

from kfp_airflow.dag.plan import has_items_task
from kfp_airflow.dag.scope import Scope
from kfp_airflow.dag.tasks import TRIGGER_RULE, guard_references, placement_of
from kfp_airflow.dag.words import body_words
from kfp_airflow.graph.flow import references
from kfp_airflow.graph.model import ContainerStep, Loop, walk
from kfp_airflow.graph.text import ItemRef
from kfp_airflow.operators.items import CountOperator, ItemsOperator
from kfp_airflow.operators.placement import LoopItems

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator, TaskGroup


def build_loop(loop: Loop, scope: Scope, build_body: Callable[[Scope], None]) -> None:
    """Make the loop's mapped group, `build_body` called inside it.

    A run-time list gets a task that reads it, a long one in the file a task that counts it.
    """
    build = scope.build
    mapped: Any
    values = loop.items if isinstance(loop.items, tuple) else None
    if values is not None and not has_items_task(loop):
        items, mapped = LoopItems(loop=loop.id, values=values), list(range(len(values)))
    else:
        build.items_tasks[loop.id] = task = _build_items_task(loop, scope)
        mapped = task.output
        items = LoopItems(loop=loop.id, values=values, task_id=task.task_id if values is None else None)
    inner = replace(scope, loop=items, limit=loop.parallelism)

    @task_group(group_id=build.plan.group_ids[loop.id], prefix_group_id=False, tooltip=body_words(loop))
    def iteration(item: Any) -> None:  # noqa: ARG001 - a task finds its item by its map index; Airflow wants the name
        build_body(inner)

    build.groups[loop.id] = cast("TaskGroup", iteration.expand(item=mapped))


def _build_items_task(loop: Loop, scope: Scope) -> BaseOperator:
    task_id = scope.build.plan.items_task_ids[loop.id]
    guards = guard_references(scope)
    if isinstance(loop.items, tuple):
        placement = placement_of(guards, scope)
        return CountOperator(task_id=task_id, count=len(loop.items), placement=placement, trigger_rule=TRIGGER_RULE)
    placement = placement_of((loop.items, *guards), scope)
    return ItemsOperator(
        task_id=task_id,
        items=loop.items,
        loop=loop.id,
        keys=_keys(loop),
        placement=placement,
        trigger_rule=TRIGGER_RULE,
    )


def _keys(loop: Loop) -> tuple[str, ...]:
    """Return the keys of the items that are used in the loop."""
    used = (
        reference
        for member in walk(loop.members)
        if isinstance(member, ContainerStep)
        for reference in references(member)
    )
    keys = {
        reference.key
        for reference in used
        if isinstance(reference, ItemRef) and reference.loop == loop.id and reference.key
    }
    return tuple(sorted(keys))
