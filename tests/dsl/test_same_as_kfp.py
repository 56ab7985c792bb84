"""Names, signatures, warnings and members of `kfp` and `kfp.dsl`, under the real SDK and under ours."""

from typing import Any

import pytest

from tests.conformance.both_sides import answers_of_ours, answers_of_theirs
from tests.dsl import sdk_probe

pytestmark = pytest.mark.conformance

ROWS = {
    "pipeline": "D-01",
    "Pipeline": "D-02",
    "get_pipeline_conf": "D-04",
    "PipelineConf": "D-05",
    "PipelineParam": "D-06",
    "match_serialized_pipelineparam": "D-07",
    "BaseOp": "D-08",
    "ContainerOp": "D-09",
    "InputArgumentPath": "D-10",
    "UserContainer": "D-11",
    "Sidecar": "D-12",
    "ResourceOp": "D-13",
    "VolumeOp": "D-14",
    "VolumeSnapshotOp": "D-16",
    "PipelineVolume": "D-17",
    "OpsGroup": "D-18",
    "ExitHandler": "D-19",
    "Condition": "D-20",
    "ParallelFor": "D-21",
    "SubGraph": "D-22",
    "component": "D-24",
    "python_component": "D-25",
    "verify_type_compatibility": "D-30",
    "check_types": "D-30",
    "KubernetesVolume": "D-31",
}
_NAMES = [name for names in sdk_probe.SIGNATURES.values() for name in names.split()]
_MEMBERS = [f"{owner}.{name}" for owner, names in sdk_probe.MEMBERS.items() for name in names.split()]
SIGNATURES = [
    pytest.param(name, marks=[pytest.mark.row(ROWS[owner])] if (owner := name.partition(".")[0]) in ROWS else [])
    for name in (*_NAMES, *_MEMBERS)
]
PROXIED = ("method of the container", "image", "env_variables")
WARNED_OF = {
    "ContainerOp": "D-09",
    "is_exit_handler": "D-08",
    "output_artifact_paths": "D-09",
    "method of the container": "O-02",
    "image": "O-03",
    "env_variables": "O-03",
    "python_component": "D-25",
    "PipelineParam as a default": "D-06",
    "delete": "D-13",
    "volume_name": "X-06",
    "create_component_from_func_v2": "M-11",
    "create_workflow": "Z-03",
}
BETTER = {"dict of outputs": "KFP warns, and then ends with an AttributeError; here such a component works"}


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    return answers_of_theirs(sdk_probe)


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    return answers_of_ours(sdk_probe)


@pytest.mark.parametrize("name", SIGNATURES)
def test_arguments_have_the_same_names_order_and_defaults(
    name: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    """Where KFP has `**kwargs` ours are named; ours may have more at the end."""
    (full,) = [known for known in theirs["signatures"] if known == name or known.endswith(f".{name}")]
    expected = [argument for argument in theirs["signatures"][full] if argument != "*kwargs"]
    assert ours["signatures"][full][: len(expected)] == expected


@pytest.mark.row("K-01", "K-02", "K-03", "D-03", "D-15", "D-27", "D-28", "D-29")
def test_constants_are_the_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["constants"] == theirs["constants"]
    assert len(theirs["constants"]["modes"]) == 3


@pytest.mark.row("D-02")
def test_a_pipeline_s_members_do_the_same(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["a_pipeline"] == theirs["a_pipeline"]
    assert "Nested pipelines are not allowed." in theirs["a_pipeline"]


@pytest.mark.row("D-05", *(f"P-{number:02d}" for number in range(1, 12)))
def test_settings_have_the_same_defaults_effects_and_returns(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["settings"] == theirs["settings"]
    assert theirs["settings"][1].count(False) == 3  # set_dns_config, add_op_transformer, and no method


@pytest.mark.row("D-07")
def test_the_same_placeholders_are_found_in_texts(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert ours["placeholders"] == theirs["placeholders"]
    assert ours["placeholders"][1] != []


WARNINGS = [
    pytest.param(name, marks=pytest.mark.row(WARNED_OF[name]) if name in WARNED_OF else [])
    for name in (
        "ContainerOp", "ContainerOp of TFX", "is_exit_handler", "output_artifact_paths", "file_outputs",
        "method of the container", "container", "image", "env_variables", "method of the op", "python_component",
        "default that is a PipelineParam", "delete", "create", "volume_name", "use_gcp_secret",
        "component without a command", "component of a function", "dict of outputs", "func_to_container_op",
        "create_component_from_func_v2", "retries without a number", "SubGraph", "create_workflow", "_create_workflow",
        "PipelineParam as a default",
    )
]  # fmt: skip


@pytest.mark.parametrize("spelling", WARNINGS)
def test_old_spellings_warn_with_the_same_categories(
    spelling: str, ours: dict[str, Any], theirs: dict[str, Any]
) -> None:
    """§1.12. KFP's own constructor uses a spelling that KFP deprecates: those of its warnings are not an author's."""
    here, there = ours["warnings"][spelling], theirs["warnings"][spelling]
    if spelling in BETTER:
        assert (here, there) == ({}, "refused")
        return
    pending = "PendingDeprecationWarning"
    own = there.get(pending, 0) - theirs["warnings"]["ContainerOp"][pending] if spelling in PROXIED else 0
    assert here.get(pending, 0) == own
    assert here.keys() - {pending} == there.keys() - {pending}


def test_every_old_spelling_is_compared(theirs: dict[str, Any]) -> None:
    assert {case.values[0] for case in WARNINGS} == theirs["warnings"].keys()
    assert WARNED_OF.keys() <= theirs["warnings"].keys()
    kinds = {kind for found in theirs["warnings"].values() if found != "refused" for kind in found}
    assert kinds == {"DeprecationWarning", "FutureWarning", "PendingDeprecationWarning", "UserWarning"}
