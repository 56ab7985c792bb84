"""The same calls of `kfp.dsl`, made of the real SDK and of ours: signatures, attributes, results, errors, warnings."""

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.conformance.both_sides import answers_of_ours, answers_of_theirs
from tests.dsl import calls_probe

pytestmark = pytest.mark.conformance

REFUSED_WHATEVER: Final = "it is refused whatever it is given, and says what to use instead"
INSIDE: Final = "a part of the SDK's own compiler, of no use to an author"
TRANSPORT: Final = "a part of the kubernetes client's own transport, of no use to an author"
LATER_FIELDS: Final = "a field that Kubernetes has today"
MEANT_FOR_ONE: Final = "an AttributeError in the SDK; the message says what is meant"
NO_ADVICE: Final = "no advice about ContainerOp where the author wrote none"

OF_LOOPS: Final = (
    "LEGAL_SUBVAR_NAME_REGEX",
    "LOOP_ITEM_NAME_BASE",
    "LOOP_ITEM_PARAM_NAME_BASE",
    "NUM_CODE_CHARS",
    "from_pipeline_param",
    "name_is_loop_argument",
    "name_is_withitems_loop_argument",
    "name_is_withparams_loop_argument",
    "remove_loop_item_base_name",
    "to_list_for_task_yaml",
)

SIGNATURES: Final[Mapping[str, str]] = {
    "kfp.compiler.Compiler.get_arguments_for_sub_group": INSIDE,
    "kfp.compiler.build_docker_image": REFUSED_WHATEVER,
    "kfp.compiler.build_python_component": REFUSED_WHATEVER,
    "kfp.components.create_component_from_airflow_op": REFUSED_WHATEVER,
    "kfp.components.create_component_from_func": "it is a decorator with options, too",
    "kfp.components.create_component_from_func_v2": REFUSED_WHATEVER,
    "kfp.components.func_to_container_op": "it is a decorator with options, too",
    "kfp.dsl._container_op.Container": "command and arguments may be left out",
    "kfp.dsl.data_passing_methods.KubernetesVolume.transform_workflow": "files travel through the store (D-31)",
}
"""Callable → why its parameters are not the SDK's. Each has to differ."""

MEMBERS: Final[Mapping[str, Mapping[str, str]]] = {
    "Container": {"discriminator": TRANSPORT, "local_vars_configuration": TRANSPORT, "env_dict": "of KFP v2"},
    "UserContainer": {"discriminator": TRANSPORT, "local_vars_configuration": TRANSPORT, "env_dict": "of KFP v2"},
    "Sidecar": {"discriminator": TRANSPORT, "local_vars_configuration": TRANSPORT, "env_dict": "of KFP v2"},
    "PipelineVolume": {"discriminator": TRANSPORT, "local_vars_configuration": TRANSPORT},
    "Resource": dict.fromkeys(("swagger_types",), INSIDE),
    "LoopItem": dict.fromkeys(OF_LOOPS, INSIDE),
    "ParallelFor": {"TYPE_NAME": INSIDE},
    "SubGraph": {"TYPE_NAME": INSIDE},
}  # fmt: skip
"""Class → public attributes of its objects that are not here, and why. Each has to be missing."""

BETTER: Final[Mapping[str, str]] = {
    "op_as_an_argument": "DP-11: the SDK writes the op's insides into the command line",
    "op_with_a_number_as_name": MEANT_FOR_ONE,
    "op_without_a_name": MEANT_FOR_ONE,
    "op_with_an_unknown_field": "refused before the advice about ContainerOp, not after it",
    "pvolume_pvc_and_volume": "the SDK forgets the claim silently",
    "pvolumes_text": MEANT_FOR_ONE,
    "pvolumes_twice": "the SDK adds the volume twice, which Kubernetes refuses",
    "resource_deleted": NO_ADVICE,
    "resource_deleted_flags": NO_ADVICE,
    "snapshot_deleted": NO_ADVICE,
    "volume_deleted": NO_ADVICE,
    "snapshot_of_a_plain_volume": MEANT_FOR_ONE,
    "snapshot_of_no_claim": MEANT_FOR_ONE,
    "snapshot_without_resource_name": MEANT_FOR_ONE,
    "volume_name_missing": MEANT_FOR_ONE,
    "volume_delete_action": "the SDK ends with KeyError: 'name'",
    "volume_from_dict": "a source in Kubernetes' own spelling is taken, too",
}
"""Case → why ours is not as the SDK's. Each has to differ."""

