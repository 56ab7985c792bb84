"""What Airflow learns of this distribution."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path

import jsonschema
import pytest

from kfp_airflow import config
from kfp_airflow.get_provider_info import get_provider_info


def test_the_metadata_follow_airflows_schema() -> None:
    spec = find_spec("airflow")
    assert spec is not None
    assert spec.origin is not None
    schema = json.loads((Path(spec.origin).parent / "provider_info.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(get_provider_info(), schema)


def test_every_module_that_is_named_exists() -> None:
    named = [module for group in get_provider_info()["operators"] for module in group["python-modules"]]
    assert named
    assert [module for module in named if find_spec(module) is None] == []


def test_every_setting_is_an_option_of_the_section() -> None:
    options = get_provider_info()["config"]["kfp_airflow"]["options"]
    assert {name: option["default"] for name, option in options.items()} == {
        setting.name: setting.default for setting in config.SETTINGS
    }


def test_the_description_of_an_option_says_what_it_takes() -> None:
    options = get_provider_info()["config"]["kfp_airflow"]["options"]
    assert options["runtime"]["description"].endswith(" Takes auto, kubernetes, container or process.\n")


@pytest.mark.slow
def test_airflow_knows_the_settings_and_their_defaults(tmp_path: Path) -> None:
    if not any(
        entry.module == "kfp_airflow.get_provider_info" for entry in entry_points(group="apache_airflow_provider")
    ):
        pytest.skip("kfp-airflow is not installed here, only on the path: make setup installs it")

    def airflow(*arguments: str) -> str:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW__")}
        environment = {**inherited, "AIRFLOW_HOME": str(tmp_path)}
        command = [sys.executable, "-m", "airflow", "config", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout

    assert airflow("get-value", "kfp_airflow", "startup_timeout").splitlines()[-1] == "600"
    listed = re.findall(r"^(?:# )?(\w+) =", airflow("list", "--section", "kfp_airflow"), flags=re.MULTILINE)
    assert listed == [setting.name for setting in config.SETTINGS]
