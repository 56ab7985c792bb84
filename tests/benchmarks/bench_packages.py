"""A package of 1,000 templates becomes a graph; twice as many take twice as long."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.figure import Figure, best_of

TEMPLATES = 1000
LIMIT_S = 1.0
GROWTH = 2.2
ROUNDS = 5


def measure() -> list[Figure]:
    """Return the time for a file of 1,000 templates, and that for 2,000 against it."""
    with TemporaryDirectory() as folder:
        once, twice = (written(Path(folder) / f"{size}.yaml", size) for size in (TEMPLATES, 2 * TEMPLATES))
        took, took_twice = best_of(ROUNDS, reading(once), reading(twice))
    return [
        Figure(name=f"Reading a package of {TEMPLATES:,} templates", measured=took, limit=LIMIT_S),
        Figure(
            name=f"Reading a package of {2 * TEMPLATES:,} templates",
            measured=took_twice,
            limit=GROWTH,
            compared=took,
            reference=f"{TEMPLATES:,} templates",
        ),
    ]


def written(path: Path, templates: int) -> Path:
    """Write a package: steps from a component, each reading an output of the one before it, ten to a condition."""
    from kfp_airflow import components, dsl
    from kfp_airflow.dsl.build import build_graph
    from kfp_airflow.package.files import write_package
    from kfp_airflow.package.write import write

    def add(a: float, b: float) -> float:
        """Add two numbers."""
        return a + b

    make = components.create_component_from_func(add, base_image="python:3.11")
    # A group has a template of its own, and so has the pipeline.
    groups = (templates - 1) // 11

    def many(rate: Float = 0.1) -> None:  # type: ignore[name-defined] # noqa: F821 - a type of KFP by its name
        for _ in range(groups):
            with dsl.Condition(rate > 0):
                previous = rate
                for _ in range(10):
                    previous = make(previous, 1).output
        for _ in range(templates - 1 - 11 * groups):
            make(rate, 1)

    write_package(write(build_graph(dsl.pipeline(name="many")(many))), path)
    return path


def reading(path: Path) -> Callable[[], object]:
    """Return a function that reads the package as a DAG file with `to_dag` does."""
    from kfp_airflow.package.read import read_package

    return lambda: read_package(path)
