"""`kfp.auth`: tokens that a client shows to a server (§1.10)."""

from __future__ import annotations

import abc
import os
from pathlib import Path
from typing import Final, Protocol

from typing_extensions import override

KF_PIPELINES_SA_TOKEN_ENV: Final = "KF_PIPELINES_SA_TOKEN_PATH"  # noqa: S105 - the name of a variable
KF_PIPELINES_SA_TOKEN_PATH: Final = "/var/run/secrets/kubeflow/pipelines/token"  # noqa: S105 - a file


class Configuration(Protocol):
    """The part of a generated API client's configuration that credentials write to."""

    api_key: dict[str, str]


class TokenCredentialsBase(abc.ABC):
    """Credentials that put a token into a client's configuration before each call."""

    @abc.abstractmethod
    def refresh_api_key_hook(self, config: Configuration) -> None:
        """Put the token of now into `config.api_key`."""


class ServiceAccountTokenVolumeCredentials(TokenCredentialsBase):
    """The token of a service account that Kubernetes keeps fresh in a file of the pod.

    `path` is the file; else the environment variable KF_PIPELINES_SA_TOKEN_PATH names it, else it is where Kubeflow has
    it. The file is read before each call; OSError where it cannot be.
    """

    def __init__(self, path: str | None = None) -> None:
        self._token_path = path or os.getenv(KF_PIPELINES_SA_TOKEN_ENV) or KF_PIPELINES_SA_TOKEN_PATH

    @override
    def refresh_api_key_hook(self, config: Configuration) -> None:
        """Put the token that the file holds now into `config.api_key['authorization']`."""
        config.api_key["authorization"] = read_token_from_file(self._token_path)


def read_token_from_file(path: str | os.PathLike[str] | None = None) -> str:
    """Return the text of a file, of Kubeflow's where none is named, without the white space around it."""
    return Path(path or KF_PIPELINES_SA_TOKEN_PATH).read_text(encoding="utf-8").strip()
