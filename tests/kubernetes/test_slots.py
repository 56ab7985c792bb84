"""The steps at a time of several runs, as real pods: gates, claims, time limits, pods that go."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kfp_airflow.diagnostics import StepError
from kfp_airflow.operators.limits import Deadline, Limits, SharedLimit, now
from kfp_airflow.pods.manifest import Manifest
from kfp_airflow.pods.slots import RUN_LABEL, Slots, gated
from kfp_airflow.pods.state import PodLost
from tests.cli.test_run_calls import most_at_a_time
from tests.kubernetes.conftest import Cluster, Run, await_account, make_step

pytestmark = [pytest.mark.kubernetes]

CLOCK = "cut -d ' ' -f 1 /proc/uptime"  # one node, one clock, with hundredths
SPAN = make_step(
    ["sh", "-ec", f"{{ {CLOCK}; sleep 1; {CLOCK}; }} > /tmp/outputs/span/data"],
    outputs={"span": "/tmp/outputs/span/data"},
)


def few(steps: int, *deadlines: Deadline) -> Limits:
    return Limits(deadlines=deadlines, shared=SharedLimit(uuid.uuid4().hex[:8], steps))


def pods_of(cluster: Cluster, run: str, **selection: str) -> list[Any]:
    found = cluster.core.list_namespaced_pod(cluster.namespace, label_selector=f"{RUN_LABEL}={run}", **selection)
    return list(found.items)


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
        while not pods_of(cluster, limits.shared.run, field_selector="status.phase=Running"):
            time.sleep(0.2)
        yield limits
        assert run.result().outcome.exit_code == 0


def test_a_wait_that_the_time_limit_of_the_run_ends_makes_no_pod(cluster: Cluster, held: Limits) -> None:
    soon = Deadline(now() + timedelta(seconds=3), "the run's time limit of 3 s")
    with pytest.raises(StepError, match=r"step 'train' was not begun: the run's time limit of 3 s is over"):
        cluster.run(make_step(["true"]), limits=Limits(deadlines=(soon,), shared=held.shared))
    assert held.shared is not None
    assert len(pods_of(cluster, held.shared.run)) == 1


def test_a_pod_that_waited_has_the_time_that_is_left_of_the_run_and_not_its_own_begun_earlier(
    cluster: Cluster, held: Limits
) -> None:
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


def claim(cluster: Cluster, run: str, name: str) -> None:
    pod: Manifest = {
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "main", "image": "busybox:1.36", "command": ["true"]}]},
    }
    cluster.core.create_namespaced_pod(cluster.namespace, gated(pod, run))


def slots_of(cluster: Cluster, run: str) -> Slots:
    return Slots(cluster.core, namespace=cluster.namespace, run=run, slots=1, may_wait=lambda: None, patience_s=10)


def test_of_two_claims_the_later_goes_and_the_earlier_begins(cluster: Cluster) -> None:
    run, first, second = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("run", "a", "b"))
    claim(cluster, run, first)
    time.sleep(1.1)  # the time of a creation has no fractions
    claim(cluster, run, second)
    assert not slots_of(cluster, run).begin(second)
    cluster.core.delete_namespaced_pod(second, cluster.namespace)
    assert slots_of(cluster, run).begin(first)
    assert cluster.core.read_namespaced_pod(first, cluster.namespace).spec.scheduling_gates is None


def test_a_pod_that_is_deleted_while_it_claims_is_lost(cluster: Cluster) -> None:
    run, name = (f"{name}-{uuid.uuid4().hex[:8]}" for name in ("run", "gone"))
    claim(cluster, run, name)
    cluster.core.delete_namespaced_pod(name, cluster.namespace, grace_period_seconds=0)
    with pytest.raises(PodLost, match=f"pod {name} in namespace {cluster.namespace} was deleted before the step began"):
        slots_of(cluster, run).begin(name)


@pytest.fixture
def narrow(cluster: Cluster) -> Iterator[str]:
    """A namespace whose quota has room for one pod."""
    name = f"kfp-airflow-{uuid.uuid4().hex[:8]}"
    cluster.core.create_namespace({"metadata": {"name": name}})
    await_account(cluster.core, name)
    quota = {"metadata": {"name": "narrow"}, "spec": {"hard": {"pods": "1"}}}
    cluster.core.create_namespaced_resource_quota(name, quota)
    while not cluster.core.read_namespaced_resource_quota(
        "narrow", name
    ).status.hard:  # before it is counted, none fits
        time.sleep(0.2)
    yield name
    cluster.core.delete_namespace(name, grace_period_seconds=0)


@pytest.mark.parametrize("limits", [Limits(), few(3)], ids=["alone", "of a shared limit"])
def test_a_pod_waits_for_the_quota_of_its_namespace(cluster: Cluster, narrow: str, limits: Limits) -> None:
    """As with KFP, whose users set limits of steps for the sake of quotas."""
    with ThreadPoolExecutor(3) as pool:
        ran = list(pool.map(lambda _: cluster.run(SPAN, limits=limits, namespace=narrow), range(3)))
    spans = [tuple(float(line) for line in run.read("span").split()) for run in ran]
    assert max(sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans) == 1


def test_a_quota_that_never_has_room_fails_the_step_with_its_words(cluster: Cluster, narrow: str) -> None:
    cluster.core.patch_namespaced_resource_quota("narrow", narrow, {"spec": {"hard": {"pods": "0"}}})
    with pytest.raises(
        StepError, match=r"refused the pod .* exceeded quota: narrow, requested: pods=1, .*limited: pods=0"
    ):
        cluster.run(make_step(["true"]), namespace=narrow, startup_timeout_seconds=3)


@pytest.mark.row("P-03", "A-06")
def test_the_steps_at_a_time_are_counted_over_all_runs_that_tasks_start(root: Path, tmp_path: Path) -> None:
    report = tmp_path / "out.json"
    command = [sys.executable, "-m", "kfp_airflow.cli", "run", "tests/cli/pipelines/calls.py", "--function", "limited"]
    options = ["--runtime", "kubernetes", "--home", str(tmp_path / "home"), "--json", str(report)]
    done = subprocess.run([*command, *options], cwd=root, env=os.environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert most_at_a_time(json.loads(report.read_text())) == 2
