"""The runtimes to run steps on, each skipped with a reason where this machine has it not."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
import typing_extensions

from kfp_airflow.local.process import Isolation
from tests.local.runs import Run, container, process_runs, step


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for environments that the tests of one session share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def isolations() -> frozenset[Isolation]:
    """Return the ways to isolate that work here, found by trying."""
    working: set[Isolation] = set()
    for isolation in ("root", "user", "folders"):
        folder = Path(tempfile.mkdtemp())
        try:
            process_runs(isolation, folder / "cache", folder)(step(container("true")))
            working.add(isolation)
        except Exception as error:  # noqa: BLE001  (whatever it is, the tests skip with it)
            print(f"{isolation}: {error}")  # noqa: T201
        finally:
            shutil.rmtree(folder)
    return frozenset(working)


def require(isolations: frozenset[Isolation], isolation: Isolation) -> None:
    """Skip where an isolation does not work."""
    if isolation not in isolations:
        pytest.skip(f"this machine does not allow it: {isolation}")


@pytest.fixture(params=["root", "user"])
def run(request: pytest.FixtureRequest, isolations: frozenset[Isolation], cache: Path, tmp_path: Path) -> Run:
    """Return a process runtime with a private file system, by both ways."""
    require(isolations, request.param)
    return process_runs(request.param, cache, tmp_path)


@pytest.fixture(params=["root", "user", "folders"])
def run_anywhere(request: pytest.FixtureRequest, isolations: frozenset[Isolation], cache: Path, tmp_path: Path) -> Run:
    """Return a process runtime, by every way."""
    require(isolations, request.param)
    return process_runs(request.param, cache, tmp_path)


@pytest.fixture
def run_in_folders(cache: Path, tmp_path: Path) -> Run:
    """Return a process runtime without a private file system."""
    return process_runs("folders", cache, tmp_path)


@pytest.fixture
def nobody() -> Callable[[list[str], Path], subprocess.CompletedProcess[str]]:
    """Return a way to run a Python program as a user without rights, with this project and `uv` in reach."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("only root, with setpriv, can become a user without rights")
    python = next(
        (path for path in ("/usr/bin/python3.12", "/usr/bin/python3.11", "/usr/bin/python3") if Path(path).exists()), ""
    )
    project = Path(__file__).resolve().parents[2]
    if not python or not os.access(project, os.R_OK):
        pytest.skip("no Python that every user may run")
    prefix = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"]

    def call(arguments: list[str], home: Path) -> subprocess.CompletedProcess[str]:
        shutil.copy(typing_extensions.__file__, home)  # all that the runtime needs of other packages
        env = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(home),
            "PYTHONPATH": f"{project}:{home}",
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        return subprocess.run(
            [*prefix, python, *arguments], env=env, cwd=home, capture_output=True, text=True, check=False
        )

    return call
