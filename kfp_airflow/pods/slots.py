"""`set_parallelism` for pods of several runs: each waits, made and not scheduled, until fewer than so many run.

A DAG's own limit counts the tasks of one run. Where tasks start runs (loops in loops, recursion), the pods of all of
them share one label, and each has a scheduling gate, which its own task takes away when it is its turn.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, TypeAlias

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.text import Json
from kfp_airflow.pods import state
from kfp_airflow.pods.manifest import Manifest, as_object
from kfp_airflow.pods.reading import PASSING, read_json
from kfp_airflow.pods.turns import Decision, Move, Queue, Seen, Stage

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

log = logging.getLogger(__name__)

Operation: TypeAlias = Mapping[str, Json]
"""One operation of a JSON patch."""

GATE: Final = "kfp-airflow/slot"
RUN_LABEL: Final = "kfp-airflow/run"
STAGE: Final = "kfp-airflow/slot"
"""The annotation with a pod's stage, which one patch changes together with its gate."""
FASTEST_LOOK_S: Final = 0.5
SLOWEST_LOOK_S: Final = 5.0


def gated(pod: Manifest, run: str) -> Manifest:
    """Return a pod's manifest that waits for a slot among the pods of `run`, a value of a label."""
    metadata, spec = as_object(pod.get("metadata")), as_object(pod.get("spec"))
    gates = spec.get("schedulingGates")
    return {
        **pod,
        "metadata": {
            **metadata,
            "labels": {**as_object(metadata.get("labels")), RUN_LABEL: run},
            "annotations": {**as_object(metadata.get("annotations")), STAGE: Stage.WAITING.value},
        },
        "spec": {**spec, "schedulingGates": [*(gates if isinstance(gates, list) else []), {"name": GATE}]},
    }


def seen(pod: state.Pod) -> Seen:
    """Return what counts of a pod. One whose program has ended is over, while its files are still read, too."""
    metadata = pod["metadata"]
    order = str(metadata.get("creationTimestamp") or ""), str(metadata["name"])
    return Seen(order[1], _stage(pod), order)


def _stage(pod: state.Pod) -> Stage:
    if pod.get("status", {}).get("phase") in {"Succeeded", "Failed"} or state.main_end(pod) is not None:
        return Stage.ENDED
    if _gate(pod) is None:
        return Stage.RUNNING
    claims = (pod["metadata"].get("annotations") or {}).get(STAGE) == Stage.CLAIMING.value
    return Stage.CLAIMING if claims else Stage.WAITING


def _gate(pod: state.Pod) -> int | None:
    gates = pod.get("spec", {}).get("schedulingGates") or []
    return next((index for index, gate in enumerate(gates) if gate.get("name") == GATE), None)


class SlotWait:
    """The wait of one pod, which was made with `gated`. One use.

    `patience_s`: how long the cluster may be busy or out of reach.
    """

    def __init__(self, core: CoreV1Api, *, pod: str, namespace: str, run: str, slots: int, patience_s: float) -> None:
        self._core, self._name, self._namespace, self._run, self._slots = core, pod, namespace, run, slots
        self._patience_s = patience_s
        self._own: state.Pod = {}
        self._refused_since: float | None = None

    def wait(self, time_left: Callable[[], int | None]) -> None:
        """Return when the pod may be scheduled; its own time limit is then `time_left()`, in seconds.

        Raises what `time_left` raises, which is asked at each look; PodLost where somebody ended the pod, StepError
        where the cluster does not let it wait.
        """
        queue = Queue(self._name, self._slots)
        told = False
        time_left()
        pods, now_s = self._look(), time.monotonic()
        if _gate(self._own) is None:
            log.warning(
                "The limit of %d steps at a time is not kept: this cluster has no scheduling gates, which come with "
                "Kubernetes 1.27",
                self._slots,
            )
        while _gate(self._own) is not None:
            decision = queue.look(pods, now_s)
            if decision.move is Move.WAIT and not told:
                log.info("Waiting, for the pipeline lets %d of its steps run at a time", self._slots)
                told = True
            self._carry_out(decision, time_left)
            time_left()
            now_s = time.monotonic()
            pods = self._look()

    def _carry_out(self, decision: Decision, time_left: Callable[[], int | None]) -> None:
        match decision.move:
            case Move.BEGIN:
                self._patch(self._beginning(time_left()))
                return
            case Move.CLAIM:
                self._patch([_stage_operation(Stage.CLAIMING)])
                return
            case Move.RETREAT:
                self._patch([_stage_operation(Stage.WAITING)])
            case Move.WAIT:
                pass
        time.sleep(min(FASTEST_LOOK_S * (1 + decision.before), SLOWEST_LOOK_S))

    def _look(self) -> list[Seen]:
        answer = read_json(
            self._core.list_namespaced_pod,
            self._namespace,
            label_selector=f"{RUN_LABEL}={self._run}",
            what=f"the pods of namespace {self._namespace}",
            patience_s=self._patience_s,
        )
        pods: list[state.Pod] = answer["items"]
        own = next((pod for pod in pods if pod["metadata"]["name"] == self._name), None)
        if own is None:
            raise self._lost()
        state.check_alive(own)
        self._own = own
        return [seen(pod) for pod in pods]

    def _lost(self) -> state.PodLost:
        return state.PodLost(f"pod {self._name} in namespace {self._namespace} was deleted before the step began")

    def _beginning(self, time_left_s: int | None) -> list[Operation]:
        gate = f"/spec/schedulingGates/{_gate(self._own)}"
        operations: list[Operation] = [
            {"op": "test", "path": f"{gate}/name", "value": GATE},
            {"op": "remove", "path": gate},
            _stage_operation(Stage.RUNNING),
        ]
        limit = self._own["spec"].get("activeDeadlineSeconds")
        if time_left_s is not None and (limit is None or time_left_s < limit):
            operations.append({"op": "add", "path": "/spec/activeDeadlineSeconds", "value": time_left_s})
        return operations

    def _patch(self, operations: list[Operation]) -> None:
        """Change the pod. What a busy cluster did not take is decided anew after the next look, never sent again.

        Raises StepError where the cluster refuses, or takes nothing for `patience_s`.
        """
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            self._core.patch_namespaced_pod(self._name, self._namespace, operations, _preload_content=False)
        except (ApiException, HTTPError) as error:
            status = getattr(error, "status", None)
            if status == HTTPStatus.NOT_FOUND:
                raise self._lost() from error
            self._refused_since = self._refused_since or time.monotonic()
            passes = status is None or status in {*PASSING, HTTPStatus.CONFLICT}
            if not passes or time.monotonic() - self._refused_since > self._patience_s:
                reason = str(error).splitlines()[0]
                advice = "Its account has to be allowed to patch pods" if status == HTTPStatus.FORBIDDEN else ""
                pod = f"pod {self._name} in namespace {self._namespace}"
                raise StepError(f"{pod} waits and cannot be let go: {reason}. {advice}") from error
            log.debug("The pod's slot was not changed: %s", error)
            time.sleep(FASTEST_LOOK_S)
        else:
            self._refused_since = None


def _stage_operation(stage: Stage) -> Operation:
    return {"op": "add", "path": f"/metadata/annotations/{STAGE.replace('/', '~1')}", "value": stage.value}
