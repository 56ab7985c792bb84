"""How a run on Airflow differs from what the interpreter says of it, instance by instance."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kfp_airflow.graph.model import Call, Graph, Pipeline, steps, walk
from tests.dag import interpreter
from tests.dag.interpreter import Instance, Path, Run
from tests.dag.running import Ran
from tests.dag.simulated import OUTPUT

STATES = {"upstream_failed": "omitted"}
_INSTANCE = re.compile(r"(.*?)(?:\[(\d+)\])?")


@dataclass(frozen=True, slots=True)
class End:
    """What has become of a task instance."""

    state: str
    xcoms: Mapping[str, Any]
    times: tuple[datetime, datetime] | None


def differences(ran: Ran, expected: Run) -> list[str]:
    """Return all differences: of states, of values, of the order."""
    return [*_different_states(ran, expected), *_different_order(ran, expected)]


def _different_states(ran: Ran, expected: Run) -> Iterator[str]:
    if ran.state != expected.state:
        yield f"the run is {ran.state}, expected {expected.state}"
    found = dict(_instances(ran, expected.pipeline, ()))
    for instance, state in expected.states.items():
        if state in {"success", "failed"} and instance not in found:
            yield f"{instance} did not run, expected {state}"
    for instance, end in found.items():
        wanted = _expected_state(instance, expected)
        if end.state != wanted:
            yield f"{instance} is {end.state}, expected {wanted}: {end.xcoms.get('kfp_message')}"
        if instance in expected.values and end.xcoms.get(OUTPUT) != expected.values[instance]:
            yield f"{instance} wrote {end.xcoms.get(OUTPUT)!r}, expected {expected.values[instance]!r}"


def _different_order(ran: Ran, expected: Run) -> Iterator[str]:
    times = {instance: end.times for instance, end in _instances(ran, expected.pipeline, ()) if end.times}
    for instance, before in expected.before.items():
        for other in before & times.keys():
            if instance in times and times[instance][0] < times[other][1]:
                yield f"{instance} began before the end of {other}"


def _expected_state(instance: Instance, expected: Run) -> interpreter.State | None:
    """Return the state of an instance, or of the loop around it that as a whole did not run."""
    step, path = instance
    for length in range(len(path), -1, -1):
        if (step, path[:length]) in expected.states:
            return expected.states[step, path[:length]]
    return None


def _instances(ran: Ran, pipeline: Pipeline, path: Path) -> Iterator[tuple[Instance, End]]:
    known = {step.id for step in steps(pipeline)}
    called = {member.id for member in walk(pipeline.members) if isinstance(member, Graph | Call)}
    for name, state in ran.states.items():
        match = _INSTANCE.fullmatch(name)
        assert match is not None
        task, index = match.groups()
        here = path if index is None else (*path, int(index))
        if task in known or (task.endswith("-items") and state == "failed"):
            end = End(STATES.get(state, state), ran.xcoms.get(name, {}), ran.times.get(name))
            yield (task, here), end
        elif name in ran.children:
            yield from _instances(ran.children[name], pipeline, (*here, task) if task in called else here)
