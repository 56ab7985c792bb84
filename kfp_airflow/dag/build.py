"""Graph → DAG. Pure: no network, no database, the same DAG for the same graph in any process."""

from __future__ import annotations

import hashlib
import re
import warnings
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

from airflow.sdk import DAG
from typing_extensions import assert_never

from kfp_airflow import config
from kfp_airflow.dag.calls import Caller, build_call, child_dag_id
from kfp_airflow.dag.edges import build_edges, build_group_edges
from kfp_airflow.dag.exits import build_exits
from kfp_airflow.dag.family import Family, make_family
from kfp_airflow.dag.gaps import check_dag
from kfp_airflow.dag.loops import build_loop
from kfp_airflow.dag.lower import lower
from kfp_airflow.dag.options import SCHEDULE_START, DagOptions, Runtime
from kfp_airflow.dag.params import build_params
from kfp_airflow.dag.schedule import read_schedule
from kfp_airflow.dag.scope import Build, MakeOperator, Scope, open_group
from kfp_airflow.dag.sections import Body, Section, is_lifted
from kfp_airflow.dag.tasks import build_task, operators_of
from kfp_airflow.dag.words import body_words, comparison_words, handler_words
from kfp_airflow.diagnostics import PipelineError, PipelineWarning, UsageError
from kfp_airflow.graph.check import check
from kfp_airflow.graph.model import (
    Call,
    Condition,
    ContainerStep,
    ExitHandler,
    Graph,
    Loop,
    Member,
    Pipeline,
    ResourceStep,
    SubGraph,
    walk,
)
from kfp_airflow.operators.placement import Facts, Guard
from kfp_airflow.version_compat import AIRFLOW_V_3_2_PLUS

CALLED_RUNS: Final = 100_000
"""How many runs of a body may be active at a time: each round of a recursion is one."""


def build_dag(pipeline: Pipeline, options: DagOptions) -> DAG:
    """Return the DAG of a pipeline; the DAGs that its tasks start runs of are made beside it.

    All are registered with Airflow where a DAG file is being parsed. Raises PipelineError with all that is wrong with
    the pipeline, UsageError for options that cannot be carried out.
    """
    return build_dags(pipeline, options)[0]


def build_dags(pipeline: Pipeline, options: DagOptions, make_operator: MakeOperator | None = None) -> list[DAG]:
    """Return all DAGs of a pipeline, its own first; see `build_dag`.

    `make_operator` makes the tasks of steps from an operator's arguments, None: the runtime's own operator.
    """
    gaps = tuple(check_dag(pipeline))
    if errors := [found for found in (*check(pipeline), *gaps) if found.severity == "error"]:
        raise PipelineError(errors)
    for found in gaps:
        warnings.warn_explicit(str(found), PipelineWarning, found.where.file, found.where.line)
    lowered = lower(pipeline)
    family = make_family(lowered, partial(child_dag_id, options.dag_id or dag_id_of(pipeline.name)))
    make_operator = make_operator or operators_of(options.runtime or _default_runtime())
    begin = partial(_begin, pipeline=lowered, family=family, options=options, make_operator=make_operator)
    return [_build_section(begin(section), section, lowered) for section in family.sections]


def _build_section(build: Build, section: Section, pipeline: Pipeline) -> DAG:
    options, family = build.options, build.family
    arguments = _dag_arguments(pipeline, options)
    if section.body is not None:
        arguments = {**arguments, **_called_dag_arguments(section.body, pipeline, family)}
    params = arguments.pop("params")
    with DAG(**arguments) as dag:
        _build_members(section.members, Scope(build=build))
        build_edges(section.members, build)
        build_group_edges(section.members, build)
        build_exits(section.members, build)
    # Last: Airflow would copy them into each task, at each level of its class. A run takes them from the DAG anyway.
    dag.params = params
    return dag


def _called_dag_arguments(body: Body, pipeline: Pipeline, family: Family) -> dict[str, Any]:
    """Return how the DAG of a body differs from the pipeline's: it has no schedule and no parameters of its own."""
    arguments: dict[str, Any] = {}
    match body:
        case Loop():
            what = f"one item of the loop '{body.id}'"
        case Graph():
            what = f"one round of '{body_words(body)}'"
        case SubGraph():
            what = f"the group '{body.id}' ({body_words(body)})"
            limits = [limit for limit in (body.parallelism, pipeline.settings.parallelism) if limit is not None]
            arguments = {"max_active_tasks": min(limits)} if limits else {}
        case _:
            assert_never(body)
    return {
        **arguments,
        "dag_id": family.dag_ids[body.id],
        "dag_display_name": f"{pipeline.name} · {body_words(body)}",
        "description": f"Runs {what} of {pipeline.name}, whose tasks start it",
        "schedule": None,
        "start_date": None,
        "end_date": None,
        "catchup": False,
        "max_active_runs": _runs_at_a_time(body),
        "params": None,
        "is_paused_upon_creation": False,
    }


def _runs_at_a_time(body: Body) -> int:
    """Return how many runs of a body may be active: a limit of iterations is kept by the tasks that call them.

    Before Airflow 3.2, tasks that wait in the triggerer do not count in the limit of their task. There it is that of
    the body's DAG, except where a run inside could wait for another one of the same DAG.
    """
    if AIRFLOW_V_3_2_PLUS or not isinstance(body, Loop) or any(isinstance(one, Call) for one in walk(body.members)):
        return CALLED_RUNS
    return body.parallelism or CALLED_RUNS


