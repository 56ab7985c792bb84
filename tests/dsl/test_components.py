"""dsl.component and dsl.python_component (rows D-24, D-25, T-01, T-06, T-07)."""

import re
from typing import NamedTuple

import pytest

from kfp_airflow import dsl
from kfp_airflow.components import load_component_from_text
from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.dsl.types import InconsistentTypeWarning, String
from kfp_airflow.graph.model import OutputFile
from kfp_airflow.graph.text import OutputRef, resolve_tree, text


@dsl.component
def flip_coin(count: int, side="heads", bet: String() = None) -> {"out": "Coin", "log": "Text"}:  # noqa: F821 - KFP's types
    """Flip a coin.

    Args:
      count: how often
    """
    return dsl.ContainerOp("flip", "image", arguments=[count, side], file_outputs={"out": "/o"})


@pytest.mark.row("D-24")
def test_a_decorated_function_describes_its_op() -> None:
    """D-24."""

    def pipeline(n: int = 3) -> None:
        first = flip_coin(n)
        flip_coin(1, first.outputs["out"])

    first, second = build_graph(pipeline).members
    assert first.outputs == (
        OutputFile(name="out", path="/o", type=text("Coin")),
        OutputFile(name="log", path="/tmp/outputs/log/data", type=text("Text")),
    )
    assert resolve_tree(first.component.spec, str) == {
        "name": "Flip coin",
        "description": "Flip a coin.",
        "inputs": [
            {"name": "count", "type": "Integer", "description": "how often"},
            {"name": "side", "default": "heads", "optional": True},
            {"name": "bet", "type": {"String": {"openapi_schema_validator": {"type": "string"}}}, "optional": True},
        ],
        "outputs": [{"name": "out", "type": "Coin"}, {"name": "log", "type": "Text"}],
    }
    assert first.component.ref is None
    assert second.container.args == (text("1"), text(OutputRef("flip", "out")))


@pytest.mark.row("D-24")
def test_outputs_may_be_declared_by_a_named_tuple() -> None:
    """D-24."""

    @dsl.component
    def make() -> NamedTuple("Outputs", [("model", "Model")]):  # noqa: F821 - a KFP type
        return dsl.ContainerOp("make", "image", file_outputs={"model": "/m"})

    assert build_graph(lambda: make() and None).members[0].outputs == (
        OutputFile(name="model", path="/m", type=text("Model")),
    )


@pytest.mark.row("T-01", "T-06", "T-07")
def test_a_parameter_of_another_type_is_refused_unless_types_are_ignored() -> None:
    """T-01, T-06, T-07."""

    def wrong(text: str = "") -> None:
        flip_coin(text)

    def ignored(text: str = "") -> None:
        flip_coin(text.ignore_type())

    with pytest.raises(PipelineError) as refused:
        build_graph(wrong)
    assert (
        'raised InconsistentTypeException: Incompatible argument passed to the input "count" of component "Flip coin": '
        'Argument type "String" is incompatible with the input type "Integer" [KA001]'
    ) in str(refused.value)
    with pytest.warns(InconsistentTypeWarning, match='input "count" of component "Flip coin"') as warned:
        assert len(build_graph(wrong, type_check=False).members) == 1
    (wrong_type,) = [each for each in warned if each.category is InconsistentTypeWarning]
    assert (wrong_type.filename, wrong_type.lineno) == (__file__, wrong.__code__.co_firstlineno + 1)
    assert len(build_graph(ignored).members) == 1


TYPED = """
name: Typed
inputs: [{name: text, type: String}]
outputs: [{name: count, type: Integer}]
implementation:
  container: {image: alpine, command: [echo, {inputValue: text}, {outputPath: count}]}
"""


