"""`kfp_server_api`, the generated client that comes with kfp: what a script asks of it is left out, with a warning.

Its exceptions are classes to catch, its records hold what they are made with, its services are `Absent`.
"""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from kfp_airflow.client.bystander import Absent


class OpenApiException(Exception):
    """The root of what the generated client raises."""


class ApiTypeError(OpenApiException, TypeError):
    """An argument of a wrong type."""


class ApiValueError(OpenApiException, ValueError):
    """An argument with a wrong value."""


class ApiKeyError(OpenApiException, KeyError):
    """A key that is not there."""


class ApiException(OpenApiException):
    """An answer that is an error."""

    def __init__(self, status: int | None = None, reason: str | None = None, http_resp: object = None) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.body = getattr(http_resp, "data", None)
        self.headers: object = None

    @override
    def __str__(self) -> str:
        """Return status and reason."""
        return f"({self.status})\nReason: {self.reason}\n"


class _RecordType(type):
    """Classes whose constants are their own names, as in `ApiResourceType.EXPERIMENT`."""

    def __getattr__(cls, name: str) -> str:
        """Return a constant."""
        if not name.isupper():
            raise AttributeError(f"{cls.__name__} has no attribute {name!r} here", name=name, obj=cls)
        return name


class Record(metaclass=_RecordType):
    """A record of the server's API, or the client's configuration: it holds what it is made with, else None."""

    def __init__(self, *_args: object, **fields: object) -> None:
        vars(self).update(fields)

    def __getattr__(self, name: str) -> Any:
        """Return None for a field that was not given."""
        if name.startswith("_"):
            raise AttributeError(name)
        return None

    def __enter__(self) -> Record:
        """Return itself: a client is opened for a block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def to_dict(self) -> dict[str, object]:
        """Return the fields."""
        return dict(vars(self))


class Configuration(Record):
    """Where the server is and what it is shown."""

    def __init__(self, *args: object, **fields: object) -> None:
        self.api_key: dict[str, str] = {}
        self.api_key_prefix: dict[str, str] = {}
        super().__init__(*args, **fields)


_records: dict[str, _RecordType] = {}


def __getattr__(name: str) -> object:
    if not name[:1].isupper():
        raise AttributeError(f"module 'kfp_server_api' has no attribute {name!r} here")
    if name.endswith("Api"):
        return Absent(f"kfp_server_api.{name}")
    return _records.setdefault(name, _RecordType(name, (Record,), {}))
