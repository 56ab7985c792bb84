"""What a pipeline function's signature says: names, types, defaults (rows PP-05, PP-06, T-03)."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from kfp_airflow.diagnostics import Diagnostic, Where
from kfp_airflow.dsl import naming
from kfp_airflow.dsl.notes import note
from kfp_airflow.dsl.params import PipelineParam
from kfp_airflow.dsl.pipeline import PipelineFunction


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineArgument:
    """One argument of a pipeline function. `type` is JSON data (T-03); `default` a text (PP-06), None: no value."""

    name: str
    type: object
    default: str | None
    optional: bool
    is_positional: bool


def read_arguments(function: PipelineFunction, where: Where) -> Iterator[PipelineArgument]:
    """Yield a pipeline function's arguments; names that KFP does not take and defaults without text are noted."""
    from kfp_airflow.components.serialization import type_name

    for parameter in inspect.signature(function).parameters.values():
        if not naming.is_parameter_name(parameter.name):
            _note_name(parameter.name, where)
            continue
        missing = parameter.default is inspect.Parameter.empty
        annotation = None if parameter.annotation is inspect.Parameter.empty else parameter.annotation
        kind = type_name(annotation)
        if kind is None and isinstance(parameter.default, PipelineParam):
            kind = parameter.default.param_type
        yield PipelineArgument(
            name=parameter.name,
            type=kind,
            default=None if missing or parameter.default is None else _default(parameter, kind, where),
            optional=not missing,
            is_positional=parameter.kind is not inspect.Parameter.KEYWORD_ONLY,
        )


def _default(parameter: inspect.Parameter, kind: object, where: Where) -> str | None:
    from kfp_airflow.components.serialization import serialize

    try:
        return serialize(parameter.default, kind)
    except (TypeError, ValueError) as error:
        note(
            Diagnostic(
                code="KA008",
                where=where,
                problem=f"the default of argument '{parameter.name}' is left out, as in KFP: {error}",
                advice="Give a default of the annotated type, or a text.",
                row="PP-06",
                severity="warning",
            )
        )
        return None


def _note_name(name: str, where: Where) -> None:
    note(
        Diagnostic(
            code="KA009",
            where=where,
            problem=f"KFP takes no argument named '{name}'",
            advice="Begin the name with a letter and use letters, digits and '_' only.",
            row="N-06",
        )
    )
