"""How the items of a loop look as text (rows L-05 to L-08)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final, TypeAlias, TypedDict

from kfp_airflow.diagnostics import StepError


class DictItem(TypedDict):
    """An item that is a dict: its own text, and the text under each of its keys."""

    item: str
    keys: dict[str, str]


FrozenItem: TypeAlias = str | DictItem


class _Spelled(str):
    """A number of a JSON document, as it is spelled there: `1234567890123456789`, `1.0`, `1E3`, `-0` stay so (L-08)."""

    __slots__ = ()


def item_text(value: object) -> str:
    """Return an item, or a value in one, as its text.

    Strings are as they are; the rest is `true`, `null`, compact JSON with sorted keys.
    """
    return str(value) if isinstance(value, str) else _dump(value, outer=True)


def _dump(value: object, *, outer: bool = False) -> str:
    match value:
        case _Spelled():
            return str(value)
        case Mapping():
            names = sorted(value) if outer else list(value)
            return (
                "{" + ",".join(f"{json.dumps(name, ensure_ascii=False)}:{_dump(value[name])}" for name in names) + "}"
            )
        case list() | tuple():
            return "[" + ",".join(_dump(item) for item in value) + "]"
        case _:
            return json.dumps(value, ensure_ascii=False)


def frozen_item(value: object) -> FrozenItem:
    """Return what the list's XCom holds for an item: its text, and for a dict also the texts under its keys."""
    if isinstance(value, Mapping):
        return DictItem(item=item_text(value), keys={str(key): item_text(inner) for key, inner in value.items()})
    return item_text(value)


def parse_item(items: object, index: int) -> FrozenItem:
    """Return one item of a list's XCom.

    XComs can be written by anyone, so anything else is refused with a StepError.
    """
    item = items[index] if isinstance(items, list) and index < len(items) else None
    match item:
        case str():
            return item
        case {"item": str(text), "keys": dict(keys)} if all(isinstance(value, str) for value in keys.values()):
            return DictItem(item=text, keys=keys)
        case _:
            raise StepError(f"the loop's list has no item {index}; clear the task that makes the list and run it again")


def read_items(content: str) -> list[object]:
    """Return the elements of a JSON list, numbers as they are spelled.

    `null` is an empty list (L-06). Raises ValueError with what was found for anything else.
    """

    def refuse(constant: str) -> object:
        raise ValueError(f"{constant} is no JSON")

    try:
        items = json.loads(content, parse_int=_Spelled, parse_float=_Spelled, parse_constant=refuse)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if items is None:
        return []
    if not isinstance(items, list):
        raise ValueError(f"it is {_KINDS.get(type(items), 'no list')}")
    return items


_KINDS: Final = {dict: "a JSON object", str: "a JSON string", _Spelled: "a number", bool: "a truth value"}
