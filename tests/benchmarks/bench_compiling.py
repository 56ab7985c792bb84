"""From a pipeline function to a package, against the real SDK in an environment of its own."""

from __future__ import annotations

import tempfile
import warnings
from pathlib import Path
from typing import Final

from tests.benchmarks.figure import Figure, NotMeasured, best_of
from tests.conformance.judge import Judge, NoJudge, judge_python

SIZES: Final = {10: 10, 100: 4, 300: 2, 1000: 1}
"""Steps, and how often each side compiles; the shortest time counts."""
LIMIT: Final = 0.1
LINEAR: Final = 1.5
"""How much longer a step of the largest pipeline may take than one of 100 steps."""

CHAIN: Final = """
from kfp import dsl


def step(name, *arguments):
    return dsl.ContainerOp(
        name=name, image="python:3.9", command=["python", "-c"], arguments=list(arguments), file_outputs={"value": "/v"}
    )


@dsl.pipeline(name="chain")
def chain(rate: float = 0.1):
    value = rate
    for number in range(SIZE):
        value = step(f"step {number}", "print('hello')", "--value", value).outputs["value"]
"""
FAN: Final = (
    CHAIN[: CHAIN.index("@dsl")]
    + """@dsl.pipeline(name="fan")
def fan(rate: float = 0.1, items: list = [1, 2, 3]):
    first = step("first", rate)
    for number in range(SIZE // 5):
        with dsl.ParallelFor(items) as item:
            made = step(f"make {number}", item, first.output)
            with dsl.Condition(made.output > rate):
                step("good", made.output, first.output)
                step("better", f"{item} of {number}", rate)
            with dsl.Condition(made.output <= rate):
                step("bad", made.output)
        step("after", str(number), first.output)
"""
)
CAUSE = "The two are timed in processes of their own, one after the other; on a busy machine either moves by half."


def measure() -> list[Figure]:
    """Return figures for 10, 100, 300 and 1,000 steps, a chain and a fan of loops and conditions; and their growth."""
    try:
        python = judge_python()
    except NoJudge as reason:
        raise NotMeasured(str(reason)) from reason
    figures: list[Figure] = []
    with Judge(python) as judge, tempfile.TemporaryDirectory() as folder:
        for shape, source in (("chain", CHAIN), ("fan with loops and conditions", FAN)):
            times = {}
            for size, rounds in SIZES.items():
                path = Path(folder) / f"pipeline_{shape[:3]}_{size}.py"
                path.write_text(source.replace("SIZE", str(size)), encoding="utf-8")
                times[size] = _ours(path, rounds)
                figures.append(
                    Figure(
                        name=f"Package of a {shape} of {size:,} steps",
                        measured=times[size],
                        limit=LIMIT,
                        compared=judge.time(path, rounds=rounds),
                        reference="the real SDK",
                        cause=CAUSE,
                    )
                )
            largest = max(times)
            figures.append(
                Figure(
                    name=f"One step in a {shape} of {largest:,} steps",
                    measured=times[largest] / largest,
                    limit=LINEAR,
                    compared=times[100] / 100,
                    reference="in one of 100",
                )
            )
    return figures


def _ours(path: Path, rounds: int) -> float:
    from kfp_airflow.catalog.files import load_functions
    from kfp_airflow.package.files import write_package
    from kfp_airflow.package.write import write

    (function,) = load_functions(path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (best,) = best_of(rounds, lambda: write_package(write(function.build()), path.with_suffix(".yaml")))
    return best
