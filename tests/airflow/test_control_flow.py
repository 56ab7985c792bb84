"""Loops in loops and recursion in a real Airflow: called DAGs, their runs, a restart in the middle, a clearing."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.airflow.service import AirflowService

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow")]

LOADER = """
from kfp_airflow import load_dags  # airflow, dag

load_dags("pipelines", experiments=["control-flow"], runtime="process")
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[AirflowService]:
    """A real Airflow whose dags folder holds the pipelines that `kfp-airflow run` runs in tests/cli."""
    service = AirflowService(tmp_path_factory.mktemp("airflow"))
    (service.dags / "pipelines").mkdir()
    shutil.copy(root / "tests/cli/pipelines/calls.py", service.dags / "pipelines")
    (service.dags / ".airflowignore").write_text("pipelines/\n")
    (service.dags / "kfp_pipelines.py").write_text(LOADER)
    with service:
        yield service


def runs(airflow: AirflowService, dag_id: str, root_run_id: str) -> list[Any]:
    """Return the runs of a called DAG that a run of the pipeline led to, in the order of their starts."""
    found = airflow.get(f"dags/{dag_id}/dagRuns?limit=100&order_by=id")["dag_runs"]
    return [run for run in found if run["dag_run_id"].startswith(root_run_id)]


def states_of(airflow: AirflowService, dag_id: str, root_run_id: str) -> dict[str, str]:
    """Return the states of a run's tasks and of those of the runs it led to, for the message of a failed test."""
    shown = {}
    called = [dag["dag_id"] for dag in airflow.get("dags?limit=100")["dags"] if dag["dag_id"].startswith(f"{dag_id}.")]
    for id_ in (dag_id, *called):
        for run in runs(airflow, id_, root_run_id):
            for (task_id, index), task in airflow.tasks(id_, run["dag_run_id"]).items():
                shown[f"{run['dag_run_id']} {task_id}[{index}]"] = task["state"]
    return shown


@pytest.mark.row("L-10")
def test_called_dags_are_there_unpaused_with_the_tags_and_a_name_that_says_what_they_are(
    airflow: AirflowService,
) -> None:
    airflow.wait_for_dag("nested")
    airflow.wait_for_dag("counting")
    shown = {}
    for dag_id in ("nested.for-loop-1", "counting.graph-count-1"):
        details = airflow.wait_for_dag(dag_id)
        tags = [tag["name"] for tag in details["tags"]]
        shown[details["dag_display_name"]] = (details["is_paused"], tags, details["description"])
    assert shown == {
        "nested · for each item of out": (
            False,
            ["control-flow"],
            "Runs one item of the loop 'for-loop-1' of nested, whose tasks start it",
        ),
        "counting · count": (False, ["control-flow"], "Runs one round of 'count' of counting, whose tasks start it"),
    }


@pytest.fixture
def seen_by_steps() -> Iterator[Path]:
    """A folder that the process runtime shows to steps: /tmp and homes are their own."""
    if not os.access("/opt", os.W_OK):
        pytest.skip("only root may put something where steps see it")
    with tempfile.TemporaryDirectory(prefix="kfp-airflow-tests-", dir="/opt") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.mark.row("L-10", "L-14")
