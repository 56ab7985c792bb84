"""From a pipeline file to a checked graph and checked parameters, without Airflow."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kfp_airflow.catalog.packages import PipelineSource, choose_pipeline
from kfp_airflow.dag.gaps import check_dag
from kfp_airflow.dag.params import parse_value
from kfp_airflow.diagnostics import Diagnostic, PipelineError, UsageError, Where
from kfp_airflow.dsl.notes import noting
from kfp_airflow.graph.check import check
from kfp_airflow.graph.model import Parameter, Pipeline
from kfp_airflow.graph.text import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A pipeline and everything that is wrong with it or misleading in it, as errors and warnings."""

    pipeline: Pipeline
    diagnostics: tuple[Diagnostic, ...]

    def require_sound(self) -> Pipeline:
        """Return the pipeline. Raises PipelineError with all errors, if there are any."""
        if errors := [found for found in self.diagnostics if found.severity == "error"]:
            raise PipelineError(errors)
        return self.pipeline


def check_pipeline(source: PipelineSource) -> Checked:
    """Build the graph of a pipeline and check it, for itself and as a DAG.

    Raises PipelineError where it cannot be built.
    """
    with noting() as notes:
        pipeline = source.build()
    found = dict.fromkeys((*notes, *check(pipeline), *check_dag(pipeline)))
    return Checked(pipeline=pipeline, diagnostics=tuple(found))


def check_chosen(path: Path, function: str | None) -> Checked:
    """Check the one pipeline of a file, or the one called `function`. Raises UsageError where that is no single one."""
    return check_pipeline(choose_pipeline(path, function))


def read_parameters(pipeline: Pipeline, given: Iterable[str]) -> Mapping[str, Json]:
    """Return the values of `NAME=VALUE` texts, each of the type of its parameter.

    Raises UsageError that names every parameter that is unknown, ill-typed, given twice or missing.
    """
    known = {parameter.name: parameter for parameter in pipeline.parameters}
    values: dict[str, Json] = {}
    problems: list[str] = []
    for text in given:
        name, equals, value = text.partition("=")
        if not equals:
            problems.append(f"-p {text}: write NAME=VALUE")
        elif name not in known:
            problems.append(_unknown(name, known, pipeline.where))
        elif name in values:
            problems.append(f"-p {text}: parameter '{name}' is given twice")
        else:
            try:
                values[name] = parse_value(known[name], value)  # type: ignore[assignment] # JSON data by its contract
            except ValueError as error:
                problems.append(f"-p {text}: parameter '{name}' at {known[name].where}: {error}")
    if problems := problems or [
        _missing(parameter) for parameter in _required(pipeline) if parameter.name not in values
    ]:
        raise UsageError("\n".join(problems))
    return values


def _required(pipeline: Pipeline) -> Iterator[Parameter]:
    return (parameter for parameter in pipeline.parameters if parameter.default is None and not parameter.optional)


def _missing(parameter: Parameter) -> str:
    return f"{parameter.where}: parameter '{parameter.name}' has no default; give it with -p {parameter.name}=VALUE"


def _unknown(name: str, known: Mapping[str, Parameter], where: Where) -> str:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        advice = f"did you mean '{near[0]}'?"
    else:
        advice = f"it has {', '.join(repr(parameter) for parameter in known)}" if known else "it has none"
    return f"-p {name}=…: the pipeline of {where} has no parameter '{name}'; {advice}"
