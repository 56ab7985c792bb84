"""The operator of steps on the worker itself."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from airflow.sdk import Context
from structlog.testing import CapturedCall, CapturingLogger

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.model import Container, ContainerStep, Settings
from kfp_airflow.graph.resolved import Outcome, ResolvedContainer, ResolvedStep
from kfp_airflow.graph.text import text
from kfp_airflow.operators.limits import Deadline, Limits, SharedLimit, now
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


def attempt(task: LocalStepOperator, work: Path, *command: str, limits: Limits | None = None) -> Outcome:
    main = ResolvedContainer(name="", image="bash", command=command, args=())
    step = ResolvedStep(id="train", container=main)
    return task.run_attempt(step, limits=limits or Limits(), inputs={}, work=work, context=Context())


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


@pytest.mark.parametrize("late", [False, True], ids=["before it began", "as it begins"])
def test_a_step_that_was_told_to_end_never_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: bool) -> None:
    """Airflow may call on_kill at any moment, while the step's inputs are fetched for example."""
    monkeypatch.setattr(LocalStepOperator, "log", log := CapturingLogger())
    task = operator()
    if late:
        opened = task._open_runtime()
        monkeypatch.setattr(task, "_open_runtime", lambda: (task.on_kill(), opened)[1])
        outcome = attempt(task, tmp_path, "echo", "begun")
        assert (outcome.exit_code, outcome.message) == (143, "was ended from outside (exit code 143)")
    else:
        task.on_kill()
        with pytest.raises(StepError, match="step 'train': was told to end before it began"):
            attempt(task, tmp_path, "echo", "begun")
    assert CapturedCall("info", ("begun",), {}) not in log.calls


def test_a_step_waits_for_a_slot_of_its_runs_and_has_the_time_that_is_left_then(tmp_path: Path) -> None:
    """The limit of `set_parallelism` where tasks start runs; the pipeline's time limit ends the wait, too."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    shared = SharedLimit("0123abcd", 1)
    holder = threading.Thread(
        target=attempt, args=(operator(), first, "sleep", "3"), kwargs={"limits": Limits(shared=shared)}
    )
    holder.start()
    time.sleep(1)
    soon = Deadline(now() + timedelta(seconds=0.3), "the run's time limit of 1 s")
    with pytest.raises(StepError, match=r"step 'train' was not begun: the run's time limit of 1 s is over"):
        attempt(operator(), second, "true", limits=Limits(deadlines=(soon,), shared=shared))
    assert holder.is_alive()
    later = Deadline(now() + timedelta(seconds=5), "the run's time limit of 5 s")
    outcome = attempt(operator(), second, "sleep", "60", limits=Limits(deadlines=(later,), shared=shared))
    assert not holder.is_alive()
    assert re.fullmatch(r"ran longer than its limit of [234] s and was ended", outcome.message)
