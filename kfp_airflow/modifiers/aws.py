"""`kfp.aws`: credentials of Amazon's cloud (row X-04)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from kfp_airflow.dsl.objects import V1EnvVar
from kfp_airflow.dsl.ops import BaseOp
from kfp_airflow.modifiers.secrets import add_variable_of_secret, container_of

Op = TypeVar("Op", bound=BaseOp)


def use_aws_secret(
    secret_name: object = "aws-secret",  # noqa: S107 - a name, as those below
    aws_access_key_id_name: object = "AWS_ACCESS_KEY_ID",
    aws_secret_access_key_name: object = "AWS_SECRET_ACCESS_KEY",  # noqa: S107 - as above
    aws_region: object = None,
) -> Callable[[Op], Op]:
    """Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from keys of a secret, and AWS_REGION if it is given (X-04)."""

    def modify(op: Op) -> Op:
        container = container_of(op, "use_aws_secret")
        for variable, key in (
            ("AWS_ACCESS_KEY_ID", aws_access_key_id_name),
            ("AWS_SECRET_ACCESS_KEY", aws_secret_access_key_name),
        ):
            add_variable_of_secret(container, variable, secret=secret_name, key=key)
        if aws_region:
            container.add_env_variable(V1EnvVar(name="AWS_REGION", value=aws_region))
        return op

    return modify
