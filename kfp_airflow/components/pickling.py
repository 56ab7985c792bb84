"""Functions and classes pickled by value, as text that a program in a container can load (rows W-04, M-16)."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
"""The Python that pickles here: what it pickles has its bytecode, which no other Python runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pickled:
    """Something pickled: base64 in lines, the Python that it needs, and the version of cloudpickle."""

    data: str
    python: str
    cloudpickle: str

    def loading(self) -> str:
        """Return the Python expression that loads it in a program with the part `_kfp_unpickle`."""
        return f'_kfp_unpickle(\n    "{self.python}",\n    "{self.cloudpickle}",\n    """\n{self.data}""",\n)'


def pickled(thing: Any, modules_to_capture: Sequence[str] | None = None) -> Pickled:
    """Return a function or a class pickled together with what it uses of `modules_to_capture`, by default its own.

    What it uses of other modules is imported where it is loaded. Type hints of the function stay behind, so that their
    classes need not be there. Raises TypeError for what cannot be pickled, ValueError for modules that are not loaded.
    """
    import cloudpickle

    modules = (thing.__module__,) if modules_to_capture is None else tuple(modules_to_capture)
    with _captured(modules, default=modules_to_capture is None), _without_hints(thing):
        try:
            content = cloudpickle.dumps(thing)
        except Exception as error:
            name = getattr(thing, "__qualname__", repr(thing))
            raise TypeError(f"'{name}' cannot be pickled with what it uses: {error}") from error
    return Pickled(data=base64.encodebytes(content).decode("ascii"), python=PYTHON, cloudpickle=cloudpickle.__version__)


@contextmanager
def _captured(names: Sequence[str], *, default: bool) -> Iterator[None]:
    """Let cloudpickle pickle what these modules define, instead of noting where to import it from."""
    import cloudpickle

    missing = [name for name in names if name not in sys.modules and not default]
    if missing:
        raise ValueError(f"modules_to_capture names {', '.join(map(repr, missing))}, which is not imported here")
    modules: list[ModuleType] = []
    try:
        for name in names:
            if name in sys.modules and name not in cloudpickle.list_registry_pickle_by_value():
                cloudpickle.register_pickle_by_value(sys.modules[name])
                modules.append(sys.modules[name])
        yield
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


@contextmanager
def _without_hints(thing: Any) -> Iterator[None]:
    """Take the hints of a function away for a moment: a copy would not share its module's variables with the others."""
    if isinstance(thing, type) or not hasattr(thing, "__annotations__"):
        yield
        return
    hints = thing.__annotations__
    thing.__annotations__ = {}
    try:
        yield
    finally:
        thing.__annotations__ = hints
