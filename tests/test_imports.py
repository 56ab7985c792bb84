"""What an import costs and what it brings in."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

import kfp_airflow

HEAVY = ("airflow", "kubernetes", "sqlalchemy", "pydantic", "fastapi", "yaml")


def imported_by(statement: str) -> set[str]:
    """Return the top-level modules that a new Python has after `statement`."""
    program = (
        f"import json, sys\n{statement}\nprint(json.dumps(sorted({{name.split('.')[0] for name in sys.modules}})))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(json.loads(done.stdout))


def test_importing_the_package_imports_nothing_heavy() -> None:
    assert imported_by("import kfp_airflow").isdisjoint(HEAVY)


@pytest.mark.parametrize("room", ["dsl", "components", "compiler", "modifiers.gcp"])
def test_authoring_imports_neither_airflow_nor_kubernetes(room: str) -> None:
    assert imported_by(f"import kfp_airflow.{room}").isdisjoint({"airflow", "kubernetes"})


def test_importing_the_package_takes_at_most_three_tenths_of_a_second() -> None:
    def seconds(statement: str) -> float:
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        return time.perf_counter() - started

    assert min(seconds("import kfp_airflow") for _ in range(3)) - min(seconds("pass") for _ in range(3)) <= 0.3


def test_the_public_names_are_these() -> None:
    assert dir(kfp_airflow) == ["__version__", "compiler", "components", "dsl", "load_dags", "to_dag"]


@pytest.mark.parametrize("name", kfp_airflow.__all__)
def test_every_public_name_can_be_had(name: str) -> None:
    assert getattr(kfp_airflow, name) is not None


def test_a_name_that_is_none_says_so() -> None:
    with pytest.raises(AttributeError, match=r"^module 'kfp_airflow' has no attribute 'to_dags'$"):
        kfp_airflow.to_dags  # noqa: B018
