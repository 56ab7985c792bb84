"""The programs of lightweight components, run as their containers run them (W-01 to W-11, W-15, F-11, F-12)."""
# ruff: noqa: F722, F821, PTH123, RUF013, SIM115, T201, UP037 - the functions are written as KFP authors write them

from __future__ import annotations

import ast
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from airflow.providers.standard.operators.python import PythonOperator

from kfp_airflow.components import create_component_from_airflow_op, create_component_from_func, func_to_container_op
from kfp_airflow.components.file_arguments import (
    InputBinaryFile,
    InputPath,
    InputTextFile,
    OutputBinaryFile,
    OutputPath,
    OutputTextFile,
)
from tests.components.interpreters import VERSIONS
from tests.components.running import run

ODD_TEXTS = (
    'it\'s "quoted"',
    "two\nlines\n",
    "-dash",
    "--flag",
    "----output-paths",
    "--a=b",
    "$(HOME) $HOME `id`",
    "ünï — 数",
    "{{workflow.name}} {# #}",
    "",
    "\\n \t",
    "-1e5",
)


def everything(
    text: str,
    number: int,
    ratio: float,
    flag: bool,
    items: list,
    table: dict,
    data_path: InputPath("CSV"),
    notes_file: InputTextFile(str),
    image_file: InputBinaryFile(),
    model_path: OutputPath("Model"),
    log_file: OutputTextFile(),
    raw_file: OutputBinaryFile(),
    maybe: str = None,
    untyped=7,
) -> NamedTuple("Outputs", [("seen", str), ("total", int), ("half", float), ("yes", bool), ("found", list)]):
    """Use every kind of argument."""
    # What arrives is written down, to be looked at.
    seen = [text, number, ratio, flag, items, table, open(data_path).read(), notes_file.read(), maybe, untyped]
    raw_file.write(image_file.read() * 2)
    log_file.write("ünï\n")
    with open(model_path, "w") as file:
        file.write("model")
    return (repr(seen), number + 1, ratio / 2, not flag, [number, None])


@pytest.mark.row("M-12")
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.row("W-06", "W-07", "W-09", "W-10")
def test_every_kind_of_argument_arrives(tmp_path: Path, version: str) -> None:
    step = run(
        create_component_from_func(everything),
        tmp_path,
        version,
        text="-a",
        number=4,
        ratio=0.5,
        flag=True,
        items=[1, "x"],
        table={"k": None},
        data="csv",
        notes="ü",
        image="bytes",
    )
    assert (step.code, step.stderr) == (0, "")
    seen = ["-a", 4, 0.5, True, [1, "x"], {"k": None}, "csv", "ü", None, "7"]
    assert step.outputs == {
        "model": b"model",
        "log": "ünï\n".encode(),
        "raw": b"bytesbytes",
        "seen": repr(seen).encode(),
        "total": b"5",
        "half": b"0.25",
        "yes": b"False",
        "found": b"[4, null]",
    }


@pytest.mark.parametrize(
    "factory",
    [
        create_component_from_func(everything),
        func_to_container_op(everything, extra_code="import os", packages_to_install=["a"]),
        func_to_container_op(everything, use_code_pickling=True),
        create_component_from_airflow_op(PythonOperator, variable_output_names=["v"]),
    ],
    ids=["source", "options", "pickled", "operator"],
)
def test_what_is_added_to_a_program_is_no_newer_than_python_36(factory: Any) -> None:
    ast.parse(factory.component_spec.implementation.container.command[-1], feature_version=(3, 6))


def echo(first: str, second: str = "second") -> NamedTuple("Outputs", [("first", str), ("second", str)]):
    return (first, second)


@pytest.mark.parametrize("text", ODD_TEXTS)
@pytest.mark.better("F-11", "W-11", how="any text arrives as it is, also one that begins with a dash")
def test_any_text_arrives_unchanged(tmp_path: Path, text: str) -> None:
    step = run(create_component_from_func(echo), tmp_path, first=text, second=text)
    assert (step.code, step.stderr) == (0, "")
    assert step.outputs == {"first": text.encode(), "second": text.encode()}


