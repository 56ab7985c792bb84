"""`kfp-airflow run` of loops in loops and recursion: a triggerer waits for runs that tasks start (L-10, R-01)."""

from __future__ import annotations

import itertools
import json
import signal
import sqlite3
import subprocess
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped] # of Airflow's dependencies
import pytest

from kfp_airflow.version_compat import AIRFLOW_V_3_2_PLUS
from tests.cli.test_run import Command, Start, read_until, start

__all__ = ["start"]  # the fixture

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("home")]


def outputs(report: dict[str, Any], task_id: str) -> list[Any]:
    """Return what the instances of a task gave, or their states where they gave nothing."""
    return [
        next(iter(task["outputs"].values()), task["state"]) for task in report["tasks"] if task["task_id"] == task_id
    ]


def processes_of(home: Path) -> list[psutil.Process]:
    """Return the processes that use a home."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get("AIRFLOW_HOME") == str(home) and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


def open_runs(home: Path) -> list[Any]:
    """Return the runs and task instances of a home that have not ended."""
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        ended = "('success', 'failed', 'skipped', 'upstream_failed', 'removed')"
        return [
            *database.execute(f"SELECT run_id, state FROM dag_run WHERE state NOT IN {ended}"),
            *database.execute(f"SELECT task_id, state FROM task_instance WHERE state NOT IN {ended}"),
        ]


@pytest.mark.row("L-10")
def test_a_loop_in_a_loop_runs_and_its_tasks_are_in_the_report(
    run_command: Command, home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.json"
    done = run_command("run", "calls.py", "--function", "nested", "--home", home, "--runtime", "process", "--json", out)
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(out.read_text())
    assert (report["dag_id"], report["state"]) == ("nested", "success")
    assert outputs(report, "all") == ['[["a!", "b!"], [], ["c!"]]']
    assert outputs(report, "for-loop-1-run") == ["success"] * 3
    inner = [task for task in report["tasks"] if task["task_id"] == "shout"]
    assert sorted(task["outputs"]["out"] for task in inner if task["outputs"]) == ["a!", "b!", "c!"]
    assert {(task["dag_id"], task["step"]) for task in inner} == {("nested.for-loop-1", "shout")}
    assert len({task["run_id"] for task in inner}) == 3
    assert all(task["run_id"].startswith(f"{report['run_id']}.for-loop-1-run.") for task in inner)
    assert sorted(task["message"] for task in report["tasks"] if task["task_id"] == "only-a" and task["message"]) == [
        "condition 'is a' (out == 'a!') is false: 'b!' == 'a!'",
        "condition 'is a' (out == 'a!') is false: 'c!' == 'a!'",
    ]
    assert "for-loop-1 · shout[0] started\n" in done.stdout
    assert done.stdout.count("for-loop-1-run[0] started\n") == 1
    assert "database is locked" not in "".join(log.read_text() for log in (home / "logs/sessions").iterdir())


@pytest.mark.row("L-14")
def test_a_failing_iteration_of_the_inner_loop_fails_its_call_alone_and_the_run(
    run_command: Command, home: Path, tmp_path: Path
) -> None:
    options = ("--function", "nested", "-p", "bad=b", "--home", home, "--runtime", "process")
    done = run_command("run", "calls.py", *options, "--json", tmp_path / "out")
    assert done.returncode == 1, done.stdout + done.stderr
    report = json.loads((tmp_path / "out").read_text())
    assert report["state"] == "failed"
    assert outputs(report, "for-loop-1-run") == ["failed", "success", "success"]
    assert outputs(report, "all") == ["upstream_failed"]
    (failed,) = (task for task in report["tasks"] if task["task_id"] == "shout" and task["state"] == "failed")
    assert failed["map_index"] == 1
    (call,) = (task for task in report["tasks"] if task["task_id"] == "for-loop-1-run" and task["state"] == "failed")
    assert call["message"] == f"run {failed['run_id']} of DAG nested.for-loop-1 ended as failed in shout_1"
    assert f"shout[1] failed: {failed['message']}\n" in done.stdout


@pytest.fixture
def running(start: Start, home: Path, tmp_path: Path) -> subprocess.Popen[str]:
    """A run in the moment in which steps of called runs begin; they would take five minutes."""
    options = ("--function", "nested", "-p", "seconds=300", "--home", home, "--runtime", "process")
    process = start("run", "calls.py", *options, "--json", tmp_path / "out")
    read_until(process, "for-loop-1 · shout[0] started")
    assert any("kfp_airflow.cli.triggerer" in found.cmdline() for found in processes_of(home))
    return process


def test_after_ctrl_c_nothing_is_left_and_the_report_says_what_was_ended(
    running: subprocess.Popen[str], home: Path, tmp_path: Path
) -> None:
    running.send_signal(signal.SIGINT)
    told, _ = running.communicate(timeout=60)
    assert running.returncode == 130, told
    assert_gone(home)
    assert open_runs(home) == []
    report = json.loads((tmp_path / "out").read_text())
    assert report["state"] == "failed"
    assert "failed" in outputs(report, "shout")
    assert set(outputs(report, "for-loop-1-run")) <= {"failed", "success", None}


def test_when_the_command_is_killed_its_session_ends_everything(running: subprocess.Popen[str], home: Path) -> None:
    running.kill()
    assert_gone(home)
    assert open_runs(home) == []


def test_when_the_session_is_killed_the_command_ends_everything_and_says_so(
    running: subprocess.Popen[str], home: Path
) -> None:
    """What is open in the database the next session ends."""
    children = psutil.Process(running.pid).children()
    (session,) = (child for child in children if "kfp_airflow.cli.session" in child.cmdline())
    session.kill()
    told, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "The Airflow session failed: it ended without a result" in told
    assert_gone(home)


def test_when_the_triggerer_is_killed_the_run_ends_and_says_so(running: subprocess.Popen[str], home: Path) -> None:
    """Else its calls would wait for ever."""
    of_triggerer = [found for found in processes_of(home) if "kfp_airflow.cli.triggerer" in found.cmdline()]
    for process in of_triggerer:
        process.kill()
    told, _ = running.communicate(timeout=60)
    assert running.returncode == 1
    assert "The Airflow session failed: RuntimeError: the triggerer of the session has ended by itself" in told
    assert_gone(home)
    assert open_runs(home) == []


def assert_gone(home: Path) -> None:
    """Wait until no process uses the home."""
    deadline = time.monotonic() + 40
    while left := processes_of(home):
        assert time.monotonic() < deadline, [found.cmdline() for found in left]
        time.sleep(0.2)


@pytest.mark.row("R-01", "R-05")
def test_recursion_runs_until_its_condition_is_false(run_command: Command, home: Path, tmp_path: Path) -> None:
    """After the sessions that were ended: what they left behind is in nobody's way."""
    options = ("--function", "counting", "-p", "limit=2", "--home", home, "--runtime", "process")
    done = run_command("run", "calls.py", *options, "--json", tmp_path / "out")
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / "out").read_text())
    assert outputs(report, "more") == ["1\n", "2\n"]
    assert outputs(report, "said") == ["2"]
    assert "condition 'not enough' (out < limit) is false: '2' < '2'" in {task["message"] for task in report["tasks"]}
    assert open_runs(home) == []


