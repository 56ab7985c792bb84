"""The way of a newcomer: set-up on a fresh clone, then the digits pipeline on this machine."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.figure import Figure

ROOT = Path(__file__).parent.parent.parent
NOT_CLONED = shutil.ignore_patterns(".git", ".venv", ".*_cache", "__pycache__", "site", ".hypothesis")


def measure() -> list[Figure]:
    """Return the time of `make setup` with the package caches as they are, and of `make demo` after it."""
    with tempfile.TemporaryDirectory(prefix="kfp-airflow-bench-") as folder:
        clone = Path(folder) / "clone"
        shutil.copytree(ROOT, clone, ignore=NOT_CLONED)
        environment = {**os.environ, "KFP_AIRFLOW_HOME": str(Path(folder) / "home")}
        return [
            Figure(
                name="set-up of a fresh clone, package cache warm",
                measured=_make("setup", clone, environment),
                limit=120,
            ),
            Figure(name="`make demo` after set-up", measured=_make("demo", clone, environment), limit=90),
        ]


def _make(target: str, clone: Path, environment: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(
        ["make", target, f"PYTHON={sys.executable}"], cwd=clone, env=environment, check=True, stdout=sys.stderr
    )
    return time.perf_counter() - started
