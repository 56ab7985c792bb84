"""What `import kfp_airflow` costs a Python that does not need Airflow."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from tests.benchmarks.figure import Figure, best_of

LIMIT_S = 0.3
DSL_LIMIT_S = 0.25


def measure() -> list[Figure]:
    """Return the time of the import, and of what an author's file imports; the start of Python itself taken off."""
    bare, package, dsl, authoring = best_of(
        5,
        _start("pass"),
        _start("import kfp_airflow"),
        _start("import kfp_airflow.dsl"),
        _start("from kfp_airflow import compiler, components, dsl"),
    )
    return [
        Figure(name="`import kfp_airflow`", measured=max(package - bare, 0), limit=LIMIT_S),
        Figure(name="`import kfp_airflow.dsl`", measured=max(dsl - bare, 0), limit=DSL_LIMIT_S),
        Figure(
            name="`from kfp_airflow import compiler, components, dsl`",
            measured=max(authoring - bare, 0),
            limit=LIMIT_S,
        ),
    ]


def _start(statement: str) -> Callable[[], object]:
    return lambda: subprocess.run([sys.executable, "-c", statement], check=True)
