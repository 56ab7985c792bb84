"""What the build functions hand on: the DAG under construction, and where in it a node lands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from airflow.sdk import BaseOperator, TaskGroup

from kfp_airflow.dag.family import Family
from kfp_airflow.dag.options import DagOptions
from kfp_airflow.dag.plan import Plan
from kfp_airflow.dag.sections import Body
from kfp_airflow.graph.model import Settings
from kfp_airflow.graph.text import OutputRef
from kfp_airflow.operators.placement import Facts, Guard, LoopItems, export_key

MakeOperator: TypeAlias = Callable[[Mapping[str, Any]], BaseOperator]
"""Makes the task of a step from its operator's arguments."""


@dataclass(slots=True, kw_only=True)
class Build:
    """One DAG under construction: what is known of it, and what has been made so far, by the graph's ids.

    `body`: the group whose body the DAG is, None for the pipeline's own.
    """

    options: DagOptions
    family: Family
    plan: Plan
    body: Body | None = None
    settings: Settings
    facts: Facts
    make_operator: MakeOperator
    tasks: dict[str, BaseOperator] = field(default_factory=dict)
    groups: dict[str, TaskGroup] = field(default_factory=dict)
    items_tasks: dict[str, BaseOperator] = field(default_factory=dict)
    calls: dict[str, BaseOperator] = field(default_factory=dict)
    """By their task ids."""

    def export_key(self, reference: OutputRef) -> str:
        """Return the XCom key of an output that a call publishes; a call returns what its graph component does."""
        return export_key(self.family.returned_by.get(reference, reference))

    def node(self, name: str) -> BaseOperator | TaskGroup | None:
        """Return the task or group for a step or group of the graph.

        For what is in a DAG of its own that is its call, for what is in a DAG around this one None.
        """
        for made in (self.tasks, self.groups):
            if name in made:
                return made[name]
        position = self.plan.positions.get(name)
        return None if position is None else self.calls[position.task_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a node lands: read by every build function, changed by none (`replace` makes the inner one)."""

    build: Build
    guards: tuple[Guard, ...] = ()
    loop: LoopItems | None = None
    limit: int | None = None


def open_group(group_id: str, tooltip: str, scope: Scope, *, name: str | None = None) -> TaskGroup:
    """Return the task group for a group of the graph, to be entered with `with`; `name`: what the author called it."""
    group = TaskGroup(
        group_id=scope.build.plan.group_ids[group_id],
        group_display_name=name or "",
        prefix_group_id=False,
        tooltip=tooltip,
    )
    scope.build.groups[group_id] = group
    return group
