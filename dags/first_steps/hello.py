"""Say hello from a container."""

from kfp import dsl


@dsl.component
def echo_op():
    return dsl.ContainerOp(
        name="echo",
        image="library/bash:4.4.23",
        command=["sh", "-c"],
        arguments=['echo "hello world"'],
    )


@dsl.pipeline(name="my-first-pipeline", description="A hello world pipeline.")
def hello_world_pipeline():
    echo_op()
