"""Parameters and outputs in every option of a step that takes them (B-03 to B-09, B-11 to B-13, O-13, C-06 to C-13)."""

from kfp import dsl
from kubernetes import client as k8s

CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x"}}


def step(name, **options):
    return dsl.ContainerOp(name=name, image="alpine", command=["true"], **options)


@dsl.pipeline(name="values of pods")
def values_in_every_option(a: str = "a", retries: str = "1", path: str = "/p"):
    out = step("make", file_outputs={"o": "/o"}).output
    op = step("all")
    op.add_volume(k8s.V1Volume(name="v", config_map=k8s.V1ConfigMapVolumeSource(name=out)))
    op.add_toleration(k8s.V1Toleration(key=a, value=out))
    op.add_node_selector_constraint("fixed", "v").add_node_selector_constraint(a, out)
    op.add_pod_label(f"k-{a}", out).add_pod_annotation(a, f"{a}-x")
    op.set_retry(retries).set_display_name(f"all of {a}")
    op.add_init_container(dsl.UserContainer("i", f"img:{a}", ["sh", a], [out]))
    op.add_sidecar(dsl.Sidecar("s", "img", env=[k8s.V1EnvVar(name="a", value=a)]).set_mirror_volume_mounts())
    container = op.container
    container.working_dir = path
    container.ports = [k8s.V1ContainerPort(container_port=80, name=a)]
    container.add_port(k8s.V1ContainerPort(container_port=81, host_ip=a))
    container.add_env_variable(k8s.V1EnvVar(name=f"X_{a}", value=out))
    container.add_env_from(k8s.V1EnvFromSource(config_map_ref=k8s.V1ConfigMapEnvSource(name=a)))
    container.add_volume_mount(k8s.V1VolumeMount(name="v", mount_path=path, sub_path=out))
    container.add_volume_devices(k8s.V1VolumeDevice(name="d", device_path=path))
    container.set_security_context(k8s.V1SecurityContext(se_linux_options=k8s.V1SELinuxOptions(user=a)))
    container.set_liveness_probe(k8s.V1Probe(_exec=k8s.V1ExecAction(command=["ls", a])))
    container.set_readiness_probe(k8s.V1Probe(_exec=k8s.V1ExecAction(command=["ls", out])))
    container.set_termination_message_path(path).set_termination_message_policy("FallbackToLogsOnError")
    container.set_stdin().set_stdin_once().set_tty().set_image_pull_policy("Never")
    container.startup_probe = k8s.V1Probe(_exec=k8s.V1ExecAction(command=["ls", path]))


@dsl.pipeline(name="resources with values")
def values_of_resources(a: str = "a"):
    made = dsl.ResourceOp(
        name="make",
        k8s_resource=dict(CONFIG_MAP, metadata={"name": a, "labels": {f"k-{a}": f"v-{a}"}}),
        success_condition=f"status.x == {a}",
        failure_condition="status.y > 1",
        attribute_outputs={"q": "{.%s}" % a},
        flags=["--x", f"--y={a}"],
    )
    made.add_pod_label("a", a).add_toleration(k8s.V1Toleration(key=a)).set_retry(2).set_timeout(3)
    made.set_display_name("A resource").set_caching_options(False).add_node_selector_constraint("a", "b")
    made.add_affinity(k8s.V1Affinity()).add_volume(k8s.V1Volume(name="v"))
    made.add_init_container(dsl.UserContainer("i", "img")).add_sidecar(dsl.Sidecar("s", "img"))
    dsl.ContainerOp(name="use", image="alpine", command=["echo"], arguments=[made.outputs["q"]])


@dsl.pipeline(name="dicts")
def dicts_in_the_spelling_of_kubernetes():
    op = step("dicts", container_kwargs={"env": [{"name": "a", "value": "b"}]})
    op.add_volume({"name": "v", "emptyDir": {}})
    op.add_toleration({"key": "a"})
    op.add_affinity({"nodeAffinity": {}})
    op.add_pod_label("pipelines.kubeflow.org/enable_caching", "false")
