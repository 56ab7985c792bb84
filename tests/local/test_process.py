"""Steps as processes: what they see, what they leave, how they end."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from kfp_airflow.diagnostics import StepError
from kfp_airflow.local.orders import Order
from kfp_airflow.local.programs import Program
from tests.local.runs import PYTHON, Run, container, script, step

Nobody: TypeAlias = Callable[[list[str], Path], subprocess.CompletedProcess[str]]
ODD = "a 'b' \"c\" {{ x }} {# y #} `z` $HOME $(id) \\n\nü☃\t--end"


def words(lines: list[str]) -> str:
    return "\n".join(lines)


# --- data


@pytest.mark.row("DP-01", "DP-03")
def test_an_input_file_is_at_its_path_and_an_output_comes_back_byte_for_byte(run: Run, tmp_path: Path) -> None:
    """DP-01, DP-03."""
    content = bytes(range(256)) * 4096 + b"\n\n"
    (tmp_path / "in").write_bytes(content)
    copy = step(
        script("mkdir /model; cp /data/in.bin /model/out.bin"),
        inputs={"data": "/data/in.bin"},
        outputs={"m": "/model/out.bin"},
    )
    outcome = run(copy, data=tmp_path / "in")
    assert outcome.exit_code == 0, run.lines
    assert outcome.outputs["m"].read_bytes() == content


@pytest.mark.row("DP-07")
def test_a_directory_arrives_with_links_modes_and_times(run: Run, tmp_path: Path) -> None:
    """DP-07."""
    (tmp_path / "in" / "deep" / "empty").mkdir(parents=True)
    (tmp_path / "in" / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "in" / "run.sh").chmod(0o755)
    (tmp_path / "in" / "link").symlink_to("run.sh")
    (tmp_path / "in" / "broken").symlink_to("/nowhere/at/all")
    os.utime(tmp_path / "in" / "run.sh", (1_000_000_000, 1_000_000_000))
    outcome = run(
        step(script("cp -a /in /out && mkfifo /out/pipe"), inputs={"i": "/in"}, outputs={"o": "/out"}),
        i=tmp_path / "in",
    )
    assert outcome.exit_code == 0, run.lines
    out = outcome.outputs["o"]
    assert sorted(path.relative_to(out).as_posix() for path in out.rglob("*")) == [
        "broken",
        "deep",
        "deep/empty",
        "link",
        "run.sh",
    ]
    assert (out / "link").readlink() == Path("run.sh")
    assert (out / "broken").is_symlink()
    assert (out / "run.sh").stat().st_mode & 0o777 == 0o755
    assert (out / "run.sh").stat().st_mtime == 1_000_000_000


def test_inputs_cannot_be_changed(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").write_text("as it was")
    (tmp_path / "folder").mkdir()
    change = (
        "(echo x >/tmp/inputs/a/data; touch /tmp/inputs/b/data/new; rm /tmp/inputs/a/data) 2>/dev/null || :; "
        "cat /tmp/inputs/a/data"
    )
    inputs = {"a": "/tmp/inputs/a/data", "b": "/tmp/inputs/b/data"}
    outcome = run(step(script(change), inputs=inputs), a=tmp_path / "in", b=tmp_path / "folder")
    assert outcome.exit_code == 0, run.lines
    assert run.lines[-1] == "as it was"
    assert (tmp_path / "in").read_text() == "as it was"
    assert not list((tmp_path / "folder").iterdir())


@pytest.mark.row("DP-01")
def test_outputs_of_a_failed_program_are_there_and_missing_ones_left_out(run: Run) -> None:
    """DP-01: published for viewing."""
    outcome = run(step(script("mkdir /out; echo 1 >/out/a; exit 3"), outputs={"a": "/out/a", "b": "/out/b"}))
    assert (outcome.exit_code, outcome.message) == (3, "failed with exit code 3")
    assert set(outcome.outputs) == {"a"}


@pytest.mark.row("DP-02")
@pytest.mark.parametrize(
    "path", ["/mlpipeline-metrics.json", "/usr/local/share/y", "/etc/out", "/tmp/outputs/o/data", "/bin/o", "/root/o"]
)
def test_any_output_path_works_and_its_folder_can_be_made(run: Run, path: str) -> None:
    """DP-02."""
    outcome = run(step(script(f"mkdir -p $(dirname {path}); printf yes >{path}"), outputs={"o": path}))
    assert outcome.exit_code == 0, run.lines
    assert outcome.outputs["o"].read_text() == "yes"


def test_outputs_may_share_a_file_and_lie_in_one_another(run_anywhere: Run) -> None:
    folder = "/tmp/outputs/d"
    paths = {"a": f"{folder}/x", "b": f"{folder}/x", "c": f"{folder}/link", "d": folder}
    make = 'mkdir -p "$0"; printf 1 >"$1"; ln -s x "$2"'
    main = container("sh", "-ec", make.replace("$", "$$"), folder, paths["a"], paths["c"])
    outcome = run_anywhere(step(main, outputs=paths))
    assert outcome.exit_code == 0, run_anywhere.lines
    assert [outcome.outputs[name].read_text() for name in "abc"] == ["1", "1", "1"]
    assert (outcome.outputs["d"] / "link").readlink() == Path("x")


@pytest.mark.row("DP-02")
@pytest.mark.parametrize(("path", "made"), [("/tmp/outputs/o/data", True), ("/tmp/mine/out", False), ("/out/o", False)])
def test_only_the_folders_of_components_are_made_beforehand(run: Run, path: str, made: bool) -> None:
    """DP-02."""
    outcome = run(step(script(f"test -d {Path(path).parent}"), outputs={"o": path}))
    assert (outcome.exit_code == 0) is made


@pytest.mark.row("DP-02")
def test_an_author_s_own_folder_is_left_to_the_program(run: Run) -> None:
    """DP-02: a program that makes it by a plain `mkdir` works in KFP, and would fail if it were there."""
    outcome = run(step(script("mkdir /tmp/own && printf yes >/tmp/own/o"), outputs={"o": "/tmp/own/o"}))
    assert outcome.exit_code == 0, run.lines


def test_two_outputs_whose_names_are_no_file_names_do_not_meet(run_anywhere: Run) -> None:
    files = ("a/b", "a_b", "..", "ü")
    main = container(
        "sh",
        "-c",
        'n=0; for f in "$@"; do n=$((n+1)); printf $n >"$f"; done',
        "sh",
        *(f"/tmp/outputs/{i}/data" for i in range(4)),
    )
    outcome = run_anywhere(step(main, outputs={name: f"/tmp/outputs/{index}/data" for index, name in enumerate(files)}))
    assert outcome.exit_code == 0, run_anywhere.lines
    assert [outcome.outputs[name].read_text() for name in files] == ["1", "2", "3", "4"]


def test_an_output_that_is_a_link_is_what_it_leads_to_inside(run: Run, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of the host")
    link = f"mkdir /out; echo inside >/tmp/real; ln -s /tmp/real /out/a; ln -s {secret} /out/b; ln -s /dev/zero /out/c"
    outcome = run(step(script(link), outputs={"a": "/out/a", "b": "/out/b", "c": "/out/c"}))
    assert outcome.exit_code == 0, run.lines
    assert outcome.outputs["a"].read_text() == "inside\n"
    assert set(outcome.outputs) == {"a"}
    assert "output 'c' was not taken: /out/c is neither a file nor a folder" in run.lines


def test_without_a_private_root_a_link_that_leads_out_is_not_taken(run_in_folders: Run, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("of the host")
    path = "/tmp/outputs/o/data"
    outcome = run_in_folders(step(container("ln", "-s", str(tmp_path / "secret"), path), outputs={"o": path}))
    assert outcome.outputs == {}
    assert "output 'o' was not taken: " in run_in_folders.lines[-1]
    assert "is a link that leads out of the step's own folders" in run_in_folders.lines[-1]


def test_odd_text_arrives_unchanged_in_arguments_and_variables(run_anywhere: Run) -> None:
    doubled = ODD.replace("$", "$$")
    show = "import os, sys; print(ascii([sys.argv[1], os.environ['ODD']]))"
    main = container("python3", "-c", show, doubled, image=PYTHON, env=[{"name": "ODD", "value": doubled}])
    outcome = run_anywhere(step(main))
    assert outcome.exit_code == 0, run_anywhere.lines
    assert run_anywhere.lines[-1] == ascii([ODD, ODD])


def test_variables_are_expanded_once_from_earlier_ones_of_the_step(run_anywhere: Run) -> None:
    env = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$(A)2"},
        {"name": "C", "value": "$(LATER)"},
        {"name": "LATER", "value": "$$(A)"},
    ]
    run_anywhere(step(container("echo", "$(B)", "$(C)", "$(LATER)", "$(HOME)", "${A}", "$$(A)", env=env)))
    assert run_anywhere.lines[-1] == "12 $(LATER) $(A) $(HOME) ${A} $(A)"


# --- what a step sees


def test_nothing_of_this_machine_is_changed(run: Run) -> None:
    folders = (Path("/etc"), Path("/usr/bin"), Path.home())
    before = [sorted(folder.iterdir()) for folder in folders]
    spoil = "echo x >/etc/new || :; rm -rf /etc /usr/bin/env || :; mkdir -p /usr/new /new"
    outcome = run(step(script(f"{spoil}; touch ~/new /var/tmp/new")))
    assert outcome.exit_code == 0, run.lines
    assert [sorted(folder.iterdir()) for folder in folders] == before
    assert not any(Path(path).exists() for path in ("/usr/new", "/new", "/var/tmp/new"))


def test_home_and_temporary_folders_are_empty_and_a_step_s_own(run: Run, tmp_path: Path) -> None:
    outcome = run(
        step(
            script(
                f'test -z "$(ls -A /tmp)$(ls -A /var/tmp)$(ls -A ~)"; test ! -e {tmp_path}; echo 1 >/tmp/a; echo $HOME'
            )
        )
    )
    assert outcome.exit_code == 0, run.lines
    assert run.lines[-1] == "/root"


def test_nothing_of_the_parent_s_environment_is_seen(run_anywhere: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("https_proxy", "http://user:secret@proxy:1")
    monkeypatch.setenv("http_proxy", "http://proxy:1")
    run_anywhere(step(container("env")))
    assert "secret" not in words(run_anywhere.lines)
    assert "http_proxy=http://proxy:1" in run_anywhere.lines
    assert {"HOSTNAME=train", "LANG=C.UTF-8"} <= set(run_anywhere.lines)


def test_a_step_may_not_mount_nor_see_other_processes_nor_disks(run: Run) -> None:
    look = "ls /proc | grep -c '^[0-9]'; ls /dev | tr '\\n' ' '"
    outcome = run(step(script(f"if mount -t tmpfs none /mnt 2>/dev/null; then exit 9; fi; {look}")))
    assert outcome.exit_code == 0, run.lines
    assert int(run.lines[0]) < 10
    assert run.lines[1].split() == sorted(
        ["fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout", "tty", "urandom", "zero"]
    )


def test_the_working_folder_is_honoured_and_made(run: Run) -> None:
    run(step(container("pwd", workingDir="/some/where")))
    assert run.lines[-1] == "/some/where"


def test_a_file_of_the_pod_s_own_name_is_answered(run: Run) -> None:
    env = [{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]
    run(step(container("echo", "$(POD)", env=env)))
    assert run.lines[-1] == "train"


# --- init containers, sidecars, volumes


def test_an_init_container_finds_the_inputs_and_shares_a_volume_with_main(run: Run, tmp_path: Path) -> None:
    """D-11."""
    (tmp_path / "in").write_text("from before")
    mounts = [{"name": "shared", "mountPath": "/shared"}]
    init = script("cp /in /shared/x; touch /tmp/not-seen; echo ready", name="fetch", volumeMounts=mounts)
    main = script("test ! -e /tmp/not-seen; cat /shared/x >/out", volumeMounts=[{**mounts[0], "readOnly": True}])
    shared = step(
        main,
        inputs={"i": "/in"},
        outputs={"o": "/out"},
        init_containers=(init,),
        volumes=[{"name": "shared", "emptyDir": {}}],
    )
    outcome = run(shared, i=tmp_path / "in")
    assert outcome.exit_code == 0, run.lines
    assert outcome.outputs["o"].read_text() == "from before"
    assert "[fetch] ready" in run.lines


def test_a_failing_init_container_fails_the_step_and_main_never_starts(run_anywhere: Run) -> None:
    """D-11."""
    outcome = run_anywhere(
        step(script("echo main"), init_containers=(script("exit 4", name="prepare"), script("echo second", name="b")))
    )
    assert (outcome.exit_code, outcome.message) == (4, "its init container 'prepare' failed with exit code 4")
    assert run_anywhere.lines == []


def test_a_sidecar_runs_beside_main_and_never_decides(run: Run) -> None:
    """D-12."""
    mounts = [{"name": "v", "mountPath": "/v"}]
    server = script(
        "trap 'echo bye; exit 0' TERM; touch /v/up; while :; do sleep 0.05; done", name="server", volumeMounts=mounts
    )
    failing = script("exit 5", name="broken")
    main = script("while [ ! -e /v/up ]; do sleep 0.05; done; echo done", volumeMounts=mounts)
    outcome = run(step(main, sidecars=(server, failing), volumes=[{"name": "v", "emptyDir": {}}]))
    assert outcome.exit_code == 0
    assert {"done", "[server] bye", "[broken] failed with exit code 5"} <= set(run.lines)


def test_a_mirrored_mount_is_main_s(run: Run) -> None:
    """D-11, D-12."""
    mirror = script("echo hello >/v/x", name="i")
    init = type(mirror)(name="i", image=mirror.image, command=mirror.command, args=(), mirror_volume_mounts=True)
    main = script("cat /v/x", volumeMounts=[{"name": "v", "mountPath": "/v"}])
    run(step(main, init_containers=(init,), volumes=[{"name": "v", "emptyDir": {}}]))
    assert run.lines[-1] == "hello"


# --- ends


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        (("sh", "-c", "exit 255"), 255, "failed with exit code 255"),
        (("sh", "-c", "kill -9 $$$$"), 137, "failed with exit code 137: ended by SIGKILL"),
        (("sh", "-c", "kill -15 $$$$"), 143, "failed with exit code 143: ended by SIGTERM"),
        (("nope", "x"), 127, "failed with exit code 127: failed to find name in PATH: 'nope'"),
        (("/nope",), 127, "failed with exit code 127: failed to find program '/nope'"),
        (("/etc/passwd",), 126, "failed with exit code 126: cannot start '/etc/passwd': Permission denied"),
        (
            ("echo", "x" * 200_000),
            126,
            "failed with exit code 126: cannot start 'echo': an argument or variable is longer than 128 KiB",
        ),
    ],
)
def test_exit_codes_and_what_they_are_called(
    run_anywhere: Run, command: tuple[str, ...], code: int, message: str
) -> None:
    outcome = run_anywhere(step(container(*command)))
    assert (outcome.exit_code, outcome.message) == (code, message)


@pytest.mark.row("A-04")
def test_a_step_over_its_limit_is_ended_and_its_outputs_kept(run_anywhere: Run) -> None:
    """A-04, B-10."""
    path = "/tmp/outputs/o/data"
    main = container("sh", "-c", 'echo half >"$0"; echo begun; sleep 60', path)
    started = time.monotonic()
    outcome = run_anywhere(step(main, outputs={"o": path}, timeout_s=2))
    assert time.monotonic() - started < 30
    assert (outcome.exit_code, outcome.message) == (143, "ran longer than its limit of 2 s and was ended")
    assert outcome.outputs["o"].read_text() == "half\n"
    assert run_anywhere.lines[-1] == "begun"


def test_a_step_that_says_0_when_it_is_ended_has_failed(run_anywhere: Run) -> None:
    outcome = run_anywhere(step(container("sh", "-c", "trap 'exit 0' TERM; sleep 60 & wait"), timeout_s=2))
    assert (outcome.exit_code, outcome.message) == (143, "ran longer than its limit of 2 s and was ended")


def test_a_step_that_ignores_the_end_is_killed_after_the_grace(
    run_anywhere: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kfp_airflow.local.process.GRACE_S", 0.3)
    outcome = run_anywhere(step(container("sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"), timeout_s=2))
    assert (outcome.exit_code, outcome.message) == (137, "ran longer than its limit of 2 s and was ended")


def test_no_process_outlives_its_step(run_anywhere: Run) -> None:
    marker = f"86{os.getpid()}"
    leave = f"(setsid sleep {marker} >/dev/null 2>&1 &); sleep {marker} & echo ok"
    started = time.monotonic()
    outcome = run_anywhere(step(container("sh", "-c", leave)))
    assert outcome.exit_code == 0
    assert time.monotonic() - started < 30
    assert not running(marker)


def test_stop_ends_the_step_from_another_thread(run_anywhere: Run) -> None:
    """What on_kill does."""
    run_anywhere.stop_at("begun")
    outcome = run_anywhere(step(script("echo begun; exec sleep 60")))
    assert (outcome.exit_code, outcome.message) == (143, "was ended from outside (exit code 143)")


def test_nothing_more_begins_after_stop(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever an init container makes of its SIGTERM: the kubelet does not start the next one either."""
    begun: list[tuple[str, ...]] = []

    def begin(order: Order, **options: Any) -> Program:
        begun.append(tuple(order["command"]))
        return Program(order, **options)

    monkeypatch.setattr("kfp_airflow.local.process.Program", begin)
    run.stop_at("[first] begun")
    init = script("trap 'exit 0' TERM; echo begun; while :; do sleep 0.1; done", name="first")
    outcome = run(step(script("echo main"), init_containers=(init,)))
    assert (outcome.exit_code, outcome.message) == (143, "was ended from outside (exit code 143)")
    assert len(begun) == 1


