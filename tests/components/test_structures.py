"""Component specifications: what YAML may hold, and what is said of what it may not (M-18, §1.7.1)."""

import tracemalloc
import warnings
from pathlib import Path

import pytest

from kfp_airflow.components import load_component_from_text, structures
from kfp_airflow.components.yaml_text import MAX_BYTES, read_yaml, write_yaml
from kfp_airflow.diagnostics import PipelineError

FULL = """\
name: Train
description: Trains a model.
metadata:
  annotations: {author: me}
  labels: {team: digits}
inputs:
- {name: Data, type: CSV, description: The images}
- {name: rate, type: Float, default: '0.1', optional: true, annotations: {unit: none}}
outputs:
- {name: Model, type: {Model: {framework: sklearn}}}
implementation:
  container:
    image: python:3.12
    command: [train]
    args:
    - --data
    - {inputPath: Data}
    - if:
        cond: {isPresent: rate}
        then: [--rate, {concat: [r, {inputValue: rate}]}]
        else: [--no-rate]
    - {outputPath: Model}
    env: {MODE: fast}
"""


def refusal(text: str) -> str:
    with pytest.raises(PipelineError) as caught:
        load_component_from_text(text)
    return str(caught.value)


def test_a_specification_written_as_yaml_is_read_back_equal() -> None:
    spec = load_component_from_text(FULL).component_spec
    assert structures.ComponentSpec.from_dict(read_yaml(write_yaml(spec.to_dict()), name="x")) == spec
    assert spec.to_dict() == read_yaml(FULL, name="x")


@pytest.mark.row("M-18")
def test_save_writes_a_component_file(tmp_path: Path) -> None:
    spec = structures.ComponentSpec(
        name="One",
        inputs=[structures.InputSpec("a", "Integer")],
        implementation=structures.ContainerImplementation(
            structures.ContainerSpec(image="alpine", command=["echo", structures.InputValuePlaceholder("a")])
        ),
    )
    spec.save(str(tmp_path / "component.yaml"))
    assert load_component_from_text((tmp_path / "component.yaml").read_text()).component_spec == spec


def test_a_program_is_written_as_a_block_that_people_can_read() -> None:
    assert write_yaml({"command": ["a\nb\n"]}) == "command:\n- |\n  a\n  b\n"


def test_names_that_other_readers_take_for_truth_values_are_quoted() -> None:
    assert write_yaml({"name": "n"}) == 'name: "n"\n'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("- {name: Data,", "- {nam: Data,", ":7: inputs[0].nam: this key is not known [KA302]\n  Did you mean 'name'?"),
        ("name: Train", "name: 5", ":1: name: the number 5 stands where a text is expected [KA303]"),
        ("optional: true", "optional: 'yes'", ":8: inputs[1].optional: the text 'yes' stands where true or false is"),
        ("- {name: rate,", "- {name: Data,", ":8: inputs[1].name: the name 'Data' is there twice [KA305]"),
        ("image: python:3.12", "imag: x", ":13: implementation.container.imag: this key is not known [KA302]"),
        (
            "{inputPath: Data}",
            "{inputPath: Dat}",
            "args[1]: there is no input 'Dat' [KA306]\n  The inputs of this comp",
        ),
        ("{outputPath: Model}", "{outputPath: X}", "args[3]: there is no output 'X' [KA306]"),
        ("{isPresent: rate}", "{isPresent: r}", "args[2]: there is no input 'r' [KA306]"),
        ("{inputPath: Data}", "{inputPth: Data}", "a mapping with the keys 'inputPth' stands where a text is expected"),
        ("MODE: fast", "MODE: yes", "env.MODE: the truth value true stands where a text is expected [KA303]"),
        ("command: [train]", "command: train", "command: the text 'train' stands where a list is expected [KA303]"),
        ("  container:", "  kontainer:", "a mapping with the keys 'kontainer' stands where an implementation is"),
        ("default: '0.1'", "default: {}", "inputs[1].default: a mapping stands where a text, a number, true or false"),
        ("default: '0.1'", "default: 2024-01-01", "a value of type date (2024-01-01) stands where a text, a number"),
        ("  labels: {", "  labels: [", "<component text>:5: this is not YAML: "),
    ],
)
def test_what_is_wrong_is_named_by_line_and_key(old: str, new: str, message: str) -> None:
    assert old in FULL
    assert message in refusal(FULL.replace(old, new))


