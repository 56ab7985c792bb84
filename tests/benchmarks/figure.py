"""What a benchmark measures: one figure, what it is held against, and the row that shows both."""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field


class NotMeasured(Exception):
    """A benchmark that cannot run here; the text is the reason, and the table shows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table: what was measured, and how much it may be.

    `measured` and `compared` are seconds, or what `unit` shows. With `compared`, `limit` is a factor of it (1.2: at
    most 1.2 times as long), and `reference` says what was measured beside. `cause` says why it is missed.
    """

    name: str
    measured: float
    limit: float
    compared: float | None = None
    reference: str = ""
    cause: str = ""
    unit: Callable[[float], str] = field(default_factory=lambda: seconds)

    @property
    def ratio(self) -> float:
        """How the figure compares: to its reference, or to its limit where it has none."""
        return self.measured / (self.limit if self.compared is None else self.compared)

    @property
    def excess(self) -> float:
        """By how much of the limit the figure misses it; at most 0 where it holds."""
        return self.ratio - 1 if self.compared is None else self.ratio / self.limit - 1

    def row(self) -> str:
        """Return the figure as a line of a Markdown table."""
        if self.compared is None:
            target, ratio = f"≤ {self.unit(self.limit)}", "–"
        else:
            target = f"≤ {self.limit:g} × {self.reference} ({self.unit(self.compared)})"
            ratio = f"{self.ratio:.2f}"
        verdict = "holds" if self.excess <= 0 else f"**misses by {self.excess:.0%}**"
        return f"| {self.name} | {target} | {self.unit(self.measured)} | {ratio} | {verdict} |"


def seconds(duration_s: float) -> str:
    """Return a duration with three significant digits, in ms below a second."""
    if duration_s < 1:
        return f"{duration_s * 1000:.3g} ms"
    return f"{duration_s:.3g} s" if duration_s < 1000 else f"{duration_s:,.0f} s"


def size(number: float) -> str:
    """Return a number of bytes with three significant digits, in kB from 1,000 on."""
    return f"{number:.3g} B" if abs(number) < 1000 else f"{number / 1000:.3g} kB"


def best_of(rounds: int, *functions: Callable[[], object]) -> tuple[float, ...]:
    """Return the shortest time of each function in seconds; they take turns, so that they meet the same machine.

    The first turn warms up and does not count. Garbage is collected before each call, and not during it.
    """
    best = [float("inf")] * len(functions)
    for turn in range(rounds + 1):
        for index, function in enumerate(functions):
            elapsed = _time(function)
            if turn:
                best[index] = min(best[index], elapsed)
    return tuple(best)


def median_of(rounds: int, *functions: Callable[[], object]) -> tuple[float, ...]:
    """Return the median time of each function in seconds; they take turns, each after a pause of up to a second.

    For what waits for a clock of its own, as pods do for the kubelet's tick, once a second: without the pauses each
    function would always meet the same phase of it, the one that the end of the function before leaves. The first turn
    warms up and does not count.
    """
    phases = random.Random(0)
    times: list[list[float]] = [[] for _ in functions]
    for turn in range(rounds + 1):
        for index, function in enumerate(functions):
            time.sleep(phases.random())
            elapsed = _time(function)
            if turn:
                times[index].append(elapsed)
    return tuple(statistics.median(measured) for measured in times)


def _time(function: Callable[[], object]) -> float:
    gc.collect()
    gc.disable()
    try:
        started = time.perf_counter()
        kept = function()
        elapsed = time.perf_counter() - started
    finally:
        gc.enable()
    del kept
    return elapsed
