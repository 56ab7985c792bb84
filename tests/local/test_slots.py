"""The steps at a time of several runs, on one machine."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kfp_airflow.diagnostics import StepError
from kfp_airflow.local.slots import slot

HOLDER = """
import sys, time
from pathlib import Path
from kfp_airflow.local.slots import slot

folder, slots, seconds = sys.argv[1:]
with slot(Path(folder), "run", int(slots), look=lambda: None, log=lambda line: None):
    print(time.time(), flush=True)
    time.sleep(float(seconds))
    print(time.time(), flush=True)
"""


def hold(folder: Path, slots: int, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(folder), str(slots), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def most_at_a_time(spans: list[tuple[float, float]]) -> int:
    return max(sum(start <= moment < end for start, end in spans) for moment, _ in spans)


def test_so_many_processes_hold_a_slot_at_a_time_and_nothing_is_left(tmp_path: Path) -> None:
    processes = [hold(tmp_path / "slots", 2, 0.5) for _ in range(6)]
    spans = []
    for process in processes:
        out, _ = process.communicate(timeout=60)
        start, end = out.split()
        spans.append((float(start), float(end)))
    assert most_at_a_time(spans) == 2
    assert list((tmp_path / "slots").iterdir()) == []


def test_the_slot_of_a_process_that_was_killed_is_free(tmp_path: Path) -> None:
    killed = hold(tmp_path, 1, 600)
    assert killed.stdout is not None
    killed.stdout.readline()
    said: list[str] = []
    threading.Timer(0.5, killed.kill).start()
    began = time.monotonic()
    with slot(tmp_path, "run", 1, look=lambda: None, log=said.append):
        assert time.monotonic() - began > 0.4
    assert said == ["Waiting, for the pipeline lets 1 of its steps run at a time"]
    killed.communicate()


def test_runs_have_slots_of_their_own_and_what_looks_ends_the_wait(tmp_path: Path) -> None:
    def look() -> None:
        raise StepError("told to end")

    with (
        slot(tmp_path, "run", 1, look=look, log=pytest.fail),
        slot(tmp_path, "another", 1, look=look, log=pytest.fail),
        pytest.raises(StepError, match="told to end"),
        slot(tmp_path, "run", 1, look=look, log=[].append),
    ):
        pytest.fail("there is no second slot")
    assert list(tmp_path.iterdir()) == []
