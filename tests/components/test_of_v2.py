"""Components of `kfp.v2.dsl`: their programs, run as their containers run them, and what they take (M-13)."""
# ruff: noqa: PTH123, SIM115 - the functions are written as KFP authors write them

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from kfp_airflow import components
from kfp_airflow.components import create_component_from_func, load_component_from_file
from kfp_airflow.components.of_v2 import (
    Artifact,
    ClassificationMetrics,
    Dataset,
    Input,
    InputPath,
    Metrics,
    Model,
    Output,
    OutputPath,
    SlicedClassificationMetrics,
    component,
)
from kfp_airflow.diagnostics import PipelineError
from tests.components.interpreters import VERSIONS
from tests.components.running import run

pytestmark = pytest.mark.row("M-13")


def everything(
    rows: Input[Dataset],
    scores: Input[Metrics],
    notes_path: InputPath("Text"),
    number: int,
    flag: bool,
    items: list,
    model: Output[Model],
    metrics: Output[Metrics],
    matrix: Output[ClassificationMetrics],
    nothing: Output[Artifact],
    log_path: OutputPath("Text"),
    word: str = "w",
) -> NamedTuple("O", [("total", int), ("seen", str)]):
    with open(model.path, "w") as file:
        file.write(open(rows.path).read().upper())
    model.framework = "none"
    metrics.log_metric("sum", scores.metadata["a"] + number)
    matrix.log_confusion_matrix(["x", "y"], [[1, 2], [3, 4]])
    matrix.log_roc_curve([0.1], [0.2], [0.3])
    with open(log_path, "w") as file:
        file.write(open(notes_path).read())
    return (number + len(items), f"{word} {flag} {type(rows).__name__} {rows.uri == rows.path}")


ARGUMENTS: dict[str, Any] = {
    "rows": "a,b\n", "scores": '{"a": 2}', "notes_path": "n", "number": 3, "flag": False, "items": [1, {"b": None}],
}  # fmt: skip


@pytest.mark.parametrize("version", VERSIONS)
def test_a_function_gets_values_and_objects_for_files(version: str, tmp_path: Path) -> None:
    done = run(component(everything), tmp_path, version, **ARGUMENTS)
    assert (done.code, done.stderr) == (0, "output 'model': its metadata {'framework': 'none'} is not passed on\n")
    assert done.outputs["model"] == b"A,B\n"
    assert json.loads(done.outputs["metrics"]) == {"sum": 5}
    assert json.loads(done.outputs["matrix"]) == {
        "confusionMatrix": {
            "annotationSpecs": [{"displayName": "x"}, {"displayName": "y"}],
            "rows": [{"row": [1, 2]}, {"row": [3, 4]}],
        },
        "confidenceMetrics": [{"confidenceThreshold": 0.3, "recall": 0.2, "falsePositiveRate": 0.1}],
    }
    assert done.outputs["nothing"] == b"{}"
    assert (done.outputs["log_path"], done.outputs["total"]) == (b"n", b"5")
    assert done.outputs["seen"] == b"w False Dataset True"


def test_the_same_annotations_work_in_a_component_of_v1(tmp_path: Path) -> None:
    done = run(create_component_from_func(everything), tmp_path, **_of_v1())
    assert done.code == 0
    assert (done.outputs["model"], done.outputs["log"]) == (b"A,B\n", b"n")


def _of_v1() -> dict[str, Any]:
    """Return the arguments by the names of v1, which leaves `_path` out (N-10)."""
    return {name.removesuffix("_path"): value for name, value in ARGUMENTS.items()}


def move(data: Output[Dataset]) -> None:
    data.uri = "gs://elsewhere/data"


def test_an_output_that_was_moved_fails_the_step(tmp_path: Path) -> None:
    done = run(component(move), tmp_path)
    assert done.code == 1
    assert "ValueError: output 'data' was moved to 'gs://elsewhere/data': write it to its path" in done.stderr


def needs_kfp() -> str:
    import kfp

    return kfp.__version__


def plain(a: str) -> str:
    return a


def _install(made: Any) -> str:
    """Return the line that installs packages, "" where the program is run at once."""
    first = made.component_spec.implementation.container.command
    return first[2] if first[1] == "-c" else ""


def test_kfp_is_installed_where_the_function_names_it() -> None:
    assert "'kfp==1.8.22'" in _install(component(needs_kfp))
    assert "'kfp>1'" in _install(component(needs_kfp, kfp_package_path="kfp>1"))
    assert _install(component(needs_kfp, install_kfp_package=False)) == ""
    assert _install(component(plain)) == ""


