"""The names that KFP gives to packages and to what it writes into them (rows N-04, N-05, N-07, L-07, Z-02)."""

from __future__ import annotations

import re
from collections.abc import Container
from functools import lru_cache
from pathlib import Path
from typing import Final

from kfp_airflow.graph.text import OutputRef

PREFIX: Final = "pipelines.kubeflow.org/"
UNNAMED: Final = "pipeline"
SUFFIXES: Final = (".yaml", ".yml", ".zip", ".tar.gz", ".tgz")

_NOT_IN_TEMPLATES = re.compile(r"[^0-9a-z]+")
_NOT_IN_PARAMETERS = re.compile(r"[^-_0-9A-Za-z]+")
_GROUP_NAME = re.compile(r"[0-9A-Za-z][-0-9A-Za-z]*")
_HYPHENS = re.compile(r"-+")
_LAST_NUMBER = re.compile(r"\d+$")


def is_package_name(path: Path) -> bool:
    """Tell whether a file's name is that of a package: one of the four kinds, by any of their endings."""
    return path.name.lower().endswith(SUFFIXES)


@lru_cache(maxsize=4096)
def template_name(name: str) -> str:
    """Return the name as Kubernetes takes it: lower case, everything else as single hyphens; `` may be left (N-04)."""
    return _NOT_IN_TEMPLATES.sub("-", name.lower()).strip("-")


def group_template_name(name: str) -> str:
    """Return a group's name as KFP writes it, which keeps its capitals; others are made as Argo takes them (N-08)."""
    return name if _GROUP_NAME.fullmatch(name) else template_name(name)


@lru_cache(maxsize=4096)
def argument_name(name: str) -> str:
    """Return the name of a parameter or an output as Argo takes it: case and `_` are kept (N-05)."""
    return _HYPHENS.sub("-", _NOT_IN_PARAMETERS.sub("-", name)).strip("-")


def output_name(ref: OutputRef) -> str:
    """Return the name under which an output travels through the whole workflow (N-07)."""
    return f"{template_name(ref.step)}-{argument_name(ref.output)}"


def listed_item_name(loop_id: str) -> str:
    """Return the name of the item of a loop over a list that the author wrote (L-07).

    KFP counts the item as one more group, just before the loop (N-08).
    """
    number = _LAST_NUMBER.search(loop_id)
    return f"loop-item-param-{int(number.group()) - 1 if number else template_name(loop_id)}"


def unique(name: str, taken: Container[str | None]) -> str:
    """Return the name, or its first free form with `-2`, `-3`, … behind it."""
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name}-{number}", number + 1
    return candidate