def kinds_of(number: "int | None", words: "List of texts", table: {"JsonObject": {"rows": "dict"}}) -> NamedTuple(
    "Outputs", [("kinds", str), ("table", {"JsonObject": {}})]
):
    return " ".join(type(value).__name__ for value in (number, words, table)), table


@pytest.mark.row("W-07")
def test_the_first_word_of_a_type_tells_what_arrives_and_a_type_with_properties_is_a_text(tmp_path: Path) -> None:
    step = run(create_component_from_func(kinds_of), tmp_path, number=5, words=["a"], table='{"b": 1}')
    assert (step.code, step.stderr) == (0, "")
    assert step.outputs == {"kinds": b"int list str", "table": b'{"b": 1}'}


@pytest.mark.parametrize("word", ["True", "yes", "1", "ON"])
@pytest.mark.better("F-12", how="truth words are read without `distutils`: Python 3.6 to 3.13 run the program")
def test_truth_words_are_read_without_distutils(tmp_path: Path, word: str) -> None:  # H4
    def negate(flag: bool) -> bool:
        return not flag

    factory = create_component_from_func(negate)
    assert "distutils" not in factory.component_spec.implementation.container.command[-1]
    assert run(factory, tmp_path, flag=word).outputs == {"Output": b"False"}


def fail(message: str) -> int:
    raise RuntimeError(message)


def number(text: str) -> int:
    return text


def words(text: str) -> str:
    return len(text)


def dictionary(a: int) -> NamedTuple("Outputs", [("x", int)]):
    return {"x": a}


def short(a: int) -> NamedTuple("Outputs", [("x", int), ("y", int)]):
    return (a,)


@pytest.mark.row("W-07", "W-08", "W-15")
@pytest.mark.better("W-09", how="a dict, a text or a short tuple in place of the outputs is named; KFP raises KeyError")
@pytest.mark.parametrize(
    ("function", "argument", "code", "message"),
    [
        (fail, "boom", 1, "RuntimeError: boom"),  # W-15
        (words, "x", 1, "TypeError: output 'Output': a value of type str is expected, got one of type int"),  # W-08
        (dictionary, 1, 1, "TypeError: a tuple of the outputs x has to be returned, not a dict"),  # W-09
        (short, 1, 1, "TypeError: a tuple of the outputs x, y has to be returned, not a tuple"),  # W-09
        (short, "one", 2, "error: argument --a: invalid literal for int() with base 10: 'one'"),  # W-07
    ],
)
def test_a_program_that_fails_says_why(
    tmp_path: Path, function: Callable[..., Any], argument: Any, code: int, message: str
) -> None:
    step = run(create_component_from_func(function), tmp_path, **{next(iter(function.__annotations__)): argument})
    assert (step.code, step.outputs) == (code, {})
    assert step.stderr.rstrip().endswith(message)


@pytest.mark.row("W-08")
def test_a_text_is_a_value_of_every_output(tmp_path: Path) -> None:  # it is taken to be serialized
    assert run(create_component_from_func(number), tmp_path, text="7").outputs == {"Output": b"7"}


@pytest.mark.row("W-08")
def test_json_outputs_are_sorted_and_objects_may_have_a_form_of_their_own(tmp_path: Path) -> None:
    def listed() -> list:
        class Form:
            def to_struct(self) -> str:
                return "struct"

        return [{"b": 1, "a": Form()}]

    assert json.loads(run(create_component_from_func(listed), tmp_path).outputs["Output"]) == [{"a": "struct", "b": 1}]


@pytest.mark.row("W-09")
def test_a_function_without_a_return_annotation_has_no_output(tmp_path: Path) -> None:
    def silent(a):
        print("seen", a)
        return 5

    step = run(create_component_from_func(silent), tmp_path, a="x")
    assert (step.code, step.stdout, step.outputs) == (0, "seen x\n", {})


