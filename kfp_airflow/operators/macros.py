"""Macros in the values of parameters: `[[RunUUID]]`, `[[ScheduledTime]]`, `{{$.currentTime.strftime(…)}}` (PP-09)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from kfp_airflow.diagnostics import StepError

DEFAULT_LAYOUT: Final = "20060102150405"
"""How a time is written where the macro gives no layout."""

_MACRO: Final = re.compile(
    r"\[\[(?P<macro>RunUUID|Index)\]\]|(?P<uid>\{\{workflow\.uid\}\})"
    r"|\[\[(?P<time>Current|Scheduled)Time(?:\.(?P<layout>.{0,100}?))?\]\]"
    r"|\{\{\$\.(?P<moment>current|scheduled)Time\.strftime\('(?P<format>[^']{0,100})'\)\}\}"
)
_DIRECTIVE: Final = re.compile(r"%([aAbBcCdDeFgGhHIjmMnpRStTuUVwWxXyYzZ%])")

_LAYOUT: Final[Mapping[str, str]] = {
    "2006": "%Y",
    "06": "%y",
    "January": "%B",
    "Jan": "%b",
    "01": "%m",
    "1": "%-m",
    "Monday": "%A",
    "Mon": "%a",
    "02": "%d",
    "_2": "%_d",
    "2": "%-d",
    "002": "%j",
    "__2": "%_j",
    "15": "%H",
    "03": "%I",
    "3": "%-I",
    "04": "%M",
    "4": "%-M",
    "05": "%S",
    "5": "%-S",
    "PM": "%p",
    "pm": "%P",
    "MST": "UTC",
    "Z07:00": "Z",
    "Z0700": "Z",
    "Z07": "Z",
    "-07:00": "+00:00",
    "-0700": "+0000",
    "-07": "+00",
}
"""Part of a Go layout → strftime's directive, or the text of UTC; `-` leaves zeros out, `_` makes blanks of them."""

_LAYOUT_PART: Final = re.compile(
    r"January|Jan(?![a-z])|Monday|Mon(?![a-z])|MST|002|0[1-6]|15|2006|__2|_2(?!006)|[1-5]|PM|pm"
    r"|[Z-]07:00|[Z-]0700|[Z-]07|[.,]9+(?!\d)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFacts:
    """What macros stand for in one run: its id, when it began, and the time that it was scheduled for."""

    run_id: str
    current: datetime
    scheduled: datetime


def expand_macros(value: str, facts: RunFacts, *, whose: str) -> str:
    """Return a parameter's value with its macros replaced and every other character as it is; times are UTC.

    What comes in is not looked at again. Raises StepError for `[[Index]]`, naming `whose` value it is in.
    """

    def replaced(match: re.Match[str]) -> str:
        if match["macro"] == "Index":
            raise StepError(
                f"{whose} asks for [[Index]], the number of the run in its schedule, which Airflow does not count. "
                "Use [[ScheduledTime]] or [[RunUUID]]"
            )
        if match["macro"] or match["uid"]:
            return facts.run_id
        name = match["time"] or match["moment"]
        moment = (facts.current if name.lower() == "current" else facts.scheduled).astimezone(timezone.utc)
        if match["moment"]:
            return _DIRECTIVE.sub(lambda directive: moment.strftime(directive.group()), match["format"])
        return format_by_layout(moment, match["layout"] or DEFAULT_LAYOUT)

    return _MACRO.sub(replaced, value) if "[[" in value or "{{" in value else value


def format_by_layout(moment: datetime, layout: str) -> str:
    """Return a time, in UTC and whole seconds, as a Go layout such as `2006-01-02T15:04:05Z` shows it."""
    return _LAYOUT_PART.sub(lambda part: _shown(moment, _LAYOUT.get(part.group(), "")), layout)


def _shown(moment: datetime, directive: str) -> str:
    if not directive.startswith("%"):
        return directive
    flag, letter = directive[1:-1], directive[-1]
    if letter == "P":
        return moment.strftime("%p").lower()
    padded = moment.strftime(f"%{letter}")
    if not flag:
        return padded
    bare = padded.lstrip("0") or "0"
    return bare.rjust(len(padded)) if flag == "_" else bare
