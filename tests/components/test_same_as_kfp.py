"""The same components, given to the real SDK and to ours: signatures, steps, specifications, refusals."""

import json
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest

from kfp_airflow.catalog.kfp_alias import kfp_alias
from tests.components import sdk_probe
from tests.conformance.judge import NoJudge, judge_python

pytestmark = pytest.mark.conformance
FUNCTIONS = (
    "plain",
    "typed",
    "files",
    "_odd__name",
    "wrong_default",
    "file_default",
    "types_as_texts",
    "of_v2",
    "single_of_v2",
    "default_of_v2",
)


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    try:
        python = judge_python()
    except NoJudge as reason:
        pytest.skip(str(reason))
    asked = [str(python), "-W", "ignore", str(Path(sdk_probe.__file__))]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    with kfp_alias(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {**sdk_probe.probe(), "corpus": sdk_probe.corpus()}


@pytest.mark.parametrize("case", [*sdk_probe.CASES, *FUNCTIONS])
def test_a_component_is_the_same_under_both(case: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours[case] == theirs[case]


def test_some_of_the_cases_are_refused_and_most_are_not(theirs: dict[str, Any]) -> None:
    refused = {case for case, found in theirs.items() if found == "refused"}
    assert refused == {
        "integer_of_float", "bool_of_int", "string_of_int", "untyped_tuple", "unknown_type", "required_none", "missing",
        "unexpected", "twice", "unknown_input", "unknown_key", "number_in_args", "file_default",
        "default_of_v2",
    }  # fmt: skip


FILES = sorted(path.stem for path in sdk_probe.FILES.glob("*.yaml"))
BETTER = {
    ("fixed_path_that_is_the_usual_one", "0"): "compares the path with a placeholder of its v2",
    ("graph_of_one", "0"): "needs outputValues",
    ("graph_of_one", "1"): "needs outputValues",
    ("graph_with_constants_and_outputs", "0"): "KeyError for an optional input that is left out",
    **{("if_nested", str(case)): "compares a placeholder of its v2 with the truth words" for case in range(5)},
    **{("if_of_a_required_input", str(case)): "as above" for case in range(2)},
}
"""File and arguments that the SDK breaks on and we do not, with what goes wrong in it."""


@pytest.mark.row("M-02", "M-06", "Y-01", "Y-02", "Y-03", "Y-04", "Y-05", "Y-07", "OP-01", "OP-02", "OP-03", "OP-04")
@pytest.mark.better("Y-06", how="`cond: {inputValue: …}` works with constants; KFP compares the placeholder of its v2")
@pytest.mark.parametrize("file", FILES)
def test_a_component_file_is_the_same_under_both(file: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    better = {case for name, case in BETTER if name == file}
    mine, real = ours["corpus"][file], theirs["corpus"][file]
    assert {case: found for case, found in mine.items() if case not in better} == {
        case: found for case, found in real.items() if case not in better
    }
    assert {case for case in better if mine[case] != "refused" and real[case] == "refused"} == better


def test_some_component_files_are_refused_and_most_are_not(theirs: dict[str, Any]) -> None:
    refused = {file for file, found in theirs["corpus"].items() if found["loaded"] == "refused"}
    assert refused == {"env_of_numbers", "graph_in_a_circle", "number_in_the_command", "unknown_input", "unknown_key"}
    assert len(FILES) >= 25
    made = [found for cases in theirs["corpus"].values() for case, found in cases.items() if case != "loaded"]
    assert len([found for found in made if found != "refused"]) > 35
