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


def test_plain_values_become_texts() -> None:  # Y-01
    assert expand("a", 5, 1.5, True).args == ("a", "5", "1.5", "True")


def test_an_input_value_is_the_argument_and_an_input_path_its_file() -> None:  # Y-02, Y-03
    line = expand("--a", VALUE, PATH)
    assert line.args == ("--a", "value", "/tmp/inputs/In_1/data")
    assert (line.values, line.input_paths) == ({"In 1": "value"}, {"In 1": "/tmp/inputs/In_1/data"})


@pytest.mark.row("DP-02")
def test_every_output_has_a_path_whether_it_is_named_or_not() -> None:  # Y-04, DP-02
    line = expand(parts.OutputPathPlaceholder("Out 1"))
    assert line.args == ("/tmp/outputs/Out_1/data",)
    assert line.output_paths == {"Out 1": "/tmp/outputs/Out_1/data", "other": "/tmp/outputs/other/data"}


def test_a_fixed_output_path_takes_the_place_of_the_usual_one() -> None:  # Y-04
    assert expand("x", file_outputs={"Out 1": "/fixed"}).output_paths["Out 1"] == "/fixed"


def test_two_paths_for_one_output_are_refused() -> None:  # Y-04
    with pytest.raises(
        ValueError, match=r"component 'C': output 'Out 1' has two paths: /fixed in fileOutputs, and /tmp/outputs/Out_1/"
    ):
        expand(parts.OutputPathPlaceholder("Out 1"), file_outputs={"Out 1": "/fixed"})


@pytest.mark.parametrize("placeholder", [VALUE, PATH])
def test_an_absent_optional_input_vanishes_and_a_required_one_is_asked_for(placeholder: Any) -> None:  # Y-02, OP-02
    assert expand("a", placeholder, optional=True, given={"In 1": None}).args == ("a",)
    with pytest.raises(ValueError, match=r"^No value provided for input In 1 of component 'C'\. Give it one, or decl"):
        expand(placeholder, given={})


def test_an_empty_text_is_a_value() -> None:  # OP-03
    assert expand(VALUE, choice(PRESENT, "there"), given={"In 1": ""}).args == ("", "there")


def test_concat_joins_and_absent_items_leave_nothing() -> None:  # Y-05
    assert expand(parts.ConcatPlaceholder(["a=", VALUE, choice(PRESENT, ["!", "?"])])).args == ("a=value!?",)
    assert expand(parts.ConcatPlaceholder([VALUE, "x"]), optional=True, given={}).args == ("x",)
    assert expand(parts.ConcatPlaceholder([VALUE]), optional=True, given={}).args == ("",)


def test_an_if_is_decided_by_presence() -> None:  # Y-06, Y-07
    argument = choice(PRESENT, ["--a", VALUE], ["--none"])
    assert expand(argument).args == ("--a", "value")
    assert expand(argument, optional=True, given={}).args == ("--none",)
    assert expand(choice(PRESENT, "x"), optional=True, given={}).args == ()


@pytest.mark.parametrize(("text", "holds"), [("yes", True), ("True", True), ("1", True), ("off", False), ("n", False)])
def test_an_if_is_decided_by_a_truth_word(text: str, holds: bool) -> None:  # Y-06
    assert expand(choice(VALUE, "then", "else"), given={"In 1": text}).args == (("then",) if holds else ("else",))
    assert expand(choice(text, "then", "else")).args == (("then",) if holds else ("else",))


def test_a_condition_that_is_no_truth_word_is_refused() -> None:  # Y-06
    with pytest.raises(
        ValueError, match="component 'C': the condition of an 'if' is 'value' is neither true nor false"
    ):
        expand(choice(VALUE, "then"))


def test_a_condition_on_a_value_of_the_run_says_why_it_cannot_be_decided() -> None:  # Y-06, OP-04
    with pytest.raises(ValueError, match="a value of the run: it is not known when the pipeline is built"):
        expand(choice(VALUE, "then"), given={"In 1": "{{pipelineparam:op=;name=x}}"})


def test_placeholders_of_the_second_version_stay_literal_texts() -> None:  # Y-08
    assert expand(
        parts.InputUriPlaceholder("In 1"),
        parts.OutputUriPlaceholder("Out 1"),
        parts.InputOutputPortNamePlaceholder("In 1"),
        parts.ExecutorInputPlaceholder(),
        parts.OutputMetadataPlaceholder(),
        parts.InputMetadataPlaceholder("In 1"),
    ).args == (
        "{{$.inputs.artifacts['In 1'].uri}}",
        "{{$.outputs.artifacts['Out 1'].uri}}",
        "{{kfp.input-output-name.In 1}}",
        "{{$}}",
        "/tmp/outputs/executor_output.json",
        "/tmp/outputs/executor_output.json",
    )


def test_an_object_that_is_no_argument_is_refused() -> None:
    with pytest.raises(TypeError, match="has no place in a command line: write a text or one of the placeholders"):
        expand(object())


def test_a_component_without_a_container_has_no_command_line() -> None:
    with pytest.raises(TypeError, match="component 'X' has no container: it has no command line"):
        expand_command_line(parts.ComponentSpec(name="X"), {})
