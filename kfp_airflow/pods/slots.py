"""`set_parallelism` for pods of several runs: each is made when there is room, and scheduled when it is its turn.

A DAG's own limit counts the tasks of one run. Where tasks start runs (loops in loops, recursion), the pods of all of
them share one label. A new one has a scheduling gate, which its own task takes away (`pods.turns`); it is not made any
earlier, for a pod that waits counts in the quotas of its namespace.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Final

from kfp_airflow.diagnostics import StepError
from kfp_airflow.pods import state
from kfp_airflow.pods.manifest import Manifest, as_object
from kfp_airflow.pods.reading import PASSING, read_json
from kfp_airflow.pods.turns import Move, Seen, Stage, Turns

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

log = logging.getLogger(__name__)

GATE: Final = "kfp-airflow/slot"
RUN_LABEL: Final = "kfp-airflow/run"
LOOK_S: Final = (0.5, 2.5)
"""How long a task without a slot waits between two looks, at least and at most: by chance, for else all would claim."""
CLAIM_LOOK_S: Final = 0.3
"""How long a task waits between two looks while its pod claims."""


def gated(pod: Manifest, run: str) -> Manifest:
    """Return a pod's manifest that claims a slot among the pods of `run`, a value of a label."""
    metadata, spec = as_object(pod.get("metadata")), as_object(pod.get("spec"))
    gates = spec.get("schedulingGates")
    return {
        **pod,
        "metadata": {**metadata, "labels": {**as_object(metadata.get("labels")), RUN_LABEL: run}},
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
    return Stage.RUNNING if _gate(pod) is None else Stage.CLAIMING


def _gate(pod: state.Pod) -> int | None:
    gates = pod.get("spec", {}).get("schedulingGates") or []
    return next((index for index, gate in enumerate(gates) if gate.get("name") == GATE), None)


class Slots:
    """The slots of a run in a namespace, of which a task wants one for its pod.

    `may_wait` is asked at each look, and ends the wait by what it raises; `patience_s`: how long the cluster may be
    busy or out of reach. Both methods raise StepError where the cluster does not answer, or refuses.
    """

    def __init__(
        self,
        core: CoreV1Api,
        *,
        namespace: str,
        run: str,
        slots: int,
        may_wait: Callable[[], object],
        patience_s: float,
    ) -> None:
        self._core, self._namespace, self._run, self._slots = core, namespace, run, slots
        self._may_wait, self._patience_s = may_wait, patience_s
        self._turns = Turns(slots)
        self._refused_since: float | None = None

    def await_room(self) -> None:
        """Return when a pod may be made, which is then to `begin`."""
        told = False
        while True:
            self._may_wait()
            now_s = time.monotonic()
            if self._turns.is_room([seen(pod) for pod in self._look()], now_s):
                return
            if not told:
                log.info("Waiting, for the pipeline lets %d of its steps run at a time", self._slots)
                told = True
            time.sleep(random.uniform(*LOOK_S))  # noqa: S311 - nothing secret

    def begin(self, name: str) -> bool:
        """Let a pod be scheduled, which was made with `gated`; False where it has to go, for others came before.

        Raises PodLost where somebody ended it.
        """
        claimed_s, was_let_go = time.monotonic(), False
        while True:
            self._may_wait()
            now_s = time.monotonic()
            pods = self._look()
            own = next((pod for pod in pods if pod["metadata"]["name"] == name), None)
            if own is None:
                raise self._lost(name)
            state.check_alive(own)
            if _gate(own) is None:
                if not was_let_go:
                    log.warning(
                        "More than %d steps may run at a time: this cluster has no scheduling gates, which come with "
                        "Kubernetes 1.27",
                        self._slots,
                    )
                return True
            match self._turns.move([seen(pod) for pod in pods], now_s, name=name, claimed_s=claimed_s):
                case Move.RETREAT:
                    return False
                case Move.BEGIN:
                    self._let_go(own)
                    was_let_go = True
                case Move.WAIT:
                    time.sleep(CLAIM_LOOK_S)

    def _look(self) -> list[state.Pod]:
        answer = read_json(
            self._core.list_namespaced_pod,
            self._namespace,
            label_selector=f"{RUN_LABEL}={self._run}",
            what=f"the pods of namespace {self._namespace}",
            patience_s=self._patience_s,
        )
        pods: list[state.Pod] = answer["items"]
        return pods

    def _lost(self, name: str) -> state.PodLost:
        return state.PodLost(f"pod {name} in namespace {self._namespace} was deleted before the step began")

    def _let_go(self, pod: state.Pod) -> None:
        """Take the gate away. Where a busy cluster did not, that is decided anew after the next look."""
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        name, gate = pod["metadata"]["name"], f"/spec/schedulingGates/{_gate(pod)}"
        operations = [{"op": "test", "path": f"{gate}/name", "value": GATE}, {"op": "remove", "path": gate}]
        try:
            self._core.patch_namespaced_pod(name, self._namespace, operations, _preload_content=False)
        except (ApiException, HTTPError) as error:
            status = getattr(error, "status", None)
            if status == HTTPStatus.NOT_FOUND:
                raise self._lost(name) from error
            self._refused_since = self._refused_since or time.monotonic()
            passes = status is None or status in {*PASSING, HTTPStatus.CONFLICT}
            if not passes or time.monotonic() - self._refused_since > self._patience_s:
                reason = str(error).splitlines()[0]
                advice = ". Its account has to be allowed to patch pods" if status == HTTPStatus.FORBIDDEN else ""
                whose = f"pod {name} in namespace {self._namespace}"
                raise StepError(f"{whose} waits and cannot be let go: {reason}{advice}") from error
            log.debug("The pod keeps its gate: %s", error)
            time.sleep(CLAIM_LOOK_S)
