"""Whether a workflow is one of Argo's at all: every field known to Argo's API, with a value of its type.

The judge are hera's models, which are made from Argo's own OpenAPI description.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

Json: TypeAlias = Any


def schema_problems(workflow: Mapping[str, Json]) -> list[str]:
    """Return one line for each field that Argo does not know, or whose value is of another type."""
    from pydantic import ValidationError

    given = _as_quantities(workflow)
    try:
        read = _model().model_validate(given)
    except ValidationError as error:
        return [f"{'/'.join(str(part) for part in each['loc'])}: {each['msg']}" for each in error.errors()]
    kept = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return list(_lost(given, kept, ""))


@cache
def _model() -> Any:
    from hera.workflows.models import Workflow

    return Workflow


def _as_quantities(value: Json, *, amounts: bool = False) -> Json:
    """Return a workflow with amounts of resources as texts: Kubernetes takes numbers too, hera does not."""
    if isinstance(value, Mapping):
        return {
            name: _as_quantities(item, amounts=name in {"limits", "requests"} and isinstance(item, Mapping))
            if not (amounts and isinstance(item, int | float))
            else str(item)
            for name, item in value.items()
        }
    return [_as_quantities(item) for item in value] if isinstance(value, list) else value


def _lost(given: Json, kept: Json, at: str) -> Iterator[str]:
    """Yield the fields that the models did not keep, since they know no such field."""
    if isinstance(given, Mapping):
        for name, item in given.items():
            if isinstance(kept, Mapping) and name not in kept:
                yield f"{at}/{name}: Argo knows no such field"
            elif isinstance(kept, Mapping):
                yield from _lost(item, kept[name], f"{at}/{name}")
    elif isinstance(given, list) and isinstance(kept, list):
        for index, (item, other) in enumerate(zip(given, kept, strict=True)):
            yield from _lost(item, other, f"{at}/{index}")
