"""The operator of steps on the worker itself."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Literal

import pytest
from airflow.sdk import Context
from structlog.testing import CapturedCall, CapturingLogger

from kfp_airflow.graph.model import Container, ContainerStep, Settings
from kfp_airflow.graph.resolved import Outcome, ResolvedContainer, ResolvedStep
from kfp_airflow.graph.text import text
from kfp_airflow.operators.local import LocalStepOperator
from kfp_airflow.operators.placement import Facts, Placement


def operator(runtime: Literal["process", "container"] = "process") -> LocalStepOperator:
    return LocalStepOperator(
        task_id="train",
        step=ContainerStep(id="train", name="train", container=Container(image=text("bash"))),
        settings=Settings(),
        placement=Placement(facts=Facts(pipeline="digits")),
        runtime=runtime,
    )


def attempt(task: LocalStepOperator, work: Path, *command: str) -> Outcome:
    main = ResolvedContainer(name="", image="bash", command=command, args=())
    return task.run_attempt(ResolvedStep(id="train", container=main), inputs={}, work=work, context=Context())


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    monkeypatch.setenv("AIRFLOW__KFP_AIRFLOW__LOCAL_CACHE", str(tmp_path_factory.mktemp("cache")))


def test_a_step_runs_and_its_lines_are_the_task_s_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalStepOperator, "log", log := CapturingLogger())
    outcome = attempt(operator(), tmp_path, "sh", "-c", "echo '100% done %s {x}'; exit 3")
    assert (outcome.exit_code, outcome.message) == (3, "failed with exit code 3")
    assert log.calls[-1] == CapturedCall("info", ("100% done %s {x}",), {})


def test_the_airflow_home_is_out_of_a_step_s_sight(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds passwords, and the steps of others."""
    home = Path("/opt/kfp-airflow-test-home")
    try:
        home.mkdir()
    except OSError:
        pytest.skip("only root may make a folder that no step hides anyway")
    try:
        (home / "airflow.cfg").touch()
        monkeypatch.setenv("AIRFLOW_HOME", str(home))
        if "no private file system" in attempt(operator(), tmp_path, "ls", f"{home}/airflow.cfg").message:
            pytest.skip("no private file system on this machine")
        assert attempt(operator(), tmp_path_factory.mktemp("work"), "ls", f"{home}/airflow.cfg").exit_code == 2
    finally:
        (home / "airflow.cfg").unlink()
        home.rmdir()


def test_on_kill_ends_the_step(tmp_path: Path) -> None:
    task = operator()
    threading.Timer(1, task.on_kill).start()
    outcome = attempt(task, tmp_path, "sleep", "60")
    assert (outcome.exit_code, outcome.message) == (143, "was ended from outside (exit code 143)")


def test_a_step_that_was_told_to_end_before_it_began_never_begins(tmp_path: Path) -> None:
    """Airflow may call on_kill at any moment, while the step's inputs are fetched for example."""
    task = operator()
    task.on_kill()
    outcome = attempt(task, tmp_path, "touch", str(tmp_path / "begun"))
    assert outcome.exit_code == 143
    assert not (tmp_path / "begun").exists()
