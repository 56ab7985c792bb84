"""What modifiers do otherwise than KFP's, what they say, and what they look like to authors (X-01 to X-10)."""

import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

from kfp_airflow import dsl
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.dsl.objects import V1EnvVar, V1EnvVarSource, V1Toleration
from kfp_airflow.graph.check import check
from kfp_airflow.graph.model import ContainerStep
from kfp_airflow.graph.text import ParameterRef, Struct, Text
from kfp_airflow.modifiers import aws, azure, gcp, kubernetes, onprem

pytestmark = pytest.mark.filterwarnings("ignore:Please create reusable components:FutureWarning")

P = dsl.PipelineParam("secret")
OF_A_CONTAINER = {
    "use_k8s_secret": onprem.use_k8s_secret("s", {"k": "V"}),
    "use_aws_secret": aws.use_aws_secret(),
    "use_azure_secret": azure.use_azure_secret(),
    "use_gcp_secret": gcp.use_gcp_secret(),
    "use_tpu": gcp.use_tpu(8, "v3", "2.4"),
    "use_secret": kubernetes.use_secret("s", "/m"),
}


def op() -> Any:
    return dsl.ContainerOp(name="step", image="alpine")


def step_with(modifier: Callable[[Any], Any]) -> ContainerStep:
    """Return what the graph of a pipeline with one step has, as a DAG and a package see it."""

    def pipeline(secret: str = "s") -> None:
        op().apply(modifier)

    graph = build_graph(pipeline)
    assert list(check(graph)) == []
    (step,) = graph.members
    assert isinstance(step, ContainerStep)
    return step


@pytest.mark.parametrize("name", OF_A_CONTAINER)
def test_an_op_without_a_container_is_named(name: str) -> None:
    """X-02, X-04 to X-07, X-10: an AttributeError, as in KFP."""
    with dsl.Pipeline("p"):
        claim = dsl.VolumeOp(name="make claim", resource_name="c", size="1Gi")
        message = (
            rf"^{name} changes the container of an op, and 'make-claim' has none: it is a VolumeOp\. Apply it to steps "
            r"with a container only; in a transformer, ask `isinstance\(op, dsl\.ContainerOp\)` first\.$"
        )
        with pytest.raises(AttributeError, match=message):
            OF_A_CONTAINER[name](claim)


@pytest.mark.better("X-10", "D-32", how="a secret that a parameter names gets a volume name that Kubernetes accepts")
def test_the_volume_of_a_secret_known_at_run_time_has_a_fixed_valid_name() -> None:
    step, again = step_with(kubernetes.use_secret(P, "/m")), step_with(kubernetes.use_secret(P, "/m"))
    assert step == again
    (volume,) = step.pod.volumes
    assert isinstance(volume, Struct)
    name, secret = volume.get("name"), volume.get("secret")
    assert isinstance(name, Text)
    assert name.constant == "secret-298c9972d0"
    assert isinstance(secret, Struct)
    assert secret.get("secretName") == Text((ParameterRef("secret"),))


@pytest.mark.better("X-06", how="the secret may be a parameter; a file path without its first / lies in the volume")
def test_a_parameter_may_name_the_secret_of_google() -> None:
    with dsl.Pipeline("p"):
        given = op().apply(gcp.use_gcp_secret(P))
        path = f"/secret/gcp-credentials/{P}.json"
        assert [variable.value for variable in given.container.env] == [path, path]
        assert given.volumes[0].name == given.container.volume_mounts[0].name
        assert len(given.volumes[0].name) == 17
        without = op().apply(gcp.use_gcp_secret("s", "key.json"))
        assert without.container.env[0].value == "/secret/gcp-credentials/key.json"


