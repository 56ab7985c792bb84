"""What an author asks for is in the pod: from the op through the graph to the manifest (B-03 to B-12, C-01 to C-13)."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from kubernetes import client as k8s

from kfp_airflow import dsl
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.graph.model import ContainerStep, Settings
from kfp_airflow.graph.resolved import resolve_step
from kfp_airflow.pods.manifest import build_pod

pytestmark = pytest.mark.filterwarnings("ignore:Please create reusable components:FutureWarning")
VALUE = "a value {{ ds }} $(X)"


def pod_of(change: Callable[[dsl.ContainerOp, dsl.PipelineParam], object], value: str = VALUE) -> dict[str, Any]:
    """Return the pod of an op that `change` was called with, its parameter having `value` at run time."""

    def pipeline(value: str = "") -> None:
        change(dsl.ContainerOp("train", "image", "run"), value)  # type: ignore[arg-type] # a parameter, as in KFP

    (step,) = build_graph(pipeline).members
    assert isinstance(step, ContainerStep)
    pod = build_pod({}, resolve_step(step, lambda _: value), Settings(), helper_image="helper:1")
    return dict(json.loads(json.dumps(pod)))


def main_of(pod: dict[str, Any]) -> dict[str, Any]:
    return next(container for container in pod["spec"]["containers"] if container["name"] == "main")


@pytest.mark.row("B-03", "B-04", "B-05", "B-06")
def test_volumes_tolerations_affinity_and_selectors_are_in_the_pod() -> None:
    spec = pod_of(
        lambda op, value: op.add_volume(
            k8s.V1Volume(name="v", secret=k8s.V1SecretVolumeSource(secret_name=value))
        ).add_toleration(k8s.V1Toleration(key="gpu", value=value))
        .add_affinity({"podAffinity": {"x": "first"}})
        .add_affinity({"nodeAffinity": {"x": value}})
        .add_node_selector_constraint("disk", value)
    )["spec"]  # fmt: skip
    assert spec["volumes"] == [{"name": "v", "secret": {"secretName": VALUE}}]
    assert spec["tolerations"] == [{"key": "gpu", "value": VALUE}]
    assert spec["affinity"] == {"nodeAffinity": {"x": VALUE}}
    assert spec["nodeSelector"] == {"disk": VALUE}


@pytest.mark.row("B-07", "B-08")
def test_labels_and_annotations_are_in_the_pod() -> None:
    metadata = pod_of(lambda op, value: op.add_pod_label("team", value).add_pod_annotation("note", value), "red")[
        "metadata"
    ]
    assert metadata["labels"]["team"] == metadata["annotations"]["note"] == "red"


@pytest.mark.row("B-11", "B-12")
def test_further_containers_are_in_the_pod_with_their_options() -> None:
    spec = pod_of(
        lambda op, value: op.add_init_container(dsl.UserContainer("first", "i:1", "a", [value])).add_sidecar(
            dsl.Sidecar("beside", "s:1", env=[k8s.V1EnvVar(name="X", value=value)]).set_memory_limit("1Gi")
        )
    )["spec"]
    first = next(each for each in spec["initContainers"] if each["name"] == "first")
    beside = next(each for each in spec["initContainers"] if each["name"] == "beside")
    assert (first["image"], first["command"], first["args"]) == ("i:1", ["a"], ["a value {{ ds }} $$(X)"])
    assert beside["env"] == [{"name": "X", "value": "a value {{ ds }} $$(X)"}]
    assert beside["resources"] == {"limits": {"memory": "1Gi"}}


@pytest.mark.row("C-01", "C-02", "C-03", "C-04", "C-05")
def test_requests_and_limits_are_in_the_pod_also_where_they_are_known_at_run_time_only() -> None:
    pod = pod_of(
        lambda op, value: op.container.set_memory_request(value).set_memory_limit("4Gi").set_cpu_request("500m")
        .set_cpu_limit(value).set_ephemeral_storage_request("1Gi").set_ephemeral_storage_limit(f"{value}Gi")
        .set_gpu_limit(value).add_resource_limit("example.com/x", value),
        "3",
    )  # fmt: skip
    assert main_of(pod)["resources"] == {
        "requests": {"memory": "3", "cpu": "500m", "ephemeral-storage": "1Gi"},
        "limits": {
            "memory": "4Gi",
            "cpu": "3",
            "ephemeral-storage": "3Gi",
            "nvidia.com/gpu": "3",
            "example.com/x": "3",
        },
    }


@pytest.mark.row("C-06", "C-07", "C-09", "C-10", "C-11", "C-12", "C-13")
def test_every_other_field_of_the_container_is_in_the_pod() -> None:
    def change(op: dsl.ContainerOp, value: dsl.PipelineParam) -> None:
        probe = k8s.V1Probe(_exec=k8s.V1ExecAction(command=["ls", value]))
        op.container.add_volume_mount(k8s.V1VolumeMount(name="v", mount_path="/v", sub_path=value)).add_volume_devices(
            k8s.V1VolumeDevice(name="d", device_path=value)
        ).add_env_variable(k8s.V1EnvVar(name="X", value=value)).add_env_from(
            k8s.V1EnvFromSource(prefix=value)
        ).set_image_pull_policy("Never").add_port(
            k8s.V1ContainerPort(container_port=80, name=value)
        ).set_security_context(k8s.V1SecurityContext(run_as_user=5)).set_readiness_probe(probe).set_liveness_probe(
            probe
        ).set_lifecycle(
            k8s.V1Lifecycle(pre_stop=k8s.V1LifecycleHandler(_exec=k8s.V1ExecAction(command=[value])))
        ).set_stdin().set_stdin_once().set_tty().set_termination_message_path(value).set_termination_message_policy(
            "File"
        )
        op.container.working_dir = value

    main = main_of(pod_of(change, "x"))
    probe = {"exec": {"command": ["ls", "x"]}}
    assert {name: field for name, field in main.items() if name not in {"name", "image", "command"}} == {
        "volumeMounts": [{"mountPath": "/v", "name": "v", "subPath": "x"}],
        "volumeDevices": [{"devicePath": "x", "name": "d"}],
        "env": [{"name": "X", "value": "x"}],
        "envFrom": [{"prefix": "x"}],
        "imagePullPolicy": "Never",
        "ports": [{"containerPort": 80, "name": "x"}],
        "securityContext": {"runAsUser": 5},
        "readinessProbe": probe,
        "livenessProbe": probe,
        "lifecycle": {"preStop": {"exec": {"command": ["x"]}}},
        "stdin": True,
        "stdinOnce": True,
        "tty": True,
        "terminationMessagePath": "x",
        "terminationMessagePolicy": "File",
        "workingDir": "x",
    }