def test_a_failed_call_of_a_loop_is_cleared_alone_and_runs_again(airflow: AirflowService, seen_by_steps: Path) -> None:
    airflow.wait_for_dag("nested.for-loop-1")
    mended = seen_by_steps / "mended"
    failed = airflow.run("nested", bad="b", mended=str(mended), timeout_s=300)
    run_id = failed["dag_run_id"]
    tasks = airflow.tasks("nested", run_id)
    assert failed["state"] == "failed"
    calls = [tasks["for-loop-1-run", index] for index in range(3)]
    assert [call["state"] for call in calls] == ["failed", "success", "success"]
    tries = [call["try_number"] for call in calls]
    assert [call["rendered_map_index"] for call in calls] == ['["a","b"]', "[]", '["c"]']
    assert tasks["all", -1]["state"] == "upstream_failed"
    called = {run["dag_run_id"]: run["state"] for run in runs(airflow, "nested.for-loop-1", run_id)}
    assert sorted(called.values()) == ["failed", "success", "success"]
    links = f"dags/nested/dagRuns/{quote(run_id)}/taskInstances/for-loop-1-run/links?map_index=0"
    (link,) = airflow.get(links)["extra_links"].values()
    (failed_run,) = (called_id for called_id, state in called.items() if state == "failed")
    assert link.endswith(f"/dags/nested.for-loop-1/runs/{failed_run}"), link

    mended.touch()
    clearing = {
        "dry_run": False,
        "dag_run_id": run_id,
        "task_ids": [["for-loop-1-run", 0]],
        "include_downstream": True,
        "only_failed": False,
        "reset_dag_runs": True,
    }
    status, answer = airflow.call("POST", "dags/nested/clearTaskInstances", clearing)
    assert status == 200, answer
    again = airflow.wait_for_run("nested", run_id, 300)
    tasks = airflow.tasks("nested", run_id)
    assert again["state"] == "success", states_of(airflow, "nested", run_id)
    tries_then = [tasks["for-loop-1-run", index]["try_number"] for index in range(3)]
    assert (tries_then[0] > tries[0], tries_then[1:]) == (True, tries[1:])
    assert json.loads(airflow.xcom("nested", run_id, "all", "out")) == [["a!", "b!"], [], ["c!"]]
    (new,) = (run for run in runs(airflow, "nested.for-loop-1", run_id) if run["dag_run_id"] not in called)
    assert new["state"] == "success"  # a run of its own: the cleared run began at another time, which steps can read


@pytest.mark.row("EH-02")
def test_a_run_that_a_person_marks_failed_begins_nothing_more_but_its_exit_handlers(airflow: AirflowService) -> None:
    airflow.wait_for_dag("handled.for-loop-3")
    status, run = airflow.trigger("handled", seconds=3600)
    assert status == 200, run
    run_id = run["dag_run_id"]

    def every_slow_step_runs() -> bool | None:
        bodies = runs(airflow, "handled.for-loop-3", run_id)
        states = [airflow.tasks("handled.for-loop-3", body["dag_run_id"])["slow", -1]["state"] for body in bodies]
        return states == ["running"] * 2 or None

    airflow.wait_for(every_slow_step_runs, "the steps that take an hour", timeout_s=180)
    status, answer = airflow.call("PATCH", f"dags/handled/dagRuns/{quote(run_id)}", {"state": "failed"})
    assert status == 200, answer
    ended = airflow.wait_for_run("handled", run_id, 120)
    assert ended["state"] == "failed", states_of(airflow, "handled", run_id)
    assert airflow.xcom("handled", run_id, "bye", "out") == "Failed"
    for body in runs(airflow, "handled.for-loop-3", run_id):
        airflow.wait_for_run("handled.for-loop-3", body["dag_run_id"], 120)
        tasks = airflow.tasks("handled.for-loop-3", body["dag_run_id"])
        assert {name: task["state"] for (name, _), task in tasks.items()} == {
            "for-loop-4-items": "upstream_failed",
            "slow": "failed",
            "never": "upstream_failed",
            "each": "upstream_failed",
        }
        why = airflow.xcom("handled.for-loop-3", body["dag_run_id"], "slow", "kfp_message")
        assert re.fullmatch(r"task 'for-loop-3-run' of run .+ has ended as failed: nothing goes on here", why)


@pytest.mark.row("R-01", "R-05")
def test_recursion_goes_on_after_the_scheduler_was_started_anew(airflow: AirflowService) -> None:
    airflow.wait_for_dag("counting.graph-count-1")
    status, run = airflow.trigger("counting", limit=3)
    assert status == 200, run
    run_id = run["dag_run_id"]

    def in_the_middle() -> bool | None:
        return len(runs(airflow, "counting.graph-count-1", run_id)) >= 2 or None

    airflow.wait_for(in_the_middle, "the second round", timeout_s=120)
    airflow.restart("scheduler")
    ended = airflow.wait_for_run("counting", run_id, 300)
    assert ended["state"] == "success", states_of(airflow, "counting", run_id)
    assert airflow.xcom("counting", run_id, "said", "out") == "3"
    rounds = runs(airflow, "counting.graph-count-1", run_id)
    assert [(round_["state"]) for round_ in rounds] == ["success"] * 3
    last = rounds[-1]["dag_run_id"]
    (again,) = (task for (name, _), task in airflow.tasks("counting.graph-count-1", last).items() if name != "more")
    assert (again["task_display_name"], again["state"]) == ("count once more", "skipped")
    log = airflow.log("counting.graph-count-1", last, again["task_id"])
    assert "condition 'not enough' (out < limit) is false: '3" in log