@pytest.mark.parametrize("isolation", ["root", "user", "folders"])
def test_a_step_dies_with_the_worker(isolation: str, isolations: frozenset[str], cache: Path, tmp_path: Path) -> None:
    if isolation not in isolations:
        pytest.skip(f"this machine does not allow it: {isolation}")
    marker = f"87{os.getpid()}"
    program = f"""
        from pathlib import Path
        from tests.local.runs import *
        process_runs({isolation!r}, Path({str(cache)!r}), Path({str(tmp_path)!r}))(step(container("sleep", {marker!r})))
    """
    root = Path(__file__).resolve().parents[2]
    worker = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=root)
    wait_until(lambda: running(marker))
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    wait_until(lambda: not running(marker))


def running(marker: str) -> bool:
    listing = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return any(line.split() == ["sleep", marker] for line in listing.splitlines())


def wait_until(condition, limit_s: float = 20) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


# --- the log


def test_output_comes_line_by_line_while_the_step_runs(run_anywhere: Run, cache: Path) -> None:
    seen: list[float] = []

    class Stamped(list[str]):
        def append(self, line: str) -> None:
            seen.append(time.monotonic())
            super().append(line)

    run_anywhere.lines = Stamped()
    run_anywhere(step(container("sh", "-c", "echo out; echo err >&2; sleep 0.5; printf end")))
    assert run_anywhere.lines == ["out", "err", "end"]
    assert seen[2] - seen[1] > 0.3


