"""Schedules in KFP's notation (RR-02, F-13)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kfp_airflow.dag.schedule import read_schedule
from kfp_airflow.diagnostics import UsageError


@pytest.mark.better("F-13", how="Six-field cron is read as KFP means it; catch-up is off unless it is asked for.")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("0 30 6 * * ?", "30 6 * * *"),
        ("00 0 0 1 1 *", "0 0 1 1 *"),
        ("30 6 * * 1-5", "30 6 * * 1-5"),
        ("@daily", "@daily"),
        ("@every 1h30m", timedelta(hours=1, minutes=30)),
        ("@every 1.5s", timedelta(seconds=1.5)),
        (None, None),
        (timedelta(days=1), timedelta(days=1)),
    ],
)
def test_a_schedule_means_what_it_means_in_kfp(given: object, expected: object) -> None:
    assert read_schedule(given) == expected


@pytest.mark.parametrize("seconds", ["*", "30", "*/10"])
def test_seconds_are_refused_because_airflow_has_none(seconds: str) -> None:
    with pytest.raises(
        UsageError, match=r"its seconds are '.*'\. Airflow's schedules have no seconds: write 0 there, or five fields"
    ):
        read_schedule(f"{seconds} 30 6 * * *")
