"""The command as a person starts it, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PIPELINES = Path(__file__).parent / "pipelines"
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One home for all runs of these tests: the first makes its database."""
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def command_line() -> tuple[list[str], dict[str, str]]:
    """The words that start `kfp-airflow`, and their environment, with a foreign Airflow setting in it."""
    environ = {**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://nobody@nowhere/none"}
    return [sys.executable, "-m", "kfp_airflow.cli"], environ


@pytest.fixture
def run_command(command_line: tuple[list[str], dict[str, str]]) -> Command:
    """Run `kfp-airflow` to its end, in the folder of the pipelines; the result has its output as text."""
    words, environ = command_line

    def call(*arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*words, *map(str, arguments)],
            cwd=PIPELINES,
            env={**environ, "PYTHONPATH": str(PIPELINES.parents[2]), **variables},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return call


@pytest.fixture(scope="session")
def pipelines() -> Path:
    """The folder of the pipeline files that these tests use."""
    return PIPELINES
