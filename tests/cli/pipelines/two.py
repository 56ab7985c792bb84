"""Two pipelines in a file, one of them with an unknown output."""

import kfp
from kfp import dsl


def echo(name, *texts):
    return dsl.ContainerOp(
        name=name, image="alpine", command=["echo"], arguments=list(texts), file_outputs={"said": "/tmp/said"}
    )


@dsl.pipeline(name="one")
def one(text: str = "x"):
    echo("echo", text)


@dsl.pipeline(name="other")
def other(text: str = "y"):
    handler = echo("goodbye")
    with dsl.ExitHandler(handler):
        first = echo("first", text)
        with dsl.Condition(first.outputs["said"] == "y", name="is y"):
            with dsl.ParallelFor([1, 2], parallelism=1) as item:
                echo("second", item, first.outputs["said"])