def test_everything_wrong_with_a_file_is_said_at_once() -> None:
    text = FULL.replace("name: Train", "name: 5").replace("optional: true", "optional: 1")
    assert refusal(text).count("[KA303]") == 2


def test_a_file_output_of_an_unknown_name_is_refused() -> None:
    message = refusal(FULL.replace("env: {MODE: fast}", "fileOutputs: {Modell: /x}"))
    assert "implementation.container.fileOutputs.Modell: there is no output 'Modell' [KA306]" in message


@pytest.mark.parametrize(("text", "found"), [("", "nothing"), ("[]", "a list"), ("5", "the number 5")])
def test_a_text_that_is_no_mapping_is_no_component(text: str, found: str) -> None:
    assert f"<component text>: {found} stands where a component is expected [KA301]" in refusal(text)


def test_yaml_is_read_as_data_only() -> None:
    assert "this is not YAML: could not determine a constructor" in refusal("!!python/object/apply:os.getcwd []")


def test_an_alias_that_contains_itself_is_refused() -> None:
    assert "an alias in this YAML refers to a part that contains it" in refusal("inputs: &a [*a]")


@pytest.mark.better("M-04", how="YAML is bounded in size, depth, numbers and aliases before anything of it is built")
def test_aliases_that_multiply_are_refused_before_they_take_memory() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "more than 100,000 values once its aliases are written out" in refusal("\n".join(lines))


def test_a_text_of_more_than_ten_mebibytes_is_not_read() -> None:
    assert f"At most {MAX_BYTES:,} are read." in refusal("#" * (MAX_BYTES + 1))


def test_merged_mappings_that_multiply_are_refused_too() -> None:
    lines = ["a0: &a0 {x: 1, y: 2, z: 3}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 10)}], k{n}: 1}}" for n in range(1, 9)]
    assert "more than 100,000 values once its aliases are written out" in refusal("\n".join(lines))


def test_many_values_are_refused_before_they_are_built() -> None:
    tracemalloc.start()
    try:
        assert "more than 100,000 values" in refusal("a: [" + "x," * 4_000_000 + "x]")
        assert tracemalloc.get_traced_memory()[1] < 100 * 1024 * 1024
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("number", ["9" * 1_001, ":".join(["59"] * 500_000), "-1." + "5" * 2_000])
def test_a_number_that_would_take_long_to_read_is_refused(number: str) -> None:
    assert "characters, at most 1,000 are read [KA301]\n  Quote it if it is meant as text." in refusal(f"a: {number}")
    assert "this key is not known" in refusal(f"a: '{number}'")


def test_a_key_that_is_there_twice_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="the key 'name' is there twice: the last one counts") as caught:
        assert load_component_from_text("name: a\n" + FULL).component_spec.name == "Train"
    assert (caught[0].filename, caught[0].lineno) == ("<component text>", 2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_component_from_text(FULL)


def test_of_very_many_problems_the_first_fifty_are_told() -> None:
    told = refusal("\n".join(f"{'key' * 40}{number}: 1" for number in range(1_000)))
    assert told.count("[KA302]") == 50
    assert told.endswith(" 950 more problems were found.")
    assert max(map(len, told.splitlines())) < 200


@pytest.mark.parametrize("text", [FULL[: FULL.index("cond")], FULL[:-30], "name: 'Train", "\x00", "name: \ud800"])
def test_a_truncated_or_damaged_text_is_refused(text: str) -> None:
    assert refusal(text).startswith("<component text>")


def test_a_deep_document_is_refused_with_a_message() -> None:
    assert refusal("[" * 100_000).startswith(
        "<component text>:1: this YAML is nested more than 100 levels deep [KA301]"
    )
