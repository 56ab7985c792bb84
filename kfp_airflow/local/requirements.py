"""Which Python packages a command asks for before its program starts (row W-02).

A lightweight component with `packages_to_install` starts with `sh -c '(NAME=… python3 -m pip install … p1 p2 || …
--user) && "$0" "$@"'`. The text is read as shell words, never by patterns; anything that is not exactly of this form
is left to the shell and to pip.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_ASSIGNMENT: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_PYTHONS: Final = frozenset({"python3", "python"})
_SILENT_FLAGS: Final = frozenset(
    {"--quiet", "-q", "--no-warn-script-location", "--user", "--no-cache-dir", "--disable-pip-version-check"}
)
_INDEX_OPTIONS: Final = frozenset({"--index-url", "-i", "--extra-index-url", "--trusted-host", "--find-links", "-f"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What `pip install` was asked for: requirements in the author's order, and options such as `--index-url`."""

    packages: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


NOTHING: Final = Requirements()


def find_requirements(command: Sequence[str]) -> Requirements:
    """Return the packages that the command installs before its program; nothing where it is not of that form."""
    match command:
        case ["sh" | "bash", "-c" | "-ec" | "-exc", script, *_]:
            words = _words(script)
        case _:
            return NOTHING
    if words[-3:] != ["&&", "$0", "$@"]:
        return NOTHING
    words = words[:-3]
    if words[:1] == ["("] and words[-1:] == [")"]:
        words = words[1:-1]
    attempts = [_install(attempt) for attempt in _split(words, "||")]
    first = attempts[0]
    return first if first is not None and all(attempt == first for attempt in attempts) else NOTHING


def _words(script: str) -> list[str]:
    lexer = shlex.shlex(script, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return []


def _split(words: list[str], separator: str) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in words:
        if word == separator:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _install(words: list[str]) -> Requirements | None:
    """Return what one `NAME=… python3 -m pip install …` installs; None where it is something else."""
    while words and _ASSIGNMENT.match(words[0]):
        words = words[1:]
    if words[1:4] != ["-m", "pip", "install"] or words[0] not in _PYTHONS:
        return None
    packages: list[str] = []
    options: list[str] = []
    rest = iter(words[4:])
    for word in rest:
        name, has_value, _ = word.partition("=")
        if word in _SILENT_FLAGS:
            continue
        if name in _INDEX_OPTIONS:
            options += [word] if has_value else [word, next(rest, "")]
        elif word.startswith("-") or not word.strip() or set(word) <= set("();<>|&"):
            return None
        else:
            packages.append(word)
    return Requirements(packages=tuple(packages), options=tuple(options))
