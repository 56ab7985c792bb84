"""Steps that call the Kubernetes API, and volumes (rows D-13 to D-17, O-10, §1.5)."""

import re
from collections.abc import Callable

import pytest

from kfp_airflow import dsl
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.graph import model
from kfp_airflow.graph.check import check
from kfp_airflow.graph.text import OutputRef, ParameterRef, resolve_tree, text

client = pytest.importorskip("kubernetes.client")
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}


def members(function: Callable[..., object]) -> tuple[model.Member, ...]:
    graph = build_graph(function)
    assert list(check(graph)) == []
    return graph.members


def shown(reference: object) -> str:
    return f"<{reference}>"


@pytest.mark.row("D-13")
def test_a_resource_op_becomes_a_resource_step() -> None:
    """D-13."""

    def pipeline(name: str = "x") -> None:
        job = client.V1Job(api_version="batch/v1", kind="Job", metadata=client.V1ObjectMeta(generate_name=name))
        dsl.ResourceOp(
            job,
            action="apply",
            merge_strategy="strategic",
            success_condition="status.succeeded > 0",
            failure_condition="status.failed > 0",
            set_owner_reference=True,
            attribute_outputs={"uid": "{.metadata.uid}"},
            flags=["--force"],
            name="Run It",
        ).set_retry(1).add_pod_label("a", "b").set_caching_options(False)

    (step,) = members(pipeline)
    assert isinstance(step, model.ResourceStep)
    assert (step.id, step.name, step.action, step.merge_strategy) == ("run-it", "Run It", "apply", "strategic")
    assert (step.success_condition, step.failure_condition) == (text("status.succeeded > 0"), text("status.failed > 0"))
    assert (step.set_owner_reference, step.retry) == (True, model.Retry(limit=text("1")))
    assert (step.flags, step.caching) == ((text("--force"),), model.Caching(enabled=False))
    assert step.attributes == (
        ("uid", text("{.metadata.uid}")),
        ("name", text("{.metadata.name}")),
        ("manifest", text("{}")),
    )
    assert resolve_tree(step.manifest, shown) == {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": f"<{ParameterRef('name')}>"},
    }


@pytest.mark.row("B-15")
def test_parameters_are_taken_wherever_a_resource_says_something() -> None:
    """B-15, D-13, §1.4."""

    def pipeline(name: str = "x") -> None:
        op = dsl.ResourceOp(
            dict(CONFIG_MAP, metadata={f"k-{name}": name}),
            success_condition=f"status.phase == {name}",
            failure_condition=name,
            attribute_outputs={"q": f"{{.{name}}}"},
            flags=[f"--x={name}"],
            name="r",
        )
        assert [param.name for param in op.inputs] == ["name"]

    (step,) = members(pipeline)
    given = ParameterRef("name")
    assert step.success_condition == text("status.phase == ", given)
    assert step.failure_condition == text(given)
    assert step.attributes[0] == ("q", text("{.", given, "}"))
    assert step.flags == (text("--x=", given),)


