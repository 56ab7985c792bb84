"""What Airflow's own processes import before they fork."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

PROGRAM = """
import sys
from airflow.listeners.listener import get_listener_manager
sys.argv = ["airflow", {component!r}]
get_listener_manager().hook.on_starting(component=object())
print("airflow.providers.cncf.kubernetes.operators.pod" in sys.modules)
"""


def imported(component: str, **settings: str) -> bool:
    """Return whether a component of Airflow, whose listeners are those of all plugins, imports the pod operator."""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(component=component)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.split()[-1] == "True"


def test_the_plugin_is_found_by_airflow() -> None:
    (found,) = entry_points(group="airflow.plugins", name="kfp_airflow")
    assert found.value == "kfp_airflow.plugin:KfpAirflowPlugin"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("component", "expected"), [("scheduler", True), ("dag-processor", True), ("triggerer", False)]
)
def test_what_forks_tasks_or_parsers_imports_the_pod_operator_first(component: str, expected: bool) -> None:
    assert imported(component) is expected


@pytest.mark.slow
def test_a_setting_switches_that_off() -> None:
    assert imported("scheduler", AIRFLOW__KFP_AIRFLOW__PRELOAD="false") is False
