"""Loops in loops and recursion: bodies that are DAGs of their own, run by calls (L-10, R-01 to R-06)."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from kfp_airflow import dsl
from tests.dag.running import run
from tests.dag.test_running import say

pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning")  # D-09: constructing ContainerOp directly


def make(name: str, value: Any) -> dsl.ContainerOp:
    """A step whose output is the JSON text of a value."""
    return say(name, json.dumps(value))


@pytest.mark.row("L-10", "F-03")
def test_a_loop_over_the_outer_item_runs_every_pair() -> None:
    @dsl.pipeline(name="pairs")
    def pipeline(lists: list = [[1, 2], [], ["a"]]) -> None:  # noqa: B006 - as KFP's authors write it
        with dsl.ParallelFor(lists) as outer:
            before = say("before", f"b{outer}")
            with dsl.ParallelFor(outer) as inner:
                pair = say("pair", f"{outer}/{inner}/{before.output}")
        say("all", pair.output)

    ran = run(pipeline)
    assert ran.state == "success", ran
    bodies = ran.called["for-loop-1"]
    assert [sorted(body.xcoms[name]["out"] for name in body.xcoms if name.startswith("pair[")) for body in bodies] == [
        ["[1,2]/1/b[1,2]", "[1,2]/2/b[1,2]"],
        [],
        ['["a"]/a/b["a"]'],
    ]
    assert json.loads(ran.output("all")) == [["[1,2]/1/b[1,2]", "[1,2]/2/b[1,2]"], [], ['["a"]/a/b["a"]']]


def test_three_loops_deep_over_an_output_made_inside() -> None:  # L-10
    @dsl.pipeline(name="three-deep")
    def pipeline(prefix: str = "p") -> None:
        first = make("first", [{"n": 1}, {"n": 2}])
        with dsl.ParallelFor(first.output) as one:
            second = say("second", f'["{one.n}x", "{one.n}y"]')
            with dsl.ParallelFor(second.output) as two, dsl.ParallelFor([1, 2]) as three:
                leaf = say("leaf", f"{prefix}-{one.n}-{two}-{three}")
            say("after", leaf.output)
        say("end", leaf.output)

    ran = run(pipeline)
    assert ran.state == "success", ran
    assert json.loads(ran.output("end")) == [
        [["p-1-1x-1", "p-1-1x-2"], ["p-1-1y-1", "p-1-1y-2"]],
        [["p-2-2x-1", "p-2-2x-2"], ["p-2-2y-1", "p-2-2y-2"]],
    ]
    assert [json.loads(body.output("after")) for body in ran.called["for-loop-1"]] == json.loads(ran.output("end"))


def test_a_failing_iteration_leaves_the_others_running_and_fails_the_run() -> None:  # L-14
    @dsl.pipeline(name="one-fails")
    def pipeline(lists: list = [[1], [0], [2]]) -> None:  # noqa: B006 - as KFP's authors write it
        with dsl.ParallelFor(lists) as outer, dsl.ParallelFor(outer) as inner:
            step = say("step", inner, code='echo "$1" > /tmp/out; [ "$1" != 0 ]')
        say("all", step.output)

    ran = run(pipeline)
    assert ran.state == "failed"
    assert [body.state for body in ran.called["for-loop-1"]] == ["success", "failed", "success"]
    assert [ran.states[f"for-loop-1-run[{index}]"] for index in range(3)] == ["success", "failed", "success"]
    assert ran.states["all"] == "upstream_failed"
    assert ran.why("for-loop-1-run[1]").endswith("ended as failed in step_0")


def test_conditions_around_and_inside_nested_loops_decide_per_iteration() -> None:  # L-11, CO-08, DP-13
    @dsl.pipeline(name="nested-conditions")
    def pipeline(lists: list = [[1, 5], [7]], go: str = "yes") -> None:  # noqa: B006 - as KFP's authors write it
        with dsl.Condition(go == "yes"), dsl.ParallelFor(lists) as outer:
            say("first", outer)
            with dsl.ParallelFor(outer) as inner, dsl.Condition(inner > 4):
                big = say("big", inner)
        say("all", big.output)

    assert json.loads(run(pipeline).output("all")) == [["5"], ["7"]]
    skipped = run(pipeline, go="no")
    assert skipped.state == "success"
    assert not skipped.called


COUNT = "echo $(($1 + 1)) > /tmp/out"


@pytest.mark.row("R-01", "R-02", "R-05")
def test_a_graph_component_that_calls_itself_runs_until_its_condition_is_false() -> None:
    @dsl.graph_component
    def count(number: Any, limit: Any) -> Any:
        more = say("more", number, code=COUNT)
        with dsl.Condition(more.output < limit):
            count(more.output, limit)
        return {"number": more.output}

    @dsl.pipeline(name="do-while")
    def pipeline(limit: int = 3) -> None:
        zero = say("zero", "0")
        counted = count(zero.output, limit)
        say("result", counted.outputs["number"])

    ran = run(pipeline)
    assert ran.state == "success", ran
    (rounds,) = ran.called.values()
    assert [body.output("more") for body in rounds] == ["1\n", "2\n", "3\n"]
    assert ran.output("result") == "3"


@pytest.mark.row("R-05")
def test_a_while_loop_skips_its_body_when_the_condition_is_false_at_once() -> None:
    @dsl.graph_component
    def shrink(number: Any) -> None:
        with dsl.Condition(number > 0):
            less = say("less", number, code="echo $(($1 - 1)) > /tmp/out")
            shrink(less.output)

    @dsl.pipeline(name="while")
    def pipeline(number: int = 2) -> None:
        graph = shrink(number)
        say("end", "done").after(graph)

    ran = run(pipeline)
    assert ran.state == "success", ran
    (rounds,) = ran.called.values()
    assert len(rounds) == 3
    assert ran.states["end"] == "success"
    once = run(pipeline, number=0)
    assert [body.states["less"] for body in once.called[next(iter(once.called))]] == ["skipped"]


def test_recursion_without_an_end_fails_naming_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__KFP_AIRFLOW__RECURSION_LIMIT", "3")

    @dsl.graph_component
    def forever(number: Any) -> None:
        again = say("again", number)
        forever(again.output)

    @dsl.pipeline(name="endless")
    def pipeline(number: int = 1) -> None:
        forever(number)

    ran = run(pipeline)
    assert ran.state == "failed"
    (rounds,) = ran.called.values()
    assert len(rounds) == 3
    assert "the calls of 'endless.graph-forever-1' are 3 deep" in rounds[-1].why(
        next(task for task in rounds[-1].xcoms if task != "again")
    )


@pytest.mark.row("A-04")
def test_the_time_limit_of_a_run_holds_in_the_runs_that_it_starts() -> None:
    """Each round begins well within a limit that counted from its own start."""

    @dsl.graph_component
    def forever(number: Any) -> None:
        again = say("again", number, code="sleep 1; echo x > /tmp/out")
        forever(again.output)

    @dsl.pipeline(name="limited-rounds")
    def pipeline(number: int = 1) -> None:
        dsl.get_pipeline_conf().set_timeout(4)
        with dsl.ExitHandler(say("bye", "{{workflow.status}}")):
            forever(number)

    ran = run(pipeline)
    (rounds,) = ran.called.values()
    assert (ran.state, ran.output("bye")) == ("failed", "Failed")
    assert 1 <= len(rounds) <= 4
    assert [one.states["again"] for one in rounds] == ["success"] * (len(rounds) - 1) + ["failed"]
    assert re.search(r"limit of \d s", rounds[-1].why("again"))


def test_recursion_inside_a_condition_inside_a_loop() -> None:
    @dsl.graph_component
    def count(number: Any) -> Any:
        more = say("more", number, code=COUNT)
        with dsl.Condition(more.output < 3):
            count(more.output)
        return {"number": more.output}

    @dsl.pipeline(name="recursion-in-loop")
    def pipeline() -> None:
        start = make("start", [0, 2, 9])
        with dsl.ParallelFor(start.output) as item, dsl.Condition(item < 5):
            counted = count(item)
            said = say("said", counted.outputs["number"])
        say("all", said.output)

    ran = run(pipeline)
    assert ran.state == "success", ran
    assert json.loads(ran.output("all")) == ["3", "3"]


def test_files_arrive_byte_for_byte_in_nested_loops_and_recursion() -> None:  # DP-05
    @dsl.graph_component
    def copy(content: Any, rounds: Any) -> Any:
        path = dsl.InputArgumentPath(content, input="content", path="/in/content")
        copied = say("copied", path, code='cp "$1" /tmp/out')
        fewer = say("fewer", rounds, code="echo $(($1 - 1)) > /tmp/out")
        with dsl.Condition(fewer.output > 0):
            copy(copied.output, fewer.output)
        return {"content": copied.output}

    @dsl.pipeline(name="bytes")
    def pipeline(rounds: int = 2) -> None:
        large = say("large", code="head -c 100000 /dev/urandom > /tmp/out")
        copied = copy(large.output, rounds)
        one = dsl.InputArgumentPath(large.output, input="one", path="/in/one")
        two = dsl.InputArgumentPath(copied.outputs["content"], input="two", path="/in/two")
        say("same", one, two, code='cmp "$1" "$2" && echo same > /tmp/out')

    ran = run(pipeline)
    assert ran.state == "success", ran
    assert ran.output("same") == "same\n"


def test_a_call_that_was_lost_takes_what_its_run_gave() -> None:
    @dsl.pipeline(name="lost-calls")
    def pipeline(lists: list = [["a", "b"], ["c"]]) -> None:  # noqa: B006 - as KFP's authors write it
        with dsl.ParallelFor(lists) as items:
            before = say("before", items)
            with dsl.ParallelFor(items) as item:
                each = say("each", before.output, item, code='printf %s "$2" > /tmp/out; [ "$2" != fails ]')
        say("all", each.output)

    ran = run(pipeline, losing_calls=True)
    assert (ran.state, json.loads(ran.output("all"))) == ("success", [["a", "b"], ["c"]])
    (bodies,) = ran.called.values()
    assert len(bodies) == 2

    failed = run(pipeline, losing_calls=True, lists=[["a"], ["fails"]])
    (bodies,) = failed.called.values()
    assert (failed.state, sorted(body.state for body in bodies)) == ("failed", ["failed", "success"])
    (call,) = (task for task, state in failed.states.items() if state == "failed")
    assert failed.why(call).endswith("ended as failed in each_0")
