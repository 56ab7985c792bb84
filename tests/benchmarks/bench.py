"""Measure everything that has a target: `make bench`.

Every module `bench_*.py` beside this one has `measure() -> list[Figure]`, and raises NotMeasured where it cannot run.
The table is printed, and written to `docs/benchmarks.md` when all modules were asked.
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
PAGE = FOLDER.parent.parent / "docs" / "benchmarks.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a benchmark module came to: its figures, or the reason why it has none."""

    module: str
    figures: tuple[Figure, ...] = ()
    reason: str | None = None


def modules() -> list[str]:
    """Return the names of the benchmark modules, without `bench_`."""
    return sorted(path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))


def measure(names: Sequence[str]) -> Iterator[Outcome]:
    """Yield the outcome of each module, as it comes."""
    for name in names:
        try:
            figures = import_module(f"tests.benchmarks.bench_{name}").measure()
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


def page(outcomes: Sequence[Outcome]) -> str:
    """Return `docs/benchmarks.md`."""
    return (
        "# Benchmarks\n\n"
        "Written by `make bench`. What is compared took turns in one process. The best of several rounds counts; for\n"
        "pods, which wait for the kubelet's tick once a second, the median of eleven, begun at random moments.\n\n"
        f"Machine: {machine()}.\n\n{table(outcomes)}"
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the modules that are named, else all of them."""
    parser = argparse.ArgumentParser(description="Measure everything that has a target.")
    parser.add_argument("names", nargs="*", metavar="MODULE", help=f"some of: {', '.join(modules())}")
    names = parser.parse_args(arguments).names
    if unknown := set(names) - set(modules()):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; there are {', '.join(modules())}")
    outcomes: list[Outcome] = []
    for outcome in measure(names or modules()):
        outcomes.append(outcome)
        print(f"{outcome.module}: {outcome.reason or f'{len(outcome.figures)} figures'}", file=sys.stderr)
    print(f"{machine()}\n\n{table(outcomes)}", end="")
    if not names:
        PAGE.write_text(page(outcomes), encoding="utf-8")


if __name__ == "__main__":
    main()
