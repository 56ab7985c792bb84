"""What modifiers have in common: the container of an op, variables from secrets, volumes of secrets."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from kfp_airflow.dsl.containers import Container
from kfp_airflow.dsl.objects import (
    V1EnvVar,
    V1EnvVarSource,
    V1SecretKeySelector,
    V1SecretVolumeSource,
    V1Volume,
    V1VolumeMount,
)
from kfp_airflow.dsl.ops import BaseOp, ContainerOp

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def container_of(op: BaseOp, modifier: str) -> Container:
    """Return the main container of an op; raises AttributeError, as KFP does, for an op that has none."""
    if not isinstance(op, ContainerOp):
        raise AttributeError(
            f"{modifier} changes the container of an op, and {op.name!r} has none: it is a {type(op).__name__}. "
            "Apply it to steps with a container only; in a transformer, ask `isinstance(op, dsl.ContainerOp)` first."
        )
    return op.container


def add_variable_of_secret(container: Container, variable: object, *, secret: object, key: object) -> None:
    """Add a variable whose value is under a key of a secret."""
    source = V1EnvVarSource(secret_key_ref=V1SecretKeySelector(name=secret, key=key))
    container.add_env_variable(V1EnvVar(name=variable, value_from=source))


def mount_secret(op: BaseOp, container: Container, *, secret: object, volume_name: object, path: object) -> None:
    """Add the volume of a secret to an op, and mount it at a path of its container."""
    op.add_volume(V1Volume(name=volume_name, secret=V1SecretVolumeSource(secret_name=secret)))
    container.add_volume_mount(V1VolumeMount(mount_path=path, name=volume_name))


def volume_name(text: str) -> str:
    """Return the name of a volume: the text, where Kubernetes takes it as one, else a fixed name of 17 characters.

    The name of a secret may have dots and 253 characters, that of a volume neither; and of a parameter's value nothing
    is known yet. KFP takes the text as it is, or a random name with a `_` in it, which Kubernetes refuses.
    """
    return text if _LABEL.fullmatch(text) else f"secret-{hashlib.sha256(text.encode()).hexdigest()[:10]}"