def dag_id_of(name: str) -> str:
    """Return the DAG id for a pipeline's name: lower case, what Airflow does not take replaced by `-`."""
    return re.sub(r"[^a-z0-9_.]+", "-", name.lower()).strip("-.")[:250] or "pipeline"


def _begin(
    section: Section, *, pipeline: Pipeline, family: Family, options: DagOptions, make_operator: MakeOperator
) -> Build:
    settings = pipeline.settings
    return Build(
        options=options,
        family=family,
        plan=family.plans[section.body.id if section.body else ""],
        body=section.body,
        settings=settings,
        facts=Facts(
            pipeline=pipeline.name,
            parameters={parameter.name: parameter for parameter in pipeline.parameters},
            timeout=timedelta(seconds=settings.timeout_s)
            if settings.timeout_s and _has_exit_handler(pipeline)
            else None,
            steps_at_a_time=settings.parallelism if len(family.sections) > 1 else None,
        ),
        make_operator=make_operator,
    )


def _default_runtime() -> Runtime:
    """Return the runtime of DAGs that are given none; `auto` means Kubernetes for them."""
    runtime: Any = config.get("runtime")
    return "kubernetes" if runtime == "auto" else runtime


def _has_exit_handler(pipeline: Pipeline) -> bool:
    return any(isinstance(member, ExitHandler) for member in walk(pipeline.members))


def _dag_arguments(pipeline: Pipeline, options: DagOptions) -> dict[str, Any]:
    schedule = read_schedule(options.schedule)
    _check_schedule(pipeline, options, schedule)
    settings = pipeline.settings
    arguments: dict[str, Any] = {
        "dag_id": options.dag_id or dag_id_of(pipeline.name),
        "dag_display_name": pipeline.name,
        "description": (pipeline.description or "").strip().split("\n")[0] or None,
        "schedule": schedule,
        "start_date": options.start_date or SCHEDULE_START,
        "end_date": options.end_date,
        "catchup": options.catchup,
        "max_active_runs": options.max_active_runs,
        "tags": sorted(set(options.experiments)),
        "params": build_params(pipeline),
        "doc_md": _document(pipeline),
    }
    if settings.parallelism is not None:
        arguments["max_active_tasks"] = settings.parallelism
    if settings.timeout_s and not _has_exit_handler(pipeline):
        arguments["dagrun_timeout"] = timedelta(seconds=settings.timeout_s)
    return {**arguments, **options.dag_args}


def _check_schedule(pipeline: Pipeline, options: DagOptions, schedule: object) -> None:
    required = [
        parameter.name for parameter in pipeline.parameters if parameter.default is None and not parameter.optional
    ]
    if schedule is not None and required:
        raise UsageError(
            f"{pipeline.where}: pipeline '{pipeline.name}' is to run on a schedule and has parameters without default: "
            f"{', '.join(required)}. Give them defaults in the pipeline function"
        )
    if options.catchup and options.start_date is None:
        raise UsageError(
            f"{pipeline.where}: pipeline '{pipeline.name}': catchup=True needs a start_date, the first slot to run"
        )


def _document(pipeline: Pipeline) -> str:
    """Return the DAG's documentation.

    Its hash makes a new DAG version of any change, also in what Airflow does not serialize.
    """
    digest = hashlib.sha256(repr(pipeline).encode()).hexdigest()[:16]
    return f"{pipeline.description or pipeline.name}\n\n<sub>Kubeflow pipeline {pipeline.name}, content {digest}</sub>"


def _build_members(members: Iterable[Member], scope: Scope) -> None:
    for member in members:
        match member:
            case ContainerStep():
                scope.build.tasks[member.id] = build_task(member, scope)
            case Condition():
                _build_condition(member, scope)
            case Loop():
                inside = partial(_call, member) if is_lifted(member) else partial(_build_members, member.members)
                build_loop(member, scope, inside)
            case Graph() if not is_lifted(member):
                with open_group(member.id, f"the graph component {member.name}", scope):
                    _build_members(member.members, scope)
            case SubGraph() if not is_lifted(member):
                with open_group(member.id, body_words(member), scope):
                    _build_members(member.members, scope)
            case Graph() | SubGraph() | Call():
                _call(member, scope)
            case ExitHandler():
                # A group around nearly everything would hide the pipeline in the UI; only `.after` needs one.
                ordered = member.id in scope.build.plan.ordered
                with open_group(member.id, handler_words(member), scope) if ordered else nullcontext():
                    _build_members(member.members, scope)
            case ResourceStep():
                pass  # gaps.py has refused it
            case _:
                assert_never(member)


def _call(caller: Caller, scope: Scope) -> None:
    task = build_call(caller, scope)
    scope.build.calls[task.task_id] = task


def _build_condition(condition: Condition, scope: Scope) -> None:
    words = comparison_words(condition.when)
    guard = Guard(group=condition.name or condition.id, when=condition.when, words=words)
    with open_group(condition.id, words, scope, name=condition.name):
        _build_members(condition.members, replace(scope, guards=(*scope.guards, guard)))
