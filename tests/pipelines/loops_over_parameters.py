"""Loops over pipeline parameters (L-06, L-07, L-12)."""

from kfp import dsl


def echo(name, *texts):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo"], arguments=list(texts))


@dsl.pipeline(name="over parameters")
def loops_over_parameters(names: list = ["a", "b"], settings: list = [{"lr": 0.1, "n": 2}], other: str = "o"):
    with dsl.ParallelFor(names) as name:
        first = echo("first", name)
        echo("second", name, other).after(first)
    with dsl.ParallelFor(settings) as setting:
        echo("third", setting.lr, setting.n)
        echo("fourth", setting)
    with dsl.ParallelFor(names) as again:
        echo("fifth", again, names)


@dsl.pipeline(name="items-with-parameters")
def items_with_parameters(first: str = "1", second: int = 2):
    made = dsl.ContainerOp(name="make", image="alpine", command=["sh", "-c", "echo 3 > /o"], file_outputs={"o": "/o"})
    with dsl.ParallelFor([first, f"x{second}", made.output, 4]) as item:
        echo("mixed", item)
    with dsl.ParallelFor([{"a": first, "b": "c"}, {"a": made.output, "b": f"{second}!"}]) as pair:
        echo("pair", pair.a, pair.b)
