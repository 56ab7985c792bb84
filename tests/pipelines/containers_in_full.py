"""Everything that a container can carry (C-01 to C-13, O-13)."""

from kfp import dsl
from kubernetes import client as k8s


@dsl.pipeline(name="containers")
def containers_in_full(tag: str = "3.18", level: str = "info"):
    op = dsl.ContainerOp(
        name="all",
        image=f"alpine:{tag}",
        command=["env"],
        container_kwargs={
            "env": [k8s.V1EnvVar(name="FROM_KWARGS", value="1")],
            "working_dir": "/data",
            "ports": [k8s.V1ContainerPort(container_port=80)],
        },
    )
    container = op.container
    container.add_env_variable(k8s.V1EnvVar(name="LEVEL", value=level))
    container.add_env_variable(
        k8s.V1EnvVar(
            name="SECRET", value_from=k8s.V1EnvVarSource(secret_key_ref=k8s.V1SecretKeySelector(name="s", key="k"))
        )
    )
    container.add_env_from(k8s.V1EnvFromSource(config_map_ref=k8s.V1ConfigMapEnvSource(name="settings")))
    container.set_memory_request("100M").set_memory_limit("1Gi").set_cpu_request("500m").set_cpu_limit("2")
    container.set_ephemeral_storage_request("1Gi").set_ephemeral_storage_limit("2Gi").set_gpu_limit(1)
    container.add_resource_limit("example.com/x", "2")
    container.set_image_pull_policy("Always")
    container.set_security_context(k8s.V1SecurityContext(run_as_user=1000, run_as_non_root=True))
    container.set_readiness_probe(k8s.V1Probe(tcp_socket=k8s.V1TCPSocketAction(port=80)))
    container.set_lifecycle(
        k8s.V1Lifecycle(pre_stop=k8s.V1LifecycleHandler(_exec=k8s.V1ExecAction(command=["sleep", "1"])))
    )
    container.set_stdin().set_stdin_once().set_tty()
    container.set_termination_message_path("/dev/log").set_termination_message_policy("File")


@dsl.pipeline(name="proxied")
def proxied_container_methods():
    op = dsl.ContainerOp(name="proxied", image="alpine", command="echo", arguments="one")
    op.set_memory_limit("1Gi").set_gpu_limit("2", vendor="amd").add_env_variable(k8s.V1EnvVar(name="A", value="b"))
