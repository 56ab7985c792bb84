"""Private names of `kfp.components` that public projects import (M-10, M-14, M-18)."""

import importlib
import inspect
import io
from typing import Any

import pytest

from kfp_airflow.catalog.kfp_alias import kfp_alias
from kfp_airflow.components import load_component_from_text, structures

TEXT = """
name: C
inputs: [{name: a, type: Integer}, {name: b}, {name: c, optional: true}]
outputs: [{name: o}]
implementation: {container: {image: x, command: [x, {inputValue: a}], args: [{inputPath: b}, {outputPath: o}]}}
"""
SPECS = [
    "AndPredicate",
    "CachingStrategySpec",
    "ComponentReference",
    "ComponentSpec",
    "ConcatPlaceholder",
    "ContainerImplementation",
    "ContainerSpec",
    "EqualsPredicate",
    "ExecutionOptionsSpec",
    "ExecutorInputPlaceholder",
    "GraphImplementation",
    "GraphInputArgument",
    "GraphInputReference",
    "GraphSpec",
    "GreaterThanOrEqualPredicate",
    "GreaterThanPredicate",
    "IfPlaceholder",
    "IfPlaceholderStructure",
    "InputMetadataPlaceholder",
    "InputOutputPortNamePlaceholder",
    "InputPathPlaceholder",
    "InputSpec",
    "InputUriPlaceholder",
    "InputValuePlaceholder",
    "IsPresentPlaceholder",
    "LessThenOrEqualPredicate",
    "LessThenPredicate",
    "NotEqualsPredicate",
    "NotPredicate",
    "OrPredicate",
    "OutputMetadataPlaceholder",
    "OutputPathPlaceholder",
    "OutputSpec",
    "OutputUriPlaceholder",
    "PipelineRunSpec",
    "RetryStrategySpec",
    "TaskOutputArgument",
    "TaskOutputReference",
    "TaskSpec",
    "MetadataSpec",
]


def private(module: str, name: str) -> Any:
    with kfp_alias():
        return getattr(importlib.import_module(f"kfp.components.{module}"), name)


def add(a: int, b: str = "x") -> int:
    """Add."""
    return a


@pytest.mark.row("M-18")
@pytest.mark.parametrize("name", SPECS)
def test_every_class_of_a_specification_is_there(name: str) -> None:
    assert private("structures", name) is private("_structures", name) is private("_components", name)
    assert {"to_dict", "from_dict"} <= set(dir(private("structures", name)))


@pytest.mark.row("M-18")
def test_specifications_are_plain_data_and_back() -> None:
    spec = load_component_from_text(TEXT).component_spec
    assert structures.ComponentSpec.from_dict(spec.to_dict()) == spec
    equal = structures.EqualsPredicate(structures.TwoOperands("a", structures.TaskOutputArgument.construct("t", "o")))
    predicate = structures.AndPredicate(structures.TwoBooleanOperands(equal, structures.NotPredicate(True)))
    run = structures.PipelineRunSpec(
        structures.TaskSpec(
            structures.ComponentReference(spec=spec),
            {"a": structures.GraphInputReference("x", "Integer").as_argument()},
            predicate,
            structures.ExecutionOptionsSpec(structures.RetryStrategySpec(3), structures.CachingStrategySpec("P1D")),
        )
    )
    data = run.to_dict()
    assert data["rootTask"]["isEnabled"] == {
        "and": {
            "op1": {"==": {"op1": "a", "op2": {"taskOutput": {"outputName": "o", "taskId": "t"}}}},
            "op2": {"not": True},
        }
    }
    assert structures.PipelineRunSpec.from_dict(data) == run


def test_references_change_their_types() -> None:
    reference = structures.GraphInputReference("x", "Integer")
    assert (reference.with_type("Float").type, reference.without_type().type, reference.type) == (
        "Float",
        None,
        "Integer",
    )
    output = structures.TaskOutputReference("o", "t", type="Integer")
    assert (output.with_type("Float").type, output.without_type().type, output.type) == ("Float", None, "Integer")


