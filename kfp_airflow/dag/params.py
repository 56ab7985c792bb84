"""Pipeline parameters → Airflow params: typed, documented, checked by name when a run is triggered (PP-06 to PP-09)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from kfp_airflow.diagnostics import Diagnostic
from kfp_airflow.graph.model import Parameter, Pipeline
from kfp_airflow.graph.text import Struct, Text, Tree

if TYPE_CHECKING:
    from airflow.sdk import Param

_JSON_TYPES: Final[Mapping[str, str]] = {
    "String": "string",
    "Integer": "integer",
    "Float": "number",
    "Bool": "boolean",
    "Boolean": "boolean",
    "List": "array",
    "JsonArray": "array",
    "Dict": "object",
    "JsonObject": "object",
    "str": "string",
    "int": "integer",
    "float": "number",
    "bool": "boolean",
    "list": "array",
    "dict": "object",
}
_ANY: Final = ("string", "number", "boolean", "array", "object", "null")
_PYTHON_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def build_params(pipeline: Pipeline) -> dict[str, Param]:
    """Return one `Param` per parameter, in the author's order.

    A parameter without default has to be given; one whose default is None may stay empty (PP-07).
    """
    return {parameter.name: _param(parameter) for parameter in pipeline.parameters}


def parse_value(parameter: Parameter, value: str) -> object:
    """Return a value that was given as text as the parameter's JSON type; one that takes texts too may stay a text.

    Raises ValueError, saying what was expected.
    """
    try:
        return _parsed(parameter, value)
    except ValueError:
        if _takes_texts(parameter):
            return value
        raise


def _parsed(parameter: Parameter, value: str) -> object:
    json_type = _json_type(parameter)
    if json_type is None or json_type == "string":
        return value
    try:
        parsed = json.loads(value.lower() if json_type == "boolean" else value)
    except ValueError:
        parsed = value
    if not isinstance(parsed, _PYTHON_TYPES[json_type]) or (isinstance(parsed, bool) and json_type != "boolean"):
        raise ValueError(f"{value!r} is no {json_type}")
    return parsed


def check_defaults(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yield a warning for each default that is none of its parameter's type: the parameter then takes any text.

    KFP hands every text on, whatever the annotation says, and packages of old SDKs have Python's spelling of
    lists and dicts as defaults.
    """
    for parameter in pipeline.parameters:
        if error := _default_is_wrong(parameter):
            yield Diagnostic(
                code="KA110",
                where=parameter.where,
                problem=f"the default of parameter '{parameter.name}' does not fit its type: {error}",
                advice="The parameter takes any text. Change the default, or annotate it with the type it has.",
                row="PP-06",
                severity="warning",
            )


def _default_is_wrong(parameter: Parameter) -> str | None:
    """Return what is wrong with a default, None where it is of its parameter's type."""
    if parameter.default is None:
        return None
    try:
        _parsed(parameter, parameter.default)
    except ValueError as error:
        return str(error)
    return None


def _takes_texts(parameter: Parameter) -> bool:
    return _default_is_wrong(parameter) is not None


def _param(parameter: Parameter) -> Param:
    from airflow.sdk import Param  # checking parameters, in the command line, takes no Airflow

    json_type = _json_type(parameter)
    schema: dict[str, Any] = {} if json_type is None else {"type": json_type}
    if parameter.description:
        schema["description_md"] = parameter.description
    if _takes_texts(parameter):
        return Param(parameter.default, **{**schema, "type": [json_type, "string"]})
    if json_type == "array" and not _is_list_of_texts(parameter.default):
        schema["items"] = {"type": list(_ANY)}  # without, Airflow's form takes a list for lines of text
    if json_type is None:
        schema["type"] = list(_ANY)
    elif parameter.optional and parameter.default is None:
        schema["type"] = [json_type, "null"]
    if parameter.default is not None:
        return Param(parse_value(parameter, parameter.default), **schema)
    if parameter.optional:
        return Param(None, **schema)
    return Param(**schema)


def _is_list_of_texts(default: str | None) -> bool:
    items = json.loads(default) if default else []
    return bool(items) and all(isinstance(item, str) for item in items)


def _json_type(parameter: Parameter) -> str | None:
    """Return the JSON type of a KFP type, None where there is no type.

    It goes by name, and is a string for any other named type (a GCSPath, say).
    """
    name = _type_name(parameter.type)
    if name is None:
        return None
    return _JSON_TYPES.get(name) or _JSON_TYPES.get(name.removeprefix("typing.").split("[")[0], "string")


def _type_name(kind: Tree) -> str | None:
    match kind:
        case Text():
            return kind.constant
        case Struct() if kind.entries:
            return kind.entries[0][0].constant
        case _:
            return None
