"""Containers as authors configure them (rows C-01 to C-13, D-11, D-12)."""

import re
from collections.abc import Callable

import pytest

from kfp_airflow import dsl
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.dsl.containers import Container
from kfp_airflow.graph.text import ParameterRef, resolve_tree

client = pytest.importorskip("kubernetes.client")
PARAM = dsl.PipelineParam("x")
PARAM_OF_PIPELINE = dsl.PipelineParam("value")


def limits(container: Container) -> object:
    return container.resources.limits


@pytest.mark.row("C-01", "C-02", "C-03", "C-04", "C-05", "C-06", "C-07", "C-08", "C-09", "C-10", "C-11", "C-12")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda c: c.set_memory_limit("1.5Gi"),
            "Invalid memory string. Should be an integer, or integer followed by one of",
        ),
        (lambda c: c.set_memory_request("1gi"), "Got: '1gi'"),
        (lambda c: c.set_ephemeral_storage_limit("x"), "Invalid ephemeral-storage string"),
        (
            lambda c: c.set_cpu_limit("5x"),
            "Invalid cpu string. Should be float or integer, or integer followed by \"m\". Got: '5x'",
        ),
        (lambda c: c.set_gpu_limit("0"), "gpu must be positive integer. Got: '0'"),
        (lambda c: c.set_gpu_limit(1.5), "gpu must be positive integer. Got: 1.5"),
        (lambda c: c.set_cpu_limit("-1"), "Got: '-1'"),
        (lambda c: c.set_memory_limit("1Gi\n"), "Got: '1Gi\\n'"),
        (lambda c: c.set_gpu_limit(1, "foo"), "vendor can only be nvidia or amd. Got: 'foo'"),
        (
            lambda c: c.add_env_variable({"name": "a"}),
            "invalid argument. Must be of instance `V1EnvVar`. Got: {'name': 'a'}",
        ),
        (lambda c: c.add_env_from(1), "Must be of instance `V1EnvFromSource`"),
        (lambda c: c.add_volume_mount(1), "Must be of instance `V1VolumeMount`"),
        (lambda c: c.add_volume_devices(1), "Must be of instance `V1VolumeDevice`"),
        (lambda c: c.add_port(1), "Must be of instance `V1ContainerPort`"),
        (lambda c: c.set_security_context(1), "Must be of instance `V1SecurityContext`"),
        (lambda c: c.set_readiness_probe(1), "Must be of instance `V1Probe`"),
        (lambda c: c.set_liveness_probe(1), "Must be of instance `V1Probe`"),
        (lambda c: c.set_lifecycle(1), "Must be of instance `V1Lifecycle`"),
        (lambda c: c.set_env_variable("a", "b"), "set_env_variable is v2 only. Use add_env_variable for v1"),
        (lambda c: c.set_image_pull_policy("x"), "Must be one of `Always`, `Never`, `IfNotPresent`. Got: 'x'"),
        (lambda c: c.set_termination_message_policy("x"), "must be `File` or `FallbackToLogsOnError`. Got: 'x'"),
    ],
)
def test_a_wrong_value_is_refused(change: Callable[[Container], object], message: str) -> None:
    """C-01 to C-12."""
    with pytest.raises(ValueError, match=re.escape(message)):
        change(Container("image"))


@pytest.mark.row("C-01", "C-02", "C-03", "C-04")
@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.set_memory_limit(5), "a quantity of memory has to be a string such as '512Mi', not 5"),
        (lambda c: c.set_ephemeral_storage_limit(5), "a quantity of ephemeral-storage has to be a string"),
        (lambda c: c.set_cpu_request(5), "a quantity of cpu has to be a string such as '500m' or '1.5', not 5"),
        (lambda c: c.set_gpu_limit(None), "a number of GPUs has to be a whole number such as 1 or '1', not None"),
        (lambda c: c.set_gpu_limit(True), "a number of GPUs has to be a whole number such as 1 or '1', not True"),
    ],
)
def test_a_quantity_of_another_type_is_a_type_error(change: Callable[[Container], object], message: str) -> None:
    """C-01 to C-04."""
    with pytest.raises(TypeError, match=f"^{re.escape(message)}"):
        change(Container("image"))


@pytest.mark.row("C-01", "C-02", "C-03")
def test_quantities_parameters_and_placeholders_are_taken() -> None:
    """C-01 to C-03."""
    container = Container("image").set_memory_limit("1Gi").set_cpu_limit("500m").set_ephemeral_storage_limit(str(PARAM))
    container.set_memory_request(PARAM).set_cpu_request("1.5").set_ephemeral_storage_request("5")
    assert limits(container) == {"memory": "1Gi", "cpu": "500m", "ephemeral-storage": str(PARAM)}
    assert container.get_resource_request("memory") is PARAM
    assert container.get_resource_limit("memory") == "1Gi"
    assert Container("image").get_resource_limit("memory") is None


