"""Graph → DAG, without running it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from kfp_airflow.dag.build import CALLED_RUNS, build_dag, build_dags, dag_id_of
from kfp_airflow.dag.options import DagOptions
from kfp_airflow.diagnostics import PipelineError, PipelineWarning, UsageError, Where
from kfp_airflow.graph.model import (
    Caching,
    Comparison,
    Condition,
    Container,
    ContainerStep,
    ExitHandler,
    Graph,
    Loop,
    Member,
    OutputFile,
    Parameter,
    Pipeline,
    Retry,
    Settings,
    VolumePassing,
)
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, text, tree
from kfp_airflow.version_compat import AIRFLOW_V_3_2_PLUS, AIRFLOW_V_3_3_PLUS

PROCESS = DagOptions(runtime="process")


def step(name: str, *args: Any, **fields: Any) -> ContainerStep:
    container = Container(image=text("busybox"), command=(text("echo"),), args=tuple(text(arg) for arg in args))
    outputs = (OutputFile(name="data", path="/tmp/data"),)
    return ContainerStep(id=name, name=name, container=container, outputs=outputs, where=Where("p.py", 3), **fields)


def pipeline(*members: Member, **fields: Any) -> Pipeline:
    return Pipeline(name="My Pipeline", members=members, where=Where("p.py", 1), **fields)


def edges(dag: Any) -> dict[str, set[str]]:
    return {task.task_id: set(task.upstream_task_ids) for task in dag.tasks}


def test_data_and_after_become_edges() -> None:
    dag = build_dag(
        pipeline(step("a"), step("b", OutputRef("a", "data")), step("c", after=("a", "b")), step("d")), PROCESS
    )
    assert edges(dag) == {"a": set(), "b": {"a"}, "c": {"a", "b"}, "d": set()}
    assert {task.trigger_rule for task in dag.tasks} == {"none_failed"}  # CO-10


def test_the_dag_carries_what_the_author_said() -> None:
    options = DagOptions(runtime="process", experiments=("digits", "nightly", "digits"), schedule="0 0 6 * * ?")
    parameters = (Parameter(name="n", type=text("Integer"), default="3", description="How many."),)
    dag = build_dag(pipeline(step("a"), parameters=parameters, description="Does it.\nWell."), options)
    assert (dag.dag_id, dag.dag_display_name, dag.description) == ("my-pipeline", "My Pipeline", "Does it.")
    assert dag.tags == {"digits", "nightly"}
    assert dag.params["n"] == 3
    assert dag.schedule == "0 6 * * *"
    assert dag.catchup is False


def test_the_documentation_changes_with_the_content_and_only_with_it() -> None:
    one = build_dag(pipeline(step("a")), PROCESS).doc_md
    moved = ContainerStep(
        **{**{name: getattr(step("a"), name) for name in step("a").__slots__}, "where": Where("p.py", 99)}
    )
    assert build_dag(pipeline(moved), PROCESS).doc_md == one
    assert build_dag(pipeline(step("a", timeout_s=5)), PROCESS).doc_md != one


@pytest.mark.row("CO-08")
def test_members_of_a_condition_wait_for_what_it_compares() -> None:  # CO-08
    when = Comparison(left=text(OutputRef("a", "data")), operator="==", right=text("x"))
    group = Condition(
        id="condition-1", name="good enough", when=when, members=(step("b"), step("c", OutputRef("b", "data")))
    )
    dag = build_dag(pipeline(step("a"), group, step("d", after=("condition-1",))), PROCESS)
    assert edges(dag)["b"] == {"a"}
    shown = dag.task_group.children["condition-1"]
    assert (shown.group_display_name, shown.tooltip) == ("good enough", "a == 'x'")
    assert edges(dag)["d"] == {"c"}
    assert [guard.words for guard in dag.get_task("c").placement.guards] == ["a == 'x'"]


@pytest.mark.row("L-06")
def test_a_loop_is_mapped_and_its_run_time_list_gets_a_task() -> None:  # L-06
    loop = Loop(
        id="for-loop-1", items=OutputRef("a", "data"), parallelism=2, members=(step("b", ItemRef("for-loop-1", "key")),)
    )
    dag = build_dag(pipeline(step("a"), loop, step("c", OutputRef("b", "data"))), PROCESS)
    assert edges(dag) == {"a": set(), "for-loop-1-items": {"a"}, "b": {"for-loop-1-items", "a"} - {"a"}, "c": {"b"}}
    assert dag.get_task("for-loop-1-items").keys == ("key",)
    assert dag.get_task("b").max_active_tis_per_dagrun == 2
    assert dag.get_task("c").placement.sources[OutputRef("b", "data")].collected
    assert next(dag.get_task("b").iter_mapped_task_groups()).group_id == "for-loop-1"


@pytest.mark.row("L-02")
def test_a_static_loop_needs_no_task_and_waits_for_what_its_items_hold() -> None:  # L-02
    loop = Loop(
        id="for-loop-1",
        items=(text("x-", OutputRef("a", "data")), text("y")),
        members=(step("b", ItemRef("for-loop-1")),),
    )
    assert edges(build_dag(pipeline(step("a"), loop), PROCESS)) == {"a": set(), "b": {"a"}}


@pytest.mark.row("EH-01", "EH-06")
def test_exit_handlers_are_teardowns_with_a_verdict_after_them() -> None:  # EH-01, EH-02
    handler = ExitHandler(id="exit-handler-1", handler=step("bye"), members=(step("a"), step("b", after=("a",))))
    dag = build_dag(pipeline(handler, step("outside")), PROCESS)
    assert edges(dag)["bye"] == {"b", "outside"}
    assert edges(dag)["verdict"] == {"bye"}
    assert [(task.task_id, task.on_failure_fail_dagrun) for task in dag.tasks if task.is_teardown] == [
        ("bye", False),
        ("verdict", True),
    ]


def test_a_handler_waits_for_a_slow_step_beside_a_failed_one() -> None:
    members = (step("fails"), step("slow"), step("joins", after=("fails", "slow")))
    dag = build_dag(pipeline(ExitHandler(id="exit-handler-1", handler=step("bye"), members=members)), PROCESS)
    assert edges(dag)["bye"] == {"fails", "slow", "joins"}


def test_a_nested_handler_runs_before_the_outer_one() -> None:
    inner = ExitHandler(id="exit-handler-2", handler=step("inner"), members=(step("a"),))
    outer = ExitHandler(id="exit-handler-1", handler=step("outer"), members=(inner, step("b")))
    dag = build_dag(pipeline(outer), PROCESS)
    assert edges(dag)["inner"] == {"a"}
    assert edges(dag)["outer"] == {"a", "b", "inner"}


@pytest.mark.row("A-06")
@pytest.mark.row("P-02", "P-03")
def test_the_runs_time_limit_is_airflows_unless_a_handler_has_to_run_after_it() -> None:  # P-02
    settings = Settings(timeout_s=60, parallelism=3)
    dag = build_dag(pipeline(step("a"), settings=settings), PROCESS)
    assert (dag.dagrun_timeout, dag.max_active_tasks) == (timedelta(seconds=60), 3)
    handler = ExitHandler(id="exit-handler-1", handler=step("bye"), members=(step("a"),))
    dag = build_dag(pipeline(handler, settings=settings), PROCESS)
    assert dag.dagrun_timeout is None
    assert dag.get_task("a").placement.facts.timeout == timedelta(seconds=60)


@pytest.mark.row("B-09")
def test_retries_wait_exactly_as_long_as_the_author_said() -> None:
    retry = Retry(limit=text("3"), policy="Always", backoff_duration="2m", backoff_factor=2)
    task = build_dag(pipeline(step("a", retry=retry)), PROCESS).get_task("a")
    assert (task.retries, task.retry_delay) == (3, timedelta(minutes=2))
    if not AIRFLOW_V_3_3_PLUS:
        return  # it asks no policy: each delay is the first one
    decision = task.retry_policy.evaluate(ValueError("x"), 3, 3)
    assert decision.retry_delay == timedelta(minutes=8)


def test_a_graph_component_that_runs_once_is_a_group_that_takes_values_by_name() -> None:
    graph = Graph(
        id="graph-once-1",
        name="once",
        arguments=(("text", OutputRef("a", "data")),),
        outputs=(("out", OutputRef("b", "data")),),
        members=(step("b", ArgumentRef("graph-once-1", "text")),),
    )
    dag = build_dag(pipeline(step("a"), graph, step("c", OutputRef("graph-once-1", "out"))), PROCESS)
    assert edges(dag) == {"a": set(), "b": {"a"}, "c": {"b"}}
    assert set(dag.task_group_dict) == {"graph-once-1"}


def test_the_body_of_a_loop_in_a_loop_is_a_dag_of_its_own_with_what_it_needs() -> None:  # L-10
    inner = Loop(id="for-loop-2", items=ItemRef("for-loop-1"), members=(step("b", OutputRef("a", "data")),))
    outer = Loop(id="for-loop-1", items=OutputRef("a", "data"), parallelism=3, members=(inner,))
    whole, body = build_dags(
        pipeline(step("a"), outer, step("c", OutputRef("b", "data")), step("d", after=("b",))), PROCESS
    )
    assert edges(whole) == {
        "a": set(),
        "for-loop-1-items": {"a"},
        "for-loop-1-run": {"for-loop-1-items", "a"},
        "c": {"for-loop-1-run"},
        "d": {"for-loop-1-run"},
    }
    call = whole.get_task("for-loop-1-run")
    assert set(call.captured) == {ItemRef("for-loop-1"), OutputRef("a", "data")}
    assert call.max_active_tis_per_dagrun == 3
    assert (body.dag_id, body.dag_display_name) == ("my-pipeline.for-loop-1", "My Pipeline · for each item of a")
    assert body.max_active_runs == (CALLED_RUNS if AIRFLOW_V_3_2_PLUS else 3)
    assert edges(body) == {"for-loop-2-items": set(), "b": {"for-loop-2-items"}}
    assert body.schedule is None
    assert not body.params


def test_tasks_of_our_own_make_way_for_an_authors_step() -> None:
    loop = Loop(id="for-loop-1", items=OutputRef("verdict", "data"), members=(step("b"),))
    handler = ExitHandler(id="exit-handler-2", handler=step("for-loop-1-items"), members=(step("verdict"), loop))
    assert set(edges(build_dag(pipeline(handler), PROCESS))) == {
        "verdict",
        "for-loop-1-items",
        "b",
        "for-loop-1-items-2",
        "verdict-2",
    }


@pytest.mark.parametrize(
    ("name", "expected"),
    [("My Pipeline!", "my-pipeline"), ("a.b_c", "a.b_c"), ("日本", "pipeline"), ("x" * 300, "x" * 250)],
)
def test_a_dag_id_is_what_airflow_takes_of_the_name(name: str, expected: str) -> None:
    assert dag_id_of(name) == expected


def test_a_schedule_needs_defaults_and_catchup_a_start() -> None:
    with pytest.raises(
        UsageError,
        match=r"p\.py:1: pipeline 'My Pipeline' is to run on a schedule and has parameters without default: n\. Give",
    ):
        build_dag(
            pipeline(step("a"), parameters=(Parameter(name="n"),)), DagOptions(runtime="process", schedule="@daily")
        )
    with pytest.raises(UsageError, match=r"catchup=True needs a start_date, the first slot to run"):
        build_dag(pipeline(step("a")), DagOptions(runtime="process", schedule="@daily", catchup=True))
    start = datetime(2026, 1, 1, tzinfo=timezone.utc)
    assert build_dag(
        pipeline(step("a")), DagOptions(runtime="process", schedule="@daily", catchup=True, start_date=start)
    ).catchup


@pytest.mark.row("P-03")
def test_a_limit_of_steps_is_shared_by_the_runs_that_tasks_start() -> None:
    inner = Loop(id="for-loop-2", items=ItemRef("for-loop-1"), members=(step("b"),))
    outer = Loop(id="for-loop-1", items=OutputRef("a", "data"), members=(inner,))
    whole, body = build_dags(pipeline(step("a"), outer, settings=Settings(parallelism=3)), PROCESS)
    assert (whole.max_active_tasks, body.max_active_tasks) == (3, 3)
    limits = [dag.get_task(name).placement.facts.steps_at_a_time for dag, name in ((whole, "a"), (body, "b"))]
    assert limits == [3, 3]
    (alone,) = build_dags(pipeline(step("a"), settings=Settings(parallelism=3)), PROCESS)
    assert alone.get_task("a").placement.facts.steps_at_a_time is None  # Airflow keeps it


def test_the_pool_of_all_runs_is_that_of_the_default_arguments() -> None:
    inner = Loop(id="for-loop-2", items=ItemRef("for-loop-1"), members=(step("b"),))
    outer = Loop(id="for-loop-1", items=OutputRef("a", "data"), members=(inner,))
    options = DagOptions(runtime="process", dag_args={"default_args": {"pool": "few"}})
    pools = {task.pool for dag in build_dags(pipeline(step("a"), outer), options) for task in dag.tasks}
    assert pools == {"few"}


@pytest.mark.better("D-31", "P-10", how="on Airflow files travel through the artifact store, and a warning says so")
def test_a_volume_for_files_is_said_not_to_be_used() -> None:
    passing = VolumePassing(volume=tree({"emptyDir": {}}), path_prefix="x/")
    message = r"^p\.py:1: the volume of data_passing_method is not used on Airflow yet \[KA107\]\n  Files travel"
    with pytest.warns(PipelineWarning, match=message):
        dag = build_dag(pipeline(step("one"), settings=Settings(volume_passing=passing)), PROCESS)
    assert [task.task_id for task in dag.tasks] == ["one"]


@pytest.mark.better("F-06", how="a step runs in every run; a staleness other than `P0D` is said to have no effect")
def test_steps_are_said_to_run_in_every_run_where_the_author_lets_results_be_used_again() -> None:
    month = step("month", caching=Caching(max_staleness="P30D"))
    never, off = step("never", caching=Caching(max_staleness="P0D")), step("off", caching=Caching(enabled=False))
    with pytest.warns(PipelineWarning) as caught:
        build_dag(pipeline(month, never, off, step("on")), PROCESS)
    (warning,) = caught
    assert str(warning.message).startswith(
        "p.py:3: step 'month': max_cache_staleness 'P30D' has no effect on Airflow: a step runs in every run [KA112]\n"
    )


@pytest.mark.refused("DP-01", message="a path that begins in the image's working folder, as a DAG")
def test_a_path_in_the_working_folder_of_the_image_is_refused() -> None:
    relative = replace(step("one"), outputs=(OutputFile(name="out", path="out.txt"),))
    message = r"p\.py:3: step 'one': the path 'out\.txt' of 'out' begins in the image's working folder"
    with pytest.raises(PipelineError, match=message):
        build_dag(pipeline(relative), PROCESS)


@pytest.mark.better("P-04", how="pods of steps that succeeded go at once, failed ones stay; a warning says so")
@pytest.mark.better("P-05", how="no budget on Airflow: a warning says so, and advises retries")
def test_settings_without_a_meaning_on_airflow_are_said_to_have_none() -> None:
    settings = Settings(ttl_s=60, disruption_budget=tree({"minAvailable": 1}))
    with pytest.warns(PipelineWarning) as caught:
        build_dag(pipeline(step("one"), settings=settings), PROCESS)
    assert [str(each.message) for each in caught] == [
        (
            "p.py:1: set_ttl_seconds_after_finished(60) has no effect on Airflow [KA108]\n"
            "  Pods of steps that succeeded go at once, failed ones stay; `airflow db clean` removes old runs."
        ),
        (
            "p.py:1: set_pod_disruption_budget has no effect on Airflow [KA109]\n"
            "  Steps that lose their pod are tried again if they have retries: op.set_retry(2)."
        ),
    ]
    assert [each.filename for each in caught] == ["p.py", "p.py"]
