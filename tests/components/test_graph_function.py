"""Pipeline functions as graph components (M-15)."""

from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kfp_airflow import dsl
from kfp_airflow.components import (
    create_component_from_func,
    create_graph_component_from_pipeline_func,
    load_component_from_file,
    load_component_from_text,
    load_component_from_url,
)
from kfp_airflow.dsl import Pipeline

TEXT = """
name: Make it
inputs: [{name: In 1, type: Integer}, {name: b, default: '7'}, {name: c, optional: true}]
outputs: [{name: Out 1, type: Integer}, {name: o2}]
implementation: {container: {image: x, command: [x, {inputValue: In 1}]}}
"""
make = load_component_from_text(TEXT)
HOW = (
    "components without an address are part of the graph, for a digest alone leads to none; what a graph cannot "
    "hold is refused, where KFP drops it or writes the text of an object; `annotations` works"
)


def pipe(x: int, y: str = "z"):
    """Make it twice.

    Args:
      x: The start.
    """
    one = make(x)
    two = make(one.outputs["Out 1"], c=y)
    return {"Result": two.outputs["Out 1"], "given": x}


@pytest.mark.better("M-15", how=HOW)
def test_a_pipeline_function_becomes_a_graph(tmp_path: Path) -> None:
    file = str(tmp_path / "g.yaml")
    factory = create_graph_component_from_pipeline_func(pipe, file, annotations={"a": "b"})
    spec = factory.component_spec.to_dict()
    assert (spec["name"], spec["description"], spec["metadata"]) == (
        "Pipe",
        "Make it twice.",
        {"annotations": {"a": "b"}},
    )
    assert spec["inputs"] == [
        {"name": "x", "type": "Integer", "description": "The start."},
        {"name": "y", "type": "String", "default": "z", "optional": True},
    ]
    assert spec["outputs"] == [{"name": "Result", "type": "Integer"}, {"name": "given"}]
    graph = spec["implementation"]["graph"]
    assert {task_id: task["arguments"] for task_id, task in graph["tasks"].items()} == {
        "Make it": {"In 1": {"graphInput": {"inputName": "x"}}, "b": "7"},
        "Make it 2": {
            "In 1": {"taskOutput": {"outputName": "Out 1", "taskId": "Make it", "type": "Integer"}},
            "b": "7",
            "c": {"graphInput": {"inputName": "y"}},
        },
    }
    assert graph["outputValues"]["given"] == {"graphInput": {"inputName": "x"}}
    assert load_component_from_file(file).component_spec == factory.component_spec


def test_the_graph_makes_the_steps_that_the_function_would_make() -> None:
    factory = create_graph_component_from_pipeline_func(pipe)
    with Pipeline("p") as pipeline:
        task = factory(3)
    assert {name: op.arguments for name, op in pipeline.ops.items()} == {"make-it": [], "make-it-2": []}
    assert [op.command for op in pipeline.ops.values()] == [
        ["x", "3"],
        ["x", "{{pipelineparam:op=make-it;name=Out 1}}"],
    ]
    assert str(task.outputs["Result"]) == "{{pipelineparam:op=make-it-2;name=Out 1}}"
    assert task.outputs["given"] == 3


def test_a_component_with_an_address_is_referred_to_unless_it_shall_be_embedded(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(TEXT)
    fetched = load_component_from_url((tmp_path / "c.yaml").as_uri())

    def one():
        fetched(1)

    for embed in (False, True):
        factory = create_graph_component_from_pipeline_func(one, embed_component_specs=embed)
        reference = factory.component_spec.implementation.graph.tasks["Make it"].component_ref
        assert (reference.url, reference.spec is not None) == ((tmp_path / "c.yaml").as_uri(), embed)
        with Pipeline("p") as pipeline:
            factory()
        assert list(pipeline.ops) == ["make-it"]


def test_named_tuples_and_python_components_make_a_graph_too() -> None:
    @create_component_from_func
    def add(a: int) -> int:
        return a + 1

    def both(a: int = 5):
        return namedtuple("Outputs", "first")(add(add(a).outputs["Output"]).outputs["Output"])

    spec = create_graph_component_from_pipeline_func(both).component_spec
    assert [output.name for output in spec.outputs or ()] == ["first"]
    assert list(spec.implementation.graph.tasks) == ["Add", "Add 2"]


def returns_a_task(x):
    return make(x)


def returns_a_text(x):
    return {"r": "text"}


def has_a_condition(x):
    with dsl.Condition(x == "1"):
        make(x)


def has_an_op(x):
    dsl.ContainerOp(name="op", image="i", command=["c"])


def makes_a_text(x):
    make(f"{x}0")


def makes_a_text_of_an_output(x):
    make(1, b=f"-{make(x).outputs['o2']}-")


@pytest.mark.filterwarnings("ignore:Please create reusable components:FutureWarning")
@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (
            returns_a_task,
            TypeError,
            "'Returns a task' returns a TaskSpec: return a dict or a named tuple of task outputs",
        ),
        (
            returns_a_text,
            TypeError,
            "graph component 'Returns a text': output 'r' is a str: give it one output of a task",
        ),
        (has_a_condition, ValueError, "can have component tasks only, and the function makes dsl.Condition. Call the"),
        (
            has_an_op,
            ValueError,
            "graph component 'Has an op' can have component tasks only, and the function makes op 'op'",
        ),
        (
            makes_a_text,
            ValueError,
            "task 'Make it': input 'In 1' is a text made of an input or an output of a task. Pass",
        ),
        (makes_a_text_of_an_output, ValueError, "task 'Make it 2': input 'b' is a text made of an input or an output"),
    ],
)
def test_what_a_graph_cannot_hold_is_refused(
    function: Callable[..., Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error) as caught:
        create_graph_component_from_pipeline_func(function)
    assert message in str(caught.value)
