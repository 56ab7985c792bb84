"""Packages wherever a command takes a pipeline file (Z-07)."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def package(run_command: Command, tmp_path: Path) -> Path:
    """The package of `words.py`."""
    path = tmp_path / "words.tar.gz"
    assert run_command("compile", "--py", "words.py", "--output", path).returncode == 0
    return path


@pytest.mark.row("Z-07")
def test_a_package_is_checked_and_drawn_as_its_file_is(run_command: Command, package: Path) -> None:
    done = run_command("check", package)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1 file, 1 pipeline: 0 errors, 0 warnings\n", "")
    drawn, of_file = (
        json.loads(run_command("graph", path, "--format", "json").stdout) for path in (package, "words.py")
    )
    assert drawn["parameters"] == of_file["parameters"]
    nodes = [{node["id"]: (node["kind"], node["parent"]) for node in graph["nodes"]} for graph in (drawn, of_file)]
    assert nodes[0] == nodes[1]
    assert nodes[0].keys() >= {"say", "measure", "shout", "repeat"}


def test_a_broken_package_is_one_message_and_exit_code_2(run_command: Command, package: Path) -> None:
    package.write_bytes(package.read_bytes()[:100])
    done = run_command("check", package)
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].endswith(
        "words.tar.gz: it is no whole tar archive packed by gzip: it ends too early [KA401]"
    )


def test_a_package_has_no_functions(run_command: Command, package: Path) -> None:
    done = run_command("graph", package, "--function", "words")
    assert done.returncode == 2
    assert "a package holds one pipeline and no functions\n  Leave 'words' out." in done.stderr


def test_a_package_is_not_compiled_again(run_command: Command, package: Path, tmp_path: Path) -> None:
    done = run_command("compile", "--py", package, "--output", tmp_path / "b.yaml")
    assert done.returncode == 2
    assert "this is a package already, or a file of that kind\n  Give the Python file of the pipeline" in done.stderr


def test_add_writes_a_dag_file_for_a_package(run_command: Command, package: Path, tmp_path: Path) -> None:
    done = run_command("add", package, "--dags-folder", tmp_path / "dags")
    assert done.returncode == 0
    written = (tmp_path / "dags" / "words_in_a_row.py").read_text()
    assert written == f'from kfp_airflow import to_dag\n\nto_dag("{package}")\n'


@pytest.mark.slow
@pytest.mark.row("Z-07")
def test_a_package_runs_as_its_file_does(run_command: Command, home: Path, package: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    done = run_command("run", package, "-p", "word=hi", "--home", home, "--runtime", "process", "--json", report)
    assert done.returncode == 0, done.stdout + done.stderr
    outputs = {
        (task["task_id"], task["map_index"]): task["outputs"] for task in json.loads(report.read_text())["tasks"]
    }
    assert outputs["measure", -1] == {"length": "2\n"}
    assert [outputs["repeat", index]["text"] for index in range(3)] == ["hia", "hib", "hic"]
