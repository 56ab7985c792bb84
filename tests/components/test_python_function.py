"""Python functions as components: signature, docstring, options (W-01 to W-14, N-09 to N-11, M-07 to M-15)."""
# ruff: noqa: F821, N803, UP006, UP035, UP045 - the functions are written as KFP authors write them

import warnings
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path
from typing import Any, List, NamedTuple, Optional

import pytest

from kfp_airflow import components
from kfp_airflow.components import (
    InputArtifact,
    InputPath,
    InputTextFile,
    OutputBinaryFile,
    OutputPath,
    OutputTextFile,
    create_component_from_func,
    func_to_container_op,
    lightweight,
)
from kfp_airflow.components.python_function import interface_of
from kfp_airflow.components.structures import ComponentSpec
from kfp_airflow.diagnostics import PipelineError
from tests.components import postponed


def spec_of(function: Callable[..., Any], **options: Any) -> ComponentSpec:
    return create_component_from_func(function, **options).component_spec


def my_add_op(a: float, b: "Count" = 2, c=None, *, d: Optional[List[int]] = (1,)) -> float:
    """Add two numbers.

    They may be anything.

    Args:
      a: The first.
      c: The third,
        on two lines.
    """
    return a


@pytest.mark.row("W-06", "W-12")
def test_a_function_is_named_described_and_typed_by_what_is_written() -> None:  # N-09, T-03
    with pytest.warns(UserWarning, match="the default of 'b' is not part of the component, the function's own is used"):
        spec = spec_of(my_add_op)
    assert (spec.name, spec.description) == ("My add op", "Add two numbers.")
    assert [port.to_dict() for port in spec.inputs or ()] == [
        {"name": "a", "type": "Float", "description": "The first."},
        {"name": "b", "type": "Count", "optional": True},
        {"name": "c", "optional": True, "description": "The third,\non two lines."},
        {"name": "d", "type": "typing.List[int]", "default": "[1]", "optional": True},
    ]
    assert [port.to_dict() for port in spec.outputs or ()] == [{"name": "Output", "type": "Float"}]


@pytest.mark.row("W-06")
def test_the_command_line_has_a_flag_per_argument() -> None:
    def train_it(data_path: InputPath("CSV"), max_depth: int = 3) -> str:
        return ""

    spec = spec_of(train_it)
    container = spec.to_dict()["implementation"]["container"]
    assert container["image"] == "python:3.7"  # W-01
    assert container["command"][:2] == ["sh", "-ec"]
    assert container["args"] == [
        "--data",
        {"inputPath": "data"},
        {"if": {"cond": {"isPresent": "max_depth"}, "then": ["--max-depth", {"inputValue": "max_depth"}]}},
        "----output-paths",
        {"outputPath": "Output"},
    ]


def test_files_lose_path_and_file_at_the_end_of_their_names() -> None:  # N-10, N-11
    def ports(
        a_path: InputPath(),
        a: int,
        a_file: OutputPath(),
        Output: OutputPath(),
        b_path_file: InputTextFile(),
        c_file_path: InputPath(),
        d_path: int,
        e_file: OutputTextFile(),
        g_path: OutputBinaryFile(),
    ) -> int:
        return 1

    interface = interface_of(ports)
    assert [port.name for port in interface.inputs] == ["a", "a_2", "b_path", "c", "d_path"]
    assert [port.name for port in interface.output_files] == ["a", "Output", "e", "g_path"]
    assert [port.name for port in interface.returned] == ["Output_2"]


@pytest.mark.better(
    "M-12", how="a class without parentheses, `InputPath`, passes a value as in KFP, and a warning says so"
)
def test_a_file_class_without_parentheses_is_warned_of() -> None:
    def read(data_path: InputPath) -> None: ...

    with pytest.warns(
        UserWarning, match=r"argument 'data_path' gets a value, not a file: write InputPath\(\) for a file"
    ):
        spec = spec_of(read)
    assert [(port.name, port.type) for port in spec.inputs or ()] == [("data_path", "InputPath")]


class Named(NamedTuple):
    """Outputs of a class."""

    a: int
    b: "Model"
    c: List[int]


@pytest.mark.parametrize(
    ("annotation", "outputs"),
    [
        (None, {}),
        (str, {"Output": "String"}),
        ("CSV", {"Output": "CSV"}),
        (List[int], {"Output": "typing.List[int]"}),
        (Optional[int], {"Output": "typing.Optional[int]"}),
        (Named, {"a": "Integer", "b": "Model", "c": "typing.List[int]"}),
        (NamedTuple("Outputs", [("x", int), ("y", "Model")]), {"x": "Integer", "y": "Model"}),
        (namedtuple("Outputs", "x y"), {"x": None, "y": None}),
        ({"x": int, "y": "Model"}, {"x": "Integer", "y": "Model"}),
        ({}, {}),
    ],
)
@pytest.mark.row("W-09")
def test_a_return_annotation_names_the_outputs(annotation: Any, outputs: dict[str, str]) -> None:  # N-11
    def function():
        return None

    function.__annotations__ = {"return": annotation}
    assert {port.name: port.type for port in interface_of(function).returned} == outputs


