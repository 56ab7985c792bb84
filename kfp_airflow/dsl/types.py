"""KFP's types of values and their checks (rows D-30, T-01 to T-10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ClassVar

from kfp_airflow.dsl import switches
from kfp_airflow.dsl.where import warn_author

_PARAMETER_TYPES = frozenset(
    (
        "integer",
        "int",
        "double",
        "float",
        "string",
        "str",
        "text",
        "bool",
        "boolean",
        "dict",
        "list",
        "jsonobject",
        "jsonarray",
    )
)
"""Lower-case names of types that are texts on a command line: what is no artifact."""

_enabled: ContextVar[bool] = ContextVar("kfp_airflow_type_check", default=True)


class BaseType:
    """A type with properties: `GCSPath()` as an annotation (D-30)."""

    def to_dict(self) -> dict[str, object] | str:
        """Return the type as components write it: its name alone, or its name with the properties that are set."""
        properties = {**_class_properties(type(self)), **vars(self)}
        return {type(self).__name__: properties} if properties else type(self).__name__


class Integer(BaseType):
    """A whole number."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "integer"}


class String(BaseType):
    """A text."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "string"}


class Float(BaseType):
    """A number."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "number"}


class Bool(BaseType):
    """A truth value."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "boolean"}


class List(BaseType):
    """A list."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "array"}


class Dict(BaseType):
    """A mapping."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "object"}


class GCSPath(BaseType):
    """The address of an object in Google's store."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "string", "pattern": "^gs://.*$"}


class GCRPath(BaseType):
    """The address of an image in Google's registry."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "string", "pattern": "^.*gcr\\.io/.*$"}


class GCPRegion(BaseType):
    """A region of Google's cloud."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "string"}


class GCPProjectID(BaseType):
    """The id of a project in Google's cloud."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "string"}


class LocalPath(BaseType):
    """A path in the container."""

    openapi_schema_validator: ClassVar[Mapping[str, object]] = {"type": "string"}


class InconsistentTypeException(Exception):
    """A value of one type is given to an input of another (T-06)."""


class InconsistentTypeWarning(Warning):
    """The same, where types are not enforced."""


def is_type_checking() -> bool:
    """Tell whether a wrong type is an error now, rather than a warning (K-02, T-06)."""
    return _enabled.get() and switches.TYPE_CHECK


@contextmanager
def type_checking(*, enabled: bool) -> Iterator[None]:
    """Make wrong types errors, or only warnings, inside the block."""
    token = _enabled.set(enabled)
    try:
        yield
    finally:
        _enabled.reset(token)


def check_types(checked_type: object, expected_type: object) -> bool:
    """Tell whether a type fits another: names equal, and every property of the first equal in the second (T-04).

    Types are names, or dicts of one name and its properties. The empty name and None fit everything (T-02).
    """
    if not checked_type or not expected_type:
        return True
    checked_name, checked_properties = _name_and_properties(checked_type)
    expected_name, expected_properties = _name_and_properties(expected_type)
    if not checked_name or not expected_name:
        return True
    return checked_name == expected_name and all(
        name in expected_properties and expected_properties[name] == value for name, value in checked_properties.items()
    )


def verify_type_compatibility(given_type: object, expected_type: object, error_message_prefix: str = "") -> bool:
    """Return whether a value's type fits an input's (T-02 to T-06).

    Where it does not: raises InconsistentTypeException, or warns with InconsistentTypeWarning at the author's line and
    returns False where types are not enforced. `error_message_prefix` begins the message.
    """
    if given_type is None or expected_type is None:
        return True
    given, expected = _plain(given_type), _plain(expected_type)
    if _is_artifact_and_file(given, expected) or _is_artifact_and_file(expected, given) or check_types(given, expected):
        return True
    message = f'{error_message_prefix}Argument type "{given}" is incompatible with the input type "{expected}"'
    if is_type_checking():
        raise InconsistentTypeException(message)
    warn_author(message, InconsistentTypeWarning)
    return False


def _is_artifact_and_file(one: object, other: object) -> bool:
    """Tell whether the first is the type that fits every file, and the other no type of texts (T-05).

    As in KFP, both go by their names alone: a type with properties is neither.
    """
    if not isinstance(one, str) or one.lower() != "artifact":
        return False
    return not (isinstance(other, str) and other.lower().removeprefix("typing.").split("[")[0] in _PARAMETER_TYPES)


def _plain(spec: object) -> object:
    if isinstance(spec, type) and issubclass(spec, BaseType):
        spec = spec()
    return spec.to_dict() if isinstance(spec, BaseType) else spec


def _name_and_properties(spec: object) -> tuple[str, Mapping[str, object]]:
    spec = _plain(spec)
    if isinstance(spec, Mapping):
        name, properties = next(iter(spec.items()), ("", {}))
        return str(name), properties if isinstance(properties, Mapping) else {}
    return str(spec), {}


def _class_properties(kind: type[BaseType]) -> dict[str, object]:
    return {
        name: value
        for base in reversed(kind.__mro__)
        for name, value in vars(base).items()
        if not name.startswith("_") and not callable(value)
    }
