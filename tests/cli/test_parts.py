"""The parts of a session that need no session: homes, reports, logs, events."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import SimpleNamespace

import pytest
from rich.console import Console

from kfp_airflow.cli import watch
from kfp_airflow.cli.display import LineProgress, outputs_text, print_report
from kfp_airflow.cli.events import EventWriter, Finished, TaskChanged, read_events
from kfp_airflow.cli.home import Home, default_home, session_environment
from kfp_airflow.cli.report import RunReport, TaskReport, read_report, write_report
from kfp_airflow.cli.task_logs import failure_in, last_lines

TASK = TaskReport(
    dag_id="digits",
    run_id="manual__1",
    task_id="train",
    map_index=2,
    step="train",
    state="failed",
    duration_s=1.5,
    outputs={"accuracy": "0.9", "model": {"uri": "file:///m", "size": 3, "sha256": "ab", "kind": "file"}},
    message="exit code 3",
)
REPORT = RunReport(
    dag_id="digits", run_id="manual__1", state="failed", duration_s=2.0, parameters={"n": 3}, tasks=(TASK,)
)


def test_a_report_is_the_documented_json(tmp_path: Path) -> None:
    write_report(REPORT, tmp_path / "out.json")
    written = json.loads((tmp_path / "out.json").read_text())
    assert list(written) == ["dag_id", "run_id", "state", "duration_s", "parameters", "tasks"]
    assert list(written["tasks"][0]) == [
        "dag_id",
        "run_id",
        "task_id",
        "map_index",
        "step",
        "state",
        "duration_s",
        "outputs",
        "message",
    ]
    assert read_report(written) == REPORT
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]


def test_a_report_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("old")
    strange = RunReport(dag_id="d", run_id="r", state="s", duration_s=None, parameters={"x": object()}, tasks=())  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        write_report(strange, tmp_path / "out.json")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("out.json", "old")]


def test_events_come_out_as_they_went_in() -> None:
    stream = io.StringIO()
    events = (
        TaskChanged(dag_id="d", run_id="r", task_id="t", map_index=-1, attempt=1, state="running", duration_s=None),
        Finished(report=REPORT.as_json(), logs=["/logs/1.log"], refusals=["x.py:1: no"]),
    )
    for event in events:
        EventWriter(stream).send(event)
    read = tuple(read_events(stream.getvalue().splitlines()))
    assert read[0] == events[0]
    assert isinstance(read[1], Finished)
    assert read_report(read[1].report) == REPORT


def test_a_session_uses_nothing_of_another_airflow(tmp_path: Path) -> None:
    caller = {
        "PATH": "/bin",
        "AIRFLOW_HOME": "/prod",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": "postgresql://prod",
        "AIRFLOW__CORE__FERNET_KEY": "secret",
        "AIRFLOW_CONN_KUBERNETES_DEFAULT": "kubernetes://",
        "AIRFLOW__KFP_AIRFLOW__NAMESPACE": "team",
        "AIRFLOW__KFP_AIRFLOW__ARTIFACTS": "s3://bucket",
    }
    environ = session_environment(Home(root=tmp_path), caller, runtime="process")
    assert environ["AIRFLOW_HOME"] == str(tmp_path)
    assert environ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{tmp_path}/airflow.db?timeout=60"
    assert "AIRFLOW__CORE__FERNET_KEY" not in environ
    kept = (
        "PATH",
        "AIRFLOW_CONN_KUBERNETES_DEFAULT",
        "AIRFLOW__KFP_AIRFLOW__NAMESPACE",
        "AIRFLOW__KFP_AIRFLOW__ARTIFACTS",
    )
    assert {name: environ[name] for name in kept} == {name: caller[name] for name in kept}


def test_the_home_is_the_variable_or_a_folder_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/ada")
    assert default_home({"KFP_AIRFLOW_HOME": "/data/kfp"}) == Path("/data/kfp")
    assert default_home({}) == Path("/home/ada/.local/share/kfp-airflow")
    assert default_home({"XDG_DATA_HOME": "/data"}) == Path("/data/kfp-airflow")


def test_a_log_reads_as_plain_lines(tmp_path: Path) -> None:
    log = tmp_path / "attempt=1.log"
    records = [
        {"event": "::group::Pre Execute"},
        {"event": "one\ntwo"},
        {"event": "Task failed", "error_detail": [{"exc_type": "StepFailed", "exc_value": "step 'a': exit code 3"}]},
        {"event": "::endgroup::"},
    ]
    log.write_text("\n".join(map(json.dumps, records)) + "\nnot json\n[1]\n")
    assert last_lines(log, 4) == ["Task failed", "step 'a': exit code 3", "not json", "[1]"]
    assert last_lines(log, 99)[:2] == ["one", "two"]
    assert failure_in(log) == "step 'a': exit code 3"
    assert (last_lines(tmp_path / "none", 5), failure_in(tmp_path / "none")) == ([], "")


def test_outputs_are_short_in_the_table() -> None:
    assert outputs_text(TASK.outputs) == "accuracy=0.9, model=<file, 3 B>"
    assert outputs_text({"a": "x" * 1234, "b": "two\nlines"}) == f'a={"x" * 48}… (1,234 characters), b="two\\nlines"'


def test_the_table_shows_the_tasks_of_a_called_run_below_its_name() -> None:
    console = Console(file=(stream := io.StringIO()), width=160)
    called = [
        replace(TASK, dag_id="digits.for-loop-1", run_id=f"manual__1.call.{number}", state="success", outputs={})
        for number in range(22)
    ]
    failed = replace(called[0], run_id="manual__1.call.22", state="failed")
    report = replace(REPORT, tasks=(replace(TASK, state="success"), *called, failed))
    print_report(console, report, [""] * len(report.tasks), Home(root=Path("/home")))
    lines = [line.split() for line in stream.getvalue().splitlines()]
    assert lines[1][:2] == ["train[2]", "success"]
    assert lines[2:4] == [["for-loop-1:", "manual__1.call.0"], ["train[2]", "success", "1.5"]]
    assert ["for-loop-1:", "manual__1.call.19"] in lines
    assert ["for-loop-1:", "manual__1.call.20"] not in lines
    assert ["for-loop-1:", "manual__1.call.22"] in lines
    assert ["for-loop-1:", "…", "2", "more", "runs"] in lines


def test_a_line_tells_which_body_a_task_is_of_and_says_once_that_it_started() -> None:
    progress = LineProgress(Console(file=(stream := io.StringIO()), width=160))
    call = TaskChanged(
        dag_id="digits", run_id="r", task_id="call", map_index=0, attempt=1, state="running", duration_s=None
    )
    inner = replace(call, dag_id="digits.for-loop-1", run_id="r.call.0", task_id="train", map_index=-1)
    changes = (call, replace(call, state="deferred"), inner, replace(inner, state="success", duration_s=1), call)
    for event in (*changes, replace(call, state="success", duration_s=2)):
        progress.change(event)
    assert [line.partition(" s  ")[2] for line in stream.getvalue().splitlines()] == [
        "call[0] started",
        "for-loop-1 · train started",
        "for-loop-1 · train success (1.0 s)",
        "call[0] success (2.0 s)",
    ]


@pytest.mark.filterwarnings("ignore:Using .httpx. with .starlette")  # of Airflow's own import
def test_the_task_api_is_built_for_its_newest_version_only() -> None:
    """Where Airflow builds it otherwise, a run starts five seconds later: this test then says so."""
    from airflow.api_fastapi.execution_api.app import create_task_execution_api_app

    from kfp_airflow.cli.task_api import keep_newest_version

    app = create_task_execution_api_app()
    newest = app.versions.versions[0].value  # type: ignore[attr-defined]
    keep_newest_version(app)  # type: ignore[arg-type]
    assert [version.value for version in app.versions] == [newest]  # type: ignore[attr-defined]
    app._cadwyn_initialize()  # type: ignore[attr-defined]
    routes = app.router.versioned_routers[newest].routes  # type: ignore[attr-defined]
    assert any(route.path == "/task-instances/{task_instance_id}/run" for route in routes)


def test_the_seconds_of_a_task_are_those_between_its_start_and_its_end(tmp_path: Path) -> None:
    """Airflow's own `duration` is negative on SQLite, in some versions, where a minute begins in between."""
    start = datetime(2026, 11, 26, 16, 20, 58, 900_000, tzinfo=timezone.utc)
    instance = SimpleNamespace(
        dag_id="d", run_id="r", task_id="t", map_index=-1, try_number=1, state="success", duration=-46.9,
        start_date=start, end_date=start + timedelta(seconds=6.5),
    )  # fmt: skip
    report, _ = watch._read_task(instance, {}, Home(root=tmp_path), {})  # type: ignore[arg-type]
    assert report.duration_s == 6.5
