"""JSON data as YAML text that Python and Go read alike.

Objects and lists are laid out here, and the texts of which it is plain how YAML writes them; PyYAML, which makes a node
of every value first, takes several times as long for the same lines. It is asked for every other text.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import yaml
from typing_extensions import override

from kfp_airflow.graph.text import Json

if TYPE_CHECKING:
    from yaml import SafeDumper as _FastestDumper
else:
    _FastestDumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_LITERAL_BLOCK: Final = re.compile(
    r"[^ \t\n\x00-\x1f\x7f-\x9f\ufeff\u2028\u2029][^\x00-\x09\x0b-\x1f\x7f-\x9f\ufeff\u2028\u2029]*"
)
_PRINTABLE: Final = r" -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd"
"""Characters that YAML shows as they are, whoever writes it."""
_ONE_LINE: Final = re.compile(f"[{_PRINTABLE}]*")
_QUOTED: Final = re.compile(r"[#,\[\]{}&*!|>'\"%@` ]|[-?:](?: |$)|---|\.\.\.|.*(?:: | #|[: ]$)")
"""What begins or ends something else than a text where it has no quotes around it."""
_SEVERAL_LINES: Final = re.compile(f"(?! )[{_PRINTABLE}][{_PRINTABLE}\n]*(?<! )")
_START_OF_LINE: Final = re.compile(r"(?<=[\n\u2028\u2029])(?![\n\u2028\u2029]|\Z)")
_SHORT: Final = 128
"""A key stands before its colon where it has fewer bytes; a text of fewer characters is kept with what it becomes."""


class _Dumper(_FastestDumper):
    """No anchors, texts of several lines as blocks, and `y` and `n` quoted."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    several = "\n" in text and " \n" not in text and _LITERAL_BLOCK.fullmatch(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if several else None)


_Dumper.add_representer(str, _represent_text)
# Go's YAML takes an unquoted `y` or `n` for a boolean, PyYAML does not (argo-semantics, row D-13).
_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:y|Y|n|N)$"), list("yYnN"))


def yaml_text(data: Json) -> str:
    """Return the data as YAML, keys in their order; it reads back as the same data."""
    lines: list[str] = []
    if isinstance(data, dict) and data:
        _add_object(data, "", "", lines)
    elif isinstance(data, list) and data:
        _add_list(data, "", "", lines)
    else:
        return _dumped(data)
    return "".join(lines)


def _add_object(data: dict[str, Json], start: str, margin: str, lines: list[str]) -> None:
    """Add the lines of an object that is not empty; the first begins with `start`, the others with `margin`."""
    for key, value in data.items():
        name = _short_line(key) if len(key) < _SHORT else None
        if name is None or not (key.isascii() or len(key.encode()) < _SHORT):
            lines.append(start + _dumped_inside({key: value}, margin))
        elif not value or not isinstance(value, (dict, list)):
            lines.append(f"{start}{name}: {_scalar(value, margin)}\n")
        elif isinstance(value, dict):
            lines.append(f"{start}{name}:\n")
            _add_object(value, f"{margin}  ", f"{margin}  ", lines)
        else:
            lines.append(f"{start}{name}:\n")
            _add_list(value, margin, margin, lines)
        start = margin


def _add_list(data: list[Json], start: str, margin: str, lines: list[str]) -> None:
    """Add the lines of a list that is not empty; the first begins with `start`, the others with `margin`."""
    for value in data:
        if not value or not isinstance(value, (dict, list)):
            lines.append(f"{start}- {_scalar(value, margin)}\n")
        elif isinstance(value, dict):
            _add_object(value, f"{start}- ", f"{margin}  ", lines)
        else:
            _add_list(value, f"{start}- ", f"{margin}  ", lines)
        start = margin


def _scalar(value: Json, margin: str) -> str:
    """Return what holds nothing else, without the end of its last line, inside an object or a list at `margin`."""
    if isinstance(value, str):
        written = _short_line(value) if len(value) < _SHORT else _one_line(value)
        if written is not None:
            return written
        if _SEVERAL_LINES.fullmatch(value) and " \n" not in value:
            return _block(value, f"{margin}  ")
    elif not value or isinstance(value, int):
        return json.dumps(value)
    return _dumped_inside([value], margin).removeprefix("- ").removesuffix("\n")


@lru_cache(maxsize=4096)
def _short_line(text: str) -> str | None:
    return _one_line(text)


def _one_line(text: str) -> str | None:
    """Return a text as it is written within a line, None where that is not plain to see."""
    if not _ONE_LINE.fullmatch(text):
        return None
    resolvers = _Dumper.yaml_implicit_resolvers.get(text[:1], ())
    if _QUOTED.match(text) or any(pattern.match(text) for _, pattern in resolvers):
        return "'" + text.replace("'", "''") + "'"
    return text


def _block(text: str, margin: str) -> str:
    ends = "-" if not text.endswith("\n") else "+" if text.endswith("\n\n") else ""
    return _indented(f"|{ends}\n{text}", margin).removesuffix("\n")


def _indented(lines: str, margin: str) -> str:
    """Return the lines, all but the first and empty ones with a margin."""
    return _START_OF_LINE.sub(margin, lines)


def _dumped_inside(data: Json, margin: str) -> str:
    """Return the lines of a part of the data: without the sign for the end of a document, which `|+` brings with it."""
    return _indented(_dumped(data).replace("\n...\n", "\n"), margin)


def _dumped(data: Json) -> str:
    return yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=1_000_000
    )