def test_bad_bytes_are_replaced_and_long_lines_cut_with_a_mark(run_anywhere: Run) -> None:
    show = "import sys; w = sys.stdout.buffer.write; w(b'a\\xffb\\r\\n'); w(b'x' * 300000 + b'\\n'); w(b'next\\n')"
    run_anywhere(step(container("python3", "-c", show, image=PYTHON)))
    bad, long, after = run_anywhere.lines[-3:]
    assert bad == "a\ufffdb"
    assert long == "x" * 65_536 + " … [line cut at 65,536 B]"
    assert after == "next"


# --- refusals


@pytest.mark.parametrize(
    ("options", "pod", "message"),
    [
        ({"resources": {"limits": {"nvidia.com/gpu": "1"}}}, {}, "step 'train' asks for the resource 'nvidia.com/gpu'"),
        ({"securityContext": {"privileged": True}}, {}, "step 'train' asks for 'privileged' of the security context"),
        ({"envFrom": [{"secretRef": {"name": "s"}}]}, {}, "step 'train' asks for 'envFrom'"),
        ({"livenessProbe": {"exec": {}}}, {}, "step 'train' asks for 'livenessProbe'"),
        (
            {"env": [{"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}]},
            {},
            r"step 'train' asks for the variable 'KEY' \(valueFrom secretKeyRef\)",
        ),
        (
            {},
            {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "c"}}]},
            r"step 'train' asks for the volume 'data' \(persistentVolumeClaim\)",
        ),
    ],
)
def test_what_one_machine_cannot_give_is_refused_by_name(run: Run, options: dict, pod: dict, message: str) -> None:
    advice = r", which this machine cannot give: set \[kfp_airflow\] runtime to kubernetes"
    with pytest.raises(StepError, match=f"^{message}{advice}$"):
        run(step(container("true", **options), **pod))


