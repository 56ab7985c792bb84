"""Whose turn it is where so many pods may run at a time, and each is made and let go by a task of its own.

No process is above the tasks. One that sees room makes its pod, which waits: a claim. Then it looks again, and lets the
pod go only where everything that runs or claims, itself counted, fits: of any group that would be one too many, the
last to claim sees all others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

DEAD_AFTER_S: Final = 30.0
"""How long a claim is counted that could begin and does not: its task is dead."""
CLAIM_HOLDS_S: Final = 15.0
"""How old a task lets its own claim become: well before others stop counting it."""


class Stage(Enum):
    """How far a pod has come."""

    CLAIMING = "claiming"
    RUNNING = "running"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Seen:
    """A pod of the run as one look at the cluster showed it. `order`: whose claim comes first."""

    name: str
    stage: Stage
    order: tuple[str, str]


class Move(Enum):
    """What a task does with the pod by which it claims."""

    WAIT = "wait"
    BEGIN = "begin"
    RETREAT = "retreat"


def decide(pods: Sequence[Seen], slots: int) -> dict[str, Move]:
    """Return what the task of each pod that claims does, by pod, where `slots` pods may run at a time."""
    free = slots - sum(pod.stage is Stage.RUNNING for pod in pods)
    claims = sorted((pod for pod in pods if pod.stage is Stage.CLAIMING), key=lambda pod: pod.order)
    if len(claims) <= free:
        return {pod.name: Move.BEGIN for pod in claims}
    return {pod.name: Move.WAIT if place < free else Move.RETREAT for place, pod in enumerate(claims)}


class Turns:
    """All pods of a run, as one task sees them look by look; times are seconds on a clock of its own.

    It leaves out claims whose tasks are dead: for `DEAD_AFTER_S` they could have begun, or gone, and did not.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._able_since: dict[Seen, float] = {}
        self._dead: set[Seen] = set()

    def is_room(self, pods: Sequence[Seen], now_s: float) -> bool:
        """Tell whether one more may claim."""
        living = self._living(pods, now_s)
        return sum(pod.stage in {Stage.RUNNING, Stage.CLAIMING} for pod in living) < self._slots

    def move(self, pods: Sequence[Seen], now_s: float, *, name: str, claimed_s: float) -> Move:
        """Return what to do with the pod that claims since `claimed_s`, after a look that was begun at `now_s`."""
        move = decide(self._living(pods, now_s), self._slots)[name]
        return Move.RETREAT if now_s - claimed_s > CLAIM_HOLDS_S else move

    def _living(self, pods: Sequence[Seen], now_s: float) -> list[Seen]:
        self._dead &= set(pods)
        living = [pod for pod in pods if pod not in self._dead]
        moves = decide(living, self._slots)
        able = [pod for pod in living if moves.get(pod.name, Move.WAIT) is not Move.WAIT]
        self._able_since = {pod: self._able_since.get(pod, now_s) for pod in able}
        self._dead |= {pod for pod, since in self._able_since.items() if now_s - since > DEAD_AFTER_S}
        return [pod for pod in living if pod not in self._dead]
