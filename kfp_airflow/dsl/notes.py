"""Diagnostics that arise while an author's function runs: collected by `build_graph`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from kfp_airflow.diagnostics import Diagnostic

_notes: ContextVar[list[Diagnostic] | None] = ContextVar("kfp_airflow_notes", default=None)


def note(diagnostic: Diagnostic) -> bool:
    """Add a diagnostic to the innermost `noting`, once; return whether there is one."""
    notes = _notes.get()
    if notes is not None and diagnostic not in notes:
        notes.append(diagnostic)
    return notes is not None


@contextmanager
def noting() -> Iterator[list[Diagnostic]]:
    """Yield the list that `note` fills while the block runs: also the warnings of every `build_graph` in it."""
    notes: list[Diagnostic] = []
    token = _notes.set(notes)
    try:
        yield notes
    finally:
        _notes.reset(token)
