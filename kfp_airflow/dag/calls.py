"""The tasks that run a body as a DAG of its own: see `dag.sections`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, TypeAlias

from kfp_airflow.dag.scope import Build, Scope
from kfp_airflow.dag.sections import Body
from kfp_airflow.dag.tasks import TRIGGER_RULE, guard_references, loop_arguments, loop_item_references, placement_of
from kfp_airflow.dag.words import body_words
from kfp_airflow.graph.model import Call, Graph, Loop, SubGraph, walk
from kfp_airflow.graph.text import ArgumentRef, OutputRef, Reference
from kfp_airflow.operators.placement import Export, Source, export_key

if TYPE_CHECKING:
    from airflow.sdk import BaseOperator

    from kfp_airflow.dag.plan import Plan


Caller: TypeAlias = Body | Call


def build_call(caller: Caller, scope: Scope) -> BaseOperator:
    """Return the task that makes one run of a body: of a loop's for the current item, of another's as a whole."""
    from kfp_airflow.operators.call import CallOperator  # only DAGs with calls need it

    build = scope.build
    body = caller.graph if isinstance(caller, Call) else caller.id
    arguments = caller.arguments if isinstance(caller, Graph | Call) else ()
    captured = tuple(build.family.interfaces[body].captured)
    needed = (*captured, *(reference for _, reference in arguments))
    wanted = (*needed, *guard_references(scope), *loop_item_references(scope))
    return CallOperator(
        task_id=build.plan.call_task_ids[caller.id],
        **_display(caller, build),
        trigger_rule=TRIGGER_RULE,
        child_dag_id=build.family.dag_ids[body],
        placement=placement_of(wanted, scope),
        captured=captured,
        arguments=tuple((ArgumentRef(body, name), reference) for name, reference in arguments),
        exports=tuple(_exports(body, build)),
        **loop_arguments(scope),
    )


def _display(caller: Caller, build: Build) -> dict[str, str]:
    """Return how the UI shows a call: by the name of the graph component, and what it does."""
    body = build.family.bodies[caller.graph if isinstance(caller, Call) else caller.id]
    what = f"Starts a run of DAG `{build.family.dag_ids[body.id]}`"
    match caller:
        case Loop():
            return {"doc_md": f"{what} for one item, waits for its end, and gives what it gave."}
        case Graph():
            return {"task_display_name": body_words(body), "doc_md": f"{what}, the first round, and waits for its end."}
        case SubGraph():
            return {"task_display_name": body_words(body), "doc_md": f"{what}, and waits for its end."}
        case Call():
            again = f"{body_words(body)} once more"
            return {"task_display_name": again, "doc_md": f"{what}, the next round, and waits for its end."}


def child_dag_id(dag_id: str, body: str) -> str:
    """Return the id of the DAG that a body becomes: the pipeline's, a dot, and the group's."""
    return f"{dag_id}.{re.sub(r'[^A-Za-z0-9_-]+', '-', body)}"[:250]


def wait_references(caller: Caller, build: Build) -> tuple[Iterable[Reference], Iterable[str]]:
    """Return what a call waits for: the references that its run needs, and what its members come after."""
    interface = build.family.interfaces[caller.graph if isinstance(caller, Call) else caller.id]
    arguments = caller.arguments if isinstance(caller, Graph | Call) else ()
    return (*interface.captured, *(reference for _, reference in arguments)), (*interface.after, *caller.after)


def _exports(body: str, build: Build) -> Iterator[Export]:
    """Yield what is read out of an ended run of a body, and where it is there.

    Of a graph component that calls itself once, what its last round has: what the further run gave, where it was made.
    """
    family = build.family
    inner = family.plans[body]
    group = family.bodies[body]
    further = _further(group, inner)
    for reference in family.interfaces[body].exported:
        own, constant = _own_source(reference, group, inner)
        key = export_key(reference)
        sources = [*([Source(task_id=further, key=key)] if further else []), *([own] if own else [])]
        yield Export(key=key, sources=tuple(sources), constant=constant)


def _own_source(reference: OutputRef, group: Body, plan: Plan) -> tuple[Source | None, Reference | None]:
    """Return where an output is in a run of the body itself, or what of the caller's own values it is."""
    if reference.step == group.id and isinstance(group, Graph):
        returned = dict(group.outputs)[reference.output]
        if not isinstance(returned, OutputRef):
            return None, returned
        reference = returned
    position = plan.positions[reference.step]
    key = export_key(reference) if position.exported else reference.output
    return Source(task_id=position.task_id, key=key, collected=position.loop is not None), None


def _further(group: Body, plan: Plan) -> str | None:
    """Return the task of the one call that a graph component makes of itself, None where there are more, or loops."""
    if not isinstance(group, Graph):
        return None
    calls = [member for member in walk(group.members) if isinstance(member, Call) and member.graph == group.id]
    task_ids = [plan.call_task_ids.get(call.id) for call in calls]
    if len(calls) != 1 or task_ids[0] is None or plan.positions[calls[0].id].loop is not None:
        return None
    return task_ids[0]
