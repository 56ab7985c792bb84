"""Give a step init containers, sidecars, variables, and an image from a parameter."""

from kfp import dsl
from kubernetes.client.models import V1EnvVar


@dsl.pipeline(name="Containers", description="Everything around a container can be a parameter.")
def foo_pipeline(tag: str = "1.36", pull_image_policy: str = "IfNotPresent"):
    op = dsl.ContainerOp(
        name="foo",
        image="busybox:%s" % tag,
        command=["sh", "-c", 'echo "foo is $foo"; echo "$foo" > /tmp/foo'],
        init_containers=[dsl.UserContainer("print", "busybox:latest", command=["echo", "before the step"])],
        sidecars=[dsl.Sidecar("beside", "busybox:latest", command=["sh", "-c", 'echo "beside the step"; sleep 60'])],
        container_kwargs={"env": [V1EnvVar("foo", "bar")]},
        file_outputs={"foo": "/tmp/foo"},
    )
    op.container.set_image_pull_policy(pull_image_policy)
    op.add_sidecar(
        dsl.Sidecar("another", "busybox:%s" % tag, command=["sleep", "60"]).set_image_pull_policy("IfNotPresent")
    )
