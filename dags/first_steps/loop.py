"""Do the same for every item of a list."""

from kfp import components, dsl


@components.create_component_from_func
def make_list(length: int) -> list:
    return [number * number for number in range(length)]


def item_op(item, greeting):
    return dsl.ContainerOp(
        name="item",
        image="library/bash:4.4.23",
        command=["sh", "-c"],
        arguments=['echo "$0 $1"; printf "%s" "$1" > /tmp/item', greeting, item],
        file_outputs={"item": "/tmp/item"},
    )


def total_op(items):
    return dsl.ContainerOp(
        name="total", image="library/bash:4.4.23", command=["echo"], arguments=["all of them:", items]
    )


@dsl.pipeline(name="loop-pipeline", description="Loops over a list in the file, and over a list that a step makes.")
def loop_pipeline(greeting: str = "this is", length: int = 4):
    with dsl.ParallelFor([{"label": "a", "size": 1}, {"label": "b", "size": 2}]) as item:
        item_op("%s of size %s" % (item.label, item.size), greeting)
    made = make_list(length)
    with dsl.ParallelFor(made.output) as square:
        squared = item_op(square, greeting)
    total_op(squared.output)
