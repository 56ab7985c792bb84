"""The steps at a time of several runs, as pods: who may begin, whatever the order in which tasks look and act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfp_airflow.pods.turns import DEAD_AFTER_S, Decision, Move, Queue, Seen, Stage, decide

AFTER: dict[Move, Stage] = {
    Move.CLAIM: Stage.CLAIMING,
    Move.RETREAT: Stage.WAITING,
    Move.BEGIN: Stage.RUNNING,
}


@dataclass
class Cluster:
    """Pods by name; `when`, a time of creation by name, need not be unique."""

    stages: dict[str, Stage] = field(default_factory=dict)
    when: dict[str, str] = field(default_factory=dict)
    now_s: float = 0

    def look(self) -> list[Seen]:
        return [Seen(name, stage, (self.when[name], name)) for name, stage in self.stages.items()]

    def running(self) -> int:
        return list(self.stages.values()).count(Stage.RUNNING)


class Task:
    """A task that waits: it looks, and acts on what it saw the next time it gets to do something."""

    def __init__(self, cluster: Cluster, name: str, when: str, slots: int) -> None:
        self.name, self.cluster = name, cluster
        self.queue = Queue(name, slots)
        self.saw: tuple[list[Seen], float] | None = None
        cluster.stages[name], cluster.when[name] = Stage.WAITING, when

    def go_on(self) -> None:
        if self.cluster.stages[self.name] in {Stage.RUNNING, Stage.ENDED}:
            self.cluster.stages[self.name] = Stage.ENDED
        elif self.saw is None:
            self.saw = self.cluster.look(), self.cluster.now_s
        else:
            move = self.queue.look(*self.saw).move
            self.cluster.stages[self.name] = AFTER.get(move, self.cluster.stages[self.name])
            self.saw = None


@given(
    slots=st.integers(1, 3),
    created=st.lists(st.sampled_from("aab"), min_size=1, max_size=7),
    turns=st.lists(st.integers(0, 6), max_size=120),
    dead=st.sets(st.integers(0, 6), max_size=3),
)
def test_never_more_than_so_many_run_and_all_whose_tasks_live_get_their_turn(
    slots: int, created: list[str], turns: list[int], dead: set[int]
) -> None:
    cluster = Cluster()
    tasks = [Task(cluster, f"p{index}", when, slots) for index, when in enumerate(created)]
    for turn in turns:
        tasks[turn % len(tasks)].go_on()
        cluster.now_s += 0.01
        assert cluster.running() <= slots
    living = [task for index, task in enumerate(tasks) if index not in dead]
    for _ in range(400):
        cluster.now_s += 1
        for task in living:
            task.go_on()
            assert cluster.running() <= slots
        for index in dead & set(range(len(tasks))):  # the program of a dead task's pod ends by itself
            if cluster.stages[tasks[index].name] is Stage.RUNNING:
                cluster.stages[tasks[index].name] = Stage.ENDED
    assert [cluster.stages[task.name] for task in living] == [Stage.ENDED] * len(living)


def pods(*stages: Stage) -> list[Seen]:
    return [Seen(str(index), stage, ("t", str(index))) for index, stage in enumerate(stages)]


W, C, R, E = Stage.WAITING, Stage.CLAIMING, Stage.RUNNING, Stage.ENDED


@pytest.mark.parametrize(
    ("stages", "decision"),
    [
        ((W,), Decision(Move.CLAIM)),
        ((W, R, E), Decision(Move.CLAIM)),
        ((W, R, R), Decision(Move.WAIT)),
        ((W, C, R), Decision(Move.WAIT)),
        ((C, R), Decision(Move.BEGIN)),
        ((C, C), Decision(Move.BEGIN)),
        ((C, C, R), Decision(Move.WAIT)),
        ((C, R, R), Decision(Move.RETREAT)),
    ],
    ids=lambda value: "".join(stage.value[0] for stage in value) if isinstance(value, tuple) else None,
)
def test_a_claim_begins_only_where_all_that_run_or_claim_fit(stages: Sequence[Stage], decision: Decision) -> None:
    """Two slots; the pod is the first."""
    assert decide(pods(*stages), 2)["0"] == decision


def test_who_was_made_first_comes_first() -> None:
    assert decide(pods(W, W, W), 2)["2"] == Decision(Move.WAIT, before=2)
    assert decide(pods(C, C, R), 2)["1"] == Decision(Move.RETREAT)


def test_a_task_that_does_nothing_is_passed_over_and_one_that_slept_over_its_claim_takes_it_back() -> None:
    queue = Queue("1", 1)
    assert queue.look(pods(W, W), 0).move is Move.WAIT
    assert queue.look(pods(W, W), DEAD_AFTER_S).move is Move.WAIT
    assert queue.look(pods(W, W), DEAD_AFTER_S + 1).move is Move.CLAIM
    assert queue.look(pods(W, C), 2 * DEAD_AFTER_S).move is Move.RETREAT


def test_a_task_that_does_something_is_not_passed_over() -> None:
    queue = Queue("1", 1)
    for at_s, stage in ((0, W), (29, W), (31, C), (60, W), (89, W)):
        assert queue.look(pods(stage, W), at_s).move is Move.WAIT
