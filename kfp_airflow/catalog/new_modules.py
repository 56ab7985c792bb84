"""Which modules have been imported since: without a look at all that were there before."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count, takewhile
from types import ModuleType
from typing import Final

_numbers: Final = count()


class NewModules:
    """The names in `sys.modules` that came after a mark, and those that were taken out and came back."""

    def __init__(self, mark: str) -> None:
        self._mark = mark

    def names(self) -> list[str]:
        """Return them, in the order in which they came."""
        return [*takewhile(lambda name: name != self._mark, reversed(sys.modules))][::-1]


@contextmanager
def new_modules() -> Iterator[NewModules]:
    """Note which modules come inside the block, by a mark in `sys.modules`, which keeps the order of its names.

    A task is a process that has thousands of modules from the one before it, and memory that it only reads is shared.
    """
    mark = f"_kfp_airflow_mark_{next(_numbers)}"
    sys.modules[mark] = ModuleType(mark)
    try:
        yield NewModules(mark)
    finally:
        del sys.modules[mark]
