"""Values as text: how a constant becomes the text that a container gets, by the name of its type (rows W-07, W-08)."""

from __future__ import annotations

import base64
import json
import pickle
import re
import reprlib
import typing
from collections.abc import Callable
from dataclasses import asdict
from enum import Enum
from typing import Any

from kfp_airflow.components.pickling import pickled


class Form(Enum):
    """The text form of a type's values."""

    TEXT = "str"
    INTEGER = "int"
    FLOAT = "float"
    BOOLEAN = "bool"
    JSON = "json"
    PICKLE = "pickle"
    FUNCTION = "function"


_FORMS = {
    Form.TEXT: ("String", "str"),
    Form.INTEGER: ("Integer", "int"),
    Form.FLOAT: ("Float", "float"),
    Form.BOOLEAN: ("Boolean", "Bool", "bool"),
    Form.JSON: ("JsonArray", "List", "list", "JsonObject", "Dictionary", "Dict", "dict", "Json"),
    Form.PICKLE: ("Base64Pickle",),
    Form.FUNCTION: ("PickledFunction",),
}
_FORM_OF_NAME = {name: form for form, names in _FORMS.items() for name in names}
_TYPE_NAMES = {str: "String", int: "Integer", float: "Float", bool: "Boolean", list: "JsonArray", dict: "JsonObject"}
_PYTHON_TYPES: dict[str, type] = {
    "JsonArray": list,
    "List": list,
    "list": list,
    "JsonObject": dict,
    "Dictionary": dict,
    "Dict": dict,
    "dict": dict,
    **dict.fromkeys(_FORMS[Form.TEXT], str),
    **dict.fromkeys(_FORMS[Form.INTEGER], int),
    **dict.fromkeys(_FORMS[Form.FLOAT], float),
    **dict.fromkeys(_FORMS[Form.BOOLEAN], bool),
}
_SHORT_NAME = re.compile(r"(?:typing\.)?(\w+)")
_TRUE = frozenset({"y", "yes", "t", "true", "on", "1"})
_FALSE = frozenset({"n", "no", "f", "false", "off", "0"})


class _NotOfType(Exception):
    """A value that the type does not take; the text says what it takes."""


def short_type_name(type_spec: object) -> str | None:
    """Return the name that decides about the text form: the first word of `int | None`, `{Model: {…}}`."""
    if isinstance(type_spec, dict):
        type_spec = next(iter(type_spec), None)
    match = _SHORT_NAME.match(str(type_spec)) if type_spec else None
    return match.group(1) if match else None


def form_of(type_spec: object) -> Form | None:
    """Return the text form of a type's values, None for a type without one: its values are texts already."""
    return _FORM_OF_NAME.get(short_type_name(type_spec) or "")


def python_type(type_spec: object) -> type | None:
    """Return the Python type that a factory's signature shows for a type's name."""
    return _PYTHON_TYPES.get(type_spec) if isinstance(type_spec, str) else None


def type_name(annotation: object) -> Any:
    """Return the type of a component's input or output for a Python annotation (T-03), None for a missing one."""
    if annotation is None or isinstance(annotation, str | dict):
        return annotation or None
    annotation = _without_none(annotation)
    if annotation is Any:
        return "typing.Any"  # a class from Python 3.11 on, which KFP v1 does not know
    if isinstance(annotation, type):
        if annotation in _TYPE_NAMES:
            return _TYPE_NAMES[annotation]
        if hasattr(annotation, "to_dict"):
            return annotation().to_dict()
        if typing.get_origin(annotation) is None:
            return annotation.__name__
    to_dict = getattr(annotation, "to_dict", None)
    if callable(to_dict):
        return to_dict()
    origin = typing.get_origin(annotation)
    if origin is not None and not str(annotation).startswith("typing."):
        return getattr(origin, "__name__", str(annotation)) if isinstance(origin, type) else str(annotation)
    return str(annotation)


def serialize(value: object, type_spec: object) -> str:
    """Return a constant as the text that the container gets; a text is taken to be serialized already.

    Raises TypeError for a value that has no text form under this type, ValueError for one that the type does not take.
    """
    if isinstance(value, str):
        return value
    form = form_of(type_spec if type_spec else _TYPE_NAMES.get(type(value)))
    if form is None:
        known = f"type {written_type(type_spec)}" if type_spec else "an input without a type"
        raise TypeError(
            f"{_shown(value)} cannot be written as a text for {known}: "
            "give it as a text, or give the input a type such as JsonObject"
        )
    try:
        return _SERIALIZERS[form](value)
    except _NotOfType as error:
        raise ValueError(f"{_shown(value)} is no value of type {written_type(type_spec)}: {error}") from error


def boolean(content: str) -> bool:
    """Return what a text stands for: yes, y, true, t, on, 1, or an opposite (Y-06). Raises ValueError for others."""
    word = content.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError(f"{content!r} is neither true nor false: write one of {', '.join(sorted(_TRUE | _FALSE))}")
    return word in _TRUE


def written_type(type_spec: object) -> str:
    """Return a type as messages show it: `"Integer"`, or JSON for a type with properties."""
    return json.dumps(type_spec, sort_keys=True, default=str)


def _without_none(annotation: Any) -> Any:
    """Return X of `Optional[X]`, any other annotation unchanged."""
    members = typing.get_args(annotation)
    is_union = typing.get_origin(annotation) is typing.Union or type(annotation).__name__ == "UnionType"
    rest = [member for member in members if member is not type(None)]
    return rest[0] if is_union and len(rest) == 1 else annotation


def _text(_value: object) -> str:
    raise _NotOfType("it takes texts only")


def _integer(value: object) -> str:
    if not isinstance(value, int):
        raise _NotOfType("it takes whole numbers only")
    return str(value)


def _float(value: object) -> str:
    if not isinstance(value, float | int):
        raise _NotOfType("it takes numbers only")
    return str(value)


def _boolean(value: object) -> str:
    if not isinstance(value, bool):
        raise _NotOfType("it takes True and False only")
    return str(value)


def _json(value: object) -> str:
    try:
        return json.dumps(value, default=_struct, sort_keys=True)
    except TypeError as error:
        raise _NotOfType(str(error)) from error


def _struct(value: Any) -> Any:
    if callable(getattr(value, "to_struct", None)):
        return value.to_struct()
    raise TypeError(f"an object of type {type(value).__name__} has no JSON form and no method to_struct()")


def _pickle(value: object) -> str:
    return base64.b64encode(pickle.dumps(value)).decode("ascii")


def _function(value: Any) -> str:
    if not callable(value):
        raise _NotOfType("it takes functions only")
    return json.dumps(asdict(pickled(value)))


_SERIALIZERS: dict[Form, Callable[[object], str]] = {
    Form.TEXT: _text,
    Form.INTEGER: _integer,
    Form.FLOAT: _float,
    Form.BOOLEAN: _boolean,
    Form.JSON: _json,
    Form.PICKLE: _pickle,
    Form.FUNCTION: _function,
}


def _shown(value: object) -> str:
    return f"{reprlib.repr(value)} ({type(value).__name__})"
