"""Dependencies are lifted to the first ancestors that differ (CO-09), and values travel through every group between."""

from kfp import dsl


def make(name, *texts):
    return dsl.ContainerOp(
        name=name, image="alpine", command=["sh", "-c", "echo 1 > /o"], arguments=list(texts), file_outputs={"o": "/o"}
    )


@dsl.pipeline(name="across")
def dependencies_across_groups(go: str = "yes", deep: str = "d"):
    root = make("root")
    with dsl.Condition(go == "yes"):
        one = make("one", root.output)
        with dsl.Condition(one.output == "1"):
            two = make("two", deep)
            with dsl.Condition(two.output == "1"):
                three = make("three", root.output, one.output, two.output)
                make("four", three.output, go)
    with dsl.Condition(go == "no"):
        make("five", one.output).after(two)
    make("six").after(three)


@dsl.pipeline(name="file through groups")
def files_through_groups(go: str = "yes"):
    root = make("root")
    with dsl.Condition(go == "yes"):
        with dsl.ParallelFor(["a"]) as item:
            dsl.ContainerOp(
                name="cat", image="alpine", command=["cat", dsl.InputArgumentPath(root.output)], arguments=[item]
            )
