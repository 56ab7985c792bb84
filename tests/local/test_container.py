"""Steps as containers of a real engine; the image is a static busybox made here, so no registry is asked."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import tarfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kfp_airflow.diagnostics import ImageUnavailable
from kfp_airflow.graph.resolved import ResolvedContainer
from kfp_airflow.local.container import ContainerRuntime
from kfp_airflow.local.engine import Engine, find_engine
from tests.local import runs
from tests.local.runs import Runs, step

IMAGE = f"localhost/kfp-airflow-busybox:{os.getpid()}"
"""Of this process alone: others may test with the same engine."""
PROGRAMS = ("sh", "cat", "echo", "sleep", "test", "rm", "ln", "mkdir", "nc", "pwd", "id", "true")
# Where limits may not be raised and control groups are mixed, podman needs to be told so.
CONFIGURATION = """
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=4000:4000"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
"""


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """Return an engine that really runs containers."""
    found = find_engine()
    busybox = shutil.which("busybox")
    if found is None:
        pytest.skip("no container engine answers on this machine")
    if (
        busybox is None
        or b"statically linked" not in subprocess.run(["file", busybox], capture_output=True, check=False).stdout
    ):
        pytest.skip("no static busybox to make an image of")
    with pytest.MonkeyPatch.context() as patch:
        import_image(found, Path(busybox), tmp_path_factory.mktemp("image"))
        if found.run("run", "--rm", IMAGE, "/bin/true").returncode:
            configuration = tmp_path_factory.mktemp("podman") / "containers.conf"
            configuration.write_text(CONFIGURATION)
            patch.setenv("CONTAINERS_CONF", str(configuration))
        tried = found.run("run", "--rm", IMAGE, "/bin/true")
        if tried.returncode:
            pytest.skip(f"{found.name} runs no container here: {tried.stderr.decode().strip()[-200:]}")
        yield found
        found.run("rmi", IMAGE)


def import_image(engine: Engine, busybox: Path, folder: Path) -> None:
    with tarfile.open(folder / "root.tar", "w") as archive:
        archive.add(busybox, "bin/busybox")
        for name in PROGRAMS:
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(entry)
        for name, mode in (("tmp", 0o1777), ("data", 0o777)):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            archive.addfile(entry)
        passwd = tarfile.TarInfo("etc/passwd")
        passwd.size = len(line := b"root:x:0:0::/:/bin/sh\n")
        archive.addfile(passwd, io.BytesIO(line))
    engine.ask("import", str(folder / "root.tar"), IMAGE)


@pytest.fixture
def run(engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Runs]:
    own = uuid.uuid4()
    monkeypatch.setattr("kfp_airflow.local.container.uuid.uuid4", lambda: own)
    yield Runs(lambda log: ContainerRuntime(engine=engine, log=log), tmp_path)
    left = engine.ask("ps", "--all", "--format", "{{.Names}}") + engine.ask("volume", "ls", "--format", "{{.Name}}")
    assert own.hex[:12] not in left


def container(*command: str, name: str = "", **options: object) -> ResolvedContainer:
    return runs.container(*command, image=IMAGE, name=name, imagePullPolicy="Never", **options)


def script(text: str, name: str = "", **options: object) -> ResolvedContainer:
    return container("sh", "-ec", text.replace("$", "$$"), name=name, **options)


@pytest.mark.row("DP-01", "DP-03", "DP-07")
def test_files_go_in_and_come_out_byte_for_byte(run: Runs, tmp_path: Path) -> None:
    """DP-01, DP-03, DP-07."""
    (tmp_path / "in").write_bytes(content := bytes(range(256)) * 300)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "x").write_text("X")
    copy = "cat /tmp/inputs/a/data >/tmp/outputs/o/data; mkdir /tmp/d; cat /in/x >/tmp/d/y; ln -s y /tmp/d/z; exit 3"
    inputs = {"a": "/tmp/inputs/a/data", "b": "/in"}
    outputs = {"o": "/tmp/outputs/o/data", "d": "/tmp/d", "missing": "/tmp/no"}
    outcome = run(step(script(copy), inputs=inputs, outputs=outputs), a=tmp_path / "in", b=tmp_path / "folder")
    assert (outcome.exit_code, outcome.message) == (3, "failed with exit code 3"), run.lines
    assert set(outcome.outputs) == {"o", "d"}
    assert outcome.outputs["o"].read_bytes() == content
    assert (outcome.outputs["d"] / "z").readlink() == Path("y")
    assert (outcome.outputs["d"] / "y").read_text() == "X"


def test_arguments_variables_and_folder_arrive_unchanged(run: Runs) -> None:
    odd = "a 'b' \"c\" {{ x }} `z` $(id)\n  ü☃"
    env = [{"name": "ODD", "value": odd.replace("$", "$$")}]
    main = script('pwd; test "$1" = "$ODD"; echo same', workingDir="/data", env=env)
    outcome = run(step(replace(main, args=("sh", odd.replace("$", "$$")))))
    assert outcome.exit_code == 0, run.lines
    assert run.lines == ["/data", "same"]


def test_init_containers_and_sidecars_share_volumes_and_the_network(run: Runs) -> None:
    """D-11, D-12."""
    mounts = [{"name": "v", "mountPath": "/v"}]
    init = script("echo first >/v/x", name="init", volumeMounts=mounts)
    server = script("trap 'exit 0' TERM; echo up; while :; do echo served | nc -l -p 8123; done", name="server")
    main = script("cat /v/x; until nc 127.0.0.1 8123 2>/dev/null; do sleep 0.1; done", volumeMounts=mounts)
    shared = step(main, init_containers=(init,), sidecars=(server,), volumes=[{"name": "v", "emptyDir": {}}])
    outcome = run(shared)
    assert outcome.exit_code == 0, run.lines
    assert {"first", "served", "[server] up"} <= set(run.lines)


@pytest.mark.row("A-04")
def test_a_step_over_its_limit_is_ended(run: Runs) -> None:
    """A-04."""
    started = time.monotonic()
    outcome = run(step(script("trap 'exit 0' TERM; echo begun; while :; do sleep 0.1; done"), timeout_s=2))
    assert time.monotonic() - started < 30
    assert (outcome.exit_code, outcome.message) == (143, "ran longer than its limit of 2 s and was ended")


def test_stop_ends_the_step_from_another_thread(run: Runs) -> None:
    run.stop_at("begun")
    outcome = run(step(script("trap 'exit 7' TERM; echo begun; while :; do sleep 0.1; done")))
    assert (outcome.exit_code, outcome.message) == (7, "was ended from outside (exit code 7)")


def test_nothing_more_begins_after_stop(run: Runs) -> None:
    run.stop_at("[first] begun")
    init = script("trap 'exit 0' TERM; echo begun; while :; do sleep 0.1; done", name="first")
    outcome = run(step(script("echo main"), init_containers=(init,)))
    assert (outcome.exit_code, outcome.message) == (143, "was ended from outside (exit code 143)")
    assert "main" not in run.lines


def test_a_program_that_is_not_there_is_127(run: Runs) -> None:
    outcome = run(step(container("nope")))
    message = "failed with exit code 127: the engine could not start it, as its last line says"
    assert (outcome.exit_code, outcome.message) == (127, message)
    assert "nope" in run.lines[-1]


def test_an_image_that_is_not_there_is_named(run: Runs) -> None:
    with pytest.raises(ImageUnavailable, match=r"^image 'localhost/kfp-airflow-none' cannot be had: (docker|podman) "):
        run(step(replace(container("true"), image="localhost/kfp-airflow-none")))


@pytest.fixture
def engine_without_images(tmp_path: Path) -> Engine:
    """A command line in docker's place that has no image and gets none, and notes what it was asked."""
    program = tmp_path / "docker"
    program.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/asked\necho "no access to $2" >&2\nexit 1\n')
    program.chmod(0o755)
    return Engine(program=str(program))


NOT_PULLED = (
    "image 'team/train:1' cannot be pulled: docker pull failed: no access to team/train:1. "
    "Check the image's name, and log docker in to its registry"
)
NEVER_PULLED = (
    "image 'team/train:1' cannot be had: docker does not have it, and its imagePullPolicy is Never. "
    "Load it, or let it be pulled"
)


@pytest.mark.parametrize(
    ("policy", "asked", "message"),
    [
        ("IfNotPresent", ["image inspect team/train:1", "pull team/train:1"], NOT_PULLED),
        ("Always", ["pull team/train:1"], NOT_PULLED),
        ("Never", ["image inspect team/train:1"], NEVER_PULLED),
    ],
)
def test_an_image_that_cannot_be_had_is_no_container(
    engine_without_images: Engine, tmp_path: Path, policy: str, asked: list[str], message: str
) -> None:
    runtime = ContainerRuntime(log=print, engine=engine_without_images)
    main = runs.container("true", image="team/train:1", imagePullPolicy=policy)
    (tmp_path / "work").mkdir()
    with pytest.raises(ImageUnavailable) as error:
        runtime.run(step(main), inputs={}, work=tmp_path / "work")
    assert str(error.value) == message
    assert (tmp_path / "asked").read_text().splitlines() == asked
