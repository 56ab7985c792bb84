"""An operator of an author, which no image has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from datetime import timedelta

    from airflow.sdk import Context

GREETING = "hello"


def greeting(name: str) -> str:
    return f"{GREETING}, {name}"


class GreetOperator(BaseOperator):
    """Greets somebody.

    :param name: who is greeted
    :param count: how often
    """

    def __init__(
        self, *, name: str, count: int | float = 1, mixed: str | list[str] | None = None, wait: timedelta | None = None,
        anything=None, codes: int | list[int] | None = None, **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(**kwargs)
        self.name = name
        self.count = count
        self.mixed = mixed

    template_fields = ("name",)

    def execute(self, context: Context) -> Any:
        if self.count < 0:
            raise ValueError("nobody can be greeted less than never")
        context["ti"].xcom_push(key="mixed", value=self.mixed)
        return [greeting(self.name)] * int(self.count)
