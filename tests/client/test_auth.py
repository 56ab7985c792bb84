"""Credentials of `kfp.auth` (§1.10)."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from kfp_airflow.client import auth


def token_of(credentials: auth.TokenCredentialsBase) -> str:
    config = SimpleNamespace(api_key={})
    credentials.refresh_api_key_hook(config)
    return str(config.api_key["authorization"])


def test_a_token_is_read_from_its_file_each_time(tmp_path: Path) -> None:
    file = tmp_path / "token"
    credentials = auth.ServiceAccountTokenVolumeCredentials(str(file))
    for token in ("one", "two"):
        file.write_text(f" {token}\n")
        assert token_of(credentials) == token


def test_the_file_comes_from_the_environment_where_none_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("three")
    monkeypatch.setenv(auth.KF_PIPELINES_SA_TOKEN_ENV, str(tmp_path / "token"))
    assert token_of(auth.ServiceAccountTokenVolumeCredentials()) == "three"
    monkeypatch.setenv(auth.KF_PIPELINES_SA_TOKEN_ENV, str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match=r"none'$"):
        token_of(auth.ServiceAccountTokenVolumeCredentials())


def test_credentials_of_one_s_own_have_to_say_how_they_refresh() -> None:
    with pytest.raises(TypeError, match="refresh_api_key_hook"):
        auth.TokenCredentialsBase()  # type: ignore[abstract]
