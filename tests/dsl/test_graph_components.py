"""Graph components (rows D-23, R-01 to R-06)."""

import re
from collections import namedtuple
from collections.abc import Callable

import pytest

from kfp_airflow import dsl
from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.graph import model
from kfp_airflow.graph.check import check
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, ParameterRef, text


def op(name: str = "a", *arguments: object) -> dsl.ContainerOp:
    return dsl.ContainerOp(name, "image", arguments=list(arguments) or None, file_outputs={"o": "/o"})


@dsl.graph_component
def again(value: object, limit: object = 3) -> object:
    made = op("make", value, limit)
    with dsl.Condition(made.output == value):
        again(made.output, limit).after(made)
    return {"made": made.output, "nothing": "a text"}


def graph_of(function: Callable[..., object]) -> model.Graph:
    graph = build_graph(function)
    assert [str(found) for found in check(graph) if found.severity == "error"] == []
    (found,) = (member for member in graph.members if isinstance(member, model.Graph))
    return found


def failure(function: Callable[..., object]) -> str:
    with pytest.raises(PipelineError) as refused:
        build_graph(function)
    return "; ".join(found.problem for found in refused.value.diagnostics)


@pytest.mark.row("D-23", "R-02")
def test_a_call_inside_is_a_call_at_run_time_and_arguments_have_the_functions_names() -> None:
    def pipeline(x: str, y: str) -> None:
        again(x, limit=y)

    graph = graph_of(pipeline)
    made, condition = graph.members
    value, limit = ArgumentRef("graph-again-1", "value"), ArgumentRef("graph-again-1", "limit")
    assert (graph.id, graph.name) == ("graph-again-1", "again")
    assert graph.arguments == (("value", ParameterRef("x")), ("limit", ParameterRef("y")))
    assert isinstance(made, model.ContainerStep)
    assert made.container.args == (text(value), text(limit))
    assert isinstance(condition, model.Condition)
    assert (condition.when.left, condition.when.right) == (text(OutputRef("make", "o")), text(value))
    (call,) = condition.members
    assert call == model.Call(
        id="graph-again-1-again-1",
        graph="graph-again-1",
        name="again",
        arguments=(("value", OutputRef("make", "o")), ("limit", limit)),
        after=("make",),
    )
    assert call.where.file == __file__


@pytest.mark.better("R-04", how="Two arguments stay two, also when the same value is given for both.")
def test_the_same_value_for_two_arguments_is_two_arguments() -> None:
    def pipeline(x: str) -> None:
        again(x, x)

    assert graph_of(pipeline).arguments == (("value", ParameterRef("x")), ("limit", ParameterRef("x")))


@pytest.mark.better("R-03", how="What the function returns, a dict or a named tuple, are the outputs of the call.")
def test_what_the_function_returns_are_outputs() -> None:
    def pipeline(x: str) -> None:
        made = again(x, x)
        op("use", made.outputs["made"])
        with pytest.raises(KeyError, match="'graph-again-1' has no output 'nothing': it has 'made'"):
            made.outputs["nothing"]

    graph = build_graph(pipeline)
    component, use = graph.members
    assert isinstance(component, model.Graph)
    assert component.outputs == (("made", OutputRef("make", "o")),)
    assert isinstance(use, model.ContainerStep)
    assert use.container.args == (text(OutputRef("graph-again-1", "made")),)
    assert list(check(graph)) == []


@pytest.mark.better("R-03", how="A call inside a graph component has outputs, too: those of the further run.")
def test_a_call_inside_has_the_same_outputs() -> None:
    pair = namedtuple("pair", "first second")

    @dsl.graph_component
    def named(value: object) -> object:
        made = op("make", value)
        with dsl.Condition(made.output == "x"):
            inner = named(made.output)
            op("use", inner.outputs["first"], inner.outputs["bogus"])
        return pair(made.output, None)

    def pipeline(x: str) -> None:
        named(x)

    graph = build_graph(pipeline)
    (component,) = graph.members
    assert isinstance(component, model.Graph)
    assert component.outputs == (("first", OutputRef("make", "o")),)
    assert [found.problem for found in check(graph)] == [
        "reads output 'bogus' of the graph component 'named', which returns 'first'"
    ]


@pytest.mark.row("R-03")
def test_groups_and_calls_can_be_waited_for() -> None:
    def pipeline(x: str) -> None:
        first = op("first")
        op("last").after(again(x, x).after(first))

    graph = build_graph(pipeline)
    _, last, component = graph.members
    assert isinstance(component, model.Graph)
    assert isinstance(last, model.ContainerStep)
    assert (component.after, last.after) == (("first",), ("graph-again-1",))


@pytest.mark.row("R-01")
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda: again("x"), "ValueError: arguments to again should be PipelineParams. Got for 'value': 'x'. Use a"),
        (lambda x: again(x, other=x), "TypeError: got an unexpected keyword argument 'other'"),
        (lambda x: too_many(a=x), "ValueError: too_many calls itself with a, b, and was called with a: hand over the"),
    ],
)
def test_other_arguments_are_refused(function: Callable[..., object], message: str) -> None:
    assert message in failure(function)


@dsl.graph_component
def too_many(a: object, b: object = None) -> None:
    with dsl.Condition(a == "x"):
        too_many(a, a)


def test_an_argument_that_a_call_leaves_out_keeps_its_value() -> None:
    @dsl.graph_component
    def fewer(_a: object, b: object = None, /, c: object = None) -> None:
        with dsl.Condition(_a == b):
            fewer(b)

    def pipeline(x: str, y: str) -> None:
        fewer(x, y)

    (condition,) = graph_of(pipeline).members
    assert isinstance(condition, model.Condition)
    (call,) = condition.members
    assert isinstance(call, model.Call)
    b = ArgumentRef("graph-fewer-1", "b")
    assert call.arguments == (("_a", b), ("b", b))


@pytest.mark.row("R-06")
def test_without_a_call_inside_it_is_a_group_with_a_name() -> None:
    @dsl.graph_component
    def Show(item: object) -> None:  # noqa: N802 - KFP keeps the capital in the group's name
        op("show", item, item.size)
        with pytest.raises(AttributeError, match="_private"):
            getattr(item, "_private")  # noqa: B009 - mypy knows no such attribute either

    def pipeline() -> None:
        with dsl.ParallelFor([{"size": 1}]) as item:
            Show(item)

    (loop,) = build_graph(pipeline).members
    assert isinstance(loop, model.Loop)
    (component,) = loop.members
    assert isinstance(component, model.Graph)
    assert (component.id, component.arguments) == ("graph-Show-3", (("item", ItemRef("for-loop-2")),))
    (step,) = component.members
    assert isinstance(step, model.ContainerStep)
    assert step.container.args == (text(ArgumentRef("graph-Show-3", "item")), text(ItemRef("for-loop-2", "size")))


@pytest.mark.row("R-02")
def test_a_component_that_was_left_is_another_group_the_next_time() -> None:
    def pipeline(x: str) -> None:
        again(x, x)
        again(x, x)

    members = build_graph(pipeline).members
    assert [member.id for member in members] == ["graph-again-1", "graph-again-3"]


def test_outside_of_a_pipeline_it_is_refused() -> None:
    with pytest.raises(ValueError, match=re.escape("this is possible inside a pipeline function only")):
        again(dsl.PipelineParam("x"))