def test_the_output_of_a_resource_op_is_the_one_asked_for_else_its_name() -> None:
    """§1.5."""
    with dsl.Pipeline("p"):
        plain = dsl.ResourceOp(CONFIG_MAP, name="a")
        one = dsl.ResourceOp(CONFIG_MAP, attribute_outputs={"q": "{.q}"}, name="b")
        two = dsl.ResourceOp(CONFIG_MAP, attribute_outputs={"q": "{.q}", "r": "{.r}"}, name="c")
    assert [op.output.full_name for op in (plain, one, two)] == ["a-name", "b-q", "c-name"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "You need to provide a k8s_resource."),
        ({"merge_strategy": "x"}, "You can't set merge_strategy when action != 'apply'. The action is 'create'"),
        (
            {"action": "delete", "success_condition": "x"},
            "You can't set success_condition, failure_condition, or attribute_outputs when action == 'delete'",
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:Please use .kubernetes_resource_delete_op:DeprecationWarning")
def test_contradicting_arguments_are_refused(arguments: dict[str, str], message: str) -> None:
    """§1.5."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        dsl.ResourceOp(**{"k8s_resource": CONFIG_MAP if arguments else None, **arguments}, name="a")


def test_a_deletion_has_no_outputs_and_does_not_wait() -> None:
    """§1.5."""
    with pytest.warns(DeprecationWarning, match="kubernetes_resource_delete_op") as warned:
        op = dsl.ResourceOp(CONFIG_MAP, action="delete", name="a")
    assert warned[0].filename == __file__
    assert (op.outputs, op.output, op.resource.flags) == ({}, None, ["--wait=false"])
    with pytest.raises(ValueError, match=r"^This operation is already a resource deletion\.$"):
        op.delete()


def test_deleting_a_resource_is_a_step_of_kubectl() -> None:
    """§1.5."""

    def pipeline() -> None:
        dsl.ResourceOp(CONFIG_MAP, name="make").delete(["--now"])

    _, step = members(pipeline)
    assert step.id == "kubernetes-resource-delete"
    assert step.container.image == text("gcr.io/cloud-builders/kubectl")
    assert [part.resolve(shown) for part in step.container.command] == [
        *("kubectl", "delete", "ConfigMap", f"<{OutputRef('make', 'name')}>"),
        *("--ignore-not-found", "--output", "name", "--now"),
    ]


@pytest.mark.row("D-14", "D-15")
def test_a_volume_op_makes_a_claim_named_after_the_run() -> None:
    """D-14, D-15."""

    def pipeline(size: str = "1Gi") -> None:
        volume = dsl.VolumeOp(
            name="v",
            resource_name="My R",
            size=size,
            storage_class="fast",
            modes=dsl.VOLUME_MODE_RWO,
            annotations={"a": "b"},
            data_source="snap",
            volume_name="pv",
        )
        dsl.VolumeOp(name="w", resource_name="r", size="1Gi", generate_unique_name=False)
        dsl.ContainerOp("use", "image", arguments=[volume.outputs["size"]], pvolumes={"/data": volume.volume})

    first, second, use = members(pipeline)
    assert resolve_tree(first.manifest, shown) == {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "<RunRef(field='name')>-my-r", "annotations": {"a": "b"}},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": f"<{ParameterRef('size')}>"}},
            "dataSource": {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "snap"},
            "storageClassName": "fast",
            "volumeName": "pv",
        },
    }
    assert first.attributes[0] == ("size", text("{.status.capacity.storage}"))
    assert resolve_tree(second.manifest, shown)["spec"]["accessModes"] == ["ReadWriteMany"]
    assert resolve_tree(second.manifest, shown)["metadata"] == {"name": "r"}
    assert [resolve_tree(volume, shown) for volume in use.pod.volumes] == [
        {"name": "v", "persistentVolumeClaim": {"claimName": f"<{OutputRef('v', 'name')}>"}}
    ]
    assert resolve_tree(use.container.options, shown) == {"volumeMounts": [{"mountPath": "/data", "name": "v"}]}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"resource_name": "r"}, "Please provide size, such as '10Gi'"),
        ({"size": "1Gi"}, "Please provide resource_name, the name of the claim or snapshot"),
        ({"resource_name": "r", "size": "1x"}, "Invalid memory string."),
        ({"resource_name": "r", "size": "1Gi", "data_source": 3}, "data_source can be one of (str, PipelineParam,"),
        ({"k8s_resource": {}}, "k8s_resource in VolumeOp must be an instance of V1PersistentVolumeClaim"),
        (
            {"k8s_resource": client.V1PersistentVolumeClaim(), "size": "1"},
            "You cannot provide k8s_resource along with other arguments.",
        ),
    ],
)
@pytest.mark.row("D-14")
def test_a_volume_op_is_refused_what_makes_no_claim(arguments: dict[str, object], message: str) -> None:
    """D-14."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}"):
        dsl.VolumeOp(name="v", **arguments)


@pytest.mark.row("O-10")
@pytest.mark.row("D-17")
def test_steps_that_share_a_volume_come_one_after_the_other() -> None:
    """O-10, D-17."""
    with dsl.Pipeline("p"):
        volume = dsl.VolumeOp(name="v", resource_name="r", size="1Gi").volume
        first = dsl.ContainerOp("a", "i", pvolumes={"/d": volume, "/e": client.V1Volume(name="other")})
        second = dsl.ContainerOp("b", "i", pvolumes={"/d": first.pvolumes["/d"]})
        third = dsl.ContainerOp("c", "i", pvolumes={"/d": first.pvolumes["/d"].after(second)})
    assert [op.dependent_names for op in (first, second, third)] == [[], ["a"], ["b"]]
    assert (first.pvolume, second.pvolume.dependent_names) == (None, ["b"])
    assert [mount.name for mount in first.container.volume_mounts] == ["v", "other"]
    assert volume.after(first, second, third).dependent_names == ["a", "b", "c"]
    assert volume.dependent_names == []


