"""Where a step stands in its DAG: all that its references need to be looked up at run time.

Made by `dag/`, read by operators.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from kfp_airflow.graph.model import Comparison, Parameter
from kfp_airflow.graph.text import OutputRef, Reference, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which task publishes an output under which XCom key, seen from a step that reads it.

    `same_loop`: both run in the same iterations, so the value of the own iteration is meant. `collected`: the other
    step runs in a loop that this one is not in, so the values of all iterations are meant, as a JSON list (DP-13).
    """

    task_id: str
    key: str
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
class Export:
    """An output that leaves a DAG that was called: the call publishes it under `key`.

    It is the first of `sources` that has a value, in the run that was called; after them `constant`, a value of the
    caller's own.
    """

    key: str
    sources: tuple[Source, ...] = ()
    constant: Reference | None = None


def export_key(reference: OutputRef) -> str:
    """Return the XCom key under which a call publishes an output of a step (or graph component) in what it called."""
    return f"{reference.step}.{reference.output}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What all steps of a DAG share.

    `timeout`: the run's own limit, kept by the steps where an exit handler has to run after it. `steps_at_a_time`: the
    limit that the steps of all runs of the pipeline share, where tasks start runs; Airflow keeps that of a single one.
    """

    pipeline: str
    parameters: Mapping[str, Parameter] = field(default_factory=dict)
    timeout: timedelta | None = None
    steps_at_a_time: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """What a step's references mean.

    `sources` by what it reads; `handles_exit`: run status may be asked. `inherits`: the DAG is the body of a loop or
    graph component; what has no source here comes in with the run.
    """

    facts: Facts
    guards: tuple[Guard, ...] = ()
    loop: LoopItems | None = None
    sources: Mapping[OutputRef, Source] = field(default_factory=dict)
    handles_exit: bool = False
    inherits: bool = False
