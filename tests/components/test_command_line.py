"""Placeholders of a command line (Y-01 to Y-08, OP-02 to OP-04)."""

from typing import Any

import pytest

from kfp_airflow.components import structures as parts
from kfp_airflow.components.command_line import CommandLine, expand_command_line


def expand(*args: Any, optional: bool = False, **options: Any) -> CommandLine:
    given = options.pop("given", {"In 1": "value"})
    spec = parts.ComponentSpec(
        name="C",
        inputs=[parts.InputSpec("In 1", optional=optional)],
        outputs=[parts.OutputSpec("Out 1"), parts.OutputSpec("other")],
        implementation=parts.ContainerImplementation(parts.ContainerSpec("image", ["run"], list(args), **options)),
    )
    return expand_command_line(spec, given)


VALUE, PATH = parts.InputValuePlaceholder("In 1"), parts.InputPathPlaceholder("In 1")
PRESENT = parts.IsPresentPlaceholder("In 1")


def choice(condition: Any, then: Any, other: Any = None) -> parts.IfPlaceholder:
    return parts.IfPlaceholder(parts.IfPlaceholderStructure(condition, then, other))


@pytest.mark.row("Y-01")
def test_plain_values_become_texts() -> None:
    assert expand("a", 5, 1.5, True).args == ("a", "5", "1.5", "True")


@pytest.mark.row("Y-02", "Y-03")
def test_an_input_value_is_the_argument_and_an_input_path_its_file() -> None:
    line = expand("--a", VALUE, PATH)
    assert line.args == ("--a", "value", "/tmp/inputs/In_1/data")
    assert (line.values, line.input_paths) == ({"In 1": "value"}, {"In 1": "/tmp/inputs/In_1/data"})


@pytest.mark.row("Y-04")
@pytest.mark.row("DP-02")
def test_every_output_has_a_path_whether_it_is_named_or_not() -> None:  # DP-02
    line = expand(parts.OutputPathPlaceholder("Out 1"))
    assert line.args == ("/tmp/outputs/Out_1/data",)
    assert line.output_paths == {"Out 1": "/tmp/outputs/Out_1/data", "other": "/tmp/outputs/other/data"}


@pytest.mark.row("Y-04")
def test_a_fixed_output_path_takes_the_place_of_the_usual_one() -> None:
    assert expand("x", file_outputs={"Out 1": "/fixed"}).output_paths["Out 1"] == "/fixed"


@pytest.mark.row("Y-04")
def test_two_paths_for_one_output_are_refused() -> None:
    with pytest.raises(
        ValueError, match=r"component 'C': output 'Out 1' has two paths: /fixed in fileOutputs, and /tmp/outputs/Out_1/"
    ):
        expand(parts.OutputPathPlaceholder("Out 1"), file_outputs={"Out 1": "/fixed"})


@pytest.mark.parametrize("placeholder", [VALUE, PATH])
@pytest.mark.row("Y-02", "OP-02")
def test_an_absent_optional_input_vanishes_and_a_required_one_is_asked_for(placeholder: Any) -> None:
    assert expand("a", placeholder, optional=True, given={"In 1": None}).args == ("a",)
    with pytest.raises(ValueError, match=r"^No value provided for input In 1 of component 'C'\. Give it one, or decl"):
        expand(placeholder, given={})


@pytest.mark.row("OP-03")
def test_an_empty_text_is_a_value() -> None:
    assert expand(VALUE, choice(PRESENT, "there"), given={"In 1": ""}).args == ("", "there")


@pytest.mark.row("Y-05")
def test_concat_joins_and_absent_items_leave_nothing() -> None:
    assert expand(parts.ConcatPlaceholder(["a=", VALUE, choice(PRESENT, ["!", "?"])])).args == ("a=value!?",)
    assert expand(parts.ConcatPlaceholder([VALUE, "x"]), optional=True, given={}).args == ("x",)
    assert expand(parts.ConcatPlaceholder([VALUE]), optional=True, given={}).args == ("",)