@pytest.mark.better("T-06", how="the message begins with the line of the call")
def test_a_wrong_type_is_refused_at_the_line_of_the_call() -> None:
    typed = load_component_from_text(TYPED)

    def pipeline(count: int = 3) -> None:
        typed("x")
        typed(count)

    with pytest.raises(PipelineError) as refused:
        build_graph(pipeline)
    (found,) = refused.value.diagnostics
    assert (found.where.file, found.where.line) == (__file__, pipeline.__code__.co_firstlineno + 2)
    assert 'input "text" of component "Typed": Argument type "Integer" is incompatible' in found.problem


@pytest.mark.row("T-09")
def test_the_item_of_a_loop_fits_every_type() -> None:
    typed = load_component_from_text(TYPED)

    def pipeline(numbers: list = [1]) -> None:  # noqa: B006 - as KFP's authors write it
        with dsl.ParallelFor([1, 2]) as item:
            typed(item)
        with dsl.ParallelFor(numbers) as item:
            typed(item)

    assert len(build_graph(pipeline).members) == 2


@pytest.mark.row("T-10")
def test_a_wrong_type_outside_a_pipeline_is_a_type_error() -> None:
    typed = load_component_from_text(TYPED)
    message = (
        'Argument with type "Integer" was passed to the input "text" of component "Typed", which has type "String"'
    )
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        typed(typed("x").outputs["count"])


@pytest.mark.row("T-08")
@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ({"type": "integer"}, "does not fit the schema of its type: 'x' is not of type 'integer'"),
        ('{"type": "integer"}', "does not fit the schema of its type: 'x' is not of type 'integer'"),
        ({"type": "number of a kind"}, "does not fit the schema of its type, which is none: 'number of a kind' is not"),
        ("{", "does not fit the schema of its type, which is none: Expecting property name"),
    ],
)
def test_a_default_against_the_schema_of_its_type_is_refused(schema: object, problem: str) -> None:
    def pipeline(a: {"Kind": {"openapi_schema_validator": schema}} = "x") -> None:  # noqa: F821 - KFP's type
        dsl.ContainerOp("a", "image", arguments=[a])

    with pytest.raises(PipelineError) as refused:
        build_graph(pipeline)
    (found,) = refused.value.diagnostics
    assert found.code == "KA014"
    assert found.problem.startswith(f"the default of argument 'a' {problem}")


@pytest.mark.row("D-25")
def test_python_component_notes_what_it_is_told_and_warns() -> None:
    """D-25, W-13."""

    def function() -> None: ...

    message = (
        r"^dsl\.python_component is deprecated since version 0\.2\.6\. "
        r"Use kfp\.components\.create_component_from_func\(func, base_image=…\)\.$"
    )
    with pytest.warns(DeprecationWarning, match=message):
        decorate = dsl.python_component("N", "D", "image", "c.yaml")
    assert decorate(function) is function
    assert (function._component_human_name, function._component_description) == ("N", "D")
    assert (function._component_base_image, function._component_target_component_file) == ("image", "c.yaml")


@pytest.mark.better(
    "D-24", how="`-> dsl.ContainerOp` declares no output; KFP adds one named Output, which nobody writes"
)
def test_an_op_s_class_as_the_annotation_of_what_is_returned_declares_nothing() -> None:
    def function() -> dsl.ContainerOp:
        return dsl.ContainerOp("s", "image", file_outputs={"o": "/o"})

    with dsl.Pipeline("p"):
        assert list(dsl.component(function)().outputs) == ["o"]


@pytest.mark.row("D-24")
def test_a_default_without_a_text_is_left_out_of_the_description() -> None:
    def function(a: object = dsl.PipelineParam("a")) -> dsl.ContainerOp:
        return dsl.ContainerOp("s", "image")

    with (
        pytest.warns(UserWarning, match=r"^The default of argument 'a' is left out of the component's description: "),
        dsl.Pipeline("p"),
    ):
        op = dsl.component(function)()
    assert [(entry.name, entry.default, entry.optional) for entry in op._metadata.inputs] == [("a", None, True)]
