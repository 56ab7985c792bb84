"""The steps at a time of several runs, as pods: who may begin, whatever the order in which tasks look and act."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfp_airflow.pods.turns import CLAIM_HOLDS_S, DEAD_AFTER_S, Move, Seen, Stage, Turns, decide

C, R, E = Stage.CLAIMING, Stage.RUNNING, Stage.ENDED


@dataclass
class Cluster:
    """Pods by name; `when`, a time of creation by name, need not be unique."""

    stages: dict[str, Stage] = field(default_factory=dict)
    when: dict[str, str] = field(default_factory=dict)
    now_s: float = 0

    def look(self) -> list[Seen]:
        return [Seen(name, stage, (self.when[name], name)) for name, stage in self.stages.items()]

    def running(self) -> int:
        return list(self.stages.values()).count(R)


class Task:
    """A task that wants a slot: it looks, and acts on what it saw the next time it gets to do something."""

    def __init__(self, cluster: Cluster, name: str, when: str, slots: int) -> None:
        self.name, self.cluster = name, cluster
        self.turns = Turns(slots)
        self.saw: tuple[list[Seen], float] | None = None
        self.claimed_s = 0.0
        cluster.when[name] = when

    def go_on(self) -> None:
        stages, name = self.cluster.stages, self.name
        if stages.get(name) in {R, E}:
            stages[name] = E
        elif self.saw is None:
            self.saw = self.cluster.look(), self.cluster.now_s
        elif name in stages:
            match self.turns.move(*self.saw, name=name, claimed_s=self.claimed_s):
                case Move.BEGIN:
                    stages[name] = R
                case Move.RETREAT:
                    del stages[name]
                case Move.WAIT:
                    pass
            self.saw = None
        else:
            if self.turns.is_room(*self.saw):
                stages[name], self.claimed_s = C, self.cluster.now_s
            self.saw = None


@settings(max_examples=200, deadline=None)
@given(
    slots=st.integers(1, 2),
    created=st.lists(st.sampled_from("ba"), min_size=1, max_size=5),
    turns=st.lists(st.integers(0, 4), min_size=30, max_size=60),
    dead=st.sets(st.integers(0, 4), max_size=2),
    seed=st.integers(0, 2**32),
)
def test_never_more_than_so_many_run_and_all_whose_tasks_live_get_their_turn(
    slots: int, created: list[str], turns: list[int], dead: set[int], seed: int
) -> None:
    cluster = Cluster()
    tasks = [Task(cluster, f"p{index}", when, slots) for index, when in enumerate(created)]
    for turn in turns:
        tasks[turn % len(tasks)].go_on()
        cluster.now_s += 0.01
        assert cluster.running() <= slots
    order = random.Random(seed)
    living = [task for index, task in enumerate(tasks) if index not in dead]
    for _ in range(400):
        if all(cluster.stages.get(task.name) is E for task in living):
            break
        cluster.now_s += 1
        for task in order.sample(living, len(living)):
            task.go_on()
            assert cluster.running() <= slots
        for index in dead & set(range(len(tasks))):  # the program of a dead task's pod ends by itself
            if cluster.stages.get(tasks[index].name) is R:
                cluster.stages[tasks[index].name] = E
    else:
        pytest.fail(f"some wait for ever: {cluster.stages}")


def pods(*stages: Stage) -> list[Seen]:
    return [Seen(str(index), stage, ("t", str(index))) for index, stage in enumerate(stages)]


@pytest.mark.parametrize(
    ("stages", "move"),
    [
        ((C, R, E), Move.BEGIN),
        ((C, C), Move.BEGIN),
        ((C, C, R), Move.WAIT),
        ((C, R, R), Move.RETREAT),
    ],
    ids=lambda value: "".join(stage.value[0] for stage in value) if isinstance(value, tuple) else None,
)
def test_a_claim_begins_only_where_all_that_run_or_claim_fit(stages: Sequence[Stage], move: Move) -> None:
    """Two slots; the pod is the first."""
    assert decide(pods(*stages), 2)["0"] is move


def test_of_too_many_claims_the_last_ones_go() -> None:
    assert decide(pods(C, C, R), 2) == {"0": Move.WAIT, "1": Move.RETREAT}


def test_a_claim_whose_task_does_nothing_is_passed_over_and_one_whose_task_slept_goes() -> None:
    turns = Turns(1)
    assert not turns.is_room(pods(C), 0)
    assert not turns.is_room(pods(C), DEAD_AFTER_S)
    assert turns.is_room(pods(C), DEAD_AFTER_S + 1)
    assert turns.move(pods(C, C), DEAD_AFTER_S + 2, name="1", claimed_s=DEAD_AFTER_S + 1) is Move.BEGIN
    assert Turns(1).move(pods(C), CLAIM_HOLDS_S + 1, name="0", claimed_s=0) is Move.RETREAT