@pytest.mark.row("D-16")
def test_a_snapshot_is_taken_of_a_claim_or_a_volume() -> None:
    """D-16."""

    def pipeline() -> None:
        volume = dsl.VolumeOp(name="v", resource_name="r", size="1Gi").volume
        use = dsl.ContainerOp("use", "image", pvolumes={"/d": volume})
        made = dsl.VolumeSnapshotOp(name="s", resource_name="Snap", volume=use.pvolume, snapshot_class="c")
        dsl.VolumeOp(name="w", resource_name="r", size="1Gi", data_source=made.snapshot)

    _, _, snapshot, restored = members(pipeline)
    assert resolve_tree(snapshot.manifest, shown) == {
        "apiVersion": "snapshot.storage.k8s.io/v1alpha1",
        "kind": "VolumeSnapshot",
        "metadata": {"name": "<RunRef(field='name')>-snap"},
        "spec": {
            "source": {"kind": "PersistentVolumeClaim", "name": f"<{OutputRef('v', 'name')}>"},
            "snapshotClassName": "c",
        },
    }
    assert (snapshot.after, snapshot.success_condition) == (("use",), text("status.readyToUse == true"))
    source = resolve_tree(restored.manifest, shown)["spec"]["dataSource"]
    assert source["name"] == f"<{OutputRef('s', 'name')}>"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "You must provide a pvc or a volume."),
        ({"pvc": "p", "volume": dsl.PipelineVolume("x")}, "You can't provide both pvc and volume."),
        ({"volume": client.V1Volume(name="x")}, "a snapshot is taken of a claim, and volume 'x' has none"),
    ],
)
@pytest.mark.row("D-16")
def test_a_snapshot_of_nothing_is_refused(arguments: dict[str, object], message: str) -> None:
    """D-16."""
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        dsl.VolumeSnapshotOp(name="s", resource_name="r", **arguments)


@pytest.mark.row("D-17")
def test_a_volume_without_a_name_is_named_by_its_content() -> None:
    """D-17."""
    names = {dsl.PipelineVolume("a").name, dsl.PipelineVolume("a").name, dsl.PipelineVolume("b").name}
    assert len(names) == 2
    assert all(re.fullmatch(r"pvolume-[0-9a-f]{55}", name) for name in names)
    assert dsl.PipelineVolume("a", name="mine").name == "mine"
    assert dsl.PipelineVolume(volume=client.V1Volume(name="n", empty_dir={})).empty_dir == {}


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ({"name": "n" * 64}, ValueError, "PipelineVolume name must be no more than 63 characters. Got: 'nnn"),
        ({"pvc": "a", "empty_dir": {}}, ValueError, "You can only pass 'name' along with 'pvc'."),
        ({"pvc": "a", "volume": client.V1Volume(name="x")}, ValueError, "You can only pass 'name' along with 'pvc'."),
        (
            {"volume": client.V1Volume(name="x"), "name": "y"},
            ValueError,
            "You can't pass a volume along with other kwargs.",
        ),
        ({"volume": "x"}, TypeError, "a volume has to be a V1Volume or a PipelineVolume, not 'x'"),
        ({"foo": 1}, TypeError, "a volume has no field 'foo'; it has name, aws_elastic_block_store"),
    ],
)
@pytest.mark.row("D-17")
def test_a_volume_of_contradicting_sources_is_refused(
    arguments: dict[str, object], kind: type[Exception], message: str
) -> None:
    """D-17."""
    with pytest.raises(kind, match=f"^{re.escape(message)}"):
        dsl.PipelineVolume(**arguments)


@pytest.mark.row("D-17")
def test_every_field_of_a_kubernetes_volume_can_be_set() -> None:
    """D-17."""
    fields = client.V1Volume.attribute_map
    assert {name: dsl.PipelineVolume.attribute_map.get(name) for name in fields} == fields
