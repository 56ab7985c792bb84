"""Every operator, and every kind of operand, on either side (CO-01 to CO-06)."""

from kfp import dsl


def echo(name):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo", name])


@dsl.pipeline(name="operators")
def conditions_of_every_operator(size: int = 3, word: str = "a", flag: bool = True):
    flip = dsl.ContainerOp(name="flip", image="alpine", command=["sh", "-c", "echo 1 > /o"], file_outputs={"o": "/o"})
    with dsl.Condition(size == 3):
        echo("equal")
    with dsl.Condition(size != 3):
        echo("unequal")
    with dsl.Condition(size < 3):
        echo("less")
    with dsl.Condition(size <= 3.0):
        echo("at most")
    with dsl.Condition(size > flip.output):
        echo("more")
    with dsl.Condition(flip.output >= 3):
        echo("at least")
    with dsl.Condition(word == "it's"):
        echo("words")
    with dsl.Condition(word == size):
        echo("two parameters")
    with dsl.Condition(flag == True):  # noqa: E712
        echo("flags")
    with dsl.Condition(10 < size):
        echo("reflected")
    with dsl.Condition(flip.output == flip.output, name="self"):
        echo("named")
