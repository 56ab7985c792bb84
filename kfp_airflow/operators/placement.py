"""Where a step stands in its DAG: all that its references need to be looked up at run time.

Made by `dag/`, read by operators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from kfp_airflow.graph.model import Comparison, Parameter
from kfp_airflow.graph.text import Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which task publishes a step's outputs, seen from another step.

    `same_loop`: both run in the same iterations, so the value of the own iteration is meant. `collected`: the other
    step runs in a loop that this one is not in, so the values of all iterations are meant, as a JSON list (DP-13).
    """

    task_id: str
    same_loop: bool = False
    collected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A condition around a step: `group` is its id, `words` what the author wrote, for logs."""

    group: str
    when: Comparison
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopItems:
    """A loop around a step: its items where the author wrote them, else the task that publishes the list."""

    loop: str
    values: tuple[Tree, ...] | None = None
    task_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What all steps of a DAG share.

    `timeout`: the run's own limit, kept by the steps where an exit handler has to run after it.
    """

    pipeline: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    timeout: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a step's references mean.

    `sources` by step id, for the steps it reads; `handles_exit`: run status may be asked.
    """

    facts: Facts
    guards: tuple[Guard, ...] = ()
    loop: LoopItems | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)
    handles_exit: bool = False
