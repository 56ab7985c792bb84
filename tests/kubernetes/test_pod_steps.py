"""Steps in real pods: every byte in and out, odd text, users, failures. One container image is enough for all of it."""

from __future__ import annotations

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kfp_airflow.diagnostics import ImageUnavailable, StepError
from kfp_airflow.graph.model import Container, PodOptions, Settings
from kfp_airflow.graph.text import text, tree
from kfp_airflow.pods.state import PodLost
from tests.kubernetes.conftest import Cluster, make_step

pytestmark = [pytest.mark.kubernetes]

CONTENTS = {
    "empty": b"",
    "one": b"x",
    "no-newline": b"a\nb",
    "crlf": b"a\r\n\r\n",
    "newlines": b"\n\n",
    "nul": b"\0\xff{{ x }}{# y #}$(z)",
    "large": os.urandom(5_000_000),
}
ODD = [
    "it's \"quoted\"", "{{ x }}", "{# y #}", "{% z %}", "$HOME `id`", "two\nlines\n",
    "ü☃😀", "--leading", "-n", "", " ", "*", "a\\b", "[[x]]",
]  # fmt: skip


def container(name: str, *command: str, mirror: bool = False) -> Container:
    return Container(
        image=text("busybox:1.36"),
        command=tuple(text(part) for part in command),
        name=text(name),
        options=tree({"imagePullPolicy": "IfNotPresent"}),  # type: ignore[arg-type]
        mirror_volume_mounts=mirror,
    )


@pytest.mark.row("DP-03", "DP-05")
def test_files_arrive_and_leave_byte_for_byte(cluster: Cluster, tmp_path: Path) -> None:
    """DP-03, DP-05."""
    paths = {}
    for name, content in CONTENTS.items():
        paths[name] = tmp_path / name
        paths[name].write_bytes(content)
    copy = "; ".join(f"cp /tmp/inputs/{name}/data /tmp/outputs/{name}/data" for name in CONTENTS)
    step = make_step(
        ["sh", "-ec", copy],
        inputs={name: f"/tmp/inputs/{name}/data" for name in CONTENTS},
        outputs={name: f"/tmp/outputs/{name}/data" for name in CONTENTS},
    )
    run = cluster.run(step, paths)
    assert run.outcome.exit_code == 0
    assert {name: run.read(name) for name in CONTENTS} == CONTENTS
    assert not cluster.exists(run.pod)


@pytest.mark.row("DP-07")
def test_a_directory_arrives_and_leaves_as_it_is(cluster: Cluster, tmp_path: Path) -> None:
    """DP-07: contents, empty folders, links, modes, long and odd names."""
    source = tmp_path / "source"
    (source / "empty").mkdir(parents=True)
    (source / "deep" / ("n" * 120)).mkdir(parents=True)
    (source / "deep" / ("n" * 120) / "ü {{x}}.txt").write_bytes(b"1\n")
    (source / "run.sh").write_bytes(b"#!/bin/sh\n")
    (source / "run.sh").chmod(0o755)
    (source / "link").symlink_to("run.sh")
    (source / "dangling").symlink_to("nowhere")
    (source / "-dash").write_bytes(b"")
    step = make_step(
        ["sh", "-ec", "mkdir /data/out; cp -a /data/in/. /data/out"],
        inputs={"in": "/data/in"},
        outputs={"out": "/data/out"},
    )
    run = cluster.run(step, {"in": source})
    assert run.outcome.exit_code == 0, run.outcome.message
    assert listing(run.outcome.outputs["out"]) == listing(source)


def listing(folder: Path) -> list[tuple[str, int, str | bytes | None]]:
    entries: list[tuple[str, int, str | bytes | None]] = []
    for path in sorted(folder.rglob("*")):
        content: str | bytes | None = (
            str(path.readlink()) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        )
        entries.append((str(path.relative_to(folder)), path.lstat().st_mode, content))
    return entries


