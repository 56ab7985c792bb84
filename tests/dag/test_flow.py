"""Single shapes of control flow against the interpreter of the rules; what `make flow-search` has found is here."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kfp_airflow.dag import plan
from kfp_airflow.dag.build import build_dag
from kfp_airflow.dag.options import DagOptions
from kfp_airflow.graph.model import Comparison, Condition, ExitHandler, Loop, Member, Parameter, Pipeline
from kfp_airflow.graph.text import ItemRef, OutputRef, ParameterRef, RunRef, text
from tests.dag.interpreter import interpret
from tests.dag.simulated import OUTPUT, simulated
from tests.dag.test_generated import differences

if TYPE_CHECKING:
    from airflow.sdk import DAG

YES = Comparison(left=text(ParameterRef("go")), operator="==", right=text("yes"))
ITEM_IS_A = Comparison(left=text(ItemRef("for-loop-1")), operator="==", right=text("a"))
A = OutputRef("a", OUTPUT)
AFTER_A = simulated("b", "say", A)


def pipeline(*members: Member) -> Pipeline:
    parameters = (Parameter(name="go", default="yes"), Parameter(name="lists", default='[["a", "b"], [], ["c"]]'))
    return Pipeline(name="flow", parameters=parameters, members=members)


def states(made: Pipeline) -> dict[str, str]:
    """Run a pipeline on Airflow, compare it with the rules, and return what the rules say, without the paths."""
    parameters = {parameter.name: parameter.default or "" for parameter in made.parameters}
    assert differences(made, parameters) == []
    return {
        "".join((step, *(f"[{index}]" for index in path))): state
        for (step, path), state in interpret(made, parameters).states.items()
    }


def edges(*members: Member) -> dict[str, set[str]]:
    dag = build_dag(pipeline(*members), DagOptions(runtime="process"))
    return {task.task_id: set(task.upstream_task_ids) for task in dag.tasks}


@pytest.mark.row("CO-09")
def test_who_uses_a_member_of_a_group_waits_for_the_whole_group() -> None:
    group = Condition(id="condition-1", when=YES, members=(simulated("a", "text"), simulated("b", "text")))
    assert edges(group, simulated("c", "text", A))["c"] == {"a", "b"}


@pytest.mark.row("CO-09")
def test_what_one_member_of_a_group_waits_for_all_members_wait_for() -> None:
    group = Condition(id="condition-1", when=YES, members=(simulated("b", "text", A), simulated("c", "text")))
    assert edges(simulated("a", "text"), group) == {"a": set(), "b": {"a"}, "c": {"a"}}
    loop = Loop(id="for-loop-1", items=ParameterRef("lists"), members=(simulated("b", "text", A),))
    assert edges(simulated("a", "text"), loop) == {
        "a": set(),
        "for-loop-1-items": {"a"},
        "b": {"a", "for-loop-1-items"},
    }


def test_groups_that_wait_for_each_other_keep_their_members_dependencies() -> None:
    one = Condition(
        id="condition-1", when=YES, members=(simulated("a", "text"), simulated("d", "text", OutputRef("c", OUTPUT)))
    )
    other = Condition(id="condition-2", when=YES, members=(simulated("b", "text", A), simulated("c", "text")))
    assert edges(one, other) == {"a": set(), "b": {"a"}, "c": set(), "d": {"c"}}


@pytest.mark.row("CO-09", "A-02", "A-03")
def test_a_failing_member_fails_its_group_and_omits_what_comes_after_it() -> None:
    members = (simulated("a", "text"), simulated("b", "fail", "x", "x"), simulated("c", "text", "b", after=("b",)))
    group = Condition(id="condition-1", when=YES, members=members)
    found = states(
        pipeline(group, simulated("d", "text", A), simulated("e", "text", after=("a",)), simulated("f", "text"))
    )
    assert found == {
        "a": "success",
        "b": "failed",
        "c": "omitted",
        "d": "omitted",
        "e": "omitted",
        "f": "success",
    }


@pytest.mark.row("CO-10", "L-13")
def test_after_a_loop_whose_iterations_were_all_skipped_the_next_step_runs() -> None:
    inner = Condition(id="condition-2", when=ITEM_IS_A, members=(simulated("a", "text"),))
    loop = Loop(id="for-loop-1", items=(text("x"), text("y")), members=(inner,))
    found = states(pipeline(loop, simulated("b", "text", A), simulated("c", "text", after=("for-loop-1",))))
    assert found == {"a[0]": "skipped", "a[1]": "skipped", "b": "success", "c": "success"}


@pytest.mark.row("L-14", "A-02", "EH-02")
def test_a_handler_runs_after_a_failure_in_a_called_run_and_knows_of_it() -> None:
    inner = Loop(
        id="for-loop-2", items=ItemRef("for-loop-1"), members=(simulated("a", "fail", ItemRef("for-loop-2"), "b"),)
    )
    outer = Loop(id="for-loop-1", items=ParameterRef("lists"), members=(inner,))
    bye = simulated("bye", "text", RunRef("status"))
    made = pipeline(
        ExitHandler(id="exit-handler-1", handler=bye, members=(outer, simulated("z", "text", after=("a",))))
    )
    found = states(made)
    assert found["a[0][0]"] == found["a[2][0]"] == found["bye"] == "success"
    assert (found["a[0][1]"], found["z"]) == ("failed", "omitted")
    assert interpret(made, {"lists": '[["b"]]', "go": ""}).values["bye", ()] == "bye(Failed)"


@pytest.mark.row("L-06")
def test_a_loop_over_no_list_fails_and_omits_what_is_in_it_and_after_it() -> None:
    loop = Loop(id="for-loop-1", items=ParameterRef("go"), members=(simulated("a", "text"),))
    found = states(pipeline(loop, simulated("b", "text", after=("for-loop-1",))))
    assert found == {"for-loop-1-items": "failed", "a": "omitted", "b": "omitted"}


@pytest.mark.better("CO-11", how="A condition on the output of a skipped step skips its group, and the log says why.")
def test_a_condition_on_a_skipped_steps_output_skips_its_group() -> None:
    no = replace(YES, operator="!=")
    first = Condition(id="condition-1", when=no, members=(simulated("a", "text"),))
    when = Comparison(left=text(A), operator="!=", right=text("x"))
    second = Condition(id="condition-2", when=when, members=(simulated("b", "text"),))
    assert states(pipeline(first, second, simulated("c", "text", after=("b",)))) == {
        "a": "skipped",
        "b": "skipped",
        "c": "success",
    }


@pytest.mark.row("L-02")
@pytest.mark.parametrize("go", ["yes", "no"])
def test_a_long_list_of_the_file_is_counted_by_a_task(monkeypatch: pytest.MonkeyPatch, go: str) -> None:
    monkeypatch.setattr(plan, "MAPPED_DIRECTLY", 2)
    long = Loop(
        id="for-loop-1",
        items=(text("a"), text("b"), text("c")),
        members=(simulated("a", "say", ItemRef("for-loop-1")), Condition(id="c", when=ITEM_IS_A, members=(AFTER_A,))),
    )
    made = pipeline(Condition(id="condition-1", when=YES, members=(long,)), simulated("z", "say", A))
    parameters = (Parameter(name="go", default=go), *made.parameters[1:])
    ran = states(replace(made, parameters=parameters))
    assert {state for name, state in ran.items() if name.startswith("a")} == {"success" if go == "yes" else "skipped"}
    assert set(edges(long)) == {"for-loop-1-items", "a", "b"}


def test_the_size_of_a_dag_does_not_grow_with_the_items() -> None:
    def size(items: int) -> int:
        loop = Loop(
            id="for-loop-1", items=tuple(text(str(item)) for item in range(items)), members=(simulated("a", "x"),)
        )
        return len(json.dumps(serialized(build_dag(pipeline(loop), DagOptions(runtime="process")))))

    assert abs(size(1000) - size(plan.MAPPED_DIRECTLY + 1)) < 10
    assert size(plan.MAPPED_DIRECTLY) < size(1000) + 2000


def serialized(dag: DAG) -> Any:
    """Return what Airflow keeps of a DAG in its database."""
    from airflow.serialization import serialized_objects

    serialization = getattr(serialized_objects, "DagSerialization", None) or serialized_objects.SerializedDAG
    return serialization.to_dict(dag)


def test_building_takes_time_in_proportion_to_the_conditions() -> None:
    """500 conditions; the best of some tries, for other programs take time from both."""

    def seconds(conditions: int) -> float:
        members = tuple(
            Condition(id=f"condition-{index}", when=YES, members=(simulated(f"s{index}", "x"),))
            for index in range(conditions)
        )
        began = time.process_time()
        build_dag(pipeline(*members), DagOptions(runtime="process"))
        return time.process_time() - began

    seconds(10)
    assert min(seconds(500) for _ in range(3)) < 5 * 2 * min(seconds(100) for _ in range(5))
