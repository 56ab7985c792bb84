"""Where in the author's file something was written."""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from types import CodeType, FrameType

from kfp_airflow.diagnostics import UNKNOWN, Where

_PACKAGE = str(Path(__file__).resolve().parent.parent) + os.sep


def is_ours(code: CodeType) -> bool:
    """Tell whether code belongs to this package rather than to an author."""
    return code.co_filename.startswith(_PACKAGE)


def author_frame() -> FrameType | None:
    """Return the innermost frame outside this package, None where there is none."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - inspect.stack() reads every source file and costs milliseconds
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame = frame.f_back
    return frame


def author_place() -> Where:
    """Return file and line of the call that led into this package."""
    frame = author_frame()
    return UNKNOWN if frame is None else Where(frame.f_code.co_filename, frame.f_lineno)


def warn_author(message: str, category: type[Warning]) -> None:
    """Warn at the author's line, once per line as Python's own `warn` does."""
    frame = author_frame()
    if frame is None:
        warnings.warn(message, category, stacklevel=2)
        return
    registry = frame.f_globals.setdefault("__warningregistry__", {})
    warnings.warn_explicit(
        message,
        category,
        frame.f_code.co_filename,
        frame.f_lineno,
        module=frame.f_globals.get("__name__"),
        registry=registry,
    )