def test_odd_text_in_arguments_and_variables_arrives_unchanged(cluster: Cluster) -> None:
    """F-14: values are arguments, never shell text or templates."""
    program = 'for a in "$@"; do printf "%s\\0" "$a"; done > /tmp/outputs/args; printf %s "$ODD" > /tmp/outputs/env; '
    program += 'tr "\\0" "\\n" < /proc/self/environ > /tmp/outputs/all'
    step = make_step(
        ["sh", "-c", program, "name", *ODD],
        outputs={"args": "/tmp/outputs/args", "env": "/tmp/outputs/env", "all": "/tmp/outputs/all"},
        options={"env": [{"name": "ODD", "value": "\n".join(ODD)}, {"name": "a.b-c", "value": "kept"}]},
    )
    run = cluster.run(step)
    assert run.read("args").decode().split("\0")[:-1] == ODD
    assert run.read("env").decode() == "\n".join(ODD)
    assert b"a.b-c=kept\n" not in run.read("all")  # busybox's own sh loses it; the next test does not use a shell


def test_variables_whose_names_are_none_for_a_shell_reach_the_program(cluster: Cluster) -> None:
    step = make_step(
        ["cp", "/proc/self/environ", "/tmp/outputs/all"],
        outputs={"all": "/tmp/outputs/all"},
        options={"env": [{"name": "a.b-c", "value": "two\nlines"}, {"name": "PLAIN", "value": "x"}]},
    )
    variables = cluster.run(step).read("all").decode().split("\0")
    assert "a.b-c=two\nlines" in variables
    assert "PLAIN=x" in variables


def test_the_wrapper_adds_nothing_to_environment_signals_and_open_files(cluster: Cluster) -> None:
    program = "env | cut -d= -f1 | sort > /tmp/outputs/env; grep SigIgn /proc/self/status > /tmp/outputs/signals; "
    program += "ls /proc/self/fd | wc -l > /tmp/outputs/files; pwd > /tmp/outputs/cwd"
    plain = make_step(["sh", "-c", f"mkdir /tmp/outputs; {program}; cat /tmp/outputs/*"])
    wrapped = make_step(["sh", "-c", f"{program}; cat /tmp/outputs/*"], outputs={"env": "/tmp/outputs/env"})
    lines: list[list[str]] = [[], []]
    for step, seen in zip((plain, wrapped), lines, strict=True):
        cluster.run(step, log_formatter=lambda _, line, seen=seen: seen.append(line) or line)
    assert lines[0] == lines[1]
    assert any(line.startswith("SigIgn:\t0000000000000000") for line in lines[1])


@pytest.mark.parametrize("where", ["container", "pod"])
def test_a_user_that_is_not_root_reads_inputs_and_writes_outputs(cluster: Cluster, tmp_path: Path, where: str) -> None:
    (tmp_path / "x").write_bytes(b"x")
    user = {"runAsUser": 1000, "runAsNonRoot": True}
    step = make_step(
        ["sh", "-ec", "umask 077; mkdir -p /tmp/o; cat /in/x > /tmp/o/y; chmod 600 /tmp/o/y"],
        inputs={"x": "/in/x"},
        outputs={"y": "/tmp/o/y", "o": "/tmp/o"},
        options={"securityContext": user} if where == "container" else {},
    )
    from kubernetes.client import V1PodSecurityContext

    arguments = (
        {}
        if where == "container"
        else {"security_context": V1PodSecurityContext(run_as_user=1000, run_as_non_root=True)}
    )
    run = cluster.run(step, {"x": tmp_path / "x"}, **arguments)
    assert run.outcome.exit_code == 0, run.outcome.message
    assert run.read("y") == b"x"
    assert (run.outcome.outputs["o"] / "y").read_bytes() == b"x"


