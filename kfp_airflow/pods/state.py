"""What a pod's status says: pure functions over the API's own JSON."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from kfp_airflow.diagnostics import ImageUnavailable, StepError
from kfp_airflow.pods import helper
from kfp_airflow.pods.manifest import MAIN

Pod: TypeAlias = dict[str, Any]

_PERMANENT: Final = {"InvalidImageName", "ErrImageNeverPull"}
_PULLS: Final = {"ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"}
_BROKEN: Final = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
_MAY_PASS: Final = (
    "timeout", "timed out", "deadline exceeded", "temporarily", "too many requests", "rate limit", "quota", "qps",
    "account limit",
    "service unavailable", "bad gateway", "internal server error", "connection reset", "connection refused", "eof",
    "tls handshake",
)  # fmt: skip
SIGNALLED: Final = 128
"""What a shell and the kubelet add to the number of the signal that ended a program."""
_START_ERRORS: Final = {"StartError", "ContainerCannotRun"}


class PodLost(StepError):
    """The pod was deleted, evicted or lost with its node: nothing that the step did (B-09)."""

    lost_pod = True


@dataclass(frozen=True, slots=True)
class StartProblem:
    """Why a pod does not start. `permanent`: waiting longer changes nothing; `image`: an image cannot be pulled."""

    text: str
    permanent: bool = False
    image: bool = False

    def as_error(self, pod: str) -> StepError:
        """Return what the step fails with; `pod` says which pod did not start."""
        return (ImageUnavailable if self.image else StepError)(f"{pod}: {self.text}")


def main_status(pod: Pod) -> Pod:
    """Return the status of the container `main`, empty before there is one."""
    return next((one for one in pod.get("status", {}).get("containerStatuses") or [] if one.get("name") == MAIN), {})


def main_end(pod: Pod) -> Pod | None:
    """Return how `main` ended (`exitCode`, `reason`, `message`), None while it has not."""
    end: Pod | None = main_status(pod).get("state", {}).get("terminated")
    return end


def has_started(pod: Pod) -> bool:
    """Tell whether `main` runs or has run."""
    state = main_status(pod).get("state", {})
    return "running" in state or "terminated" in state


def init_runs(pod: Pod) -> bool:
    """Tell whether one of the step's own init containers runs just now: then the start takes as long as it takes."""
    endless = {
        one["name"] for one in pod.get("spec", {}).get("initContainers") or [] if one.get("restartPolicy") == "Always"
    }
    statuses = pod.get("status", {}).get("initContainerStatuses") or []
    return any("running" in one.get("state", {}) and one["name"] not in endless for one in statuses)


def failed_init(pod: Pod) -> Pod | None:
    """Return the status of the init container that failed the pod, with its `terminated` state (D-11)."""
    if pod.get("status", {}).get("phase") != "Failed":
        return None
    for one in pod["status"].get("initContainerStatuses") or []:
        end = one.get("state", {}).get("terminated")
        if end and end.get("exitCode") and one["name"] != helper.FEEDER and not one.get("started"):
            status: Pod = one
            return status
    return None


def exceeded_deadline(pod: Pod) -> bool:
    """Tell whether the pod's own time limit ended it (A-04)."""
    return bool(pod.get("status", {}).get("reason") == "DeadlineExceeded")


def check_alive(pod: Pod) -> None:
    """Raise PodLost for a pod that somebody else ended, or that ended without running its program."""
    status = pod.get("status", {})
    name = pod["metadata"]["name"]
    disruption = next(
        (one for one in _conditions(pod) if one.get("type") == "DisruptionTarget" and one.get("status") == "True"), None
    )
    if pod["metadata"].get("deletionTimestamp") and main_end(pod) is None:
        why = f": {disruption.get('message') or disruption.get('reason')}" if disruption else ""
        raise PodLost(f"pod {name} was deleted while the step ran{why}")
    if (
        status.get("phase") == "Failed"
        and not exceeded_deadline(pod)
        and (disruption or main_end(pod) is None)
        and failed_init(pod) is None
    ):
        reason = status.get("reason") or (disruption or {}).get("reason") or "no reason given"
        message = status.get("message") or (disruption or {}).get("message") or ""
        raise PodLost(f"pod {name} was ended by the cluster ({reason}){': ' + message if message else ''}")


