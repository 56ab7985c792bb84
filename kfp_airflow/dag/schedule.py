"""Schedules of recurring runs besides Airflow's: KFP's six-field cron (seconds first) and `@every` (RR-02, F-13)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any, Final

from kfp_airflow.diagnostics import UsageError

_EVERY: Final = re.compile(r"@every\s+((?:\d+(?:\.\d+)?[hms])+)")
_SIX_FIELDS: Final = 6
_UNITS: Final = {"h": "hours", "m": "minutes", "s": "seconds"}


def read_schedule(schedule: Any) -> Any:
    """Return what Airflow's `DAG(schedule=…)` takes; only texts in KFP's notation are changed.

    Raises UsageError for a six-field cron whose seconds are not a plain 0: Airflow's cron has no seconds.
    """
    if not isinstance(schedule, str):
        return schedule
    if every := _EVERY.fullmatch(schedule.strip()):
        parts = re.findall(r"(\d+(?:\.\d+)?)([hms])", every.group(1))
        return sum((timedelta(**{_UNITS[unit]: float(number)}) for number, unit in parts), timedelta())
    fields = schedule.split()
    if len(fields) != _SIX_FIELDS:
        return schedule
    seconds, *rest = fields
    if seconds not in {"0", "00"}:
        raise UsageError(
            f"schedule '{schedule}' has six fields, seconds first, and its seconds are '{seconds}'. "
            "Airflow's schedules have no seconds: write 0 there, or five fields without them"
        )
    return " ".join("*" if field == "?" else field for field in rest)