def test_what_only_steers_a_scheduler_is_said_once(run: Run) -> None:
    main = container("true", resources={"limits": {"memory": "1G"}, "requests": {"cpu": "1"}}, imagePullPolicy="Always")
    assert run(step(main, nodeSelector={"disk": "ssd"}, labels={"a": "b"})).exit_code == 0
    assert run.lines == ["without effect on one machine: nodeSelector, resources, imagePullPolicy"]


def test_an_optional_secret_that_is_not_there_is_left_out(run: Run) -> None:
    secret = {"secretKeyRef": {"name": "s", "key": "k", "optional": True}}
    run(step(container("sh", "-c", "echo [$KEY]", env=[{"name": "KEY", "valueFrom": secret}])))
    assert run.lines == ["[]"]


def test_a_mount_of_no_volume_is_an_error(run: Run) -> None:
    with pytest.raises(
        StepError, match=r"^step 'train' mounts the volume 'v', and the step has no volume of that name$"
    ):
        run(step(container("true", volumeMounts=[{"name": "v", "mountPath": "/v"}])))


def test_an_output_inside_of_an_input_is_an_error(run: Run, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    nested = step(container("true"), inputs={"i": "/tmp/outputs"}, outputs={"o": "/tmp/outputs/deep/out"})
    message = (
        r"^/tmp/outputs/deep cannot be made for the step: /tmp/outputs above it is one of its inputs, or read-only$"
    )
    with pytest.raises(StepError, match=message):
        run(nested, i=tmp_path / "in")
    assert not list((tmp_path / "in").iterdir())


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            step(container("sh", "-c", "echo 1 >/data/out"), outputs={"o": "/data/out"}),
            "the output 'o' at /data/out cannot be moved, for no argument is exactly this path",
        ),
        (step(container("pwd", workingDir="/no/such")), "there is no working folder /no/such"),
        (
            step(
                container("pwd", volumeMounts=[{"name": "v", "mountPath": "/v"}]),
                volumes=[{"name": "v", "emptyDir": {}}],
            ),
            "the volume 'v' cannot be mounted",
        ),
    ],
)
def test_without_a_private_root_only_open_paths_work(run_in_folders: Run, given: object, message: str) -> None:
    advice = (
        r". Give every path as an argument of its own \(InputPath and OutputPath do\), or set \[kfp_airflow\] runtime "
        "to container or kubernetes"
    )
    beginning = "step 'train': this machine allows no private file system, and without one "
    with pytest.raises(StepError, match=f"^{beginning}{message}{advice}$"):
        run_in_folders(given)


