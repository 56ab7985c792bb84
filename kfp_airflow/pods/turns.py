"""Whose turn it is where so many pods may run at a time, and each is let go by a task of its own.

No process is above the tasks. One claims first, in its pod, looks again, and begins only where everything that runs or
claims, itself counted, fits: of any group that would be one too many, the last to claim sees all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

DEAD_AFTER_S: Final = 30.0
"""How long a pod that could go on and does not is counted: its task is dead."""
CLAIM_HOLDS_S: Final = 15.0
"""How old a task lets its own claim become: well before others stop counting it."""


class Stage(Enum):
    """How far a pod has come."""

    WAITING = "waiting"
    CLAIMING = "claiming"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Seen:
    """A pod of the run as one look at the cluster showed it. `order`: who comes first."""

    name: str
    stage: Stage
    order: tuple[str, str]


class Move(Enum):
    """What a task does with its pod after a look."""

    WAIT = "wait"
    CLAIM = "claim"
    RETREAT = "retreat"
    BEGIN = "begin"


@dataclass(frozen=True, slots=True)
class Decision:
    """A move, and how many come before."""

    move: Move
    before: int = 0


def decide(pods: Sequence[Seen], slots: int) -> dict[str, Decision]:
    """Return what the task of each pod that waits or claims does, by pod, where `slots` pods may run at a time."""
    free = slots - sum(pod.stage is Stage.RUNNING for pod in pods)
    claiming, waiting = (
        sorted((pod for pod in pods if pod.stage is stage), key=lambda pod: pod.order)
        for stage in (Stage.CLAIMING, Stage.WAITING)
    )
    decisions: dict[str, Decision] = {}
    for place, pod in enumerate(claiming):
        crowded = Move.WAIT if place < free else Move.RETREAT
        decisions[pod.name] = Decision(Move.BEGIN if len(claiming) <= free else crowded)
    for place, pod in enumerate(waiting):
        move = Move.CLAIM if place < free - len(claiming) else Move.WAIT
        decisions[pod.name] = Decision(move, before=place)
    return decisions


class Queue:
    """All pods of a run, as the task of one of them sees them look by look.

    It leaves out those whose tasks are dead: for `DEAD_AFTER_S` they could claim, or begin, and did not.
    """

    def __init__(self, name: str, slots: int) -> None:
        self._name, self._slots = name, slots
        self._able_since: dict[Seen, float] = {}
        self._dead: set[Seen] = set()
        self._claimed_at: float | None = None

    def look(self, pods: Sequence[Seen], now_s: float) -> Decision:
        """Return what to do after a look that was begun at `now_s`, on a clock of the caller's."""
        self._bury(pods, now_s)
        decision = self._decide(pods)[self._name]
        if decision.move is Move.CLAIM:
            self._claimed_at = now_s
        elif decision.move is Move.BEGIN and self._claimed_at is not None and now_s - self._claimed_at > CLAIM_HOLDS_S:
            return Decision(Move.RETREAT)
        return decision

    def _decide(self, pods: Sequence[Seen]) -> dict[str, Decision]:
        return decide([pod for pod in pods if pod not in self._dead], self._slots)

    def _bury(self, pods: Sequence[Seen], now_s: float) -> None:
        """Find the dead; one that has done something since it was taken for dead lives."""
        self._dead &= set(pods)
        decisions = self._decide(pods)
        others = [pod for pod in pods if pod.name in decisions and pod.name != self._name]
        able = [pod for pod in others if decisions[pod.name].move is not Move.WAIT]
        self._able_since = {pod: self._able_since.get(pod, now_s) for pod in able}
        self._dead |= {pod for pod, since in self._able_since.items() if now_s - since > DEAD_AFTER_S}
