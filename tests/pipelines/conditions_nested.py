"""Conditions in conditions; a step uses what a branch made (CO-08, CO-09, DP-13)."""

from kfp import dsl


def flip(name="flip"):
    return dsl.ContainerOp(
        name=name, image="python:3.7", command=["sh", "-c", "echo heads | tee /tmp/o"], file_outputs={"side": "/tmp/o"}
    )


def show(name, *texts):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo"], arguments=list(texts))


@dsl.pipeline(name="coin", description="Flips coins.")
def conditions_nested(start: str = "x"):
    first = flip()
    with dsl.Condition(first.output == "heads"):
        second = flip("flip again")
        with dsl.Condition(second.output == "tails"):
            show("print1", second.output, first.output, start)
        with dsl.Condition(first.output != "tails", name="inner"):
            show("print2", "constant")
    with dsl.Condition(first.output == "tails"):
        show("print3", second.output)


@dsl.pipeline(name="branches")
def a_branch_feeds_another(threshold: float = 0.5):
    root = flip("root")
    with dsl.Condition(root.output == "heads"):
        inside = flip("inside")
        show("also inside", inside.output)
    show("outside", inside.output).after(root)
