"""YAML from authors as plain data: read safely, bounded in size, with the line of every key for diagnostics."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import yaml

from kfp_airflow.diagnostics import Diagnostic, PipelineError, Where

MAX_BYTES = 10 * 1024 * 1024
MAX_NODES = 100_000
MAX_DEPTH = 100
MAX_NUMBER = 1_000
"""Characters of a number: reading one takes a time that grows with their square."""
_TOO_DEEP: Final = "nesting depth"
"""What the reason of PyYAML 6.0.4 has in it where its own limit is passed, which it may be before any part is read."""
_NESTED: Final = f"this YAML is nested more than {MAX_DEPTH} levels deep"
_FLATTER: Final = "Make it flatter."

KeyPath = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a document."""
_TRUTH_WORDS = frozenset("yYnN")
"""Truth values to other readers of YAML, texts to this one."""
_DIGITS: Final = frozenset("0123456789_+-.:")
_MERGE: Final = "<<"
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def read_yaml(content: str, *, name: str) -> Any:
    """Return the one YAML document of `content` as dicts, lists and scalars; `name` is the file in messages.

    Raises PipelineError for text that is no YAML, is longer than MAX_BYTES, is nested deeper than MAX_DEPTH, contains
    itself through an alias, or has more than MAX_NODES values once its aliases are written out: all of it before
    anything is built, so that memory and time stay bounded. Warns of keys that are there twice: the last one counts.
    """
    if len(content) > MAX_BYTES:
        raise _refused(name, f"the text has {len(content):,} characters", f"At most {MAX_BYTES:,} are read.")
    try:
        _Survey(name).walk(content)
        return yaml.load(content, Loader=_LOADER)  # noqa: S506 - a safe loader, in C where there is one
    except PipelineError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        line = mark.line + 1 if mark is not None else 0
        if _TOO_DEEP in reason:
            raise _refused(name, _NESTED, _FLATTER, line) from error
        raise _refused(name, f"this is not YAML: {reason}", "Mend the YAML at this line.", line) from error
    except (ValueError, RecursionError) as error:
        raise _refused(name, f"this YAML cannot be read: {error}", "Quote the value if it is meant as text.") from error


def lines_of(content: str) -> Callable[[KeyPath], int]:
    """Return a function that gives the line, counted from 1, of the value that a path leads to, or of its parent."""
    root = yaml.compose(content, Loader=_LOADER)

    def line_of(path: KeyPath) -> int:
        node, line = root, 1
        for step in path:
            found = _child(node, step)
            if found is None:
                break
            node, line = found
        return line

    return line_of


def write_yaml(document: object) -> str:
    """Return plain data as YAML: keys in their order, texts of several lines as blocks, short parts in one line."""
    return str(
        yaml.dump(
            document, Dumper=_BlockTextDumper, default_flow_style=None, sort_keys=False, width=120, allow_unicode=True
        )
    )


class _BlockTextDumper(_DUMPER):  # type: ignore[misc]  # the base is chosen at run time
    """Writes texts of several lines as `|` blocks, so that people can read the programs in component files."""


def _represent_text(dumper: Any, content: str) -> Any:
    style = "|" if "\n" in content else '"' if content in _TRUTH_WORDS else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", content, style=style)


_BlockTextDumper.add_representer(str, _represent_text)


def _child(node: Any, step: str | int) -> tuple[Any, int] | None:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(step):
                return value, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step].start_mark.line + 1
    return None


@dataclass
class _Part:
    """A list or mapping that is being walked: its anchor, its values so far, and of a mapping its keys so far."""

    anchor: str | None
    size: int = 1
    keys: set[str] | None = None
    at_key: bool = True


class _Survey:
    """Walks a document before it is built, and raises PipelineError for what would take too much memory or time."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._open: list[_Part] = []
        self._sizes: dict[str, int] = {}
        self._line = 0

    def walk(self, content: str) -> None:
        """Read the events of a document: nothing of it is kept."""
        for event in yaml.parse(content, Loader=_LOADER):
            self._line = event.start_mark.line + 1 if event.start_mark is not None else 0
            match event:
                case yaml.ScalarEvent(value=text):
                    self._check_number(event)
                    self._add(1, event.anchor, text)
                case yaml.AliasEvent(anchor=anchor):
                    self._add(self._size_of(anchor), None)
                case yaml.CollectionStartEvent(anchor=anchor):
                    self._enter(_Part(anchor, keys=set() if isinstance(event, yaml.MappingStartEvent) else None))
                case yaml.CollectionEndEvent():
                    part = self._open.pop()
                    self._add(part.size, part.anchor)

    def _enter(self, part: _Part) -> None:
        self._open.append(part)
        if len(self._open) > MAX_DEPTH:
            raise self._refused(_NESTED, _FLATTER)

    def _add(self, size: int, anchor: str | None, text: str | None = None) -> None:
        """Count a part that ends here, as a part of the one around it."""
        if anchor is not None:
            self._sizes[anchor] = size
        if not self._open:
            return
        part = self._open[-1]
        part.size += size
        if part.size > MAX_NODES:
            problem = f"this YAML has more than {MAX_NODES:,} values once its aliases are written out"
            raise self._refused(problem, "Make it smaller.")
        if part.keys is not None:
            self._note_key(part, text)

    def _note_key(self, part: _Part, text: str | None) -> None:
        if part.at_key and text is not None and part.keys is not None:
            if text in part.keys and text != _MERGE:
                message = f"the key {text[:80]!r} is there twice: the last one counts"
                warnings.warn_explicit(message, UserWarning, self._name, self._line)
            part.keys.add(text)
        part.at_key = not part.at_key

    def _size_of(self, anchor: str | None) -> int:
        if any(part.anchor == anchor for part in self._open):
            raise self._refused("an alias in this YAML refers to a part that contains it", "Write the part out.")
        return self._sizes.get(anchor or "", 1)

    def _check_number(self, event: yaml.ScalarEvent) -> None:
        text = event.value
        if len(text) > MAX_NUMBER and event.implicit[0] and not set(text) - _DIGITS:
            problem = f"a number has {len(text):,} characters, at most {MAX_NUMBER:,} are read"
            raise self._refused(problem, "Quote it if it is meant as text.")

    def _refused(self, problem: str, advice: str) -> PipelineError:
        return _refused(self._name, problem, advice, self._line)


def _refused(name: str, problem: str, advice: str, line: int = 0) -> PipelineError:
    return PipelineError([Diagnostic(code="KA301", where=Where(name, line), problem=problem, advice=advice)])
