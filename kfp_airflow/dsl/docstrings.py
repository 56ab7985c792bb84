"""What a docstring says about a function: its first line, and a description of each argument (row W-12)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring's first line, None where there is no docstring; descriptions by argument, line breaks kept."""

    description: str | None
    arguments: Mapping[str, str]


def read_docstring(function: Callable[..., object]) -> Docstring:
    """Return what a function's docstring says, in Google's, numpy's, reStructuredText's or Epytext's form."""
    written = inspect.getdoc(function)
    if not written:
        return Docstring(None, {})
    import docstring_parser

    read = docstring_parser.parse(written)
    described = {entry.arg_name: (entry.description or "").strip() for entry in read.params}
    return Docstring(read.short_description or None, {name: text for name, text in described.items() if text})