@pytest.mark.better("X-10", "D-32", how="the folder may be a parameter")
def test_a_parameter_may_be_the_folder_of_a_secret() -> None:
    with dsl.Pipeline("p"):
        given = op().apply(kubernetes.use_secret("s", P, "FILE", "key"))
    assert given.container.env[0].value == f"{P}/key"
    assert given.container.volume_mounts[0].mount_path is P


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("", "/m"), r"^The 'secret_name' must not be empty: use_secret\('my-secret', '/etc/my-secret'\)$"),
        (
            ("s", None),
            r"^The 'secret_volume_mount_path' must not be empty: use_secret\('my-secret', '/etc/my-secret'\)$",
        ),
        (
            ("s", "/m", "FILE"),
            r"^env_variable is 'FILE' and secret_file_path_in_volume is None: .* so give both or neither$",
        ),
    ],
)
@pytest.mark.row("D-32", "X-10")
def test_a_secret_that_cannot_be_mounted_is_refused(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kubernetes.use_secret(*arguments)


@pytest.mark.row("X-06")
def test_the_deprecated_name_of_a_volume_warns_at_the_author_s_line() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        gcp.use_gcp_secret(volume_name="v")
    (warning,) = caught
    assert (warning.category, warning.filename) == (DeprecationWarning, __file__)
    assert str(warning.message) == "use_gcp_secret(volume_name=…) is deprecated: the volume is named after the secret."


@pytest.mark.row("X-08", "X-09")
def test_a_toleration_may_be_an_object_a_dict_or_what_kfp_takes_without() -> None:
    objects = step_with(gcp.add_gpu_toleration(V1Toleration(key="a", operator="Exists")))
    assert (
        objects.pod.tolerations == step_with(gcp.add_gpu_toleration({"key": "a", "operator": "Exists"})).pod.tolerations
    )
    assert objects.pod.tolerations != step_with(gcp.add_gpu_toleration()).pod.tolerations


@pytest.mark.row("X-01")
def test_what_modifiers_add_is_read_as_kubernetes_own_objects_are() -> None:
    with dsl.Pipeline("p"):
        given = op().apply(onprem.mount_pvc("claim"))
    assert given.volumes[0].persistent_volume_claim.claim_name == "claim"
    assert given.volumes[0].to_dict()["persistent_volume_claim"] == {"claim_name": "claim", "read_only": None}
    variable = op().apply(onprem.use_k8s_secret("s", {"key": "VARIABLE"})).container.env[0]
    assert (variable.name, variable.value, variable.value_from.secret_key_ref.key) == ("VARIABLE", None, "key")


@pytest.mark.row("X-03")
def test_default_resources_reach_every_step_that_sets_none() -> None:
    def pipeline() -> None:
        dsl.get_pipeline_conf().add_op_transformer(onprem.add_default_resource_spec("1Gi", "1", cpu_request="100m"))
        dsl.VolumeOp(name="claim", resource_name="c", size="1Gi")
        op()
        op().container.set_memory_limit("9Gi")

    _, plain, large = (getattr(step, "container", None) for step in build_graph(pipeline).members)
    assert [str(one.options.get("resources")).count("1Gi") for one in (plain, large)] == [2, 0]
    assert [str(one.options.get("resources")).count("100m") for one in (plain, large)] == [1, 1]


def test_modifiers_import_neither_airflow_nor_kubernetes() -> None:
    code = (
        "import sys\nfrom kfp_airflow.modifiers import aws, azure, gcp, kubernetes, onprem\n"
        "from kfp_airflow import dsl\nop = dsl.ContainerOp('s', 'i')\n"
        "for change in (aws.use_aws_secret(), azure.use_azure_secret(), gcp.use_gcp_secret(), onprem.mount_pvc(),\n"
        "               gcp.use_preemptible_nodepool(), gcp.add_gpu_toleration(), kubernetes.use_secret('s', '/m')):\n"
        "    op.apply(change)\n"
        "assert not {'airflow', 'kubernetes'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=True)


def test_objects_take_their_fields_by_name_and_no_others() -> None:
    made = V1EnvVar(name="A", value_from=V1EnvVarSource(secret_key_ref={"key": "k"}))
    assert made == V1EnvVar(name="A", value_from=V1EnvVarSource(secret_key_ref={"key": "k"}))
    assert made != V1EnvVar(name="A")
    assert repr(V1EnvVar(name="A", value="b")) == "V1EnvVar(name='A', value='b', value_from=None)"
    assert made.to_dict()["value_from"]["secret_key_ref"] == {"key": "k"}  # type: ignore[index]
    with pytest.raises(TypeError, match=r"^V1EnvVar needs 'name'$"):
        V1EnvVar(value="b")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match=r"^V1EnvVar has no 'nmae'$"):
        V1EnvVar(name="A", nmae="b")  # type: ignore[call-arg]
