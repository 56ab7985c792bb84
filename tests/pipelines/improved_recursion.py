"""Recursion that KFP compiles into something else or into nothing that Argo takes (F-04)."""

from kfp import dsl


def flip(name="flip", seed=None):
    return dsl.ContainerOp(
        name=name,
        image="python:3.9",
        command=["sh", "-c", "echo heads > /tmp/out"],
        arguments=[] if seed is None else [seed],
        file_outputs={"output": "/tmp/out"},
    )


def show(text):
    return dsl.ContainerOp(name="show", image="alpine", command=["echo", text])


@dsl.graph_component
def two(a, b):
    show(a)
    show(b)
    with dsl.Condition(a == b):
        two(b, a)


@dsl.pipeline(name="One value for two arguments")
def one_value_for_two_arguments(x: str = "1"):
    """KFP makes one argument of the two (R-04)."""
    two(x, x)


@dsl.pipeline(name="A value from around")
def a_value_from_around(x: str = "1"):
    """KFP's call does not hand it over (R-04)."""

    @dsl.graph_component
    def inner(a):
        show(x)
        again = flip(seed=a)
        with dsl.Condition(again.output == "heads"):
            inner(again.output)

    inner(flip("start").output)


@dsl.pipeline(name="The same value from around and as an argument")
def the_same_value_twice(x: str = "1"):
    """KFP changes both (R-04)."""

    @dsl.graph_component
    def inner(a):
        again = flip(seed=a)
        with dsl.Condition(again.output == x):
            inner(again.output)

    inner(x)


@dsl.graph_component
def for_each(values):
    with dsl.ParallelFor(values) as value:
        again = flip(seed=value)
        with dsl.Condition(again.output == "heads"):
            for_each(again.output)


@dsl.pipeline(name="A loop over an argument")
def a_loop_over_an_argument(x: list = [1, 2]):
    """KFP loops over the first value again and again (R-04)."""
    for_each(x)


@dsl.graph_component
def made(seed):
    return {"result": flip(seed=seed).output}


@dsl.pipeline(name="Outputs")
def outputs_of_a_graph_component(x: str = "1"):
    """KFP knows no outputs of graph components (R-03)."""
    first = made(x)
    show(first.outputs["result"])
    second = made(first.outputs["result"])
    show(f"then {second.outputs['result']}")


@dsl.graph_component
def Capital(a):
    again = flip(seed=a)
    with dsl.Condition(again.output == "heads"):
        once_more = Capital(again.output)
        show("inside").after(once_more)
    with dsl.Condition(again.output == "tails"):
        Capital(a).after(show("tails"))


@dsl.pipeline(name="After a group with a capital")
def after_a_group_with_a_capital(x: str = "1"):
    """KFP cannot find it (B-02)."""
    show("done").after(Capital(x))


@dsl.graph_component
def twice(a):
    again = flip(seed=a)
    with dsl.Condition(again.output == "heads"):
        twice(again.output)
    with dsl.Condition(again.output == "tails"):
        twice(a)


@dsl.pipeline(name="Two calls inside")
def two_calls_inside(x: str = "1"):
    """KFP mixes them up (R-02)."""
    twice(x)


@dsl.graph_component
def spend(budget):
    with dsl.Condition(budget > 0):
        rest = flip("spend", budget)
        spend(rest.output)


@dsl.pipeline(name="Two calls outside")
def two_calls_outside(x: int = 1, y: int = 2):
    """KFP ends with a KeyError (R-02)."""
    spend(x)
    spend(y)
