"""What a pipeline function's signature says: names, types, defaults (rows PP-05, PP-06, T-03)."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
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
        if not missing and parameter.default is not None:
            _check_schema(parameter, kind, where)
        yield PipelineArgument(
            name=parameter.name,
            type=kind,
            default=None if missing or parameter.default is None else _default(parameter, kind, where),
            optional=not missing,
            is_positional=parameter.kind is not inspect.Parameter.KEYWORD_ONLY,
        )


def read_outputs(function: PipelineFunction) -> Iterator[tuple[str, object]]:
    """Yield names and types of what the return annotation names: fields, keys of a dict, else the one `Output`."""
    from kfp_airflow.components.serialization import type_name

    annotation = inspect.signature(function).return_annotation
    if annotation is inspect.Signature.empty or annotation is None:
        return
    fields = getattr(annotation, "_fields", None)
    if fields is not None:
        types = getattr(annotation, "__annotations__", {})
        yield from ((name, type_name(types.get(name))) for name in fields)
    elif isinstance(annotation, Mapping):
        yield from annotation.items()
    else:
        yield "Output", type_name(annotation)


def _check_schema(parameter: inspect.Parameter, kind: object, where: Where) -> None:
    """Note a default that does not fit the schema of its type, as the author wrote both (T-08)."""
    schema = _schema_of(kind)
    if schema is None:
        return
    import jsonschema  # type: ignore[import-untyped] # it has no types of its own

    try:
        jsonschema.validate(parameter.default, json.loads(schema) if isinstance(schema, str) else schema)
    except (jsonschema.ValidationError, jsonschema.SchemaError, json.JSONDecodeError) as error:
        wrong_default = isinstance(error, jsonschema.ValidationError)
        problem = f"the default of argument '{parameter.name}' does not fit the schema of its type"
        note(
            Diagnostic(
                code="KA014",
                where=where,
                problem=f"{problem if wrong_default else f'{problem}, which is none'}: {_first_line(error)}",
                advice="Change the default, or the openapi_schema_validator of the type.",
                row="T-08",
            )
        )


def _schema_of(kind: object) -> object:
    """Return the schema that a type's properties hold, None where there is none."""
    properties = next(iter(kind.values()), None) if isinstance(kind, Mapping) else None
    return properties.get("openapi_schema_validator") if isinstance(properties, Mapping) else None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def _default(parameter: inspect.Parameter, kind: object, where: Where) -> str | None:
    from kfp_airflow.components.serialization import serialize

    default = parameter.default
    if isinstance(default, PipelineParam) and default.value is not None:
        default = default.value  # as files for the first releases of the SDK write it
        _warn_of_default(parameter.name, "is a PipelineParam; its value is taken, which KFP 1.8 leaves out", where)
    try:
        return serialize(default, kind)
    except (TypeError, ValueError) as error:
        _warn_of_default(parameter.name, f"is left out, as in KFP: {error}", where)
        return None


def _warn_of_default(name: str, what: str, where: Where) -> None:
    problem, advice = f"the default of argument '{name}' {what}", "Give a default of the annotated type, or a text."
    note(Diagnostic(code="KA008", where=where, problem=problem, advice=advice, row="PP-06", severity="warning"))


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