@pytest.mark.row("P-03", "A-06")
def test_the_steps_at_a_time_are_counted_over_all_runs_that_tasks_start(
    run_command: Command, home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    done = run_command(
        "run", "calls.py", "--function", "limited", "--home", home, "--runtime", "process", "--json", out
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert most_at_a_time(json.loads(out.read_text())) == 2


@pytest.mark.row("L-09", "R-05")
@pytest.mark.skipif(not AIRFLOW_V_3_2_PLUS, reason="calls that wait count in no limit of their task before Airflow 3.2")
def test_a_loop_of_few_iterations_at_a_time_may_come_again_in_one_of_them(
    run_command: Command, home: Path, tmp_path: Path
) -> None:
    """The limit is that of one run: the runs inside an iteration have theirs, and wait for nothing outside."""
    out = tmp_path / "out"
    options = ("--function", "one_by_one", "--home", home, "--runtime", "process")
    done = run_command("run", "calls.py", *options, "--json", out)
    assert done.returncode == 0, done.stdout + done.stderr
    by_caller: dict[str, list[tuple[str, str]]] = {}
    with closing(sqlite3.connect(home / "airflow.db")) as database:
        bodies = "SELECT conf, start_date, end_date FROM dag_run WHERE dag_id LIKE 'one-by-one.for-loop%'"
        for conf, begun, ended in database.execute(bodies):
            caller = json.loads(conf)["kfp_airflow"]["callers"][-1]
            by_caller.setdefault(caller["run_id"], []).append((begun, ended))
    assert sorted(map(len, by_caller.values())) == [2, 2, 2]
    for first, second in map(sorted, by_caller.values()):
        assert first[1] <= second[0]


def most_at_a_time(report: dict[str, Any]) -> int:
    """Return how many of the nine steps of `limited` ran at a time, by what their clocks said."""
    (given,) = outputs(report, "all")
    beside, inner = json.loads(given)
    spans = [json.loads(span) for span in (*beside, *itertools.chain(*inner))]
    assert len(spans) == 3 + 6
    return max(sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans)
