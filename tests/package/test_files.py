"""Packages as files (Z-02)."""

import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

from kfp_airflow.graph.text import Json
from kfp_airflow.package.files import write_package

ODD = [
    "y",
    "n",
    "on",
    "1",
    "",
    " x ",
    "a: b",
    "two\nlines\n",
    "trailing \nspace",
    "\ttab\n",
    "é☃",
    "{{x}}",
    "- dash",
    "a\u2028b",
    "\x1b[0m",
    "\n",
]
WORKFLOW: dict[str, Json] = {
    "kind": "Workflow",
    "texts": list(ODD),
    "y": {"n": [1, 1.5, True, None]},
    "nested": {"empty": [], "object": {}},
}


@pytest.mark.parametrize("suffix", [".yaml", ".yml", ".zip", ".tar.gz", ".tgz", ".YAML"])
def test_a_package_reads_back_as_what_was_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"pipeline{suffix}"
    write_package(WORKFLOW, path)
    assert yaml.safe_load(_text(path)) == WORKFLOW
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".yaml", ".zip", ".tar.gz"])
def test_the_same_workflow_gives_the_same_bytes(tmp_path: Path, suffix: str) -> None:
    first, second = tmp_path / f"a{suffix}", tmp_path / f"b{suffix}"
    write_package(WORKFLOW, first)
    write_package(WORKFLOW, second)
    assert first.read_bytes() == second.read_bytes()


def test_names_that_go_reads_as_booleans_are_quoted(tmp_path: Path) -> None:
    write_package({"y": "n", "text": "Y"}, tmp_path / "a.yaml")
    assert (tmp_path / "a.yaml").read_text() == "'y': 'n'\ntext: 'Y'\n"


def test_texts_of_several_lines_stay_readable(tmp_path: Path) -> None:
    write_package({"script": "set -e\necho a\n"}, tmp_path / "a.yaml")
    assert (tmp_path / "a.yaml").read_text() == "script: |\n  set -e\n  echo a\n"


@pytest.mark.parametrize("name", ["pipeline.json", "pipeline", "pipeline.gz", "pipeline.tar"])
def test_another_file_name_is_refused_by_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with pytest.raises(ValueError, match="a package's file name ends in") as refused:
        write_package(WORKFLOW, path)
    assert str(refused.value) == (
        f"a package's file name ends in .yaml, .yml, .zip, .tar.gz, .tgz, not as in '{path}'. "
        "Write for example 'pipeline.yaml'."
    )
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.mkdir()
    with pytest.raises(OSError, match="a\\.yaml"):
        write_package(WORKFLOW, path)
    assert [item.name for item in tmp_path.iterdir()] == ["a.yaml"]


def _text(path: Path) -> bytes:
    name = path.name.lower()
    if name.endswith(".zip"):
        with zipfile.ZipFile(path) as archive:
            return archive.read("pipeline.yaml")
    if name.endswith(("gz", "tgz")):
        with tarfile.open(path) as tar:
            member = tar.extractfile("pipeline.yaml")
            assert member is not None
            return member.read()
    return path.read_bytes()
