"""Groups set apart in a DAG of their own: exit handlers inside others, and groups with a limit (EH-04, D-22, L-15)."""

from __future__ import annotations

import json

import pytest

from kfp_airflow import dsl
from kfp_airflow.dag.build import build_dags
from kfp_airflow.dag.options import DagOptions
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.operators.call import CallOperator
from tests.dag.running import run
from tests.dag.test_running import say

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # D-09: constructing ContainerOp directly


@pytest.mark.better("EH-04", how="an exit handler may stand in a condition: it runs where the condition holds")
def test_an_exit_handler_in_a_condition_runs_where_the_condition_holds() -> None:
    @dsl.pipeline(name="guarded-handler")
    def pipeline(go: str, code: int = 0) -> None:
        with dsl.Condition(go == "yes", name="go"):
            with dsl.ExitHandler(say("bye", f"{{{{workflow.status}}}} {go}")):
                work = say("work", code, code='printf %s "$1" > /tmp/out; exit "$1"')
            say("next", work.output)
        say("beside", "x")

    held = run(pipeline, go="yes")
    assert (held.state, held.states["next"], held.output("next")) == ("success", "success", "0")
    (apart,) = held.called["exit-handler-2"]
    assert apart.output("bye") == "Succeeded yes"

    failed = run(pipeline, go="yes", code=3)
    (apart,) = failed.called["exit-handler-2"]
    assert (failed.state, apart.state, apart.output("bye")) == ("failed", "failed", "Failed yes")
    assert (failed.states["next"], failed.states["beside"]) == ("upstream_failed", "success")

    skipped = run(pipeline, go="no")
    assert (skipped.state, skipped.called, skipped.states["beside"]) == ("success", {}, "success")


@pytest.mark.better("EH-04", how="in a loop it runs once per iteration, after the members of that iteration")
def test_an_exit_handler_in_a_loop_runs_after_each_iteration() -> None:
    @dsl.pipeline(name="handler-per-item")
    def pipeline(codes: list = [0, 1, 0]) -> None:  # noqa: B006 - as KFP's authors write it
        with dsl.ParallelFor(codes) as code:
            before = say("before", f"b{code}")
            with dsl.ExitHandler(say("bye", f"{code} {{{{workflow.status}}}}")):
                work = say("work", before.output, code, code='printf %s "$1" > /tmp/out; exit "$2"')
            with dsl.Condition(work.output == "b0"):
                say("mended", work.output)

    ran = run(pipeline)
    assert ran.state == "failed"
    assert [one.output("bye") for one in ran.called["exit-handler-2"]] == ["0 Succeeded", "1 Failed", "0 Succeeded"]
    assert [ran.states[f"mended[{index}]"] for index in range(3)] == ["success", "upstream_failed", "success"]
    assert ran.output("mended[2]") == "b0"


def test_an_exit_handler_in_a_graph_component_follows_its_members_alone() -> None:
    @dsl.graph_component
    def careful(word: object) -> None:
        with dsl.ExitHandler(say("bye", "{{workflow.status}}")):
            say("inside", word)

    @dsl.pipeline(name="careful")
    def pipeline(word: str = "w") -> None:
        with dsl.ExitHandler(say("last", "{{workflow.status}}")):
            careful(word)
            say("fails", code="exit 1")

    ran = run(pipeline)
    (apart,) = (runs[0] for runs in ran.called.values())
    assert (apart.output("bye"), apart.output("inside")) == ("Succeeded", "w")
    assert (ran.state, ran.output("last")) == ("failed", "Failed")


def test_a_failing_handler_fails_the_run_that_called_it_and_what_comes_after_its_group_is_left_out() -> None:
    @dsl.pipeline(name="failing-inner-handler")
    def pipeline(go: str = "yes") -> None:
        with dsl.Condition(go == "yes"):
            with dsl.ExitHandler(say("bye", code="exit 1")) as handled:
                say("work", "x")
            say("next", "x").after(handled)

    ran = run(pipeline)
    (apart,) = ran.called["exit-handler-2"]
    assert (ran.state, apart.states["work"], ran.states["next"]) == ("failed", "success", "upstream_failed")
    assert ran.why("exit-handler-2").endswith("ended as failed in bye, verdict")


@pytest.mark.row("D-22", "L-15", "A-06")
@pytest.mark.filterwarnings("ignore:.* holds for each of the runs:kfp_airflow.diagnostics.PipelineWarning")
def test_a_limit_on_steps_is_that_of_a_dag() -> None:
    @dsl.pipeline(name="limited")
    def pipeline(items: list = [1, 2, 3]) -> None:  # noqa: B006 - as KFP's authors write it
        dsl.get_pipeline_conf().set_parallelism(5)
        first = say("first", "f")
        with dsl.SubGraph(2):
            a = say("a", first.output)
            say("b", "b")
            c = say("c", a.output)
        with dsl.SubGraph(9):
            say("d", c.output)
        with dsl.SubGraph(3), dsl.ParallelFor(items) as item:
            say("e", item)

    dags = {dag.dag_id: dag for dag in build_dags(build_graph(pipeline), DagOptions(runtime="process"))}
    assert {name: dag.max_active_tasks for name, dag in dags.items()} == {"limited": 5, "limited.subgraph-1": 2}
    assert dags["limited.subgraph-1"].dag_display_name == "limited · at most 2 at a time"
    assert dags["limited"].get_task("e").max_active_tis_per_dagrun == 3

    ran = run(pipeline)
    assert ran.state == "success"
    assert (ran.output("d"), sorted(ran.called["subgraph-1"][0].states)) == ("f", ["a", "b", "c"])


@pytest.mark.row("L-15")
def test_a_limit_around_several_loops_holds_for_all_together_and_for_nested_ones() -> None:
    @dsl.pipeline(name="limited-loops")
    def pipeline(items: list = [[1, 2], [3]]) -> None:  # noqa: B006 - as KFP's authors write it
        with dsl.SubGraph(2):
            with dsl.ParallelFor(items) as one:
                say("a", one)
            with dsl.ParallelFor(items) as two, dsl.ParallelFor(two) as three:
                b = say("b", three)
        say("end", b.output)

    dags = {dag.dag_id: dag for dag in build_dags(build_graph(pipeline), DagOptions(runtime="process"))}
    assert dags["limited-loops.subgraph-1"].max_active_tasks == 2
    (call,) = (task for task in dags["limited-loops.subgraph-1"].tasks if isinstance(task, CallOperator))
    assert call.max_active_tis_per_dagrun == 2
    ran = run(pipeline)
    assert ran.state == "success"
    assert json.loads(ran.output("end")) == [["1", "2"], ["3"]]
