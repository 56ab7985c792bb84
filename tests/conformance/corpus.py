"""The pipelines that both sides compile, all of `tests/pipelines` and `dags`, and where ours is meant to differ."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.rows import rows_in

ROOT: Final = Path(__file__).parents[2]
_IMPORTS_KFP = re.compile(r"^\s*(?:import|from) kfp\b", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """One `@dsl.pipeline` function of a file that imports kfp and nothing of this project."""

    path: Path
    function: str
    rows: tuple[str, ...] = ()
    """The rows of the KFP v1 reference that the file's and the function's docstrings name."""

    def __str__(self) -> str:
        """Return the file without its ending, and the function where the file has another name."""
        file = self.path.relative_to(ROOT).with_suffix("").as_posix().removeprefix("tests/pipelines/")
        return file if file == self.function else f"{file}:{self.function}"


def examples() -> tuple[Example, ...]:
    """Return every pipeline of the corpus, by reading the files, not by executing them."""
    files = [file for folder in ("tests/pipelines", "dags") for file in sorted((ROOT / folder).rglob("*.py"))]
    return tuple(example for file in files for example in _examples(file))


def _examples(file: Path) -> Iterator[Example]:
    source = file.read_text(encoding="utf-8")
    if _IMPORTS_KFP.search(source):
        tree = ast.parse(source)
        of_file = rows_in(ast.get_docstring(tree))
        for node in tree.body:
            if isinstance(node, ast.FunctionDef) and any(_is_pipeline(decorator) for decorator in node.decorator_list):
                of_function = rows_in(ast.get_docstring(node))
                yield Example(file, node.name, tuple(dict.fromkeys((*of_file, *of_function))))


def _is_pipeline(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func).split(".")[-1] == "pipeline"


TWICE: Final = "one name for two files of a step: Argo refuses the SDK's workflow"
OF_NOTHING: Final = "L-10: the SDK refers to a parameter of the workflow that does not exist"
OF_A_LABEL: Final = "B-13: the SDK hands no parameter to a step that shows it in its display name only"

BETTER: Final[Mapping[str, Mapping[str, str]]] = {
    "improved_outputs_of_groups:one_file_twice": {
        "/run/dag/cat/arguments/artifacts/make-o-2": TWICE,
        "/run/dag/cat/does/inputs/artifacts/make-o": TWICE,
        "/run/dag/cat-2/arguments/artifacts/word-2": TWICE,
        "/run/dag/cat-2/does/inputs/artifacts/word": TWICE,
    },
    "improved_loops_in_loops:loop_over_an_item": {"/run/dag/for-loop-1/does/dag/for-loop-2/withParam": OF_NOTHING},
    "improved_loops_in_loops:loop_over_a_key": {
        "/run/dag/for-loop-1/does/dag/for-loop-2/withParam": OF_NOTHING,
        "/run/dag/for-loop-1/does/inputs": OF_NOTHING,
        "/run/dag/for-loop-1/arguments": OF_NOTHING,
    },
    "improved_loops_in_loops:a_key_called_name": {
        "/run/dag/for-loop-1": "L-03: the SDK hands on its own name of the item instead of the value under 'name'",
    },
    "improved_values_between_groups:parameter_in_a_display_name_only": {
        "/run/dag/step/arguments": OF_A_LABEL,
        "/run/inputs": OF_A_LABEL,
    },
}
"""By pipeline, as `Example` prints it: where our package differs, and why ours is right. Each place has to differ."""

ONLY_HERE: Final[Mapping[str, str]] = {
    "improved_loops_in_loops:loop_over_an_outer_output": "L-06, F-03: the SDK ends with KeyError: 'make'",
}
"""Pipelines that the SDK cannot compile, and why they are right nevertheless."""

NOT_YET: Final[Mapping[str, tuple[str, str]]] = {}
"""Pipelines that cannot be compiled yet: row and what is missing."""

NO_SUCH_FILES_IN_ARGO: Final = frozenset({"dags/digits/pipeline:digits"})
"""Pipelines that use files of a loop outside of it: we write what the SDK writes, with a warning (DP-13)."""

REFUSED_HERE: Final[Mapping[str, str]] = {
    "refused_exit_handlers:nested_exit_handler": "[KA202]",
    "refused_exit_handlers:exit_handler_after_a_group": "[KA203]",
    "refused_exit_handlers:two_exit_handlers": "[KA201]",
}
"""Pipelines that the SDK misreads silently, and the code of our refusal (F-01)."""
