"""What a docstring says about a function: its first line, and a description of each argument (row W-12)."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

_GOOGLE_HEADER = re.compile(r"(?:Args|Arguments|Parameters|Params):\s*")
_GOOGLE_ARGUMENT = re.compile(r"\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(.*)")
_NUMPY_UNDERLINE = re.compile(r"-{3,}\s*")
_NUMPY_ARGUMENT = re.compile(r"\*{0,2}(\w+)\s*(?::.*)?()")
_FIELD = re.compile(r"[:@]param\s+(?:[^:]*\s)?\*{0,2}(\w+)\s*:\s*(.*)")


@dataclass(frozen=True, slots=True)
class Docstring:
    """A docstring's first line, None where there is no docstring; descriptions by argument, line breaks kept."""

    description: str | None
    arguments: Mapping[str, str]


def read_docstring(function: Callable[..., object]) -> Docstring:
    """Return what a function's docstring says, in Google's, numpy's, reStructuredText's or Epytext's form."""
    lines = (inspect.getdoc(function) or "").splitlines()
    if not lines:
        return Docstring(None, {})
    return Docstring(lines[0].strip() or None, {**_google(lines[1:]), **_numpy(lines[1:]), **_fields(lines[1:])})


def _google(lines: Sequence[str]) -> dict[str, str]:
    for number, line in enumerate(lines):
        if _GOOGLE_HEADER.fullmatch(line):
            return _entries(_indented(lines[number + 1 :]), _GOOGLE_ARGUMENT)
    return {}


def _numpy(lines: Sequence[str]) -> dict[str, str]:
    for number, line in enumerate(lines[:-1]):
        if line.strip() == "Parameters" and _NUMPY_UNDERLINE.fullmatch(lines[number + 1]):
            section = list(lines[number + 2 :])
            ends = (index for index, part in enumerate(section) if _NUMPY_UNDERLINE.fullmatch(part))
            return _entries(section[: max(next(ends, len(section) + 1) - 1, 0)], _NUMPY_ARGUMENT)
    return {}


def _fields(lines: Sequence[str]) -> dict[str, str]:
    return _entries(lines, _FIELD)


def _indented(lines: Sequence[str]) -> list[str]:
    """Return the lines up to the first that stands at the margin, without their common indentation."""
    block: list[str] = []
    for line in lines:
        if line and not line[0].isspace():
            break
        block.append(line)
    return inspect.cleandoc("\n" + "\n".join(block)).splitlines()


def _entries(lines: Sequence[str], argument: re.Pattern[str]) -> dict[str, str]:
    """Return the entries that begin at the margin, with the indented lines below each; other lines end an entry."""
    found: dict[str, list[str]] = {}
    current: list[str] | None = None
    for line in lines:
        match = argument.fullmatch(line)
        if match:
            current = found.setdefault(match.group(1), [match.group(2).strip()])
        elif current is not None and line[:1].isspace():
            current.append(line.strip())
        elif line:
            current = None
    return {name: "\n".join(part for part in parts if part) for name, parts in found.items() if any(parts)}