def test_an_input_cannot_be_changed(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    run = cluster.run(make_step(["sh", "-c", "echo y > /in/x || exit 5"], inputs={"x": "/in/x"}), {"x": tmp_path / "x"})
    assert run.outcome.exit_code == 5


@pytest.mark.parametrize("code", [0, 3])
@pytest.mark.parametrize("seconds", [0, 3])
def test_the_log_has_each_line_of_both_outputs_once_and_nothing_else(cluster: Cluster, seconds: int, code: int) -> None:
    program = f"sleep {seconds}; echo out; echo err >&2; echo y > /tmp/y; printf last; exit {code}"
    seen: list[str] = []
    step = make_step(["sh", "-c", program], outputs={"y": "/tmp/y"})
    run = cluster.run(step, log_formatter=lambda _, line: seen.append(line) or line)
    assert (run.outcome.exit_code, run.read("y")) == (code, b"y\n")
    assert sorted(seen) == ["err", "last", "out"]


@pytest.mark.row("DP-01", "DP-10")
def test_a_failed_program_says_how_and_its_outputs_are_kept(cluster: Cluster) -> None:
    """DP-01, DP-10."""
    step = make_step(
        ["sh", "-c", "echo partial > /tmp/y; echo 'no more data' > /dev/termination-log; exit 3"],
        outputs={"y": "/tmp/y", "z": "/tmp/z"},
    )
    run = cluster.run(step)
    assert run.outcome.exit_code == 3
    assert (
        run.outcome.message
        == f"exit code 3, Error, no more data; pod {run.pod} in namespace {cluster.namespace}, phase Running"
    )
    assert run.read("y") == b"partial\n"
    assert set(run.outcome.outputs) == {"y"}
    assert cluster.exists(run.pod), "failed pods are kept"


@pytest.mark.parametrize("outputs", [{}, {"y": "/tmp/y"}], ids=["plain", "wrapped"])
def test_a_signal_is_an_exit_code(cluster: Cluster, outputs: dict[str, str]) -> None:
    run = cluster.run(make_step(["sh", "-c", "sh -c 'kill -9 $$$$'; exit $?"], outputs=outputs))
    assert run.outcome.exit_code == 128 + signal.SIGKILL
    assert run.outcome.message.startswith("exit code 137 (SIGKILL), Error; pod ")


def test_a_program_that_runs_out_of_memory_says_so(cluster: Cluster) -> None:
    step = make_step(
        ["sh", "-c", "tail -c 500m /dev/zero"],
        outputs={"y": "/tmp/y"},
        options={"resources": {"limits": {"memory": "32Mi"}}},
    )
    message = cluster.run(step).outcome.message
    assert "exit code 137 (SIGKILL), OOMKilled, out of memory: its limit is 32Mi" in message


def test_a_missing_output_is_left_out_and_an_empty_one_is_not(cluster: Cluster) -> None:
    run = cluster.run(make_step(["touch", "/tmp/empty"], outputs={"empty": "/tmp/empty", "missing": "/tmp/missing"}))
    assert run.outcome.exit_code == 0
    assert set(run.outcome.outputs) == {"empty"}
    assert run.read("empty") == b""


def test_a_step_without_files_has_no_helper(cluster: Cluster) -> None:
    run = cluster.run(make_step(["true"]), on_finish_action="keep_pod")
    pod = cluster.core.read_namespaced_pod(run.pod, cluster.namespace)
    assert [one.name for one in pod.spec.containers] == ["main"]
    assert pod.spec.volumes[0].name != "kfp-airflow"


def test_a_kept_pod_comes_to_rest(cluster: Cluster) -> None:
    run = cluster.run(make_step(["touch", "/tmp/y"], outputs={"y": "/tmp/y"}), on_finish_action="keep_pod")
    deadline = time.monotonic() + 20
    while (phase := cluster.core.read_namespaced_pod(run.pod, cluster.namespace).status.phase) != "Succeeded":
        assert time.monotonic() < deadline, phase
        time.sleep(0.2)


@pytest.mark.row("A-09")
def test_an_image_without_a_command_runs_as_it_is(cluster: Cluster, tmp_path: Path) -> None:
    """A-09: the image's own entrypoint; busybox's is sh, which ends at once."""
    (tmp_path / "x").write_bytes(b"x\n")
    step = make_step(
        None,
        ["sh", "-c", "cat /in/x > /tmp/outputs/y; touch /tmp/outputs/same"],
        inputs={"x": "/in/x"},
        outputs={"y": "/tmp/outputs/y", "no": "/tmp/outputs/no"},
    )
    run = cluster.run(step, {"x": tmp_path / "x"})
    assert run.outcome.exit_code == 0, run.outcome.message
    assert {name: run.read(name) for name in run.outcome.outputs} == {"y": b"x\n"}


def test_init_containers_see_the_inputs_and_native_sidecars_run_beside_main(cluster: Cluster, tmp_path: Path) -> None:
    """D-11, D-12."""
    (tmp_path / "x").write_bytes(b"seen")
    shared = tree({"name": "shared", "emptyDir": {}})
    mount = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
    step = make_step(
        [
            "sh",
            "-ec",
            "until [ -e /shared/side ]; do usleep 10000; done; cat /shared/init /shared/side > /tmp/outputs/y",
        ],
        inputs={"x": "/in/x"},
        outputs={"y": "/tmp/outputs/y"},
        options=mount,
        pod=PodOptions(
            init_containers=(container("prepare", "cp", "/in/x", "/shared/init", mirror=True),),
            sidecars=(
                container("side", "sh", "-c", "trap '' TERM; echo -n side > /shared/side; sleep 600", mirror=True),
            ),
            volumes=(shared,),
        ),
    )
    run = cluster.run(step, {"x": tmp_path / "x"})
    assert run.outcome.exit_code == 0, run.outcome.message
    assert run.read("y") == b"seenside"


def test_a_failing_init_container_fails_the_step(cluster: Cluster) -> None:
    """D-11: main never starts."""
    step = make_step(
        ["true"], outputs={"y": "/y"}, pod=PodOptions(init_containers=(container("prepare", "sh", "-c", "exit 4"),))
    )
    outcome = cluster.run(step).outcome
    assert outcome.exit_code == 4
    assert outcome.message.startswith("init container 'prepare' ended with exit code 4 (Error); pod ")


def test_a_sidecar_that_fails_decides_nothing(cluster: Cluster) -> None:
    step = make_step(
        ["sh", "-c", "sleep 1; echo ok > /y"],
        outputs={"y": "/y"},
        pod=PodOptions(sidecars=(container("side", "false"),)),
    )
    run = cluster.run(step)
    assert (run.outcome.exit_code, run.read("y")) == (0, b"ok\n")


def test_an_unknown_image_fails_the_step_by_name(cluster: Cluster) -> None:
    step = make_step(["true"], image="localhost:1/no/such:image")
    with pytest.raises(
        ImageUnavailable, match=r"did not start.*image 'localhost:1/no/such:image' cannot be pulled \("
    ) as caught:
        cluster.run(step, startup_timeout_seconds=20)
    assert "Check the image's name" in str(caught.value)


def test_a_pod_that_no_node_takes_names_the_reason(cluster: Cluster) -> None:
    step = make_step(["true"], options={"resources": {"requests": {"cpu": "10000"}}}, outputs={"y": "/y"})
    with pytest.raises(
        StepError,
        match=r"did not start within 1 s: no node takes the pod \(Unschedulable\): .*Insufficient cpu.*allows more",
    ):
        cluster.run(step, startup_timeout_seconds=1)


@pytest.mark.row("A-04")
def test_a_time_limit_ends_the_step_and_is_named(cluster: Cluster) -> None:
    """A-04, B-10."""
    run = cluster.run(make_step(["sh", "-c", "trap 'exit 9' TERM; sleep 600 & wait"], outputs={"y": "/y"}, timeout_s=2))
    assert run.outcome.exit_code != 0
    assert "the step exceeded its time limit of 2 s and was ended; pod " in run.outcome.message


def test_a_deleted_pod_is_lost_not_failed(cluster: Cluster) -> None:
    """B-09: a pod deleted from outside is retried by every policy."""
    operator = cluster.operator(make_step(["sleep", "600"], outputs={"y": "/y"}), Settings())
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(run_with, cluster, operator)
        delete_when_running(cluster, operator)
        with pytest.raises(PodLost, match=r"pod tests-t-.* was deleted while the step ran") as caught:
            pending.result(timeout=60)
    assert caught.value.lost_pod


def test_a_task_that_is_told_to_end_while_its_pod_is_made_leaves_none(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = cluster.operator(make_step(["sleep", "600"]), Settings())
    post = operator._post

    def told_while_the_cluster_answers(*arguments: object) -> object:
        created = post(*arguments)
        operator.on_kill()
        return created

    monkeypatch.setattr(operator, "_post", told_while_the_cluster_answers)
    with pytest.raises(StepError, match=r"was deleted while the step ran|is being deleted"):
        run_with(cluster, operator)
    assert operator.pod is not None
    deadline = time.monotonic() + 60
    while cluster.exists(operator.pod.metadata.name):
        assert time.monotonic() < deadline
        time.sleep(0.2)


def run_with(cluster: Cluster, operator: object) -> None:
    cluster.operator = lambda *_, **__: operator  # type: ignore[method-assign,assignment]
    cluster.run(operator.step)  # type: ignore[attr-defined]


def delete_when_running(cluster: Cluster, operator: object) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        pod = getattr(operator, "pod", None)
        if (
            pod is not None
            and cluster.core.read_namespaced_pod(pod.metadata.name, cluster.namespace).status.phase == "Running"
        ):
            cluster.core.delete_namespaced_pod(pod.metadata.name, cluster.namespace, grace_period_seconds=1)
            return
        time.sleep(0.1)
    raise AssertionError("the pod did not start within 30 s")


def test_a_refused_pod_names_what_is_wrong(cluster: Cluster) -> None:
    step = make_step(["true"], options={"env": [{"name": "a=b", "value": "secret value"}]})
    with pytest.raises(
        StepError, match=r"refused the pod of the step in namespace .*env.*Mend what it names"
    ) as caught:
        cluster.run(step)
    assert "secret value" not in str(caught.value)


def test_a_missing_namespace_is_named(cluster: Cluster) -> None:
    with pytest.raises(
        StepError, match=r'namespaces? "?nowhere-at-all"? not found.*Create the namespace nowhere-at-all'
    ):
        cluster.run(make_step(["true"]), namespace="nowhere-at-all")


def test_steps_run_side_by_side(cluster: Cluster, tmp_path: Path) -> None:
    def one(index: int) -> bytes:
        path = tmp_path / f"in-{index}"
        path.write_bytes(b"%d" % index)
        step = make_step(["cp", "/in/x", "/tmp/outputs/y"], inputs={"x": "/in/x"}, outputs={"y": "/tmp/outputs/y"})
        return cluster.run(step, {"x": path}).read("y")

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(one, range(8))) == [b"%d" % index for index in range(8)]


def test_the_hook_for_pods_and_a_template_still_apply(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pod_mutation_hook sees the completed pod; a template's own containers and volumes stay."""
    from airflow.providers.cncf.kubernetes.operators import pod as host

    seen: list[list[str]] = []
    monkeypatch.setattr(host, "pod_mutation_hook", lambda pod: seen.append([one.name for one in pod.spec.containers]))
    template = {
        "spec": {"containers": [{"name": "any", "env": [{"name": "FROM", "value": "template"}]}], "priority": None}
    }
    run = cluster.run(make_step(["sh", "-c", "echo -n $FROM > /y"], outputs={"y": "/y"}), pod_template_dict=template)
    assert seen == [["kfp-helper", "main"]]
    assert run.read("y") == b"template"
