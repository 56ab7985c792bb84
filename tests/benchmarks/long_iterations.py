"""Whether a long loop costs more and more memory: 1,000 iterations of two steps by `kfp-airflow run`."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path
from statistics import median

import psutil  # type: ignore[import-untyped]

from tests.benchmarks.figure import Figure, NotMeasured, size

ITERATIONS = 1000
WARM = 200
"""Iterations after which everything that is kept once has been kept."""
LONG_LIVED_S = 60
"""Processes that live so long are Airflow's own; each task has a short one of its own, too."""
PAUSE_S = 5
PATIENCE_S = 3600
PIPELINE = f"""
from kfp import dsl


def bash(name, program, *texts):
    return dsl.ContainerOp(
        name=name,
        image="library/bash:4.4.23",
        command=["bash", "-c", program, name],
        arguments=list(texts),
        file_outputs={{"out": "/tmp/out"}},
    )


@dsl.pipeline(name="iterations")
def iterations():
    numbers = bash("numbers", "printf '[%s]' \\"$(seq -s, {ITERATIONS})\\" > /tmp/out")
    with dsl.ParallelFor(numbers.output) as number:
        doubled = bash("double", 'echo "$(($1 * 2))" > /tmp/out', number)
        bash("halve", 'echo "$(($1 / 2))" > /tmp/out', doubled.output)
"""


def measure() -> list[Figure]:
    """Return how much memory an iteration leaves behind in Airflow's processes, by what they have early and late.

    Raises NotMeasured where the run takes longer than `PATIENCE_S`.
    """
    with tempfile.TemporaryDirectory(prefix="kfp-airflow-bench-") as folder:
        file, home = Path(folder) / "iterations.py", Path(folder) / "home"
        file.write_text(PIPELINE)
        command = [sys.executable, "-m", "kfp_airflow.cli", "run", str(file), "--runtime", "process"]
        environ = {**os.environ, "AIRFLOW__CORE__MAX_MAP_LENGTH": str(ITERATIONS)}
        with (
            (Path(folder) / "printed").open("wb") as printed,
            subprocess.Popen([*command, "--home", str(home)], env=environ, stdout=printed, stderr=printed) as run,
        ):
            samples = _watch(run, home)
        if run.returncode:
            raise RuntimeError((Path(folder) / "printed").read_text()[-4000:])
    part = max(len(samples) // 5, 1)
    (early_done, early), (late_done, late) = _middle(samples[:part]), _middle(samples[-part:])
    return [
        Figure(
            name=f"memory that each of {ITERATIONS:,} iterations of two steps leaves, process runtime",
            measured=(late - early) / (late_done - early_done),
            limit=10_000,
            unit=size,
        )
    ]


def _watch(run: subprocess.Popen[bytes], home: Path) -> list[tuple[float, int]]:
    """Return pairs of iterations that are done and bytes that the long-lived processes have, until the run ends."""
    samples = []
    begun = time.monotonic()
    while run.poll() is None:
        if time.monotonic() - begun > PATIENCE_S:
            run.terminate()
            raise NotMeasured(f"{ITERATIONS:,} iterations take longer than {PATIENCE_S:,} s")
        time.sleep(PAUSE_S)
        done = _steps_done(home) / 2
        if WARM <= done < ITERATIONS:
            samples.append((done, _memory(run.pid)))
    return samples


def _middle(samples: list[tuple[float, int]]) -> tuple[float, float]:
    """Return the medians."""
    return median(done for done, _ in samples), median(memory for _, memory in samples)


def _steps_done(home: Path) -> int:
    for database in home.rglob("airflow.db"):
        with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection, suppress(sqlite3.Error):
            counted = "select count(*) from task_instance where state = 'success' and map_index >= 0"
            return int(connection.execute(counted).fetchone()[0])
    return 0


def _memory(pid: int) -> int:
    """Return the resident memory (RSS) of a process and its long-lived descendants together, in bytes.

    Pages that they share count for each of them, which growth does not mind. What they have for themselves alone (USS)
    would jump by 10 MB a worker whenever a task is forked from it, and hide what an iteration leaves.
    """
    total = 0
    now = time.time()
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with suppress(psutil.Error):
            if now - process.create_time() > LONG_LIVED_S:
                total += process.memory_info().rss
    return total