def test_packages_come_from_the_indexes_that_are_named() -> None:
    line = _install(component(plain, packages_to_install=["x", "y"], pip_index_urls=["https://a/$(b)", "https://c"]))
    assert "'x' 'y'" in line
    assert line.count("--index-url 'https://a/$(b)' --trusted-host 'https://a/$(b)'") == 2  # with and without --user
    assert "--extra-index-url 'https://c' --trusted-host 'https://c'" in line


def test_the_decorator_takes_options_and_keeps_the_function(tmp_path: Path) -> None:
    file = tmp_path / "component.yaml"
    made = component(base_image="busybox", output_component_file=str(file))(plain)
    assert made.python_func is plain
    assert yaml.safe_load(file.read_text())["implementation"]["container"]["image"] == "busybox"
    assert load_component_from_file(str(file)).component_spec.name == "Plain"
    assert component(plain).component_spec.implementation.container.image == "python:3.7"


def test_an_image_with_a_program_of_kfp_is_refused_as_a_step() -> None:
    made = component(plain, target_image="x")
    with pytest.raises(PipelineError, match=r"the image x of component 'plain' has a program of KFP v2 .* \[KA316\]"):
        made("a")


@pytest.mark.parametrize("kind", [str, "Dataset", None])
def test_only_classes_of_files_are_files(kind: Any) -> None:
    with pytest.raises(ValueError, match=r"Input\[T\] takes a class of files, like Input\[Dataset\], not "):
        Input[kind]
    with pytest.raises(ValueError, match=r"Output\[T\] takes a class of files"):
        Output[kind]


class Table(Dataset):
    """A class of the author."""

    TYPE_NAME = "mine.Table"


def takes_a_table(table: Input[Table]) -> str:
    return type(table).__name__


def test_a_class_of_the_author_is_a_plain_file_in_the_program(tmp_path: Path) -> None:
    made = component(takes_a_table)
    assert made.component_spec.inputs[0].type == "Table"
    assert run(made, tmp_path, table="x").outputs == {"Output": b"Artifact"}


def test_metrics_refuse_what_does_not_fit() -> None:
    metrics = ClassificationMetrics()
    metrics.set_confusion_matrix_categories(["a", "b"])
    metrics.log_confusion_matrix_cell("a", "b", 3)
    metrics.log_confusion_matrix_row("b", [1, 2])
    assert [entry["row"] for entry in metrics.metadata["confusionMatrix"]["rows"]] == [[0, 3], [1, 2]]
    for wrong, message in [
        (lambda: metrics.log_confusion_matrix_row("z", [1, 2]), r"Invalid category: z passed. Expected one of: \['a'"),
        (lambda: metrics.log_confusion_matrix_row("a", [1]), "Invalid row. Expected size: 2 got: 1"),
        (lambda: metrics.log_confusion_matrix(["a"], [[1], [2]]), r"Invalid matrix: \[\[1\], \[2\]\] passed for"),
        (lambda: metrics.log_roc_curve([1], [2, 3], [3]), "Got lengths 1, 2 and 1 respectively"),
        (lambda: ClassificationMetrics().log_confusion_matrix_row("a", [1]), "Invalid category: a passed"),
    ]:
        with pytest.raises(ValueError, match=message):
            wrong()


def test_metrics_of_slices_are_kept_apart() -> None:
    metrics = SlicedClassificationMetrics()
    metrics.log_roc_reading("s", 0.5, 0.6, 0.7)
    metrics.load_roc_readings("t", [[0.1, 0.2, 0.3]])
    metrics.set_confusion_matrix_categories("s", ["a", "b"])
    metrics.log_confusion_matrix_row("s", "a", [1, 2])
    metrics.log_confusion_matrix_cell("s", "a", "b", 3)
    metrics.load_confusion_matrix("t", ["a"], [[1]])
    assert metrics.metadata["s"]["confidenceMetrics"] == [
        {"confidenceThreshold": 0.5, "recall": 0.6, "falsePositiveRate": 0.7}
    ]
    assert [entry["row"] for entry in metrics.metadata["s"]["confusionMatrix"]["rows"]] == [[1, 3], [0, 0]]
    assert metrics.metadata["t"]["confusionMatrix"]["rows"] == [{"row": [1]}]
    assert metrics.metadata["t"]["confidenceMetrics"][0]["recall"] == 0.2


@pytest.mark.row("M-13")
def test_files_are_annotated_by_classes_of_the_same_version() -> None:
    def of_v1(data_path: components.InputPath()) -> None:
        """Read a file."""

    def of_v2(data_path: InputPath(str)) -> None:
        """Read a file."""

    with pytest.raises(TypeError, match=r"'data_path' of component 'of_v1' is a InputPath of kfp\.components\. Write"):
        component(of_v1)
    assert [entry.name for entry in component(of_v2).component_spec.inputs] == ["data_path"]
