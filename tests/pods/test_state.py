"""What a pod's status says."""

from __future__ import annotations

from typing import Any

import pytest

from kfp_airflow.diagnostics import ImageUnavailable, StepError
from kfp_airflow.pods import state


def pod(phase: str = "Pending", *, main: dict[str, Any] | None = None, **status: Any) -> state.Pod:
    containers = [{"name": "main", "image": "img:1", "state": main}] if main else []
    metadata: dict[str, Any] = {"name": "p", "namespace": "n"}
    if status.pop("deleted", False):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": metadata, "spec": {}, "status": {"phase": phase, "containerStatuses": containers, **status}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


@pytest.mark.parametrize(
    ("reason", "message", "permanent"),
    [
        ("InvalidImageName", "", True),
        ("ErrImageNeverPull", "", True),
        ("ErrImagePull", "manifest unknown", True),
        ("ImagePullBackOff", "Back-off: pull access denied", True),
        ("ErrImagePull", "net/http: TLS handshake timeout", False),
        ("ImagePullBackOff", "429 Too Many Requests", False),
    ],
)
def test_waiting_helps_only_where_the_pull_may_pass(reason: str, message: str, permanent: bool) -> None:
    problem = state.start_problem(pod(main=waiting(reason, message)))
    assert problem is not None
    assert (problem.permanent, problem.image) == (permanent, True)
    said = f": {message}" if message else ""
    assert problem.text.startswith(f"image 'img:1' cannot be pulled ({reason}){said}. Check the image's name")


def test_what_keeps_a_pod_from_starting_fails_the_step_by_its_kind() -> None:
    pull = state.start_problem(pod(main=waiting("ErrImagePull", "manifest unknown")))
    broken = state.start_problem(pod(main=waiting("CreateContainerError", "no such user")))
    assert pull is not None
    assert broken is not None
    error = pull.as_error("pod p did not start")
    assert type(error) is ImageUnavailable
    assert str(error).startswith("pod p did not start: image 'img:1' cannot be pulled (ErrImagePull): manifest unknown")
    other = broken.as_error("pod p did not start")
    assert type(other) is StepError
    assert str(other).endswith("(image 'img:1') cannot be started (CreateContainerError): no such user")


def test_a_pod_that_starts_has_no_problem() -> None:
    assert state.start_problem(pod(main=waiting("ContainerCreating"))) is None


def test_an_evicted_pod_is_lost() -> None:
    """B-09."""
    with pytest.raises(state.PodLost, match=r"pod p was ended by the cluster \(Evicted\): low on memory"):
        state.check_alive(pod("Failed", reason="Evicted", message="low on memory"))


def test_a_pod_that_is_being_deleted_is_lost() -> None:
    with pytest.raises(state.PodLost, match="pod p was deleted while the step ran"):
        state.check_alive(pod("Running", main={"running": {}}, deleted=True))


@pytest.mark.parametrize("reason", [None, "DeadlineExceeded"])
def test_a_program_that_ended_is_not_lost(reason: str | None) -> None:
    state.check_alive(pod("Failed", main={"terminated": {"exitCode": 1}}, reason=reason))


def test_the_end_tells_code_signal_reason_last_words_and_pod() -> None:
    ended = pod("Failed", main={"terminated": {"exitCode": 143, "reason": "Error", "message": "bye\n"}})
    assert state.describe_end(ended, 143) == "exit code 143 (SIGTERM), Error, bye; pod p in namespace n, phase Failed"
