"""The pod of a step, as data."""

from __future__ import annotations

from typing import Any

import pytest

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.model import InputFile, OutputFile, Settings
from kfp_airflow.graph.resolved import ResolvedContainer, ResolvedStep
from kfp_airflow.graph.text import Text, tree
from kfp_airflow.pods import helper
from kfp_airflow.pods.manifest import Manifest, build_pod, check_quantities

IN = InputFile(name="x", path="/in/x", source=Text())
OUT = OutputFile(name="y", path="/out/y")


def container(name: str = "", command: tuple[str, ...] | None = ("run",), **options: Any) -> ResolvedContainer:
    mirror = options.pop("mirror", False)
    return ResolvedContainer(
        name=name, image="image:1", command=command, args=("a",), options=options, mirror_volume_mounts=mirror
    )


def pod_of(base: Manifest | None = None, settings: Settings | None = None, **fields: Any) -> dict[str, Any]:
    step = ResolvedStep(**{"id": "train", "container": container(), **fields})
    return build_pod(base or {}, step, settings or Settings(), helper_image="helper:1")


def test_a_step_without_files_is_a_plain_pod() -> None:
    pod = pod_of()
    main = {"name": "main", "image": "image:1", "command": ["run"], "args": ["a"]}
    assert pod["spec"] == {"containers": [main], "restartPolicy": "Never"}


@pytest.mark.better("A-08", how="A pod has its main container, and a helper only where files go in or out.")
def test_the_helper_comes_first_and_holds_main_back() -> None:
    pod = pod_of(inputs=(IN,), outputs=(OUT,))
    first, main = pod["spec"]["containers"]
    assert (first["name"], first["image"]) == ("kfp-helper", "helper:1")
    assert first["lifecycle"]["postStart"]["exec"]["command"] == helper.shell(helper.HOLD)
    assert main["command"] == [*helper.WRAPPED, "run"]
    assert main["args"] == ["a"]
    assert {"name": "kfp-airflow", "mountPath": "/in/x", "subPath": "in/0", "readOnly": True} in main["volumeMounts"]
    assert pod["spec"]["volumes"] == [{"name": "kfp-airflow", "emptyDir": {}}]


@pytest.mark.row("A-09")
def test_an_image_of_its_own_entrypoint_has_its_outputs_mounted() -> None:
    """A-09."""
    main = pod_of(container=container(command=None), outputs=(OUT,))["spec"]["containers"][1]
    assert "command" not in main
    assert main["volumeMounts"] == [{"name": "kfp-airflow", "mountPath": "/out/y", "subPath": "out/0.file"}]


def test_init_containers_find_the_inputs_because_a_native_sidecar_takes_them_first() -> None:
    """D-11."""
    pod = pod_of(inputs=(IN,), outputs=(OUT,), init_containers=(container("prepare", mirror=True),))
    feeder, prepare = pod["spec"]["initContainers"]
    assert (feeder["name"], feeder["restartPolicy"]) == ("kfp-inputs", "Always")
    assert prepare["volumeMounts"] == [
        {"name": "kfp-airflow", "mountPath": "/in/x", "subPath": "in/0", "readOnly": True}
    ]
    assert "lifecycle" not in pod["spec"]["containers"][0]


def test_sidecars_are_native_and_run_once() -> None:
    """D-12."""
    pod = pod_of(sidecars=(container("side"),))
    feeder, side = pod["spec"]["initContainers"]
    assert feeder["name"] == "kfp-inputs"
    assert side["restartPolicy"] == "Always"
    assert side["command"] == [*helper.BESIDE, "run"]
    assert [one["name"] for one in pod["spec"]["containers"]] == ["main"]


@pytest.mark.parametrize(
    ("own", "expected"), [({}, {"disk": "hdd", "zone": "a"}), ({"gpu": "yes"}, {"zone": "a", "gpu": "yes"})]
)
@pytest.mark.row("P-06")
def test_a_steps_node_selector_replaces_the_pipelines(own: dict[str, str], expected: dict[str, str]) -> None:
    """P-06; what the operator asks for stays."""
    base: Manifest = {"spec": {"containers": [{"name": "main"}], "nodeSelector": {"zone": "a"}}}
    settings = Settings(node_selector=tree({"disk": "hdd"}))  # type: ignore[arg-type]
    assert pod_of(base, settings, pod={"nodeSelector": own} if own else {})["spec"]["nodeSelector"] == expected


