"""What runs after what: from data, from `.after`, and from what conditions compare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from airflow.sdk import BaseOperator, TaskGroup
from typing_extensions import assert_never

from kfp_airflow.dag.scope import Build
from kfp_airflow.graph.flow import comparison_references, item_references, references
from kfp_airflow.graph.model import (
    Call,
    Condition,
    ContainerStep,
    ExitHandler,
    Graph,
    Loop,
    Member,
    ResourceStep,
    SubGraph,
)
from kfp_airflow.graph.text import OutputRef, Reference

Node: TypeAlias = BaseOperator | TaskGroup


def build_edges(members: Iterable[Member], build: Build, operands: tuple[Reference, ...] = ()) -> None:
    """Connect all tasks and groups; `operands` are the references of the conditions around the members."""
    for member in members:
        match member:
            case ContainerStep():
                _connect(build, build.tasks[member.id], (*references(member), *operands), member.after)
            case Loop():
                # The group follows its items task by itself; without one, its first tasks wait.
                first: Node = build.items_tasks.get(member.id) or build.groups[member.id]
                _connect(build, first, (*item_references(member), *operands), member.after)
                build_edges(member.members, build)
            case Condition():
                _connect(build, build.groups[member.id], (), member.after)
                build_edges(member.members, build, (*operands, *comparison_references(member.when)))
            case SubGraph() | ExitHandler():
                if member.after:
                    _connect(build, build.groups[member.id], (), member.after)
                build_edges(member.members, build, operands)
            case ResourceStep() | Graph() | Call():
                pass  # gaps.py has refused them
            case _:
                assert_never(member)


def _connect(build: Build, node: Node, wanted: Iterable[Reference], after: Iterable[str]) -> None:
    producers = dict.fromkeys(reference.step for reference in wanted if isinstance(reference, OutputRef))
    for step_id in producers:
        node.set_upstream(build.tasks[step_id])
    for name in after:
        if name not in producers:
            node.set_upstream(build.tasks.get(name) or build.groups[name])
