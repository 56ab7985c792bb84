"""The benchmarks themselves: that they say what they measured. The figures are `make bench`'s, not a test's."""

from __future__ import annotations

import re
import socket

import pytest

from tests.benchmarks import bench
from tests.benchmarks.figure import Figure, NotMeasured, best_of, seconds


def test_a_figure_with_a_reference_is_held_against_a_multiple_of_it() -> None:
    figure = Figure(name="a step", measured=1.1, limit=1.3, compared=1.0, reference="a raw pod")
    assert figure.row() == "| a step | ≤ 1.3 × a raw pod (1 s) | 1.1 s | 1.10 | holds |"


def test_a_figure_that_misses_its_target_says_by_how_much() -> None:
    assert Figure(name="import", measured=0.45, limit=0.3).row() == (
        "| import | ≤ 300 ms | 450 ms | – | **misses by 50%** |"
    )
    compared = Figure(name="DAG", measured=1.8, limit=1.2, compared=1.0, reference="by hand")
    assert compared.row().endswith("| 1.80 | **misses by 50%** |")


def test_durations_have_three_digits_and_a_unit() -> None:
    assert [seconds(value) for value in (0.0123456, 0.5, 1.23456, 98.76, 1234.5)] == [
        "12.3 ms",
        "500 ms",
        "1.23 s",
        "98.8 s",
        "1,234 s",
    ]


def test_what_is_compared_takes_turns() -> None:
    calls: list[str] = []
    best_of(2, lambda: calls.append("a"), lambda: calls.append("b"))
    assert calls == ["a", "b"] * 3


def test_what_cannot_be_measured_stands_below_the_table_with_its_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes = [bench.Outcome(module="pods", reason="KUBECONFIG names no cluster")]
    assert bench.table(outcomes).endswith("|\n\nNot measured: pods (KUBECONFIG names no cluster).\n")


def test_the_page_shows_the_machines_shape_and_not_its_name() -> None:
    shape = bench.machine()
    assert re.search(r"\d+ cores .+ GiB of memory, .+ Airflow 3\.", shape)
    assert socket.gethostname() not in shape


def test_a_benchmark_that_is_none_is_refused_with_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["pot"])
    assert f"there is no benchmark pot; there are {', '.join(bench.modules())}" in capsys.readouterr().err


def test_a_module_that_cannot_run_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> list[Figure]:
        raise NotMeasured("no cluster")

    monkeypatch.setattr("tests.benchmarks.bench_demo.measure", refuse)
    monkeypatch.setattr("tests.benchmarks.bench_import.measure", list)
    assert [(outcome.module, outcome.reason) for outcome in bench.measure(["demo", "import"])] == [
        ("demo", "no cluster"),
        ("import", None),
    ]
