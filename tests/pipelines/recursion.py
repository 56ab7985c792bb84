"""Graph components: loops that end at run time, and named groups (D-23, R-01, R-02, R-05)."""

import kfp
from kfp import dsl
from kfp.components import InputPath, create_component_from_func


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


@create_component_from_func
def measure(model_path: InputPath("Model"), rounds: int = 3) -> float:
    return len(open(model_path).read()) / rounds


@dsl.graph_component
def while_heads(result, limit):
    with dsl.Condition(result == "heads"):
        shown = show(result)
        again = flip(seed=limit).after(shown)
        while_heads(again.output, limit)


@dsl.pipeline(name="While")
def while_loop(maxVal: int = 12):
    first = flip()
    rounds = while_heads(first.output, maxVal)
    show("done").after(rounds)


@dsl.graph_component
def do_while_heads(result):
    shown = show(result)
    again = flip().after(shown)
    with dsl.Condition(again.output == "heads"):
        do_while_heads(result=again.output)


@dsl.pipeline(name="Do while")
def do_while_loop():
    show("done").after(do_while_heads(flip().output))


@dsl.pipeline(name="Do while for each")
def do_while_in_a_loop():
    with dsl.ParallelFor(["heads", "tails"]) as face:
        do_while_heads(face)


@dsl.graph_component
def without_arguments():
    again = flip()
    again.execution_options.caching_strategy.max_cache_staleness = "P0D"
    with dsl.Condition(again.output == "heads"):
        without_arguments()


@dsl.pipeline(name="No arguments")
def recursion_without_arguments():
    without_arguments()


@dsl.graph_component
def swap(a, b):
    show(a)
    show(b)
    with dsl.Condition(a != b):
        swap(b=a, a=b)


@dsl.pipeline(name="Swap")
def arguments_by_name(x: str = "1", y: str = "2"):
    """Keyword arguments come in any order (R-01)."""
    swap(b=x, a=y)


@dsl.graph_component
def even(n):
    a = flip("even step", n)
    with dsl.Condition(a.output == "heads"):
        odd(a.output)


@dsl.graph_component
def odd(n):
    a = flip("odd step", n)
    with dsl.Condition(a.output == "heads"):
        even(a.output)


@dsl.pipeline(name="Two that call each other")
def mutual_recursion(n: int = 4):
    even(n)


@dsl.graph_component
def train_until_good(model, Threshold):
    error = measure(model)
    with dsl.Condition(error.output > Threshold):
        better = flip("train", error.output)
        train_until_good(better.output, Threshold)


@dsl.pipeline(name="Train until good")
def files_through_rounds(threshold: float = 0.01):
    train_until_good(flip("start").output, threshold)


@dsl.pipeline(name="Start with a parameter")
def a_parameter_as_a_file(start="model", threshold: float = 0.01):
    train_until_good(start, threshold)


@dsl.graph_component
def flip_and_show(Seed, unused=None):
    result = flip(seed=Seed)
    show(f"result: {result.output} of {Seed}")
    return {"result": result.output}


@dsl.pipeline(name="Groups with names")
def groups_without_recursion(seed: str = "1"):
    """A graph component that does not call itself is a named group (R-06)."""
    first = flip_and_show(seed)
    second = flip_and_show(flip("other").output, seed)
    show("after").after(first, second)


@dsl.graph_component
def of_an_item(item):
    show(item.name_of_it)
    show(item)


@dsl.pipeline(name="Items")
def an_item_as_an_argument():
    with dsl.ParallelFor([{"name_of_it": "a", "b": 1}, {"name_of_it": "c", "b": 2}]) as item:
        of_an_item(item)


@dsl.graph_component
def of_many(values):
    with dsl.ParallelFor(values) as value:
        show(value)


@dsl.pipeline(name="A loop in a group")
def a_loop_in_a_graph_component(values: list = [1, 2, 3]):
    of_many(values)


@dsl.graph_component
def keeps_a_value(a, b=None):
    again = flip(seed=a)
    with dsl.Condition(again.output == "heads"):
        keeps_a_value(again.output)


@dsl.pipeline(name="An argument that is left out")
def an_unused_argument(x: str = "1"):
    keeps_a_value(x, x)


if __name__ == "__main__":
    kfp.compiler.Compiler().compile(while_loop, __file__ + ".yaml")
