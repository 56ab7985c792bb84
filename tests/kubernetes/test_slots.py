"""The steps at a time of several runs, as real pods: gates, claims, time limits, pods that go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kfp_airflow.diagnostics import StepError
from kfp_airflow.operators.limits import Deadline, Limits, SharedLimit, now
from kfp_airflow.pods.slots import GATE, RUN_LABEL
from kfp_airflow.pods.state import PodLost
from tests.cli.test_run_calls import most_at_a_time
from tests.kubernetes.conftest import Cluster, Run, make_step

pytestmark = [pytest.mark.kubernetes]

CLOCK = "cut -d ' ' -f 1 /proc/uptime"  # one node, one clock, with hundredths
SPAN = make_step(
    ["sh", "-ec", f"{{ {CLOCK}; sleep 1; {CLOCK}; }} > /tmp/outputs/span/data"],
    outputs={"span": "/tmp/outputs/span/data"},
)


def few(steps: int, *deadlines: Deadline) -> Limits:
    return Limits(deadlines=deadlines, shared=SharedLimit(uuid.uuid4().hex[:8], steps))


def waiting(cluster: Cluster, limits: Limits) -> Any:
    """Return a pod that waits for its slot, once there is one."""
    assert limits.shared is not None
    selector = f"{RUN_LABEL}={limits.shared.run}"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for pod in cluster.core.list_namespaced_pod(cluster.namespace, label_selector=selector).items:
            if any(gate.name == GATE for gate in pod.spec.scheduling_gates or ()):
                return pod
        time.sleep(0.1)
    raise AssertionError("no pod waits")


@pytest.mark.row("P-03", "A-06")
def test_so_many_pods_run_at_a_time_whoever_made_them(cluster: Cluster) -> None:
    limits = few(2)
    with ThreadPoolExecutor(6) as pool:
        ran = list(pool.map(lambda _: cluster.run(SPAN, limits=limits), range(6)))
    spans = [tuple(float(line) for line in run.read("span").split()) for run in ran]
    assert max(sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans) == 2
    assert not any(cluster.exists(run.pod) for run in ran)


@pytest.fixture
def held(cluster: Cluster) -> Any:
    """A limit of one, whose slot a pod has until its sleep is over."""
    limits = few(1)
    with ThreadPoolExecutor(1) as pool:
        run: Future[Run] = pool.submit(cluster.run, make_step(["sleep", "12"]), limits=limits)
        assert limits.shared is not None
        while not cluster.core.list_namespaced_pod(
            cluster.namespace, label_selector=f"{RUN_LABEL}={limits.shared.run}", field_selector="status.phase=Running"
        ).items:
            time.sleep(0.2)
        yield limits
        assert run.result().outcome.exit_code == 0


def test_a_pod_that_is_deleted_while_it_waits_is_lost(cluster: Cluster, held: Limits) -> None:
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(cluster.run, make_step(["true"]), limits=held)
        pod = waiting(cluster, held)
        cluster.core.delete_namespaced_pod(pod.metadata.name, cluster.namespace, grace_period_seconds=0)
        with pytest.raises(PodLost, match=rf"pod {pod.metadata.name} .* was deleted before the step began"):
            second.result(timeout=30)


def test_a_wait_that_the_time_limit_of_the_run_ends_leaves_no_pod(cluster: Cluster, held: Limits) -> None:
    soon = Deadline(now() + timedelta(seconds=3), "the run's time limit of 3 s")
    limits = Limits(deadlines=(soon,), shared=held.shared)
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(cluster.run, make_step(["true"]), limits=limits)
        pod = waiting(cluster, held)
        with pytest.raises(StepError, match=r"step 'train' was not begun: the run's time limit of 3 s is over"):
            second.result(timeout=30)
    assert not cluster.exists(pod.metadata.name)


def test_a_pod_that_waited_has_the_time_that_is_left_of_the_run_and_not_its_own_begun_earlier(
    cluster: Cluster, held: Limits
) -> None:
    """The limit is set as the pod is let go; the cluster ends it by that."""
    end = now() + timedelta(seconds=25)
    limits = Limits(deadlines=(Deadline(end, "the run's time limit"),), shared=held.shared)
    run = cluster.run(
        make_step(["sh", "-c", "trap 'exit 1' TERM; sleep 60 & wait"], timeout_s=24),
        limits=limits,
        on_finish_action="keep_pod",
    )
    pod = cluster.core.read_namespaced_pod(run.pod, cluster.namespace)
    assert pod.spec.active_deadline_seconds < 24
    assert run.outcome.message.startswith(f"the step exceeded its time limit of {pod.spec.active_deadline_seconds} s")
    assert now() - end < timedelta(seconds=10)


@pytest.mark.row("P-03", "A-06")
def test_the_steps_at_a_time_are_counted_over_all_runs_that_tasks_start(root: Path, tmp_path: Path) -> None:
    report = tmp_path / "out.json"
    command = [sys.executable, "-m", "kfp_airflow.cli", "run", "tests/cli/pipelines/calls.py", "--function", "limited"]
    options = ["--runtime", "kubernetes", "--home", str(tmp_path / "home"), "--json", str(report)]
    done = subprocess.run([*command, *options], cwd=root, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert most_at_a_time(json.loads(report.read_text())) == 2