@pytest.mark.row("M-18")
def test_a_command_line_is_resolved_under_its_private_name() -> None:
    spec = load_component_from_text(TEXT).component_spec
    resolved = private("_components", "_resolve_command_line_and_paths")(spec, {"a": 1, "b": "2", "c": None})
    assert resolved == (
        ["x", "1"],
        ["/tmp/inputs/b/data", "/tmp/outputs/o/data"],
        {"b": "/tmp/inputs/b/data"},
        {"o": "/tmp/outputs/o/data"},
        {"a": "1"},
    )
    assert resolved.inputs_consumed_by_value == {"a": "1"}


def test_factories_and_specifications_are_made_under_their_private_names() -> None:
    spec = private("_components", "_load_component_spec_from_component_text")(TEXT)
    factory = private("_components", "_create_task_factory_from_component_spec")(spec)
    assert str(inspect.signature(factory)) == "(a: int, b, c=None)"
    assert private("_components", "_default_component_name") == "Component"
    made = private("_python_op", "_func_to_component_spec")(add, base_image="x", packages_to_install=["p"])
    assert private("_python_op", "_func_to_component_dict")(add, "", "x", ["p"]) == made.to_dict()
    assert made.implementation.container.image == "x"
    ports = private("_python_op", "_extract_component_interface")(add)
    assert ports.to_dict() == {
        "name": "Add",
        "description": "Add.",
        "inputs": [
            {"name": "a", "type": "Integer"},
            {"name": "b", "type": "String", "default": "x", "optional": True},
        ],
        "outputs": [{"name": "Output", "type": "Integer"}],
    }


def test_names_are_made_under_their_private_names() -> None:
    sanitize = private("_naming", "_sanitize_python_function_name")
    assert sanitize("1st A") == "n1st_a"
    table = private("_naming", "generate_unique_name_conversion_table")(["A b", "a_b", "c"], sanitize)
    assert table == {"a_b": "a_b", "a_b_2": "A b", "c": "c"}
    index = private("_naming", "_make_name_unique_by_adding_index")
    assert (index("a", ["a", "a_2"], "_"), index("b c", ["b c"], " "), index("d", [], "_")) == ("a_3", "b c 2", "d")
    assert private("_naming", "_sanitize_file_name")("a b/c") == "a_b_c"
    assert private("_naming", "_sanitize_kubernetes_resource_name")("A_b c") == "a-b-c"


def test_yaml_and_values_are_written_and_read_under_their_private_names() -> None:
    text = private("_yaml_utils", "dump_yaml")({"b": [1], "a": "x\ny\n"})
    assert text == "b: [1]\na: |\n  x\n  y\n"
    load = private("_yaml_utils", "load_yaml")
    assert load(text) == load(io.StringIO(text)) == load(text.encode()) == {"b": [1], "a": "x\ny\n"}
    assert private("_data_passing", "serialize_value")([1], "JsonArray") == "[1]"
    assert private("_data_passing", "get_canonical_type_name_for_type")(int) == "Integer"


@pytest.mark.row("M-10", "M-15", "M-16", "M-17")
@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("_python_op", "func_to_component_file"),
        ("_python_op", "create_component_from_func"),
        ("_python_to_graph_component", "create_graph_component_from_pipeline_func"),
        ("_python_to_graph_component", "create_graph_component_spec_from_pipeline_func"),
        ("_airflow_op", "create_component_from_airflow_op"),
        ("_component_store", "ComponentStore"),
        ("_components", "load_component_from_spec"),
    ],
)
def test_public_functions_are_in_their_private_modules_too(module: str, name: str) -> None:
    assert callable(private(module, name))


@pytest.mark.row("M-14", "W-01")
def test_the_default_image_may_be_assigned_where_authors_assign_it() -> None:
    with kfp_alias():
        from kfp import components

        assert components._python_op.default_base_image_or_builder == "python:3.7"
        components._python_op.default_base_image_or_builder = lambda: "mine:1"
        spec = components.create_component_from_func(add).component_spec
        assert spec.implementation.container.image == "mine:1"
    with kfp_alias():
        from kfp import components

        assert components.create_component_from_func(add).component_spec.implementation.container.image == "python:3.7"