def test_annotations_that_a_future_import_made_texts_are_evaluated() -> None:
    spec = spec_of(postponed.train)
    assert [(port.name, port.type) for port in spec.inputs or ()] == [
        ("data", "CSV"),
        ("rate", "Float"),
        ("kind", "Kind"),
    ]
    assert [(port.name, port.type) for port in spec.outputs or ()] == [("model", None), ("accuracy", "Float")]


def many(*args: int) -> None:
    """Take any number."""


def named(a: int, **kwargs: int) -> None:
    """Take any names."""


def positional(a: int, /) -> None:
    """Take no names."""


def with_default(a: InputTextFile() = None) -> None:
    """Take a file."""


def artifact_with_default(a: InputArtifact("CSV") = None) -> None:
    """Take a file with a default."""


def output_with_default(a: OutputPath() = "x") -> None:
    """Write a file."""


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (many, "function 'many' takes '*args', and a component's inputs have names [KA312]\n  Give every input"),
        (named, "function 'named' takes '**kwargs', and a component's inputs have names [KA312]"),
        (positional, "argument 'a' of function 'positional' is positional only, components pass by name [KA312]"),
        (with_default, "argument 'a' of function 'with_default' is a file, and its default is None [KA313]"),
        (artifact_with_default, "argument 'a' of function 'artifact_with_default' is a file, and its default is None"),
        (
            output_with_default,
            "is a file, and its default is 'x' [KA313]\n  Path inputs only support default values of N",
        ),
    ],
)
@pytest.mark.row("W-10")
def test_arguments_that_a_command_line_cannot_give_are_refused(function: Callable[..., Any], message: str) -> None:
    with pytest.raises(PipelineError) as caught:
        create_component_from_func(function)
    assert message in str(caught.value)
    assert f"test_python_function.py:{function.__code__.co_firstlineno}: " in str(caught.value)


@pytest.mark.row("M-07", "M-08")
def test_both_decorators_work_bare_and_with_options() -> None:
    @create_component_from_func
    def first(a: int) -> None: ...

    @create_component_from_func(base_image="busybox", annotations={"a": "b"})
    def second(a: int) -> None: ...

    @func_to_container_op
    def third(a: int) -> None: ...

    @func_to_container_op(base_image="busybox", extra_code="import os")
    def fourth(a: int) -> None: ...

    specs = [factory.component_spec.to_dict() for factory in (first, second, third, fourth)]
    assert [spec["implementation"]["container"]["image"] for spec in specs] == ["python:3.7", "busybox"] * 2
    assert specs[1]["metadata"] == {"annotations": {"a": "b"}}  # W-14
    assert specs[3]["implementation"]["container"]["command"][-1].startswith("import os\n\n\ndef fourth(a):")  # W-05


@pytest.mark.row("W-13", "M-09", "M-10")
def test_the_component_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    def add(a: int) -> int:
        return a

    file = tmp_path / "component.yaml"
    spec = create_component_from_func(add, output_component_file=str(file)).component_spec
    assert components.load_component_from_file(file).component_spec == spec
    text = components.func_to_component_text(add)
    assert components.load_component_from_text(text).component_spec == spec
    components.func_to_component_file(add, str(tmp_path / "other.yaml"))
    assert (tmp_path / "other.yaml").read_text() == text == file.read_text()


@pytest.mark.row("W-13")
def test_attributes_of_the_function_say_name_image_and_file(tmp_path: Path) -> None:  # D-25
    def add(a: int) -> int:
        return a

    add._component_human_name, add._component_description = "Sum", "Adds."
    add._component_base_image = "busybox"
    add._component_target_component_file = str(tmp_path / "c.yaml")
    spec = spec_of(add)
    assert (spec.name, spec.description) == ("Sum", "Adds.")
    assert components.load_component_from_file(tmp_path / "c.yaml").component_spec == spec
    assert spec.to_dict()["implementation"]["container"]["image"] == "busybox"
    with pytest.raises(
        ValueError, match=r"base_image \(x\) conflicts with the decorator-specified base image metadata"
    ):
        spec_of(add, base_image="x")


@pytest.mark.row("W-01", "M-14")
def test_an_image_may_be_made_by_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    def add(a: int) -> int:
        return a

    assert spec_of(add, base_image=lambda: "made").to_dict()["implementation"]["container"]["image"] == "made"
    monkeypatch.setattr(lightweight, "default_base_image_or_builder", lambda: "default")
    assert spec_of(add).to_dict()["implementation"]["container"]["image"] == "default"


def test_a_list_of_packages_is_asked_for() -> None:
    with pytest.raises(TypeError, match=r"takes a list of requirements, got the text 'pandas': write \['pandas'\]"):
        create_component_from_func(my_add_op, packages_to_install="pandas")


@pytest.mark.row("M-11")
def test_the_old_name_of_the_second_version_warns() -> None:
    def add(a: int) -> int:
        return a

    with pytest.warns(FutureWarning, match=r"create_component_from_func_v2\(\) is deprecated"):
        assert components.create_component_from_func_v2(add).component_spec.name == "Add"


def test_every_public_name_is_there() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert all(getattr(components, name) is not None for name in components.__all__)
    with pytest.raises(AttributeError, match=r"module 'kfp_airflow\.components' has no attribute 'nope'"):
        components.nope  # noqa: B018 - to look a name up is what is tested
