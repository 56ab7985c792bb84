"""`dsl.ExitHandler` → teardown tasks, and a verdict after them (EH-01 to EH-06).

Executed on Airflow 3.3: a teardown alone lets a failed run succeed, a leaf after it is skipped when the run is set to
failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kfp_airflow.dag.scope import Build
from kfp_airflow.dag.sections import is_lifted
from kfp_airflow.dag.tasks import build_exit_task
from kfp_airflow.graph.model import Call, ContainerStep, ExitHandler, Graph, Loop, Member, ResourceStep, SubGraph
from kfp_airflow.operators.verdict import VerdictOperator

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator


def build_exits(members: tuple[Member, ...], build: Build) -> None:
    """Make the handlers among the members of a DAG, inner ones before outer ones, and a verdict where there are any.

    An outermost handler follows everything else of the pipeline, as KFP's does; a nested one follows its members.
    """
    everything = [*build.tasks.values(), *build.items_tasks.values(), *build.calls.values()]
    handlers: list[BaseOperator] = []
    for group, outermost in _exit_handlers(members, outermost=True):
        if not isinstance(group.handler, ContainerStep):
            continue  # gaps.py has refused it
        task = build_exit_task(group.handler, build)
        followed = everything if outermost else list(_tasks(group.members, build))
        task.set_upstream([*_last(followed), *(handlers if outermost else ())])
        handlers.append(task)
    if handlers:
        verdict = VerdictOperator(task_id=build.plan.verdict_task_id).as_teardown(on_failure_fail_dagrun=True)
        verdict.set_upstream(handlers)


def _last(tasks: Sequence[BaseOperator]) -> list[BaseOperator]:
    """Return the tasks whose ends are the end of all.

    The leaves are not enough: one with two upstreams is `upstream_failed` as soon as the first of them has failed,
    while the other still runs. A task that is the only upstream of another has ended when that one has.
    """
    alone = {upstream for task in tasks if len(task.upstream_task_ids) == 1 for upstream in task.upstream_task_ids}
    return [task for task in tasks if task.task_id not in alone]


def _exit_handlers(members: tuple[Member, ...], *, outermost: bool) -> Iterator[tuple[ExitHandler, bool]]:
    for member in members:
        match member:
            case ContainerStep() | ResourceStep() | Call():
                pass
            case Loop() | Graph() | SubGraph() if is_lifted(member):
                pass  # in a DAG of its own
            case ExitHandler():
                yield from _exit_handlers(member.members, outermost=False)
                yield member, outermost
            case _:
                yield from _exit_handlers(member.members, outermost=outermost)


def _tasks(members: tuple[Member, ...], build: Build) -> Iterator[BaseOperator]:
    for member in members:
        match member:
            case ContainerStep():
                yield build.tasks[member.id]
            case ResourceStep():
                pass
            case Call():
                yield build.calls[build.plan.call_task_ids[member.id]]
            case _:
                if isinstance(member, Loop) and member.id in build.items_tasks:
                    yield build.items_tasks[member.id]
                if member.id in build.plan.call_task_ids:
                    yield build.calls[build.plan.call_task_ids[member.id]]
                else:
                    yield from _tasks(member.members, build)
