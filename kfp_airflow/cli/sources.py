"""From a pipeline file to a checked graph and checked parameters, without Airflow."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from pathlib import Path

from kfp_airflow.catalog.files import choose_function, load_functions
from kfp_airflow.diagnostics import Diagnostic, PipelineError, UsageError, Where
from kfp_airflow.graph.check import check
from kfp_airflow.graph.model import Parameter, Pipeline
from kfp_airflow.graph.text import Json


def build_pipeline(path: Path, function: str | None) -> Pipeline:
    """Return the graph of one pipeline of a file, as it is: not checked."""
    return choose_function(load_functions(path), function, path).build()


def check_pipeline(pipeline: Pipeline) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with a pipeline, or misleading in it."""
    from kfp_airflow.dag.gaps import check_dag  # noqa: PLC0415 - where Airflow is what it imports, only here

    return (*check(pipeline), *check_dag(pipeline))


def require_sound(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return the warnings. Raises PipelineError with all errors, if there are any."""
    found = tuple(diagnostics)
    if errors := [diagnostic for diagnostic in found if diagnostic.severity == "error"]:
        raise PipelineError(errors)
    return found


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
                values[name] = _parse(known[name], value)
            except ValueError as error:
                problems.append(f"-p {text}: parameter '{name}' of {pipeline.where}: {error}")
    for parameter in pipeline.parameters:
        if parameter.default is None and not parameter.optional and parameter.name not in values and not problems:
            problems.append(f"{pipeline.where}: parameter '{parameter.name}' has no default; give it with -p {parameter.name}=VALUE")
    if problems:
        raise UsageError("\n".join(problems))
    return values


def _parse(parameter: Parameter, value: str) -> Json:
    from kfp_airflow.dag.params import parse_value  # noqa: PLC0415 - where Airflow is what it imports, only here

    return parse_value(parameter, value)  # type: ignore[return-value] # JSON data by its contract


def _unknown(name: str, known: Mapping[str, Parameter], where: Where) -> str:
    near = difflib.get_close_matches(name, known, 1)
    if near:
        advice = f"did you mean '{near[0]}'?"
    else:
        advice = f"it has {', '.join(repr(parameter) for parameter in known)}" if known else "it has none"
    return f"-p {name}=…: the pipeline of {where} has no parameter '{name}'; {advice}"
