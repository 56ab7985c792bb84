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
OF_CACHING: Final = "B-14: the SDK hands no parameter to a step that is cached if it is true"
OF_A_LABEL: Final = "B-13: the SDK hands no parameter to a step that shows it in its display name only"

ONE_NAME: Final = "R-04: the SDK makes one argument of two that were given the same value at first"
NOT_HANDED_OVER: Final = "R-04: the SDK's call does not hand over what the component takes from around, Argo refuses"
MIXED_UP: Final = "R-02: the SDK lets every call hand over the arguments of all"
NO_NAME: Final = "N-04, N-08: the SDK writes a name that Argo does not take"
NO_AMOUNT: Final = "C-05: the SDK leaves the parameter where Argo reads an amount"
THE_FIRST_LIST: Final = "R-04: the SDK loops over the parameter of the workflow in every round"
OF_AN_AFFINITY: Final = "B-05: the SDK hands no parameter to a step that has it in its affinity only"
NO_SUCH_RESOURCE: Final = "F-07: the SDK asks for a resource named `nvidia`, which no cluster has"
IN_PLACE: Final = "C-05: the SDK leaves a run-time value where Kubernetes reads a quantity, and Argo refuses it"
NOTHING_REPLACES: Final = "M-13: the SDK hands over `{{$}}`, which nothing replaces, and files where values are meant"
LOST_VALUE: Final = "F-08: the SDK loses the value of a parameter made in the pipeline, and Argo finds none"

BETTER: Final[Mapping[str, Mapping[str, str]]] = {
    "improved_components_of_v2:components_of_v2": {
        "/arguments/artifacts": NOTHING_REPLACES,
        "/run/dag/condition-1": NOTHING_REPLACES,
        "/run/dag/make": NOTHING_REPLACES,
        "/run/dag/train": NOTHING_REPLACES,
        "/run/inputs": NOTHING_REPLACES,
    },
    "habits_of_repositories:a_switch_at_run_time": {
        "/run/dag/maybe-cached/arguments": OF_CACHING,
        "/run/inputs": OF_CACHING,
    },
    "improved_options:parameter_in_an_affinity": {
        "/run/dag/pinned/arguments": OF_AN_AFFINITY,
        "/run/dag/pinned/does/inputs": OF_AN_AFFINITY,
        "/run/inputs": OF_AN_AFFINITY,
    },
    "improved_options:number_of_gpus_at_run_time": {
        "/run/dag/train/does/container/resources": NO_SUCH_RESOURCE,
        "/run/dag/train/does/podSpecPatch": NO_SUCH_RESOURCE,
    },
    "improved_options:any_resource_at_run_time": {
        "/run/dag/train/does/container/resources": IN_PLACE,
        "/run/dag/train/does/podSpecPatch": IN_PLACE,
    },
    "improved_options:parameter_with_a_value": {
        "/run/dag/condition-1": LOST_VALUE,
        "/run/dag/fetch/arguments": LOST_VALUE,
        "/run/dag/fetch/does/container/args": LOST_VALUE,
        "/run/dag/fetch/does/inputs": LOST_VALUE,
        "/run/inputs": LOST_VALUE,
    },
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
    "improved_recursion:one_value_for_two_arguments": {"/run/dag/graph-two-1": ONE_NAME},
    "improved_recursion:the_same_value_twice": {"/run/dag/graph-inner-1": ONE_NAME},
    "improved_recursion:two_calls_inside": {"/run/dag/graph-twice-1": MIXED_UP},
    "improved_names:names_of_other_scripts": {"/run/dag": NO_NAME},
    "improved_names:a_condition_with_a_space": {"/run/dag/condition-": NO_NAME},
    "improved_names:an_op_with_the_name_of_a_group": {"/run/dag/condition-1": NO_NAME},
    "improved_names:an_amount_of_something_else": {
        "/run/dag/x/does/container/resources": NO_AMOUNT,
        "/run/dag/x/does/podSpecPatch": NO_AMOUNT,
    },
    "improved_recursion:a_value_from_around": {"/run/dag/graph-inner-1/does/dag/condition-2": NOT_HANDED_OVER},
    "improved_recursion:a_loop_over_an_argument": {
        "/run/dag/graph-for-each-1": THE_FIRST_LIST,
        "/run/inputs": THE_FIRST_LIST,
    },
}
"""By pipeline, as `Example` prints it: where our package differs, and why ours is right. Each place has to differ."""

ONLY_HERE: Final[Mapping[str, str]] = {
    "dags/control_flow/loops_in_loops:loops_in_loops": "L-10, F-03: the SDK ends with KeyError: 'find-shops'",
    "improved_loops_in_loops:loop_over_an_outer_output": "L-06, F-03: the SDK ends with KeyError: 'make'",
    "improved_recursion:outputs_of_a_graph_component": "R-03: the SDK keeps nothing of what the function returns",
    "improved_recursion:two_calls_outside": "R-02: the SDK ends with IndexError: list index out of range",
    "improved_recursion:after_a_group_with_a_capital": "B-02: the SDK looks for the name in lower case",
    "improved_options:after_a_named_group": "B-02: the SDK cannot find a group that has a name of the author",
    "improved_options:numbers_in_labels": "B-06 to B-08: the SDK ends with a TypeError for a number in a label",
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