@pytest.mark.better("C-04", "F-07", how="a number of GPUs that is a parameter means `nvidia.com/gpu`")
@pytest.mark.better("F-07", how="a number of GPUs that is a parameter asks for `nvidia.com/gpu`, as a constant does")
def test_a_gpu_limit_names_the_vendors_resource_also_for_a_parameter() -> None:
    """C-04, F-07."""
    assert limits(Container("i").set_gpu_limit(2)) == {"nvidia.com/gpu": 2}
    assert limits(Container("i").set_gpu_limit("1", "amd")) == {"amd.com/gpu": "1"}
    assert list(limits(Container("i").set_gpu_limit(PARAM))) == ["nvidia.com/gpu"]
    assert list(limits(Container("i").set_gpu_limit(PARAM, "nvidia.com/gpu"))) == ["nvidia.com/gpu"]


@pytest.mark.row("C-05", "O-13")
def test_the_last_value_of_a_resource_wins_also_in_the_authors_own_object() -> None:
    """C-05, O-13."""
    own = client.V1ResourceRequirements(limits={"memory": "1Gi"})
    container = Container("image", resources=own).add_resource_limit("memory", "2Gi").add_resource_request("a", 1)
    assert own.limits == {"memory": "2Gi"}
    assert own.requests == {"a": 1}
    assert container.resources is own


@pytest.mark.row("C-06", "C-07", "C-10")
def test_lists_grow_and_an_authors_list_is_not_changed() -> None:
    """C-06, C-07, C-10."""
    given = [client.V1EnvVar(name="a", value="1")]
    container = Container("image", env=given).add_env_variable(client.V1EnvVar(name="a", value="2"))
    container.add_port(client.V1ContainerPort(container_port=1)).add_volume_mount(
        client.V1VolumeMount(name="v", mount_path="/v")
    )
    assert [variable.value for variable in container.env] == ["1", "2"]
    assert len(given) == len(container.ports) == len(container.volume_mounts) == 1


@pytest.mark.row("C-11", "C-12")
def test_flags_and_messages_are_set_and_the_container_is_returned() -> None:
    """C-11, C-12."""
    container = Container("image")
    assert container.set_stdin().set_stdin_once().set_tty().set_termination_message_path("/m") is container
    assert (container.stdin, container.stdin_once, container.tty, container.termination_message_path) == (
        True,
        True,
        True,
        "/m",
    )


@pytest.mark.row("C-13", "O-13")
@pytest.mark.parametrize("field", sorted(set(client.V1Container.attribute_map) - {"name", "image", "command", "args"}))
def test_a_field_is_got_and_set_by_its_python_name_and_is_in_the_graph(field: str) -> None:
    """C-13."""
    made: list[object] = []

    def pipeline(value: str = "x") -> None:
        container = dsl.ContainerOp("a", "image").container
        assert getattr(container, field) is None
        setattr(container, field, [{"value": value}])
        made.append(getattr(container, field))

    (step,) = build_graph(pipeline).members
    spelling = client.V1Container.attribute_map[field]
    assert made == [[{"value": PARAM_OF_PIPELINE}]]
    assert resolve_tree(step.container.options, str) == {spelling: [{"value": str(ParameterRef("value"))}]}


@pytest.mark.row("C-13", "O-13")
def test_every_field_of_a_kubernetes_container_can_be_set_and_no_other() -> None:
    """C-13, O-13."""
    fields = set(client.V1Container.attribute_map) - {"name"}
    assert fields - set(Container.attribute_map) == set()
    assert all(Container.attribute_map[field] == client.V1Container.attribute_map[field] for field in fields)
    with pytest.raises(TypeError, match=r"^a container has no field 'foo'; it has args, command, env, "):
        dsl.ContainerOp("a", "image", container_kwargs={"foo": 1})


@pytest.mark.row("D-11", "D-12")
def test_a_sidecar_takes_scalars_parameters_and_container_fields() -> None:
    """D-11, D-12."""
    sidecar = dsl.Sidecar("My Name", "image", "run", [3, PARAM], mirror_volume_mounts=True, working_dir="/w")
    assert (sidecar.name, sidecar.command, sidecar.args, sidecar.working_dir) == (
        "My Name",
        ["run"],
        ["3", str(PARAM)],
        "/w",
    )
    assert [param.name for param in sidecar.inputs] == ["x"]
    assert dsl.UserContainer("a", "b").set_mirror_volume_mounts().mirror_volume_mounts is True
