"""What stands for a name that files import and that is not here: it can be named, and using it is an error."""

from __future__ import annotations

from types import ModuleType
from typing import Any, NoReturn

from typing_extensions import override


class StandIn:
    """A name of a module, and why it cannot be used: `google.auth.default`, `is not installed here`."""

    def __init__(self, name: str, why: str) -> None:
        self._name = name
        self._why = why

    def __getattr__(self, name: str) -> StandIn:
        """Return a name below this one; Python's own protocols are not there."""
        if name.startswith("__"):
            raise AttributeError(name)
        return type(self)(f"{self._name}.{name}", self._why)

    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        """Raise ImportError."""
        raise self._error()

    def __mro_entries__(self, _bases: tuple[Any, ...]) -> NoReturn:
        """Raise ImportError: nothing can be derived from it."""
        raise self._error()

    @override
    def __str__(self) -> str:
        """Raise ImportError: as a text it would end in a package."""
        raise self._error()

    def _error(self) -> ImportError:
        return ImportError(f"{self._name} {self._why}", name=self._name)


def stand_in_module(name: str, names: StandIn) -> ModuleType:
    """Return a module all of whose names are stand-ins."""
    module = ModuleType(name)
    vars(module)["__getattr__"] = names.__getattr__
    return module