# --- where namespaces are refused, and users without rights


def test_where_namespaces_are_refused_folders_take_their_place_and_it_is_said(tmp_path: Path) -> None:
    """As in a container without rights: here a user namespace in which no other namespace may be made."""
    program = f"""
        from pathlib import Path
        from tests.local.runs import *
        runs = Runs(lambda log: ProcessRuntime(cache=Path({str(tmp_path)!r}), log=log), Path({str(tmp_path)!r}))
        print(runs(step(container("sh", "-c", "echo $$HOME"))).exit_code, runs.lines)
        try:
            runs(step(container("true"), outputs={{"o": "/out"}}))
        except Exception as error:
            print(error)
    """
    root = Path(__file__).resolve().parents[2]
    refuse = 'echo 0 >/proc/sys/user/max_mnt_namespaces && exec "$@"'
    command = ["unshare", "-Ur", "sh", "-c", refuse, "sh", sys.executable, "-c", textwrap.dedent(program)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    if "unshare" in done.stderr or "max_mnt_namespaces" in done.stderr:
        pytest.skip("this machine allows no user namespace to refuse others in")
    reasons = "root: unshare: No space left on device; user: unshare: No space left on device"
    assert done.returncode == 0, done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith(
        f"0 ['no private file system on this machine ({reasons}): paths are moved to folders instead', "
    )
    assert second.startswith(
        "step 'train': this machine allows no private file system, and without one the output 'o' at /out"
    )
    assert second.endswith(f"({reasons})")


def test_a_private_root_costs_little(run: Run) -> None:
    """0.1 s on an idle machine; the best of five, with room for what else runs beside the tests."""
    times = []
    for _ in range(5):
        before = processor_time_s()
        run(step(container("true")))
        times.append(processor_time_s() - before)
    assert min(times) < 0.5, times


def processor_time_s() -> float:
    usages = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def test_a_user_without_rights_gets_a_private_root_too(nobody: Nobody, request: pytest.FixtureRequest) -> None:
    (home := Path(tempfile.mkdtemp())).chmod(0o755)
    request.addfinalizer(lambda: shutil.rmtree(home))
    os.chown(home, 65534, 65534)
    namespaces = "import ctypes; raise SystemExit(ctypes.CDLL(None).unshare(0x10020000))"
    if nobody(["-c", namespaces], home).returncode:
        pytest.skip("users without rights get no namespaces on this machine")
    program = """
        from pathlib import Path
        from kfp_airflow.local.process import ProcessRuntime
        from kfp_airflow.graph.model import InputFile, OutputFile
        from kfp_airflow.graph.resolved import ResolvedContainer, ResolvedStep
        from kfp_airflow.graph.text import EMPTY
        Path("in").write_text("hello")
        Path("work").mkdir()
        script = "id -u; cd /usr/share; mkdir deep; cat /data/in >deep/out; id -u >>deep/out; mkdir -m 0 /tmp/locked"
        main = ResolvedContainer(name="", image="bash", command=("sh", "-ec", script.replace("$", "$$")), args=())
        step = ResolvedStep(
            id="s", container=main,
            inputs=(InputFile(name="i", path="/data/in", source=EMPTY),),
            outputs=(OutputFile(name="o", path="/usr/share/deep/out"),),
        )
        runtime = ProcessRuntime(cache=Path("cache"), log=print)
        outcome = runtime.run(step, inputs={"i": Path("in")}, work=Path("work"))
        print(outcome.exit_code, outcome.outputs["o"].read_text().split(), [p.name for p in Path("work").iterdir()])
    """
    done = nobody(["-c", textwrap.dedent(program)], home)
    assert done.stdout.splitlines()[-1:] == ["0 ['hello0'] ['outputs']"], done.stdout + done.stderr
