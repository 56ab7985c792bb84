"""Everything that can be wrong with a graph, whatever made it: one function and one code for each rule."""

from __future__ import annotations

from collections.abc import Iterator

from kfp_airflow.diagnostics import Diagnostic
from kfp_airflow.graph import field_rules, flow_rules, option_rules  # noqa: F401 - they register themselves
from kfp_airflow.graph.model import Pipeline
from kfp_airflow.graph.rules import RULES
from kfp_airflow.graph.survey import Survey


def check(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yield everything that is wrong with a pipeline, errors and warnings, rule by rule."""
    survey = Survey(pipeline)
    for each in RULES.values():
        for found in each.find(survey):
            yield Diagnostic(
                code=each.code,
                where=found.where,
                problem=found.problem,
                advice=found.advice,
                step=found.step,
                row=each.row,
                severity=found.severity,
            )
