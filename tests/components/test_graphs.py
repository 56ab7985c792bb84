"""Graph components: their tasks become steps in place (§1.7.1)."""

import textwrap

import pytest

from kfp_airflow.components import load_component_from_text
from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.dsl import Pipeline, PipelineParam

INNER = """\
name: Inner
inputs:
- {name: a, type: Integer}
- {name: b, optional: true, default: "7"}
outputs:
- {name: Out 1, type: Integer}
implementation:
  container:
    image: x
    command: [x]
    args: [{inputValue: a}, {inputValue: b}]
"""
GRAPH = f"""\
name: G
inputs:
- {{name: In 1, type: Integer}}
- {{name: In 2, optional: true}}
outputs:
- {{name: The result}}
- {{name: same}}
implementation:
  graph:
    tasks:
      second task:
        componentRef:
          spec:
{textwrap.indent(INNER, " " * 12)}
        arguments: {{a: {{taskOutput: {{taskId: first, outputName: Out 1}}}}}}
      first:
        componentRef:
          spec:
{textwrap.indent(INNER, " " * 12)}
        arguments: {{a: {{graphInput: {{inputName: In 1}}}}, b: {{graphInput: {{inputName: In 2}}}}}}
    outputValues:
      The result: {{taskOutput: {{taskId: second task, outputName: Out 1}}}}
      same: {{graphInput: {{inputName: In 1}}}}
"""


def test_the_tasks_of_a_graph_become_steps_in_the_order_of_their_data() -> None:
    with Pipeline("p") as pipeline:
        task = load_component_from_text(GRAPH)(PipelineParam("x"), "z")
    assert {name: op.arguments for name, op in pipeline.ops.items()} == {
        "inner": ["{{pipelineparam:op=;name=x}}", "z"],
        "inner-2": ["{{pipelineparam:op=inner;name=Out 1}}", "7"],
    }
    assert {name: str(value) for name, value in task.outputs.items()} == {
        "The result": "{{pipelineparam:op=inner-2;name=Out 1}}",
        "same": "{{pipelineparam:op=;name=x}}",
        "the_result": "{{pipelineparam:op=inner-2;name=Out 1}}",
    }


def test_an_optional_input_of_the_graph_may_be_left_out() -> None:
    with Pipeline("p") as pipeline:
        load_component_from_text(GRAPH)("5")
    assert pipeline.ops["inner"].arguments == ["5", "7"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("inputName: In 2", "inputName: Nope", "tasks.first.arguments.b: there is no input 'Nope' [KA306]"),
        ("taskId: first", "taskId: nope", "tasks.second task.arguments.a: there is no task 'nope' [KA306]"),
        (
            "taskId: first",
            "taskId: second task",
            "tasks: the tasks of this graph wait for each other in a circle [KA30",
        ),
        ("      same: {", "      sam: {", "outputValues.sam: there is no output 'sam' [KA306]"),
        (
            "{inputName: In 1}}\n",
            "In 1}\n",
            "graphInput: the text 'In 1' stands where 'inputName', 'type' are expected",
        ),
    ],
)
def test_references_that_lead_nowhere_are_refused_when_the_graph_is_loaded(old: str, new: str, message: str) -> None:
    assert old in GRAPH
    with pytest.raises(PipelineError) as caught:
        load_component_from_text(GRAPH.replace(old, new))
    assert message in str(caught.value)


def test_a_task_without_a_component_is_refused() -> None:
    text = "name: G\nimplementation: {graph: {tasks: {t: {componentRef: {name: x}}}}}"
    with (
        Pipeline("p"),
        pytest.raises(ValueError, match="task 't' has no component: its componentRef needs a 'spec' or a"),
    ):
        load_component_from_text(text)()
