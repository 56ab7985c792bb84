"""The digits pipeline in a real Airflow: found, triggered over the public API, scheduled, seen as the UI sees it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.airflow.service import AirflowService

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow")]

LOADER = """
from kfp_airflow import load_dags  # the words that Airflow looks for before it reads a file: airflow, dag

load_dags("pipelines", experiments=["digits", "nightly"], runtime="process")
"""
SCHEDULED = """
from kfp_airflow import dsl, to_dag  # airflow, dag


@dsl.pipeline(name="every-day")
def every_day(text: str = "good morning"):
    dsl.ContainerOp(name="say", image="library/bash:4.4.23", command=["echo"], arguments=[text])


to_dag(every_day, schedule="@daily", catchup=False, runtime="process")
"""
BROKEN = """
from kfp import dsl

@dsl.pipeline(name="broken")
def broken():
    raise RuntimeError("not today")
"""


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[AirflowService]:
    """A real Airflow whose dags folder holds copies of the examples, a scheduled pipeline and a broken one."""
    service = AirflowService(tmp_path_factory.mktemp("airflow"))
    shutil.copytree(root / "dags", service.dags / "pipelines", ignore=shutil.ignore_patterns("__pycache__"))
    (service.dags / ".airflowignore").write_text("pipelines/\n")
    (service.dags / "pipelines" / "broken.py").write_text(BROKEN)
    (service.dags / "kfp_pipelines.py").write_text(LOADER)
    (service.dags / "every_day.py").write_text(SCHEDULED)
    with service:
        yield service


@pytest.fixture(scope="module")
def digits(airflow: AirflowService) -> Any:
    """The digits pipeline, run once with parameters of its own."""
    airflow.wait_for_dag("digits")
    settings = [{"C": 0.001, "iterations": 50}, {"C": 0.1, "iterations": 50}]
    return airflow.run("digits", settings=settings, threshold=0.5, timeout_s=240)


def test_a_dropped_pipeline_appears_with_name_tags_and_documented_typed_parameters(airflow: AirflowService) -> None:
    details = airflow.wait_for_dag("digits")
    assert details["dag_display_name"] == "Digits"
    assert details["description"].startswith("Train a recognizer of handwritten digits")
    assert sorted(tag["name"] for tag in details["tags"]) == ["digits", "nightly"]
    schemas = {name: param["schema"] for name, param in details["params"].items()}
    assert {name: schema["type"] for name, schema in schemas.items()} == {
        "settings": "array",
        "test_share": "number",
        "threshold": "number",
    }
    assert details["params"]["threshold"]["value"] == 0.9
    assert (
        schemas["threshold"]["description_md"]
        == "The model is published when its accuracy on the test images is greater."
    )


def test_every_step_of_a_triggered_run_succeeds_and_its_outputs_are_xcoms(airflow: AirflowService, digits: Any) -> None:
    run_id = digits["dag_run_id"]
    tasks = airflow.tasks("digits", run_id)
    assert digits["state"] == "success", {key: task["state"] for key, task in tasks.items()}
    assert {task["state"] for task in tasks.values()} == {"success"}
    assert float(airflow.xcom("digits", run_id, "evaluate", "accuracy")) > 0.9
    metrics = json.loads(airflow.xcom("digits", run_id, "evaluate", "mlpipeline-metrics"))
    assert metrics["metrics"][0]["name"] == "accuracy"
    assert (
        json.loads(airflow.xcom("digits", run_id, "evaluate", "mlpipeline-ui-metadata"))["outputs"][0]["type"]
        == "confusion_matrix"
    )
    images = airflow.xcom("digits", run_id, "load-digits", "images")
    assert images["kind"] == "file"
    assert images["size"] > 200_000
    assert airflow.xcom("digits", run_id, "publish", "name").startswith("digits-0.9")


def test_a_loop_is_mapped_and_each_index_shows_its_item(airflow: AirflowService, digits: Any) -> None:
    tasks = airflow.tasks("digits", digits["dag_run_id"])
    assert sorted(index for name, index in tasks if name == "train") == [0, 1]
    assert tasks["train", 0]["rendered_map_index"] == '{"C":0.001,"iterations":50}'


@pytest.mark.better("A-10", how="Logs are Airflow's own, kept as all others are.")
def test_the_log_of_a_step_is_airflows_log(airflow: AirflowService, digits: Any) -> None:
    assert "C=0.1: accuracy" in airflow.log("digits", digits["dag_run_id"], "train", map_index=1)
    assert "The run ended: Succeeded" in airflow.log("digits", digits["dag_run_id"], "report")


def test_a_false_condition_skips_its_steps_and_says_why(airflow: AirflowService) -> None:
    airflow.wait_for_dag("digits")
    run = airflow.run("digits", settings=[{"C": 0.01, "iterations": 20}], threshold=0.999, timeout_s=240)
    assert run["state"] == "success"
    skipped = airflow.tasks("digits", run["dag_run_id"])["publish", -1]
    assert skipped["state"] == "skipped"
    assert skipped["note"].startswith("Skipped: condition 'good-enough' (accuracy > threshold) is false: '0.9")
    log = airflow.log("digits", run["dag_run_id"], "publish")
    assert "condition 'good-enough' (accuracy > threshold) is false: '0.9" in log


@pytest.mark.parametrize(("conf", "name"), [({"threshold": "high"}, "threshold"), ({"settings": {"C": 1}}, "settings")])
def test_a_wrong_parameter_is_refused_by_name(airflow: AirflowService, conf: dict[str, Any], name: str) -> None:
    airflow.wait_for_dag("digits")
    status, answer = airflow.trigger("digits", **conf)
    assert status in {400, 422}
    assert name in json.dumps(answer)


def test_a_failing_step_fails_the_run_and_the_exit_handler_still_runs(airflow: AirflowService) -> None:
    airflow.wait_for_dag("exit-handler")
    run = airflow.run("exit-handler", exit_code=3)
    tasks = {name: task["state"] for (name, _), task in airflow.tasks("exit-handler", run["dag_run_id"]).items()}
    assert (run["state"], tasks) == ("failed", {"work": "failed", "clean-up": "success", "verdict": "failed"})
    assert "ended: Failed" in airflow.log("exit-handler", run["dag_run_id"], "clean-up")
    assert "step 'work': failed with exit code 3" in airflow.log("exit-handler", run["dag_run_id"], "work")


def test_a_schedule_makes_runs_by_itself(airflow: AirflowService) -> None:
    airflow.wait_for_dag("every-day")

    def look() -> Any:
        runs = airflow.get("dags/every-day/dagRuns")["dag_runs"]
        return runs[0] if runs and runs[0]["state"] in {"success", "failed"} else None

    run = airflow.wait_for(look, "a scheduled run")
    assert (run["run_type"], run["state"]) == ("scheduled", "success"), airflow.log(
        "every-day", run["dag_run_id"], "say"
    )


def test_a_broken_file_is_an_import_error_of_its_own_and_the_others_load(airflow: AirflowService) -> None:
    airflow.wait_for_dag("digits")

    def look() -> Any:
        errors = {error["filename"]: error["stack_trace"] for error in airflow.get("importErrors")["import_errors"]}
        return errors or None

    errors = airflow.wait_for(look, "the import error")
    assert list(errors) == ["pipelines/broken.py"]
    assert "broken.py:6" in errors["pipelines/broken.py"]
    assert "not today" in errors["pipelines/broken.py"]
