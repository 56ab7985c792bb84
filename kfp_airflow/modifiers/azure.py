"""`kfp.azure`: credentials of Microsoft's cloud (row X-05)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeVar

from kfp_airflow.dsl.ops import BaseOp
from kfp_airflow.modifiers.secrets import add_variable_of_secret, container_of

Op = TypeVar("Op", bound=BaseOp)

_KEYS: Final = ("AZ_SUBSCRIPTION_ID", "AZ_TENANT_ID", "AZ_CLIENT_ID", "AZ_CLIENT_SECRET")


def use_azure_secret(secret_name: object = "azcreds") -> Callable[[Op], Op]:  # noqa: S107 - a name
    """Set AZ_SUBSCRIPTION_ID, AZ_TENANT_ID, AZ_CLIENT_ID and AZ_CLIENT_SECRET from keys of a secret (X-05)."""

    def modify(op: Op) -> Op:
        container = container_of(op, "use_azure_secret")
        for key in _KEYS:
            add_variable_of_secret(container, key, secret=secret_name, key=key)
        return op

    return modify
