"""`kfp_tekton.k8s_client_helper`: what files that compile for Tekton take variables from."""

from __future__ import annotations

from kfp_airflow.dsl.objects import V1EnvVar, V1EnvVarSource, V1SecretKeySelector

__all__ = ["env_from_secret"]


def env_from_secret(env_name: str, secret_name: str, secret_key: str) -> V1EnvVar:
    """Return a variable of a container whose value is a secret's."""
    source = V1EnvVarSource(secret_key_ref=V1SecretKeySelector(name=secret_name, key=secret_key))
    return V1EnvVar(name=env_name, value_from=source)
