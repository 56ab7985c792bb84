"""`SubGraph` limits what runs at a time (D-22, L-15)."""

from kfp import dsl


def echo(name, *texts):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo"], arguments=list(texts))


@dsl.pipeline(name="limited")
def groups_of_limited_width(names: list = ["a", "b"]):
    first = dsl.ContainerOp(name="first", image="alpine", command=["sh", "-c", "echo 1 > /o"], file_outputs={"o": "/o"})
    with dsl.SubGraph(parallelism=2):
        with dsl.ParallelFor([1, 2, 3]) as item:
            echo("each", item, first.output)
        echo("beside")
    with dsl.SubGraph(parallelism=1):
        with dsl.ParallelFor(names) as name:
            echo("named", name)
