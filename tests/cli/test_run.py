"""`kfp-airflow run`, whole: Airflow's own scheduler and executor in a home of its own, and the process runtime."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kfp_airflow.artifacts.store import Store, Stored

Command = Callable[..., "subprocess.CompletedProcess[str]"]
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("home")]


TWO_STEPS = """
from kfp import dsl
from kfp.components import InputPath, OutputPath, create_component_from_func


def train(model_path: OutputPath(), pictures_path: OutputPath()):
    import os
    with open(model_path, "wb") as model:
        model.write(bytes(100_000))
    os.mkdir(pictures_path)
    for number in range(2):
        with open(f"{pictures_path}/{number}", "w") as picture:
            picture.write(f"picture {number}")


def count(model_path: InputPath(), pictures_path: InputPath(), report_path: OutputPath(str)):
    import os
    pictures = [open(f"{pictures_path}/{name}").read() for name in sorted(os.listdir(pictures_path))]
    with open(report_path, "w") as report:
        report.write(f"{os.path.getsize(model_path)} bytes, {' '.join(pictures)}\\n")


@dsl.pipeline(name="digits-on-s3")
def digits():
    trained = create_component_from_func(train)()
    create_component_from_func(count)(trained.outputs["model"], trained.outputs["pictures"])
"""


def states(report: dict[str, Any]) -> dict[tuple[str, int], str]:
    """Return the states of a report's tasks by task id and map index."""
    return {(task["task_id"], task["map_index"]): task["state"] for task in report["tasks"]}


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(command_line: tuple[list[str], dict[str, str]], pipelines: Path) -> Iterator[Start]:
    """Start `kfp-airflow` and leave it running; what still runs when the test ends is told to end."""
    words, environ = command_line
    started: list[subprocess.Popen[str]] = []

    def call(*arguments: object, **options: Any) -> subprocess.Popen[str]:
        process: subprocess.Popen[str] = subprocess.Popen(
            [*words, *map(str, arguments)],
            cwd=pipelines,
            env={**environ, "PYTHONPATH": str(pipelines.parents[2]), "TERM": "xterm-256color", "COLUMNS": "100"},
            text=True,
            preexec_fn=_as_in_a_terminal,  # noqa: PLW1509 - it only asks the system
            **{"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **options},
        )
        started.append(process)
        return process

    yield call
    for process in started:
        process.terminate()
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


def _as_in_a_terminal() -> None:
    """Listen to Ctrl-C, which what a shell has put into the background ignores, with all that it starts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def read_until(process: subprocess.Popen[str], words: str) -> None:
    """Read what a process prints up to the line with these words."""
    assert process.stdout is not None
    assert any(words in line for line in process.stdout), f"it never printed {words!r}"


def test_a_run_shows_its_tasks_and_leaves_a_report(run_command: Command, home: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    done = run_command(
        "run", "words.py", "-p", "word=good day", "-p", "times=3", "--home", home, "--experiment", "greetings",
        "--runtime", "process", "--json", out,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(out.read_text())
    assert (report["dag_id"], report["state"]) == ("words-in-a-row", "success")
    assert report["parameters"] == {"word": "good day", "times": 3, "quiet": False}
    assert states(report) == {
        ("say", -1): "success",
        ("measure", -1): "success",
        ("shout", -1): "skipped",
        ("repeat", 0): "success",
        ("repeat", 1): "success",
        ("repeat", 2): "success",
    }
    tasks = {(task["task_id"], task["map_index"]): task for task in report["tasks"]}
    assert all(task["step"] == task["task_id"] for task in report["tasks"])
    assert tasks["say", -1]["outputs"]["word"] == "good day"
    assert set(tasks["say", -1]["outputs"]["bytes"]) == {"uri", "size", "sha256", "kind"}
    assert tasks["say", -1]["outputs"]["bytes"]["size"] == 40_000
    assert tasks["measure", -1]["outputs"] == {"length": "8\n"}
    assert [tasks["repeat", index]["outputs"]["text"] for index in range(3)] == ["good daya", "good dayb", "good dayc"]
    assert "100" in tasks["shout", -1]["message"]
    assert re.search(r"\d s  say started\n", done.stdout)
    assert re.search(r"\d s  repeat\[2\] success \(\d+\.\d s\)\n", done.stdout)
    row = r"^say +success +\d+\.\d +word=good day, bytes=<file, 40,000 B>$"
    assert re.search(row, done.stdout, re.MULTILINE), done.stdout
    assert f"Artifacts: {home}/artifacts\n" in done.stdout
    logs = Path(re.search(r"^Logs: +(.+)$", done.stdout, re.MULTILINE).group(1))  # type: ignore[union-attr]
    assert (logs / "task_id=say" / "attempt=1.log").is_file()
    assert list((home / "artifacts").rglob("*bytes*"))
    with sqlite3.connect(home / "airflow.db") as database:
        assert database.execute("SELECT name FROM dag_tag").fetchall() == [("greetings",)]


def test_a_failed_run_says_why_and_exits_with_1(run_command: Command, home: Path, tmp_path: Path) -> None:
    done = run_command(
        "run", "fails.py", "-p", "code=3", "--home", home, "--runtime", "process", "--json", tmp_path / "o"
    )
    assert done.returncode == 1, done.stdout + done.stderr
    report = json.loads((tmp_path / "o").read_text())
    assert report["state"] == "failed"
    assert states(report) == {("first", -1): "success", ("second", -1): "failed", ("third", -1): "upstream_failed"}
    message = next(task["message"] for task in report["tasks"] if task["task_id"] == "second")
    assert "second" in message
    assert "3" in message
    assert f"second failed: {message}\n" in done.stdout
    assert "  | line 30\n" in done.stdout
    assert "  | line 1\n" not in done.stdout
    assert done.stdout.count("  | ") == 20


def test_an_image_that_cannot_be_had_fails_the_run_and_is_refused(
    run_command: Command, home: Path, tmp_path: Path
) -> None:
    """Behind a condition it is no reason to refuse the run, until it is reached; once for a whole loop."""
    path = tmp_path / "images.py"
    path.write_text(
        "from kfp import dsl\n\n\n"
        "@dsl.pipeline(name='images')\n"
        "def images(flag: str = 'x'):\n"
        "    dsl.ContainerOp(name='say', image='alpine', command=['echo', flag])\n"
        "    with dsl.Condition(flag == 'y'):\n"
        "        with dsl.ParallelFor(['a', 'b']) as item:\n"
        "            dsl.ContainerOp(name='train', image='example.com/train:1', arguments=[item])\n"
    )
    options = ("--home", home, "--runtime", "process", "--json", tmp_path / "out.json")
    done = run_command("run", path, "-p", "flag=y", *options)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith(
        f"{path}:9: step 'train': processes of this machine cannot stand in for the image 'example.com/train:1'; "
    )
    assert done.stderr.endswith(
        "Run it on a cluster or with docker or podman: set [kfp_airflow] runtime to kubernetes or container\n"
    )
    assert done.stderr.count("\n") == 1
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["state"] == "failed"
    assert states(report) == {("say", -1): "success", ("train", 0): "failed", ("train", 1): "failed"}
    assert run_command("run", path, *options).returncode == 0


def on_s3(root: str) -> dict[str, str]:
    """Return the variables of a run whose artifacts go to `root`."""
    return {"AIRFLOW__KFP_AIRFLOW__ARTIFACTS": root, "AIRFLOW_CONN_S3_TEST": os.environ["AIRFLOW_CONN_S3_TEST"]}


@pytest.mark.s3
def test_a_run_keeps_its_artifacts_on_s3(s3: str, run_command: Command, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "digits.py"
    path.write_text(TWO_STEPS)
    options = ("--home", home, "--runtime", "process", "--json", tmp_path / "out.json")
    done = run_command("run", path, *options, **on_s3(s3))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Artifacts: {s3}\n" in done.stdout
    tasks = {task["task_id"]: task["outputs"] for task in json.loads((tmp_path / "out.json").read_text())["tasks"]}
    for output, kind in (("model", "file"), ("pictures", "directory")):
        assert tasks["train"][output]["kind"] == kind
        assert tasks["train"][output]["uri"].startswith(f"{s3}/digits-on-s3/")
    assert tasks["count"]["report"] == "100000 bytes, picture 0 picture 1\n"
    kept = Store(s3).read(Stored(**tasks["train"]["model"]), limit_bytes=100_000)
    assert kept == bytes(100_000)


@pytest.mark.s3
def test_a_run_whose_store_is_not_there_says_so(s3: str, run_command: Command, home: Path, tmp_path: Path) -> None:
    path = tmp_path / "digits.py"
    path.write_text(TWO_STEPS)
    root = s3.replace("@", "@no-")
    done = run_command("run", path, "--home", home, "--runtime", "process", **on_s3(root))
    assert done.returncode == 1, done.stdout + done.stderr
    message = r"^train failed: s3://s3_test@no-\S+/model cannot be written: FileNotFoundError: The specified bucket"
    assert re.search(message, done.stdout, re.MULTILINE), done.stdout


def test_two_runs_of_one_home_follow_each_other_and_ctrl_c_ends_the_steps(
    start: Start, home: Path, tmp_path: Path
) -> None:
    options = ("--home", home, "--runtime", "process")
    first = start("run", "sleeps.py", *options, "--json", tmp_path / "report")
    read_until(first, "sleep started")
    second = start("run", "sleeps.py", "-p", "seconds=0", *options)
    read_until(second, "Another run uses this home")
    interrupted = time.monotonic()
    first.send_signal(signal.SIGINT)
    rest, _ = first.communicate(timeout=180)
    assert first.returncode == 130, rest
    assert time.monotonic() - interrupted < 40
    assert "Interrupted: ending the steps that run" in rest
    assert json.loads((tmp_path / "report").read_text())["state"] == "failed"
    rest, _ = second.communicate(timeout=240)
    assert second.returncode == 0, rest


def test_a_terminal_shows_the_run_live(start: Start, home: Path) -> None:
    leader, follower = pty.openpty()
    arguments = ("run", "sleeps.py", "-p", "seconds=2", "--home", home, "--runtime", "process")
    process = start(*arguments, stdin=follower, stdout=follower, stderr=follower)
    os.close(follower)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", b"".join(read_terminal(leader)).decode())
    assert process.wait(timeout=180) == 0, text
    assert re.search(r"sleep +running +\d+ s", text)
    assert "of 1 task" in text
    assert re.search(r"sleep +success +\d+\.\d", text)


def read_terminal(leader: int) -> Iterator[bytes]:
    """Yield what is shown in a terminal until nothing has it open any more."""
    with contextlib.suppress(OSError):  # how Linux says that the other end is closed
        while piece := os.read(leader, 65536):
            yield piece
    os.close(leader)


def test_a_cluster_that_cannot_be_reached_is_refused(run_command: Command, home: Path, tmp_path: Path) -> None:
    (tmp_path / "kubeconfig").write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        "clusters: [{name: k, cluster: {server: 'http://127.0.0.1:9'}}]\n"
        "contexts: [{name: c, context: {cluster: k, user: u}}]\nusers: [{name: u, user: {}}]\n"
    )
    options = ("--home", home, "--runtime", "kubernetes", "--json", tmp_path / "out")
    done = run_command("run", "two.py", "--function", "one", *options, KUBECONFIG=str(tmp_path / "kubeconfig"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert "--runtime kubernetes: the cluster at http://127.0.0.1:9 cannot be reached: " in done.stderr
    assert done.stderr.endswith(". Check KUBECONFIG or AIRFLOW_CONN_KUBERNETES_DEFAULT\n")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()
    assert not (home / "dags" / "one.py").exists()


def test_a_home_of_a_newer_airflow_is_refused(run_command: Command, tmp_path: Path) -> None:
    (tmp_path / "airflow.version").write_text("99.1.0\n")
    done = run_command("run", "sleeps.py", "--home", tmp_path, "--runtime", "process", "--json", tmp_path / "out")
    assert done.returncode == 2
    assert done.stderr.endswith(", which is older. Choose another home with --home, or install Airflow 99.1.0\n")
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "dags").exists()
