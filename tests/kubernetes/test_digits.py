"""The digits pipeline on a real cluster, by the command: every step a pod."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.kubernetes


def test_the_digits_pipeline_succeeds_with_every_step_a_pod(root: Path, tmp_path: Path) -> None:
    report = tmp_path / "out.json"
    settings = json.dumps([{"C": 0.001, "iterations": 20}, {"C": 0.03, "iterations": 20}])
    command = [sys.executable, "-m", "kfp_airflow.cli", "run", "dags/digits/pipeline.py", "--runtime", "kubernetes"]
    options = ["-p", f"settings={settings}", "--home", str(tmp_path / "home"), "--json", str(report)]
    done = subprocess.run([*command, *options], cwd=root, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    run = json.loads(report.read_text())
    states = {(task["task_id"], task["map_index"]): task["state"] for task in run["tasks"]}
    assert set(states.values()) == {"success"}, states
    assert sorted(index for name, index in states if name == "train") == [0, 1]
    outputs = {task["step"]: task["outputs"] for task in run["tasks"] if task["map_index"] < 0}
    assert float(outputs["evaluate"]["accuracy"]) > 0.9
    assert outputs["split"]["training"]["kind"] == "file"
    assert outputs["report"]["report"] == "The run ended: Succeeded\n"


def test_a_failing_step_fails_the_run_with_its_log_exit_code_and_pod(root: Path, tmp_path: Path) -> None:
    report = tmp_path / "out.json"
    command = [sys.executable, "-m", "kfp_airflow.cli", "run", "dags/first_steps/exit_handler.py"]
    options = ["--runtime", "kubernetes", "-p", "exit_code=3", "--home", str(tmp_path / "home"), "--json", str(report)]
    done = subprocess.run([*command, *options], cwd=root, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    work = next(task for task in json.loads(report.read_text())["tasks"] if task["step"] == "work")
    assert work["state"] == "failed"
    assert "step 'work': exit code 3, Error; pod exit-handler-work-" in work["message"]
    assert "| working" in done.stdout


@pytest.mark.parametrize(
    ("image", "reason"),
    [("localhost:1/no/such:image", "ErrImagePull|ImagePullBackOff"), ("team/Upper:1", "InvalidImageName")],
)
def test_an_image_that_cannot_be_pulled_is_one_message_and_exit_code_2(
    root: Path, tmp_path: Path, image: str, reason: str
) -> None:
    pipeline = tmp_path / "images.py"
    pipeline.write_text(
        "from kfp import dsl\n\n\n"
        "@dsl.pipeline(name='images')\n"
        "def images():\n"
        "    say = dsl.ContainerOp(name='say', image='busybox:1.36', command=['echo', 'said'])\n"
        f"    dsl.ContainerOp(name='train', image='{image}', command=['true']).after(say)\n"
    )
    report = tmp_path / "out.json"
    command = [sys.executable, "-m", "kfp_airflow.cli", "run", str(pipeline), "--runtime", "kubernetes"]
    options = ["--home", str(tmp_path / "home"), "--json", str(report)]
    environ = {**os.environ, "AIRFLOW__KFP_AIRFLOW__STARTUP_TIMEOUT": "20"}
    done = subprocess.run([*command, *options], cwd=root, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 2, done.stdout + done.stderr
    where = re.escape(f"{pipeline}:7: step 'train': pod images-train-")
    refusal = (
        rf"^{where}\S+ in namespace \S+ did not start[^:]*: image '{re.escape(image)}' cannot be pulled \(({reason})\)"
    )
    assert re.match(refusal, done.stderr), done.stderr
    assert "Check the image's name" in done.stderr
    assert "Traceback" not in done.stderr
    states = {task["task_id"]: task["state"] for task in json.loads(report.read_text())["tasks"]}
    assert states == {"say": "success", "train": "failed"}