@pytest.mark.row("W-05")
def test_code_before_the_function_is_there_for_it(tmp_path: Path) -> None:
    def use() -> str:
        return HELPER

    step = run(func_to_container_op(use, extra_code="from __future__ import annotations\nHELPER = 'there'"), tmp_path)
    assert step.outputs == {"Output": b"there"}


@pytest.mark.row("W-07")
def test_a_pickled_value_travels_as_text(tmp_path: Path) -> None:
    def swap(a: "Base64Pickle") -> "Base64Pickle":
        return {value: key for key, value in a.items()}

    first = run(create_component_from_func(swap), tmp_path / "1", a={1: 2}).outputs["Output"].decode()
    assert run(create_component_from_func(swap), tmp_path / "2", a=first).outputs["Output"] != first


def test_arguments_that_the_program_does_not_know_are_refused(tmp_path: Path) -> None:
    factory = create_component_from_func(echo)
    command = factory.component_spec.implementation.container.command
    for words, message in (
        (["--frist", "x"], "error: unrecognized arguments: --frist\n"),
        (["--first"], "error: argument --first: 1 value(s) expected, 0 found\n"),
        ([], "error: the following arguments are required: --first\n"),
        (["--first", "x", "----output-paths", "y"], "error: argument ----output-paths: 2 value(s) expected, 1 found\n"),
    ):
        done = subprocess.run([*command, *words], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (2, message)


def test_a_program_can_be_given_flags_with_an_equals_sign(tmp_path: Path) -> None:
    command = create_component_from_func(echo).component_spec.implementation.container.command
    paths = [str(tmp_path / "a" / "b"), str(tmp_path / "c")]
    subprocess.run([*command, "--first=x=y", "----output-paths", *paths], check=True)
    assert [Path(path).read_text() for path in paths] == ["x=y", "second"]


@pytest.mark.row("W-02")
def test_packages_are_installed_first_by_pip_and_the_program_runs_after_it(tmp_path: Path) -> None:
    factory = create_component_from_func(echo, packages_to_install=["a==1", "b>=2; python_version>'3'", "$(touch x)"])
    command = factory.component_spec.implementation.container.command
    pip = "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location 'a==1' "
    assert command[:2] == ["sh", "-c"]
    assert command[2].startswith(f"({pip}'b>=2")
    assert command[2].endswith(' --user) && "$0" "$@"')
    assert command[3:5] == ["sh", "-ec"]
    fake = tmp_path / "fake"
    fake.mkdir()
    (fake / "python3").write_text('#!/bin/sh\nprintf "[%s]" "$@"; [ "$2" != pip ] || [ "$9" = --user ]\n')
    (fake / "python3").chmod(0o755)
    environment = {**os.environ, "PATH": f"{fake}:{os.environ['PATH']}", "TMPDIR": str(tmp_path)}
    done = subprocess.run([*command, "--first", "x y"], capture_output=True, text=True, env=environment, check=True)
    asked = "[-m][pip][install][--quiet][--no-warn-script-location][a==1][b>=2; python_version>'3'][$(touch x)]"
    assert done.stdout.startswith(f"{asked}{asked}[--user][-u][{tmp_path}/")
    assert done.stdout.endswith("[--first][x y]")


@pytest.mark.row("W-15")
def test_the_program_writes_as_it_goes(tmp_path: Path) -> None:
    def talk() -> None:
        import os

        print("before")
        os._exit(3)

    step = run(create_component_from_func(talk), tmp_path)
    assert (step.code, step.stdout) == (3, "before\n")


def test_a_program_that_starts_processes_is_not_run_again_by_them(tmp_path: Path) -> None:
    def count() -> int:
        import multiprocessing

        with multiprocessing.get_context("spawn").Pool(1) as pool:
            return sum(pool.map(abs, [-1, -2]))

    assert run(create_component_from_func(count), tmp_path).outputs == {"Output": b"3"}
