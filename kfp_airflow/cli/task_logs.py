"""Airflow's task logs (one JSON object a line) as a person reads them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

_OWN: Final = frozenset(
    {"StepFailed", "StepError", "OutputMissing", "ValueTooLarge", "UsageError", "AirflowFailException"}
)


def last_lines(log: Path, count: int) -> list[str]:
    """Return the last lines of a task's log in plain text, without Airflow's group marks."""
    return [line for record in _records(log) for line in _lines(record)][-count:]


def failure_in(log: Path) -> str:
    """Return the last exception of a task's log, without its type where its text is made to be read; else ''."""
    found = ""
    for record in _records(log):
        if details := record.get("error_detail"):
            found = _exception(details[-1])
    return found


def _records(log: Path) -> Iterator[dict[str, Any]]:
    if not log.is_file():
        return
    with log.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            try:
                record = json.loads(line)
            except ValueError:
                record = {"event": line.rstrip("\n")}
            yield record if isinstance(record, dict) else {"event": line.rstrip("\n")}


def _lines(record: dict[str, Any]) -> Iterator[str]:
    event = str(record.get("event", ""))
    if event.startswith(("::group::", "::endgroup::")):
        return
    yield from event.splitlines() or [""]
    if details := record.get("error_detail"):
        yield from _exception(details[-1]).splitlines()


def _exception(detail: dict[str, Any]) -> str:
    kind, value = detail.get("exc_type", ""), str(detail.get("exc_value", ""))
    return value if kind in _OWN and value else f"{kind}: {value}"
