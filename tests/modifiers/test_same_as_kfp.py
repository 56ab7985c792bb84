"""Every modifier under the real SDK and under ours: signatures, what becomes of the ops, refusals (X-01 to X-10)."""

from typing import Any

import pytest

from tests.conformance.both_sides import answers_of_ours, answers_of_theirs
from tests.modifiers import sdk_probe

pytestmark = pytest.mark.conformance

ROWS = {
    "onprem.mount_pvc": ("X-01",),
    "onprem.use_k8s_secret": ("X-02",),
    "onprem.add_default_resource_spec": ("X-03",),
    "aws.use_aws_secret": ("X-04",),
    "azure.use_azure_secret": ("X-05",),
    "gcp.use_gcp_secret": ("X-06",),
    "gcp.use_tpu": ("X-07",),
    "gcp.use_preemptible_nodepool": ("X-08",),
    "gcp.add_gpu_toleration": ("X-09",),
    "dsl.extensions.kubernetes.use_secret": ("D-32", "X-10"),
}

BETTER = {
    "gcp.use_gcp_secret-2": "KFP ends with a TypeError where a parameter names the secret",
    "gcp.use_gcp_secret-5": "KFP forgets the / between folder and file",
    "gcp.use_gcp_secret-8": "no volume can be named gcp-credentials-",
    "gcp.use_gcp_secret-9": "no volume can have such a name",
    "dsl.extensions.kubernetes.use_secret-4": "KFP gives a volume a random name with a _, which Kubernetes refuses",
    "dsl.extensions.kubernetes.use_secret-5": "KFP takes a parameter for an empty path",
    "dsl.extensions.kubernetes.use_secret-9": "no volume can have such a name",
}
"""Case → why ours is not the same; `test_modifiers.py` says what it is."""

CASES = [pytest.param(case, marks=pytest.mark.row(*ROWS[case.rpartition("-")[0]])) for case in sdk_probe.IDS]


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    return answers_of_theirs(sdk_probe)


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    return answers_of_ours(sdk_probe)


@pytest.mark.parametrize("case", [*sdk_probe.CASES, *CASES])
def test_a_modifier_does_the_same_under_both(case: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    same = comparable(ours[case]) == comparable(theirs[case])
    assert same == (case not in BETTER), f"{ours[case]}\n{theirs[case]}"


def comparable(found: Any) -> Any:
    """Return what both sides have to agree on: not the warnings of KFP about its own call of a deprecated method."""
    if isinstance(found, list):
        return found
    internal = {"PendingDeprecationWarning"}
    return {
        op: {**result, "warned": [each for each in result.get("warned", []) if each not in internal]}
        for op, result in found.items()
    }


def test_the_cases_change_something_and_some_are_refused(theirs: dict[str, Any]) -> None:
    outcomes = [theirs[case][op.__name__] for case in sdk_probe.IDS for op in sdk_probe.OPS]
    assert sum("refused" in outcome for outcome in outcomes) > 20
    assert len({outcome["op"] for outcome in outcomes if "op" in outcome}) > 40
