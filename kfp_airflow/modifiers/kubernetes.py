"""`kfp.dsl.extensions.kubernetes`: a secret as a volume (rows D-32, X-10)."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from typing import TypeVar

from kfp_airflow.dsl.objects import V1EnvVar
from kfp_airflow.dsl.ops import BaseOp
from kfp_airflow.modifiers.secrets import container_of, mount_secret, volume_name

Op = TypeVar("Op", bound=BaseOp)


def use_secret(
    secret_name: object,
    secret_volume_mount_path: object,
    env_variable: object = None,
    secret_file_path_in_volume: object = None,
) -> Callable[[Op], Op]:
    """Mount a secret at a path; `env_variable`, if given, holds the path of one file in it (D-32).

    The volume has the name of the secret where Kubernetes takes that, else a fixed one. Raises ValueError for an empty
    name or path, and where one of the last two arguments stands without the other. Every argument may be a parameter.
    """
    for argument, value in (("secret_name", secret_name), ("secret_volume_mount_path", secret_volume_mount_path)):
        if not value:
            raise ValueError(f"The '{argument}' must not be empty: use_secret('my-secret', '/etc/my-secret')")
    if bool(env_variable) != bool(secret_file_path_in_volume):
        raise ValueError(
            f"env_variable is {env_variable!r} and secret_file_path_in_volume is {secret_file_path_in_volume!r}: the "
            "variable holds the path of the file, so give both or neither"
        )

    def modify(op: Op) -> Op:
        container = container_of(op, "use_secret")
        volume = volume_name(str(secret_name))
        mount_secret(op, container, secret=secret_name, volume_name=volume, path=secret_volume_mount_path)
        if env_variable:
            file = posixpath.join(str(secret_volume_mount_path), str(secret_file_path_in_volume))
            container.add_env_variable(V1EnvVar(name=env_variable, value=file))
        return op

    return modify
