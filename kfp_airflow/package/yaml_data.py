"""YAML that someone else wrote, as plain data: bounded, never executed, with the lines of its objects."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

import yaml
from yaml import AliasEvent, MappingEndEvent, MappingStartEvent, ScalarEvent, SequenceEndEvent, SequenceStartEvent

from kfp_airflow.diagnostics import Diagnostic, PipelineError, Where

if TYPE_CHECKING:
    from yaml import SafeLoader as _FastestLoader
else:
    _FastestLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_VALUES: Final = 1_000_000
MAX_DEPTH: Final = 100
MAX_DIGITS: Final = 100
_SHOWN: Final = 60
_NESTED: Final = f"more than {MAX_DEPTH} objects and lists stand inside each other"
_TOO_DEEP: Final = "nesting depth"
"""What the reason of PyYAML 6.0.4 has in it where its own limit is passed, which it may be before any part is read."""

Data: TypeAlias = "bool | int | float | str | list[Data] | Block | None"

_CORE: Final = "tag:yaml.org,2002:"
_PLAIN_TAGS: Final = frozenset(f"{_CORE}{name}" for name in ("int", "float", "bool", "null", "map", "seq"))
_NULLS: Final = frozenset(("", "~", "null", "Null", "NULL"))
_TRUTHS: Final = {
    spelled: truth
    for word, truth in {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}.items()
    for spelled in (word, word.capitalize(), word.upper())
}
_STARTS: Final = frozenset("+-.0123456789~nNtTfFyYoO")
_WHOLE: Final = re.compile(r"[-+]?(0b[01_]+|0x[0-9a-fA-F_]+|0[0-7_]*|[1-9][0-9_]*)")
_DECIMAL: Final = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9_]*|\.[0-9][0-9_]*)([eE][-+][0-9]+)?")


class Block(dict[str, "Data"]):
    """An object of a YAML text; `line` is where it begins, counted from 1."""

    __slots__ = ("line",)

    def __init__(self, line: int = 0) -> None:
        super().__init__()
        self.line = line


def read_yaml(content: bytes, file: str, *, first_line: int = 1) -> Data:
    """Return the one document of a YAML text as plain data; keys are texts as they are written.

    Values are read as YAML 1.1 has it, as the SDK wrote them, but for dates and base 60, which stay texts. `file` is
    what messages call the text; `first_line` is its line there. At most MAX_VALUES values, each alias counted with all
    that it stands for, and MAX_DEPTH objects and lists inside each other. Raises PipelineError [KA403] for everything
    else: another encoding than UTF-8, tags that would make objects of Python, several documents, keys given twice.
    """
    try:
        content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        where = Where(file, first_line + content.count(b"\n", 0, error.start))
        byte = f"byte 0x{content[error.start]:02x} at position {error.start:,}"
        raise _refused(where, f"it is no UTF-8: {byte}") from error
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content:
        raise _refused(Where(file, 0), "it is no UTF-8 text: it holds NUL bytes")
    loader = _FastestLoader(content)
    try:
        return _Reader(loader, file, first_line).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = Where(file, first_line + mark.line if mark else 0)
        if _TOO_DEEP in str(error.problem):
            raise _refused(where, _NESTED) from error
        raise _refused(where, f"it is no YAML: {error.problem or error.context}") from error
    except yaml.YAMLError as error:
        raise _refused(Where(file, 0), f"it is no YAML: {getattr(error, 'reason', error)}") from error
    finally:
        loader.dispose()


class _Reader:
    """Makes data of the events of a YAML text, and counts while it does."""

    def __init__(self, loader: yaml.SafeLoader, file: str, first_line: int) -> None:
        self._next: Callable[[], yaml.Event] = loader.get_event
        self._file = file
        self._first_line = first_line
        self._values = 0
        self._anchors: dict[str, tuple[Data, int]] = {}
        self._open: set[str] = set()

    def document(self) -> Data:
        self._next()
        if isinstance(self._next(), yaml.StreamEndEvent):
            raise _refused(Where(self._file, 0), "it is empty")
        found = self._value(self._next(), 0)
        self._next()
        if not isinstance(event := self._next(), yaml.StreamEndEvent):
            raise self._refused(event, "it holds several YAML documents")
        return found

    def _value(self, event: yaml.Event, depth: int) -> Data:
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._refused(event, f"it holds more than {MAX_VALUES:,} values")
        if isinstance(event, ScalarEvent):
            return self._noted(event.anchor, self._scalar(event), 1) if event.anchor else self._scalar(event)
        if isinstance(event, AliasEvent):
            return self._alias(event)
        if depth >= MAX_DEPTH:
            raise self._refused(event, _NESTED)
        return self._collection(event, depth + 1)

    def _collection(self, event: yaml.Event, depth: int) -> Data:
        if not isinstance(event, MappingStartEvent | SequenceStartEvent):
            raise self._refused(event, "it ends too early")
        if event.tag is not None and event.tag not in _PLAIN_TAGS:
            raise self._refused(event, f"it has the tag '{event.tag}', and a package is data only")
        before = self._values
        if event.anchor:
            self._open.add(event.anchor)
        is_mapping = isinstance(event, MappingStartEvent)
        found = self._mapping(event, depth) if is_mapping else self._sequence(depth)
        return self._noted(event.anchor, found, self._values - before + 1) if event.anchor else found

    def _mapping(self, start: yaml.Event, depth: int) -> Block:
        found = Block(self._line(start))
        while not isinstance(event := self._next(), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                raise self._refused(event, "a key is an object, a list or an alias; only texts can be keys")
            key = event.value
            if key == "<<" and event.implicit[0]:
                raise self._refused(event, "it has the merge key '<<', which no compiler of KFP writes")
            if key in found:
                raise self._refused(event, f"the key '{_short(key)}' stands twice in one object")
            found[key] = self._value(self._next(), depth)
        return found

    def _sequence(self, depth: int) -> list[Data]:
        found: list[Data] = []
        while not isinstance(event := self._next(), SequenceEndEvent):
            found.append(self._value(event, depth))
        return found

    def _scalar(self, event: ScalarEvent) -> Data:
        tag = event.tag
        if tag is None or tag == "!":
            return plain_value(event.value) if event.implicit[0] and tag is None else event.value
        if tag == f"{_CORE}str":
            return event.value
        if tag in _PLAIN_TAGS:
            return plain_value(event.value)
        raise self._refused(event, f"it has the tag '{tag}', and a package is data only")

    def _alias(self, event: AliasEvent) -> Data:
        anchor = event.anchor or ""
        if anchor in self._open:
            raise self._refused(event, f"the alias '*{_short(anchor)}' stands inside what it stands for")
        if anchor not in self._anchors:
            raise self._refused(event, f"nothing is named by the alias '*{_short(anchor)}'")
        found, values = self._anchors[anchor]
        self._values += values
        return found

    def _noted(self, anchor: str, found: Data, values: int) -> Data:
        self._open.discard(anchor)
        self._anchors[anchor] = found, values
        return found

    def _line(self, event: yaml.Event) -> int:
        return self._first_line + event.start_mark.line if event.start_mark is not None else 0

    def _refused(self, event: yaml.Event, problem: str) -> PipelineError:
        return _refused(Where(self._file, self._line(event)), problem)


def plain_value(text: str) -> Data:
    """Return what an unquoted scalar means."""
    if text[:1] not in _STARTS:
        return text if text else None
    if text in _NULLS:
        return None
    if text in _TRUTHS:
        return _TRUTHS[text]
    if len(text) <= MAX_DIGITS and _WHOLE.fullmatch(text):
        return _whole(text.replace("_", ""))
    if len(text) <= MAX_DIGITS and _DECIMAL.fullmatch(text):
        return float(text.replace("_", ""))
    return text


def _whole(digits: str) -> int:
    sign, digits = (-1, digits[1:]) if digits.startswith("-") else (1, digits.removeprefix("+"))
    if digits.startswith("0b"):
        return sign * int(digits[2:] or "0", 2)
    if digits.startswith("0x"):
        return sign * int(digits[2:] or "0", 16)
    return sign * int(digits, 8 if digits.startswith("0") else 10)


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _refused(where: Where, problem: str) -> PipelineError:
    advice = "Compile the pipeline again; a package is one UTF-8 YAML document as KFP's compiler writes it."
    return PipelineError([Diagnostic(code="KA403", where=where, problem=problem, advice=advice)])