@pytest.mark.row("Y-06", "Y-07")
def test_an_if_is_decided_by_presence() -> None:
    argument = choice(PRESENT, ["--a", VALUE], ["--none"])
    assert expand(argument).args == ("--a", "value")
    assert expand(argument, optional=True, given={}).args == ("--none",)
    assert expand(choice(PRESENT, "x"), optional=True, given={}).args == ()


@pytest.mark.parametrize(("text", "holds"), [("yes", True), ("True", True), ("1", True), ("off", False), ("n", False)])
@pytest.mark.row("Y-06")
def test_an_if_is_decided_by_a_truth_word(text: str, holds: bool) -> None:
    assert expand(choice(VALUE, "then", "else"), given={"In 1": text}).args == (("then",) if holds else ("else",))
    assert expand(choice(text, "then", "else")).args == (("then",) if holds else ("else",))


@pytest.mark.row("Y-06")
def test_an_empty_condition_does_not_hold() -> None:
    assert expand(choice("", "then", "else")).args == ("else",)


@pytest.mark.row("Y-06")
def test_a_condition_that_is_no_truth_word_is_refused() -> None:
    with pytest.raises(ValueError, match="component 'C': the condition of an 'if': 'value' is neither true nor false"):
        expand(choice(VALUE, "then"))


@pytest.mark.row("Y-06", "OP-04")
def test_a_condition_on_a_value_of_the_run_says_why_it_cannot_be_decided() -> None:
    with pytest.raises(ValueError, match="a value of the run: it is not known when the pipeline is built"):
        expand(choice(VALUE, "then"), given={"In 1": "{{pipelineparam:op=;name=x}}"})


@pytest.mark.row("Y-08")
@pytest.mark.parametrize(
    ("placeholder", "text"),
    [
        (parts.InputUriPlaceholder("In 1"), "{{$.inputs.artifacts['In 1'].uri}}"),
        (parts.OutputUriPlaceholder("Out 1"), "{{$.outputs.artifacts['Out 1'].uri}}"),
        (parts.InputOutputPortNamePlaceholder("In 1"), "{{kfp.input-output-name.In 1}}"),
        (parts.ExecutorInputPlaceholder(), "{{$}}"),
        (parts.OutputMetadataPlaceholder(), "/tmp/outputs/executor_output.json"),
        (parts.InputMetadataPlaceholder("In 1"), "/tmp/outputs/executor_output.json"),
    ],
)
def test_placeholders_of_the_second_version_are_the_texts_that_kfp_writes(placeholder: Any, text: str) -> None:
    assert expand(parts.ConcatPlaceholder(["x=", placeholder])).args == (f"x={text}",)
    assert expand(choice("no", placeholder, "x")).args == ("x",)


@pytest.mark.row("Y-08")
def test_the_address_of_an_input_without_a_value_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^No value provided for input In 1 of component 'C', which asks for its addr"
    ):
        expand(parts.InputUriPlaceholder("In 1"), optional=True, given={})
    with pytest.raises(ValueError, match=r"^No value provided for input In 1 of component 'C'\. Give it one, or"):
        expand(parts.InputUriPlaceholder("In 1"), given={})


@pytest.mark.refused("Y-09", message="input 's' … is the final status of a task, which KFP v2 fills in")
def test_the_final_status_of_a_task_is_refused_where_it_would_stand() -> None:
    spec = parts.ComponentSpec(
        name="C",
        inputs=[parts.InputSpec("s", "PipelineTaskFinalStatus")],
        implementation=parts.ContainerImplementation(parts.ContainerSpec("i", args=[parts.InputValuePlaceholder("s")])),
    )
    with pytest.raises(
        ValueError, match=r"^input 's' of component 'C' is the final status of a task, which KFP v2 fil"
    ):
        expand_command_line(spec, {})


def test_an_object_that_is_no_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="has no place in a command line: write a text or one of the placeholders"):
        expand(object())


def test_a_component_without_a_container_has_no_command_line() -> None:
    with pytest.raises(TypeError, match="component 'X' has no container: it has no command line"):
        expand_command_line(parts.ComponentSpec(name="X"), {})
