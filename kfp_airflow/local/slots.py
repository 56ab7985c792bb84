"""`set_parallelism` for the steps of one machine: files, each locked by the step that has the slot.

A lock goes with the process that holds it, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

LOOK_EVERY_S: Final = 0.2


@contextmanager
def slot(
    folder: Path, run: str, slots: int, *, look: Callable[[], object], log: Callable[[str], None]
) -> Iterator[None]:
    """Hold one of the `slots` of a run for the block, waiting for it.

    `run` is a name for a file; what `look` raises, which is called while this waits, ends the wait.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{run}.{number}" for number in range(slots)]
    held = _first_free(paths)
    if held is None:
        log(f"Waiting, for the pipeline lets {slots} of its steps run at a time")
    while held is None:
        look()
        time.sleep(LOOK_EVERY_S)
        held = _first_free(paths)
    path, file = held
    try:
        yield
    finally:
        path.unlink(missing_ok=True)  # while it is locked: see `_is_there`
        os.close(file)


def _first_free(paths: list[Path]) -> tuple[Path, int] | None:
    for path in paths:
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            continue
        if _is_there(path, file):
            return path, file
        os.close(file)
    return None


def _is_there(path: Path, file: int) -> bool:
    """Tell whether a locked file is still the one of its name: its last holder may have taken it away."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file))
    except FileNotFoundError:
        return False
