"""The names that components give: Python arguments of inputs, names of outputs, paths in the container (Y-03, N-12)."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from kfp_airflow.dsl.naming import op_name
from kfp_airflow.dsl.ops import file_name


def python_name(name: str) -> str:
    """Return a name as a Python argument: `Learning rate` → `learning_rate`, `1st` → `n1st`."""
    return op_name(name).replace("-", "_")


def python_names(names: Iterable[str]) -> dict[str, str]:
    """Return Python name → name, in the order of `names`; a Python name stays, others get `_2` if it is taken."""
    names = tuple(names)
    taken = {name for name in names if python_name(name) == name}
    table: dict[str, str] = {}
    for name in names:
        chosen = name if name in taken else unique(name, taken, python_name)
        taken.add(chosen)
        table[chosen] = name
    return table


def unique(name: str, taken: Iterable[str], convert: Callable[[str], str] = str) -> str:
    """Return `convert(name)`, or of `name 2`, `name 3`, …: the first that is not in `taken`."""
    taken = frozenset(taken)
    candidate, number = convert(name), 2
    while candidate in taken:
        candidate, number = convert(f"{name} {number}"), number + 1
    return candidate


def input_path(name: str) -> str:
    """Return where the container finds an input as a file (Y-03)."""
    return f"/tmp/inputs/{file_name(name)}/data"  # noqa: S108 - KFP's path in the container


def output_path(name: str) -> str:
    """Return where the container has to write an output (Y-04)."""
    return f"/tmp/outputs/{file_name(name)}/data"  # noqa: S108 - KFP's path in the container


def own_path(name: str, path_of: Callable[[str], str], paths: dict[str, str]) -> str:
    """Return the path of an input or output, noted in `paths`: names that are spelled alike in paths get one each."""
    if name not in paths:
        paths[name] = unique(name, paths.values(), path_of)
    return paths[name]