def start_problem(pod: Pod) -> StartProblem | None:
    """Return what keeps the pod from starting, None where nothing does."""
    for container in _statuses(pod):
        waiting = container.get("state", {}).get("waiting") or {}
        reason, message = waiting.get("reason", ""), str(waiting.get("message", "")).strip()
        image = container.get("image") or _image_of(pod, container.get("name"))
        if reason in _PERMANENT or reason in _PULLS:
            passing = reason not in _PERMANENT and any(text in message.lower() for text in _MAY_PASS)
            advice = "Check the image's name, and the pull secrets and policy of the step or the pipeline"
            said = f": {message}" if message else ""
            text = f"image '{image}' cannot be pulled ({reason}){said}. {advice}"
            return StartProblem(text, permanent=not passing, image=True)
        if reason in _BROKEN:
            return StartProblem(
                f"container '{container.get('name')}' (image '{image}') cannot be started ({reason}): {message}"
            )
        ended = container.get("state", {}).get("terminated") or {}
        if ended.get("reason") in _START_ERRORS:
            text = f"container '{container.get('name')}' (image '{image}') could not be started"
            return StartProblem(f"{text}: {str(ended.get('message', '')).strip()}", permanent=True)
    for condition in _conditions(pod):
        if condition.get("type") == "PodScheduled" and condition.get("status") == "False":
            return StartProblem(f"no node takes the pod ({condition.get('reason')}): {condition.get('message')}")
    return None


def describe_end(pod: Pod, exit_code: int) -> str:
    """Return one line on how `main` ended: code, signal, reason, the program's last words, the pod and its state."""
    end = main_end(pod) or {}
    reason = end.get("reason") or "Error"
    words = [f"exit code {exit_code}{_signal_name(exit_code)}", reason if reason != "Completed" else "Error"]
    if reason == "OOMKilled":
        words.append(f"out of memory: its limit is {_memory_limit(pod)}")
    if message := str(end.get("message") or "").strip():
        words.append(message[-1000:])
    return f"{', '.join(words)}; {describe_pod(pod)}"


def describe_pod(pod: Pod) -> str:
    """Return the pod's name, phase and reason."""
    status = pod.get("status", {})
    reason = f" ({status['reason']}: {status.get('message', '')})" if status.get("reason") else ""
    name, namespace = pod["metadata"]["name"], pod["metadata"].get("namespace")
    return f"pod {name} in namespace {namespace}, phase {status.get('phase', 'Unknown')}{reason}"


def _signal_name(exit_code: int) -> str:
    try:
        return f" ({signal.Signals(exit_code - SIGNALLED).name})" if exit_code > SIGNALLED else ""
    except ValueError:
        return ""


def _memory_limit(pod: Pod) -> str:
    main: Pod = next((one for one in pod.get("spec", {}).get("containers", []) if one.get("name") == MAIN), {})
    return str(main.get("resources", {}).get("limits", {}).get("memory", "the node's memory"))


def _image_of(pod: Pod, name: str | None) -> str:
    spec = pod.get("spec", {})
    containers = [*(spec.get("initContainers") or []), *spec.get("containers", [])]
    return next((str(one.get("image")) for one in containers if one.get("name") == name), "?")


def _statuses(pod: Pod) -> Iterator[Pod]:
    status = pod.get("status", {})
    yield from status.get("initContainerStatuses") or []
    yield from status.get("containerStatuses") or []


def _conditions(pod: Pod) -> list[Pod]:
    conditions: list[Pod] = pod.get("status", {}).get("conditions") or []
    return conditions
