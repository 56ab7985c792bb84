"""Graph components: their tasks become steps in place (§1.7.1)."""

import textwrap
from pathlib import Path

import pytest

from kfp_airflow.components import load_component_from_text
from kfp_airflow.components.factory import TaskFactory
from kfp_airflow.components.store import ComponentStore
from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.dsl import Condition, Pipeline, PipelineParam

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


CONTAINER = (
    "implementation: {container: {image: busybox, command: [run], "
    "args: [{if: {cond: {isPresent: b}, then: {inputValue: b}}}]}}"
)


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
    text = "name: G\nimplementation: {graph: {tasks: {t: {componentRef: {tag: x}}}}}"
    with (
        Pipeline("p"),
        pytest.raises(ValueError, match="task 't' has no component: its componentRef needs a 'spec'"),
    ):
        load_component_from_text(text)()


@pytest.mark.row("Y-09", "M-17")
def test_a_task_may_name_a_component_of_the_default_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "component.yaml").write_text(INNER)
    monkeypatch.setattr(ComponentStore.default_store, "local_search_paths", [str(tmp_path)])
    task = "{componentRef: {name: train}, arguments: {a: '1', b: '2'}}"
    text = f"name: G\nimplementation: {{graph: {{tasks: {{t: {task}}}}}}}"
    with Pipeline("p") as pipeline:
        load_component_from_text(text)()
    assert {name: op.arguments for name, op in pipeline.ops.items()} == {"inner": ["1", "2"]}


def graph_around(inner: str, outer: str) -> TaskFactory:
    """Return a graph with an input `a` of `outer`, which it hands on to the input `b` of `inner` of its only task."""
    spec = f"{{name: inner, inputs: [{{name: b{inner}}}], {CONTAINER}}}"
    task = f"{{componentRef: {{spec: {spec}}}, arguments: {{b: {{graphInput: {{inputName: a}}}}}}}}"
    return load_component_from_text(
        f"name: G\ninputs: [{{name: a{outer}}}]\nimplementation: {{graph: {{tasks: {{t: {task}}}}}}}"
    )


@pytest.mark.row("Y-09")
@pytest.mark.parametrize(
    ("inner", "outer", "value", "text"),
    [
        ("", ", type: CSV", PipelineParam("x", param_type="String"), "{{pipelineparam:op=;name=x}}"),
        ("", ", type: String", 5, "5"),
        (", type: JsonArray", ", type: MyType", [1, 2], "[1, 2]"),
        (", type: Integer", ", type: Float, default: '010', optional: true", None, "010"),
        (", type: Integer", ", type: Float, default: '1', optional: true", None, "1"),
    ],
)
def test_a_graph_leaves_its_arguments_to_the_inputs_of_its_tasks(
    inner: str, outer: str, value: object, text: str
) -> None:
    with Pipeline("p") as pipeline:
        graph_around(inner, outer)(**({} if value is None else {"a": value}))
    assert pipeline.ops["inner"].arguments == [text]


@pytest.mark.row("Y-09")
def test_a_task_comes_right_after_those_that_it_depends_on() -> None:
    reading = "arguments: {b: {taskOutput: {taskId: a, outputName: o}}}"
    tasks = {"a": ("A", ""), "b": ("B", ""), "c": ("B", reading)}
    lines = [
        f"  {task}: {{componentRef: {{spec: {{name: {name}, inputs: [{{name: b, optional: true}}], "
        f"outputs: [{{name: o}}], {CONTAINER}}}}}{', ' if more else ''}{more}}}"
        for task, (name, more) in tasks.items()
    ]
    text = "name: G\nimplementation:\n graph:\n  tasks:\n" + "\n".join(f"  {line}" for line in lines)
    with Pipeline("p") as pipeline:
        load_component_from_text(text)()
    assert [op.arguments for op in pipeline.ops.values()] == [[], ["{{pipelineparam:op=a;name=o}}"], []]


def enabled(predicate: str, options: str = "{}") -> str:
    """Return the graph, its first task with a predicate and options."""
    return GRAPH.replace(
        "      first:\n", f"      first:\n        isEnabled: {predicate}\n        executionOptions: {options}\n"
    )


def conditions_of(text: str, **arguments: object) -> list[tuple[object, ...]]:
    """Return the comparisons around the op `inner`, the outer one first."""
    with Pipeline("p") as pipeline:
        load_component_from_text(text)(PipelineParam("x"), **arguments)
    found: list[tuple[object, ...]] = []
    group = pipeline.root
    while group.members and isinstance(group.members[0], Condition):
        group = group.members[0]
        condition = group.condition
        found.append((str(condition.operand1), condition.operator, str(condition.operand2)))
    assert pipeline.ops["inner"] in group.members
    return found


X = "{{pipelineparam:op=;name=x}}"
INPUT = "{graphInput: {inputName: In 1}}"


