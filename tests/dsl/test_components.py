"""dsl.component and dsl.python_component (rows D-24, D-25, T-01, T-06, T-07)."""

from typing import NamedTuple

import pytest

from kfp_airflow import dsl
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
    with pytest.warns(InconsistentTypeWarning):
        assert len(build_graph(wrong, type_check=False).members) == 1
    assert len(build_graph(ignored).members) == 1


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