@pytest.mark.parametrize(
    ("own", "pipeline", "expected"),
    [(None, None, "Never"), (None, "Always", "Always"), ("IfNotPresent", "Always", "IfNotPresent")],
)
@pytest.mark.row("P-07")
def test_a_steps_pull_policy_comes_before_the_pipelines(own: str | None, pipeline: str | None, expected: str) -> None:
    """P-07."""
    base: Manifest = {"spec": {"containers": [{"name": "main", "imagePullPolicy": "Never"}]}}
    options = {"imagePullPolicy": own} if own else {}
    pod = pod_of(base, Settings(image_pull_policy=pipeline), container=container(**options))
    assert pod["spec"]["containers"][0]["imagePullPolicy"] == expected


@pytest.mark.row("P-01", "P-09")
def test_pull_secrets_and_name_resolution_of_the_pipeline_reach_every_pod() -> None:
    base: Manifest = {"spec": {"containers": [{"name": "main"}], "imagePullSecrets": [{"name": "own"}]}}
    settings = Settings(image_pull_secrets=(tree({"name": "registry"}),), dns_config=tree({"nameservers": ["1.2.3.4"]}))
    spec = pod_of(base, settings)["spec"]
    assert spec["imagePullSecrets"] == [{"name": "own"}, {"name": "registry"}]
    assert spec["dnsConfig"] == {"nameservers": ["1.2.3.4"]}


def test_labels_become_valid_and_annotations_stay() -> None:
    """B-07, B-08."""
    long = "x" * 70
    pod = pod_of(pod={"labels": {"a": "two words", "b": long, "c": True}, "annotations": {"a": "two words"}})
    labels = pod["metadata"]["labels"]
    assert labels["a"].startswith("two-words-")
    assert len(labels["b"]) == 63
    assert labels["c"] == "true"
    assert pod["metadata"]["annotations"] == {"a": "two words"}


def test_a_label_name_that_is_none_is_refused() -> None:
    with pytest.raises(StepError, match=r"step 'train': 'two words' is no name of a pod's label\. Kubernetes takes"):
        pod_of(pod={"labels": {"two words": "x"}})


def test_two_containers_of_one_name_are_refused() -> None:
    with pytest.raises(StepError, match=r"step 'train': its pod has two containers named 'main'\. Name init"):
        pod_of(init_containers=(container("main"),))


@pytest.mark.parametrize("quantity", ["500m", "0.5", "1e3", "2", "512Mi", "4Gi", "1K", "-1"])
def test_a_quantity_of_kubernetes_passes(quantity: str) -> None:
    check_quantities(ResolvedStep(id="train", container=container(resources={"limits": {"memory": quantity}})))


def test_a_quantity_that_is_none_is_refused_by_name() -> None:
    """C-01, C-03."""
    step = ResolvedStep(id="train", container=container(resources={"limits": {"memory": "4 gigs"}}))
    message = r"step 'train': the step limits '4 gigs' of memory, which is no quantity\. Write a number"
    with pytest.raises(StepError, match=message):
        check_quantities(step)


@pytest.mark.row("B-10")
@pytest.mark.parametrize(("own", "operators", "expected"), [(5, None, 5), (5, 3, 3), (None, 3, 3)])
def test_the_shorter_time_limit_holds(own: int | None, operators: int | None, expected: int) -> None:
    """B-10."""
    spec: Manifest = {"containers": [{"name": "main"}]}
    if operators:
        spec["activeDeadlineSeconds"] = operators
    assert pod_of({"spec": spec}, timeout_s=own)["spec"]["activeDeadlineSeconds"] == expected


def test_the_helper_runs_as_the_user_of_main() -> None:
    pod = pod_of(inputs=(IN,), container=container(securityContext={"runAsUser": 1000}))
    assert pod["spec"]["containers"][0]["securityContext"]["runAsUser"] == 1000
