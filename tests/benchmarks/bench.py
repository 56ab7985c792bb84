"""Measure everything that has a target: `make bench`, and `make bench-long` for what takes many minutes.

Every module `bench_*.py` and `long_*.py` beside this one has `measure() -> list[Figure]`, and raises NotMeasured where
it cannot run. The table is printed, and written to a page of the documentation when all modules were asked.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

from tests.benchmarks.figure import Figure, NotMeasured

FOLDER = Path(__file__).parent
DOCS = FOLDER.parent.parent / "docs"
PAGES = {"bench": DOCS / "benchmarks.md", "long": DOCS / "benchmarks-long.md"}
"""The page of each suite; the modules of a suite begin with its name."""
INTRODUCTIONS = {
    "bench": """# Benchmarks

Written by `make bench`. What is compared took turns in one process. The best of several rounds counts; for
pods, which wait for the kubelet's tick once a second, the median of eleven, begun at random moments.
What takes many minutes has [a table of its own](benchmarks-long.md).
""",
    "long": """# Long benchmarks

Written by `make bench-long`: runs of many tasks by a real scheduler.
""",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a benchmark module came to: its figures, or the reason why it has none."""

    module: str
    figures: tuple[Figure, ...] = ()
    reason: str | None = None


def modules(suite: str = "bench") -> list[str]:
    """Return the names of a suite's modules, without the suite's."""
    return sorted(path.stem.removeprefix(f"{suite}_") for path in FOLDER.glob(f"{suite}_*.py"))


def measure(names: Sequence[str], suite: str = "bench") -> Iterator[Outcome]:
    """Yield the outcome of each module, as it comes."""
    for name in names:
        try:
            figures = import_module(f"tests.benchmarks.{suite}_{name}").measure()
        except NotMeasured as reason:
            yield Outcome(module=name, reason=str(reason))
        else:
            yield Outcome(module=name, figures=tuple(figures))


def table(outcomes: Sequence[Outcome]) -> str:
    """Return the Markdown table of all figures, and below it what was not measured."""
    lines = ["| figure | target | measured | ratio | |", "|---|---|---|---|---|"]
    lines += [figure.row() for outcome in outcomes for figure in outcome.figures]
    missing = [f"Not measured: {outcome.module} ({outcome.reason})." for outcome in outcomes if outcome.reason]
    missing += [
        f"Missed: {figure.name}. {figure.cause}"
        for outcome in outcomes
        for figure in outcome.figures
        if figure.excess > 0 and figure.cause
    ]
    return "\n".join([*lines, *(line for text in missing for line in ("", text))]) + "\n"


def machine() -> str:
    """Return the shape of this machine and what ran on it; nothing that names it."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{cores} cores ({platform.machine()}), {memory_gib:.0f} GiB of memory, {platform.system()}, "
        f"Python {platform.python_version()}, Airflow {version('apache-airflow-core')}, "
        f"cncf.kubernetes provider {version('apache-airflow-providers-cncf-kubernetes')}"
    )


def page(outcomes: Sequence[Outcome], suite: str) -> str:
    """Return the page of a suite."""
    return f"{INTRODUCTIONS[suite]}\nMachine: {machine()}.\n\n{table(outcomes)}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the modules that are named, else all of them."""
    parser = argparse.ArgumentParser(description="Measure everything that has a target.")
    parser.add_argument("--suite", choices=PAGES, default="bench")
    parser.add_argument("names", nargs="*", metavar="MODULE", help=f"some of: {', '.join(modules())}")
    parsed = parser.parse_args(arguments)
    names, suite = parsed.names, parsed.suite
    if unknown := set(names) - set(modules(suite)):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(modules(suite))}")
    outcomes: list[Outcome] = []
    for outcome in measure(names or modules(suite), suite):
        outcomes.append(outcome)
        print(f"{outcome.module}: {outcome.reason or f'{len(outcome.figures)} figures'}", file=sys.stderr)
    print(f"{machine()}\n\n{table(outcomes)}", end="")
    if not names:
        PAGES[suite].write_text(page(outcomes, suite), encoding="utf-8")


if __name__ == "__main__":
    main()
