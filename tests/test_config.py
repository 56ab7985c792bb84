"""Settings: declared once, read lazily, refused by name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kfp_airflow import config
from kfp_airflow.diagnostics import UsageError


@pytest.mark.parametrize("setting", config.SETTINGS, ids=lambda setting: setting.name)
def test_every_default_and_every_example_is_a_value_that_the_setting_takes(setting: config.Setting) -> None:
    assert setting.check(setting.default) is None
    assert setting.example is not None
    assert setting.check(setting.example) is None


@pytest.mark.parametrize("setting", config.SETTINGS, ids=lambda setting: setting.name)
def test_what_nobody_sets_is_the_default(setting: config.Setting) -> None:
    assert config.get(setting.name) == str(
        Path(setting.default).expanduser() if setting.kind == "path" else setting.default
    )


def test_a_path_may_begin_with_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__KFP_AIRFLOW__LOCAL_CACHE", "~/cache")
    assert config.get("local_cache") == str(Path.home() / "cache")


def test_a_variable_sets_a_setting_while_the_process_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.get("runtime") == "auto"
    monkeypatch.setenv("AIRFLOW__KFP_AIRFLOW__RUNTIME", "process")
    assert config.get("runtime") == "process"


def test_a_whole_number_comes_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__KFP_AIRFLOW__INLINE_LIMIT", "4096")
    assert config.get_int("inline_limit") == 4096


def test_the_configuration_file_sets_a_setting() -> None:
    from airflow.configuration import conf

    conf.add_section("kfp_airflow")
    conf.set("kfp_airflow", "namespace", "training")
    try:
        assert config.get("namespace") == "training"
    finally:
        conf.remove_option("kfp_airflow", "namespace")


def test_a_choice_that_is_none_is_refused_with_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__KFP_AIRFLOW__RUNTIME", "docker")
    message = (
        "[kfp_airflow] runtime is 'docker'; it takes auto, kubernetes, container or process\n"
        "  Mend it in airflow.cfg or in the variable AIRFLOW__KFP_AIRFLOW__RUNTIME, or remove it to get auto."
    )
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        config.get("runtime")


@pytest.mark.parametrize("value", ["-1", "many", "131073", "1.5", "1_000", ""])
def test_a_number_that_is_none_or_out_of_bounds_is_refused_with_the_bounds(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("AIRFLOW__KFP_AIRFLOW__VALUE_LIMIT", value)
    message = (
        f"[kfp_airflow] value_limit is '{value}'; it takes a whole number from 1 to 131,072\n"
        "  Mend it in airflow.cfg or in the variable AIRFLOW__KFP_AIRFLOW__VALUE_LIMIT, or remove it to get 131072."
    )
    with pytest.raises(UsageError, match=f"^{re.escape(message)}$"):
        config.get_int("value_limit")


def test_a_number_without_an_upper_bound_names_the_lower_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__KFP_AIRFLOW__STARTUP_TIMEOUT", "0")
    with pytest.raises(UsageError, match=r"startup_timeout is '0'; it takes a whole number of at least 1\n"):
        config.get_int("startup_timeout")


def test_an_option_that_is_none_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(
        UsageError, match=r"^\[kfp_airflow\] has no option 'inline_limits'\n  Did you mean 'inline_limit'\?$"
    ):
        config.get("inline_limits")


def test_an_option_like_none_is_refused_with_all_there_are() -> None:
    with pytest.raises(UsageError, match=r"has no option 'zzz'\n  There are: runtime, artifacts, inline_limit, "):
        config.get("zzz")


def test_the_reference_names_every_setting_with_its_default(root: Path) -> None:
    page = (root / "docs/reference/settings.md").read_text(encoding="utf-8")
    for setting in config.SETTINGS:
        assert f"## `{setting.name}`" in page
        assert setting.variable in page