NO_QUANTITY: Final = "Kubernetes refuses it"
PLACEHOLDER: Final = "a parameter in a text, where the SDK takes the bare parameter only"
BETTER_VALUES: Final[Mapping[str, str]] = {
    **{f"set_cpu_{kind}({value})": NO_QUANTITY for kind in ("request", "limit") for value in ("'-1'", "'inf'")},
    **{f"set_cpu_{kind}('5m ends')": NO_QUANTITY for kind in ("request", "limit")},
    **{
        f"set_{what}_{kind}('1Gi ends')": NO_QUANTITY
        for what in ("memory", "ephemeral_storage") for kind in ("request", "limit")
    },
    **{
        f"set_{what}_{kind}({value})": PLACEHOLDER
        for what in ("memory", "ephemeral_storage", "cpu") for kind in ("request", "limit")
        for value in ("placeholder", "around placeholder")
    },
    **{f"set_image_pull_policy({value})": PLACEHOLDER for value in ("placeholder", "around placeholder")},
    **{f"set_gpu_limit({value})": PLACEHOLDER for value in ("placeholder", "around placeholder")},
    **{f"set_gpu_limit(1, {value})": PLACEHOLDER for value in ("placeholder", "around placeholder", "param")},
    "set_gpu_limit(param)": "F-07: a resource that clusters have",
    "set_gpu_limit(float)": NO_QUANTITY,
    "set_gpu_limit(true)": NO_QUANTITY,
}  # fmt: skip
"""Call of a container's method → why ours is not as the SDK's. Each has to differ."""

ROWS: Final[Mapping[str, tuple[str, ...]]] = {
    "op": ("B-15", "B-16", "O-04", "O-05", "O-06", "O-07", "O-08", "O-09", "O-11", "O-12"),
    "apply": ("B-01",),
    "after": ("B-02",),
    "add_volume": ("B-03",),
    "add_toleration": ("B-04",),
    "add_affinity": ("B-05",),
    "add_node": ("B-06",),
    "add_pod_annotation": ("B-07",),
    "add_pod_label": ("B-08",),
    "set_retry": ("B-09",),
    "set_timeout": ("B-10",),
    "add_init": ("B-11",),
    "add_sidecar": ("B-12",),
    "set_display": ("B-13",),
    "op_proxied": ("O-02",),
    "op_set_image": ("O-03",),
    "op_env_variables": ("O-03",),
    "op_with_a_field": ("O-13",),
    "pvolumes": ("O-10",),
    "param": ("PP-01", "PP-02", "PP-03", "PP-04"),
    "resource_limits": ("C-05",),
}
"""Beginning of a case's name → the rows that it is a case of; the longest one counts."""


@pytest.fixture(scope="module")
def theirs() -> dict[str, Any]:
    return answers_of_theirs(calls_probe)


@pytest.fixture(scope="module")
def ours() -> dict[str, Any]:
    return answers_of_ours(calls_probe)


def _same(answer: Any) -> Any:
    """Return what has to be the same: of an error its type alone, for its words are each side's own."""
    return {**answer, "says": ""} if isinstance(answer, dict) and "error" in answer else answer


def _differences(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    return {name: [ours.get(name), answer] for name, answer in theirs.items() if _same(ours.get(name)) != _same(answer)}


def _names_of_cases() -> list[Any]:
    names = calls_probe.case_names()
    return [pytest.param(name, marks=[pytest.mark.row(*rows)] if (rows := _rows(name)) else []) for name in names]


def _rows(case: str) -> tuple[str, ...]:
    return ROWS.get(max((start for start in ROWS if case.startswith(start)), key=len, default=""), ())


def test_every_public_callable_takes_what_the_real_one_takes(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    different = _differences(ours["signatures"], theirs["signatures"])
    assert different.keys() == SIGNATURES.keys(), {name: different.get(name) for name in different.keys() ^ SIGNATURES}
    assert len(theirs["signatures"]) > 250


def test_every_public_name_is_here(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    missing = {module: set(names) - set(ours["names"][module]) for module, names in theirs["names"].items()}
    assert {module: names for module, names in missing.items() if names} == {}


@pytest.mark.row("B-16", "O-01", "O-12", "C-13")
def test_objects_have_every_public_attribute_of_the_real_ones(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    missing = {kind: set(names) - set(ours["members"][kind]) for kind, names in theirs["members"].items()}
    assert {kind: names for kind, names in missing.items() if names} == {
        kind: set(names) for kind, names in MEMBERS.items()
    }


@pytest.mark.parametrize("case", _names_of_cases())
def test_a_call_gives_what_the_real_one_gives(case: str, ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert (_same(ours["cases"][case]) == _same(theirs["cases"][case])) is (case not in BETTER), [
        ours["cases"][case],
        theirs["cases"][case],
    ]


def test_every_case_is_compared(theirs: dict[str, Any]) -> None:
    assert [*theirs["cases"]] == calls_probe.case_names()
    assert BETTER.keys() - theirs["cases"].keys() == set()


@pytest.mark.row("C-01", "C-02", "C-03", "C-04", "C-06", "C-07", "C-08", "C-09", "C-10", "C-11", "C-12")
def test_containers_take_and_refuse_the_same_values(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    different = _differences(ours["values"], theirs["values"])
    assert different.keys() == BETTER_VALUES.keys(), [
        {name: different.get(name)} for name in different.keys() ^ BETTER_VALUES.keys()
    ]


@pytest.mark.row("T-02", "T-04", "T-05", "T-06")
def test_the_same_types_fit_each_other(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert _differences(ours["types"], theirs["types"]) == {}


@pytest.mark.row("N-01", "N-02", "N-03", "N-06", "N-07", "N-08")
def test_names_are_made_alike(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    assert _differences(ours["naming"], theirs["naming"]) == {}
