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
FUNCTIONS = ("plain", "typed", "files", "_odd__name", "wrong_default", "file_default")


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
        return sdk_probe.probe()


@pytest.mark.parametrize("case", [*sdk_probe.CASES, *FUNCTIONS])
def test_a_component_is_the_same_under_both(case: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours[case] == theirs[case]


def test_some_of_the_cases_are_refused_and_most_are_not(theirs: dict[str, Any]) -> None:
    refused = {case for case, found in theirs.items() if found == "refused"}
    assert refused == {
        "integer_of_float", "bool_of_int", "string_of_int", "untyped_tuple", "unknown_type", "required_none", "missing",
        "unexpected", "twice", "unknown_input", "unknown_key", "number_in_args", "file_default",
    }  # fmt: skip
