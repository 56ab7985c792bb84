"""The repository itself: locked, without addresses, and one version."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

import kfp_airflow

LOCKS = ["run.txt", "dev.txt", "oldest.txt"]
ALLOWED = re.compile(r"(?:[A-Za-z0-9._-]+==\S+(?: ; .+)? \\|    --hash=sha256:[0-9a-f]{64}(?: \\)?)")


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_holds_pins_and_hashes_and_nothing_else(root: Path, name: str) -> None:
    lines = (root / "requirements" / name).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if not ALLOWED.fullmatch(line)] == []


def test_what_is_developed_with_is_what_runs(root: Path) -> None:
    run, dev = (_pins(root / "requirements" / name) for name in ("run.txt", "dev.txt"))
    assert run - dev == set()


def test_the_airflow_of_the_tests_is_the_locked_one(root: Path) -> None:
    assert "apache-airflow==3.3.2" in _pins(root / "requirements/run.txt")


def test_the_oldest_airflow_that_is_tested_is_the_oldest_that_is_promised(root: Path) -> None:
    (pin,) = (pin for pin in _pins(root / "requirements/oldest.txt") if pin.startswith("apache-airflow=="))
    assert pin.startswith("apache-airflow==3.1.")
    assert '"apache-airflow>=3.1"' in (root / "pyproject.toml").read_text(encoding="utf-8")


def test_make_without_a_target_lists_every_target(root: Path) -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory"], cwd=root, capture_output=True, text=True, check=True
    ).stdout
    declared = re.findall(r"^([a-z-]+):", (root / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert [line.split()[0] for line in listed.splitlines()] == list(dict.fromkeys(declared))


def test_the_changelog_names_the_version(root: Path) -> None:
    assert f"## {kfp_airflow.__version__}" in (root / "CHANGELOG.md").read_text(encoding="utf-8")


def test_ci_is_a_script_that_bash_understands(root: Path) -> None:
    subprocess.run(["bash", "-n", ".ci/run"], cwd=root, check=True)


def test_every_room_is_in_a_contract_of_import_linter(root: Path) -> None:
    contracts = (root / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.importlinter]")[2]
    rooms = {file.parent.name for file in (root / "kfp_airflow").glob("*/*.py")}
    assert {room for room in rooms if f'"kfp_airflow.{room}"' not in contracts} == set()


def test_every_room_is_a_package(root: Path) -> None:
    rooms = {file.parent for file in (root / "kfp_airflow").glob("*/*.py")}
    assert {room.name for room in rooms if not (room / "__init__.py").exists()} == set()


def test_every_python_that_is_promised_is_one_that_ruff_and_mypy_hold_us_to(root: Path) -> None:
    text = (root / "pyproject.toml").read_text(encoding="utf-8")
    assert 'requires-python = ">=3.10"' in text
    assert 'target-version = "py310"' in text
    assert 'python_version = "3.10"' in text
    assert sys.version_info >= (3, 10)


def _pins(path: Path) -> set[str]:
    return set(re.findall(r"^\S+==[^ \\]+", path.read_text(encoding="utf-8"), flags=re.MULTILINE))
