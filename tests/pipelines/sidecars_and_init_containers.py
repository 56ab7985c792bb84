"""Sidecars and init containers, with parameters in them (B-11, B-12, D-11, D-12)."""

from kfp import dsl
from kubernetes import client as k8s


@dsl.pipeline(name="sidecars")
def sidecars_and_init_containers(tag: str = "latest", pull_image_policy: str = "IfNotPresent", word: str = "w"):
    echo = dsl.Sidecar(name="echo", image="hashicorp/http-echo:%s" % tag, args=['-text="hello world"'])
    warm = dsl.UserContainer(
        name="warm", image="busybox", command=["sh", "-c", f"echo {word}"], mirror_volume_mounts=True
    )
    warm.add_env_variable(k8s.V1EnvVar(name="WORD", value=word))
    op = dsl.ContainerOp(
        name="main",
        image="alpine:%s" % tag,
        command=["sh", "-c"],
        arguments=["wget -O /tmp/o localhost:5678"],
        sidecars=[echo],
        init_containers=[warm],
        file_outputs={"o": "/tmp/o"},
        container_kwargs={"image_pull_policy": pull_image_policy, "env": [k8s.V1EnvVar(name="TAG", value=tag)]},
    )
    op.add_sidecar(dsl.Sidecar("second", "nginx").set_memory_limit("100Mi"))
    op.add_init_container(dsl.UserContainer(name="third", image="busybox", args=["true"]))
    dsl.ContainerOp(name="show", image="alpine", command=["echo", op.output])
