"""What runs after what: from data, from `.after`, and from what conditions compare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from airflow.sdk import BaseOperator, TaskGroup
from typing_extensions import assert_never

from kfp_airflow.dag.calls import Caller, wait_references
from kfp_airflow.dag.scope import Build
from kfp_airflow.dag.sections import is_lifted
from kfp_airflow.dag.whole_groups import group_edges
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
                _build_loop_edges(member, build, operands)
            case Condition():
                _connect(build, build.groups[member.id], (), member.after)
                build_edges(member.members, build, (*operands, *comparison_references(member.when)))
            case Call() | Graph() | SubGraph() if member.id in build.plan.call_task_ids:
                _connect_call(member, build, operands)
            case SubGraph() | ExitHandler() | Graph():
                if member.after:
                    _connect(build, build.groups[member.id], (), member.after)
                build_edges(member.members, build, operands)
            case ResourceStep() | Call():
                pass  # gaps.py has refused the one; a call has its task
            case _:
                assert_never(member)


def build_group_edges(members: tuple[Member, ...], build: Build) -> None:
    """Let groups wait, and be waited for, as a whole (CO-09); after `build_edges`."""
    for earlier, later in group_edges(members):
        node, upstream = build.items_tasks.get(later) or build.node(later), build.node(earlier)
        if node is not None and upstream is not None:  # None: a call of the API, which gaps.py has refused
            node.set_upstream(upstream)


def _build_loop_edges(loop: Loop, build: Build, operands: tuple[Reference, ...]) -> None:
    # The group follows its items task by itself; without one, its first tasks wait.
    first: Node = build.items_tasks.get(loop.id) or build.groups[loop.id]
    _connect(build, first, (*item_references(loop), *operands), loop.after)
    if is_lifted(loop):
        _connect_call(loop, build)
    else:
        build_edges(loop.members, build)


def _connect_call(caller: Caller, build: Build, operands: tuple[Reference, ...] = ()) -> None:
    wanted, after = wait_references(caller, build)
    _connect(build, build.calls[build.plan.call_task_ids[caller.id]], (*wanted, *operands), after)


def _connect(build: Build, node: Node, wanted: Iterable[Reference], after: Iterable[str]) -> None:
    producers = dict.fromkeys(reference.step for reference in wanted if isinstance(reference, OutputRef))
    for name in dict.fromkeys((*producers, *after)):
        upstream = build.node(name)
        if upstream is not None and upstream is not node:  # None: a DAG around this one has waited for it
            node.set_upstream(upstream)
