"""YAML from authors as plain data: read safely, bounded in size, with the line of every key for diagnostics."""

from __future__ import annotations

from typing import Any

import yaml

from kfp_airflow.diagnostics import Diagnostic, PipelineError, Where

MAX_BYTES = 10 * 1024 * 1024
MAX_NODES = 1_000_000
MAX_DEPTH = 100

KeyPath = tuple[str | int, ...]
"""The keys and indexes that lead to a part of a document."""
_TRUTH_WORDS = frozenset("yYnN")
"""Truth values to other readers of YAML, texts to this one."""
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DUMPER: type[Any] = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


def read_yaml(content: str, *, name: str) -> Any:
    """Return the one YAML document of `content` as dicts, lists and scalars; `name` is the file in messages.

    Raises PipelineError for text that is no YAML, is longer than MAX_BYTES, is nested deeper than MAX_DEPTH, contains
    itself through an alias, or grows beyond MAX_NODES when its aliases are written out.
    """
    if len(content) > MAX_BYTES:
        raise _refused(name, f"the text has {len(content):,} characters", f"At most {MAX_BYTES:,} are read.")
    try:
        _check_depth(content, name)
        document = yaml.load(content, Loader=_LOADER)  # noqa: S506 - a safe loader, in C where there is one
    except PipelineError:
        raise
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        reason = getattr(error, "problem", None) or str(error).splitlines()[0]
        line = mark.line + 1 if mark is not None else 0
        raise _refused(name, f"this is not YAML: {reason}", "Mend the YAML at this line.", line) from error
    except (ValueError, RecursionError) as error:
        raise _refused(name, f"this YAML cannot be read: {error}", "Quote the value if it is meant as text.") from error
    _check_size(document, name)
    return document


def line_of(content: str, path: KeyPath) -> int:
    """Return the line, counted from 1, of the value that `path` leads to, or of its nearest parent."""
    node = yaml.compose(content, Loader=_LOADER)
    line = 1
    for step in path:
        found = _child(node, step)
        if found is None:
            break
        node, line = found
    return line


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


def _check_depth(content: str, name: str) -> None:
    """Raise PipelineError for a document nested too deeply: libyaml recurses, and would end the process."""
    depth = 0
    for event in yaml.parse(content, Loader=_LOADER):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            line = event.start_mark.line + 1 if event.start_mark is not None else 0
            raise _refused(name, f"this YAML is nested more than {MAX_DEPTH} levels deep", "Make it flatter.", line)


def _check_size(document: object, name: str) -> None:
    """Raise PipelineError where the document contains itself or has too many nodes; shared parts are walked once."""
    sizes: dict[int, int] = {}
    open_parts: set[int] = set()

    def size(part: object) -> int:
        if not isinstance(part, dict | list):
            return 1
        if id(part) in open_parts:
            raise _refused(name, "an alias in this YAML refers to a part that contains it", "Write the part out.")
        if id(part) not in sizes:
            open_parts.add(id(part))
            sizes[id(part)] = 1 + sum(size(item) for item in (part.values() if isinstance(part, dict) else part))
            open_parts.discard(id(part))
        return sizes[id(part)]

    if size(document) > MAX_NODES:
        raise _refused(
            name, f"this YAML has more than {MAX_NODES:,} values once its aliases are written out", "Make it smaller."
        )


def _refused(name: str, problem: str, advice: str, line: int = 0) -> PipelineError:
    return PipelineError([Diagnostic(code="KA301", where=Where(name, line), problem=problem, advice=advice)])
