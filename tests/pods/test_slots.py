"""Pods that wait behind a gate: what they are given, and what a look at one says."""

from __future__ import annotations

import pytest

from kfp_airflow.pods import state
from kfp_airflow.pods.manifest import Manifest
from kfp_airflow.pods.slots import GATE, gated, seen
from kfp_airflow.pods.turns import Seen, Stage

MADE: Manifest = {
    "metadata": {"name": "p", "labels": {"a": "b"}},
    "spec": {"schedulingGates": [{"name": "theirs"}], "containers": []},
}


def test_a_pod_waits_behind_a_gate_of_its_own_and_keeps_what_it_has() -> None:
    made = gated(MADE, "0123abcd")
    assert made == {
        "metadata": {
            "name": "p",
            "labels": {"a": "b", "kfp-airflow/run": "0123abcd"},
        },
        "spec": {"schedulingGates": [{"name": "theirs"}, {"name": GATE}], "containers": []},
    }
    assert seen(made).stage is Stage.CLAIMING


@pytest.mark.parametrize(
    ("pod", "stage"),
    [
        ({"spec": {"schedulingGates": [{"name": GATE}]}}, Stage.CLAIMING),
        ({"spec": {"schedulingGates": [{"name": "theirs"}]}}, Stage.RUNNING),
        ({"spec": {}, "status": {"phase": "Pending"}}, Stage.RUNNING),
        ({"spec": {}, "status": {"phase": "Failed"}}, Stage.ENDED),
        (
            {
                "spec": {},
                "status": {
                    "phase": "Running",
                    "containerStatuses": [{"name": "main", "state": {"terminated": {"exitCode": 0}}}],
                },
            },
            Stage.ENDED,
        ),
    ],
    ids=["gated", "the gate of others", "begun", "failed", "files are read"],
)
def test_a_pod_counts_from_the_end_of_its_gate_to_the_end_of_its_program(pod: state.Pod, stage: Stage) -> None:
    assert seen({"metadata": {"name": "p", "creationTimestamp": "t"}, **pod}) == Seen("p", stage, ("t", "p"))
