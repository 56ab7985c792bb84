"""One probe asked twice: of the real SDK in its own environment, and of this package under its name."""

from __future__ import annotations

import json
import subprocess
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kfp_airflow.catalog.kfp_alias import kfp_alias
from tests.conformance.judge import NoJudge, judge_python


def answers_of_theirs(probe: ModuleType) -> dict[str, Any]:
    """Return what a probe, a module that prints the JSON of its `probe()`, finds in the real SDK.

    Skips the test where the real SDK cannot be had.
    """
    try:
        python = judge_python()
    except NoJudge as reason:
        pytest.skip(str(reason))
    asked = [str(python), "-W", "ignore", str(Path(str(probe.__file__)))]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def answers_of_ours(probe: ModuleType) -> dict[str, Any]:
    """Return what the probe finds here."""
    with kfp_alias(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found: dict[str, Any] = probe.probe()
        return found
