"""Functions and classes pickled by value, as text that a program in a container can load (rows W-04, M-16)."""

from __future__ import annotations

import base64
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from kfp_airflow.dsl.where import warn_author

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

    So is what it uses of its own module where nothing can import that, as with a file that is run or loaded; the file
    is meant, too, by `__main__` and by its name. What it uses of other modules is imported where it is loaded; a module
    that is not imported here is a warning. Type hints of the function stay behind, so that their classes need not be
    there. Raises TypeError for what cannot be pickled.
    """
    import cloudpickle

    with _captured(_modules_of(thing, modules_to_capture)), _without_hints(thing):
        try:
            content = cloudpickle.dumps(thing)
        except Exception as error:
            name = getattr(thing, "__qualname__", repr(thing))
            raise TypeError(f"'{name}' cannot be pickled with what it uses: {error}") from error
    return Pickled(data=base64.encodebytes(content).decode("ascii"), python=PYTHON, cloudpickle=cloudpickle.__version__)


def _modules_of(thing: Any, wanted: Sequence[str] | None) -> list[ModuleType]:
    """Return the modules that are to be pickled with a function or class, each once."""
    own = sys.modules.get(thing.__module__)
    found = [] if own is None else [own]
    if wanted is None:
        return found
    is_of_file = own is not None and own.__spec__ is None
    names_of_file = {"__main__", Path(getattr(own, "__file__", None) or "").stem} if is_of_file else set()
    found = found if is_of_file else []
    for name in wanted:
        if name in names_of_file:
            continue
        if name in sys.modules:
            found.append(sys.modules[name])
        else:
            warn_author(f"modules_to_capture names '{name}', which is not imported here", UserWarning)
    return list({id(module): module for module in found}.values())


@contextmanager
def _captured(wanted: Sequence[ModuleType]) -> Iterator[None]:
    """Let cloudpickle pickle what these modules define, instead of noting where to import it from."""
    import cloudpickle

    modules: list[ModuleType] = []
    try:
        for module in wanted:
            if module.__name__ not in cloudpickle.list_registry_pickle_by_value():
                cloudpickle.register_pickle_by_value(module)
                modules.append(module)
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
