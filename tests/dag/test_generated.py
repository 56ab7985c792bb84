"""What nobody wrote: generated pipelines do on Airflow what the rules of KFP say, instance by instance."""

from __future__ import annotations

import itertools
import os
from collections.abc import Mapping
from dataclasses import replace
from pprint import pformat

import pytest
from hypothesis import HealthCheck, given, settings

from kfp_airflow.dag.build import build_dags
from kfp_airflow.dag.options import DagOptions
from kfp_airflow.graph.check import check
from kfp_airflow.graph.model import Pipeline
from tests.dag import compared
from tests.dag.interpreter import interpret
from tests.dag.running import run_dags
from tests.dag.simulated import make_simulated
from tests.dag.strategies import pipelines

EXAMPLES = int(os.environ.get("KFP_AIRFLOW_FLOW_EXAMPLES", "25"))
"""How many pipelines to run; `make flow-search` wants more, and other ones each time."""
_NUMBERS = itertools.count(1)


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
    return compared.differences(ran, interpret(pipeline, parameters))
