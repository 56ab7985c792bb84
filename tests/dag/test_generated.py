"""What nobody wrote: generated pipelines do on Airflow what the rules of KFP say, instance by instance."""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pprint import pformat
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from kfp_airflow.dag.build import build_dags
from kfp_airflow.dag.options import DagOptions
from kfp_airflow.graph.check import check
from kfp_airflow.graph.model import Call, Graph, Pipeline, steps, walk
from tests.dag import interpreter
from tests.dag.interpreter import Instance, Path, Run, interpret
from tests.dag.running import Ran, run_dags
from tests.dag.simulated import OUTPUT, POSITION, make_simulated
from tests.dag.strategies import pipelines

EXAMPLES = int(os.environ.get("KFP_AIRFLOW_FLOW_EXAMPLES", "25"))
"""How many pipelines to run; `make flow-search` wants more, and other ones each time."""
STATES = {"upstream_failed": "omitted"}
_NUMBERS = itertools.count(1)
_INSTANCE = re.compile(r"(.*?)(?:\[(\d+)\])?")


@pytest.mark.row("A-02", "A-03", "L-13", "L-14", "CO-08", "CO-09", "CO-10", "EH-02", "R-05")
@pytest.mark.better("CO-11", how="A step that reads an output of a skipped step is skipped, and its log says why.")
@settings(
    max_examples=EXAMPLES,
    derandomize=EXAMPLES <= 25,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=False,
)
@given(made=pipelines())
def test_generated_pipelines_do_on_airflow_what_the_rules_say(made: tuple[Pipeline, dict[str, str]]) -> None:
    assert differences(*made) == [], pformat(made[0], width=120)


def differences(pipeline: Pipeline, parameters: Mapping[str, str]) -> list[str]:
    """Return how a run on Airflow differs from what the rules say."""
    assert [found for found in check(pipeline) if found.severity == "error"] == []
    named = replace(pipeline, name=f"{pipeline.name}-{next(_NUMBERS)}")
    ran = run_dags(build_dags(named, DagOptions(runtime="process"), make_simulated), {})
    expected = interpret(pipeline, parameters)
    return [*_different_states(ran, expected), *_different_order(ran, expected)]


def _different_states(ran: Ran, expected: Run) -> Iterator[str]:
    if ran.state != expected.state:
        yield f"the run is {ran.state}, expected {expected.state}"
    found = dict(_instances(ran, expected.pipeline, ()))
    for instance, state in expected.states.items():
        if state in {"success", "failed"} and instance not in found:
            yield f"{instance} did not run, expected {state}"
    for instance, (state, values) in found.items():
        wanted = _expected_state(instance, expected)
        if state != wanted:
            yield f"{instance} is {state}, expected {wanted}: {values.get('kfp_message')}"
        if instance in expected.values and values.get(OUTPUT) != expected.values[instance]:
            yield f"{instance} wrote {values.get(OUTPUT)!r}, expected {expected.values[instance]!r}"


def _different_order(ran: Ran, expected: Run) -> Iterator[str]:
    positions = {
        instance: values[POSITION]
        for instance, (_, values) in _instances(ran, expected.pipeline, ())
        if POSITION in values
    }
    for instance, before in expected.before.items():
        for other in before & positions.keys():
            if instance in positions and positions[instance] < positions[other]:
                yield f"{instance} ran before {other}"


def _expected_state(instance: Instance, expected: Run) -> interpreter.State | None:
    """Return the state of an instance, or of the loop around it that as a whole did not run."""
    step, path = instance
    for length in range(len(path), -1, -1):
        if (step, path[:length]) in expected.states:
            return expected.states[step, path[:length]]
    return None


def _instances(ran: Ran, pipeline: Pipeline, path: Path) -> Iterator[tuple[Instance, tuple[str, Mapping[str, Any]]]]:
    known = {step.id for step in steps(pipeline)}
    called = {member.id for member in walk(pipeline.members) if isinstance(member, Graph | Call)}
    for name, state in ran.states.items():
        match = _INSTANCE.fullmatch(name)
        assert match is not None
        task, index = match.groups()
        here = path if index is None else (*path, int(index))
        if task in known or (task.endswith("-items") and state == "failed"):
            yield (task, here), (STATES.get(state, state), ran.xcoms.get(name, {}))
        elif name in ran.children:
            yield from _instances(ran.children[name], pipeline, (*here, task) if task in called else here)
