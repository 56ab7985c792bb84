"""The names that KFP gives to ops, outputs, groups and pipelines (rows N-01 to N-09)."""

from __future__ import annotations

import re
from collections.abc import Container
from functools import lru_cache

_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
_NOT_LABEL = re.compile(r"[^-0-9a-z]+")
_NOT_PARAMETER = re.compile(r"[^-_0-9A-Za-z]+")
_GROUP_NAME = re.compile(r"[0-9A-Za-z][-0-9A-Za-z]*")
_HYPHENS = re.compile(r"-+")
_PARAMETER_NAME = re.compile(r"[A-Za-z][A-Za-z0-9\s_-]*")


@lru_cache(maxsize=4096)
def op_name(human_name: str) -> str:
    """Return the op id of a human name (N-01): `My Op` → `my-op`, `1st` → `n1st`; `task` if nothing is left."""
    words = _NOT_ALPHANUMERIC.sub(" ", human_name).strip().lower()
    if not words:
        return "task"
    return ("n" + words if words[0].isdecimal() else words).replace(" ", "-")


@lru_cache(maxsize=4096)
def label_name(name: str) -> str:
    """Return the name as a Kubernetes label (N-04): lower case, all but ASCII letters and digits becomes one `-`."""
    return _HYPHENS.sub("-", _NOT_LABEL.sub("-", name.lower())).strip("-")


def group_id(name: str) -> str:
    """Return a group's id: its name, capitals too, or what N-04 makes of one that Argo does not take (N-08)."""
    return name if _GROUP_NAME.fullmatch(name) else label_name(name)


@lru_cache(maxsize=4096)
def parameter_name(name: str) -> str:
    """Return the name of a parameter or output as packages spell it (N-05): `Out 1` → `Out-1`; case and `_` stay."""
    return _HYPHENS.sub("-", _NOT_PARAMETER.sub("-", name)).strip("-")


def sanitize_k8s_name(name: str, allow_capital_underscore: bool = False) -> str:
    """Return a name as KFP's own function of this name does, which some authors import (N-04, N-05)."""
    return parameter_name(name) if allow_capital_underscore else label_name(name)


@lru_cache(maxsize=4096)
def is_parameter_name(name: str) -> bool:
    """Tell whether KFP takes the name for a parameter or an output (N-06)."""
    return _PARAMETER_NAME.fullmatch(name) is not None


def group_name(group_type: str, name: str | None, number: int) -> str:
    """Return a group's name (N-08): `condition-1`, `exit-handler-1`, `condition-big-enough-3`."""
    return (f"{group_type}-{number}" if name is None else f"{group_type}-{name}-{number}").replace("_", "-")


def component_name(function_name: str) -> str:
    """Return the human name of a function (N-09): `my_add` → `My add`."""
    words = function_name.replace("_", " ").strip()
    return words[:1].upper() + words[1:]


class UniqueNames:
    """Gives every name once: `a`, `a-2`, `a-3` (N-02), in a time that does not grow with the number of names."""

    def __init__(self) -> None:
        self._next: dict[str, int] = {}

    def take(self, name: str, taken: Container[str]) -> str:
        """Return `name`, or `name-<n>` with the smallest n from 2 that is not in `taken`."""
        if name not in taken:
            return name
        number = self._next.get(name, 2)
        while f"{name}-{number}" in taken:
            number += 1
        self._next[name] = number + 1
        return f"{name}-{number}"