@pytest.mark.better("M-18", how="`isEnabled` of a task in a graph skips it at run time; KFP reads it without effect")
@pytest.mark.parametrize(
    ("predicate", "comparisons"),
    [
        (f"{{'==': {{op1: {INPUT}, op2: 5}}}}", [(X, "==", "5")]),
        (f"{{not: {{'>=': {{op1: {INPUT}, op2: '5'}}}}}}", [(X, "<", "5")]),
        (
            f"{{and: {{op1: {{'!=': {{op1: {INPUT}, op2: 1}}}}, op2: {{'<': {{op1: {INPUT}, op2: 9}}}}}}}}",
            [(X, "!=", "1"), (X, "<", "9")],
        ),
        (
            f"{{not: {{or: {{op1: {{'<=': {{op1: 2, op2: {INPUT}}}}}, op2: {{'>': {{op1: {INPUT}, op2: a}}}}}}}}}}",
            [("2", ">", X), (X, "<=", "a")],
        ),
        ("true", [("True", "==", "True")]),
        ("'no'", [("False", "==", "True")]),
        ("{not: true}", [("True", "!=", "True")]),
        ("{graphInput: {inputName: In 2}}", [("True", "==", "True")]),
    ],
)
def test_a_predicate_of_a_task_becomes_conditions(predicate: str, comparisons: list[tuple[object, ...]]) -> None:
    assert conditions_of(enabled(predicate), in_2="yes") == comparisons


def test_a_task_may_be_enabled_by_what_another_put_out() -> None:
    reference = "{taskOutput: {taskId: first, outputName: Out 1}}"
    text = GRAPH.replace(
        "      second task:\n", f"      second task:\n        isEnabled: {{'==': {{op1: {reference}, op2: 1}}}}\n"
    )
    text = text.replace(f"arguments: {{a: {reference}}}", "arguments: {a: 7}")
    with Pipeline("p") as pipeline:
        load_component_from_text(text)(PipelineParam("x"))
    (group,) = [member for member in pipeline.root.members if isinstance(member, Condition)]
    assert str(group.condition.operand1) == "{{pipelineparam:op=inner;name=Out 1}}"
    assert group.members == [pipeline.ops["inner-2"]]


@pytest.mark.parametrize(
    ("predicate", "message"),
    [
        (
            INPUT,
            r"isEnabled of task 'first' is a value of the run, and no comparison\. Write {'==': {op1: …, op2: 'True'",
        ),
        ("maybe", "isEnabled of task 'first': 'maybe' is neither true nor false"),
        (
            "{or: {op1: true, op2: false}}",
            "isEnabled of task 'first' holds if one of two things does, and conditions are",
        ),
        ("{not: {and: {op1: true, op2: false}}}", "Make two tasks, or compute the answer in a task and compare it"),
        ("{'==': {op1: 1}}", r"isEnabled.==: the key 'op2' is missing \[KA304\]"),
        (
            "{'=': {op1: 1, op2: 2}}",
            "isEnabled: a mapping with the keys '=' stands where a text, a number, true or false",
        ),
        ("{graphInput: {inputName: Nope}}", r"tasks.first.isEnabled: there is no input 'Nope' \[KA306\]"),
    ],
)
def test_a_predicate_that_no_condition_can_be_is_refused(predicate: str, message: str) -> None:
    with Pipeline("p"), pytest.raises(ValueError, match=message):
        load_component_from_text(enabled(predicate))(PipelineParam("x"))


@pytest.mark.better(
    "M-18", how="`executionOptions` of a task in a graph set retries and cache staleness; KFP ignores them"
)
def test_the_options_of_a_task_hold_for_its_step() -> None:
    options = "{retryStrategy: {maxRetries: 3}, cachingStrategy: {maxCacheStaleness: P1D}}"
    with Pipeline("p") as pipeline:
        load_component_from_text(enabled("true", options))("5")
    first, second = pipeline.ops["inner"], pipeline.ops["inner-2"]
    assert (first.num_retries, second.num_retries) == (3, 0)
    assert first.execution_options.caching_strategy.max_cache_staleness == "P1D"
    assert second.execution_options.caching_strategy.max_cache_staleness is None


def test_the_options_of_a_nested_graph_hold_where_a_step_has_none_of_its_own() -> None:
    outer = f"""
name: Outer
implementation:
  graph:
    tasks:
      g:
        executionOptions: {{retryStrategy: {{maxRetries: 7}}, cachingStrategy: {{maxCacheStaleness: P2D}}}}
        arguments: {{In 1: 5}}
        componentRef:
          spec:
{textwrap.indent(enabled("true", "{retryStrategy: {maxRetries: 1}}"), " " * 12)}
"""
    with Pipeline("p") as pipeline:
        load_component_from_text(outer)()
    assert [op.num_retries for op in pipeline.ops.values()] == [1, 7]
    assert {op.execution_options.caching_strategy.max_cache_staleness for op in pipeline.ops.values()} == {"P2D"}


def test_an_output_that_a_task_does_not_have_is_named() -> None:
    text = GRAPH.replace("{taskId: first, outputName: Out 1}", "{taskId: first, outputName: Out 2}")
    expected = "^task 'first' has no output 'Out 2': its outputs are 'Out 1', 'out_1'$"
    with Pipeline("p"), pytest.raises(ValueError, match=expected):
        load_component_from_text(text)("5")
