"""Loops over lists that the author wrote (L-02, L-03, L-05, L-07, L-09)."""

from kfp import dsl


def echo(name, *texts):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo"], arguments=list(texts))


@dsl.pipeline(name="static")
def loops_static(word: str = "w"):
    with dsl.ParallelFor([1, 2, 3]) as number:
        echo("number", number)
    with dsl.ParallelFor(["a", 'b"c', "d\ne"], parallelism=2) as letter:
        echo("letter", letter, f"{letter}-{word}")
    with dsl.ParallelFor([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]) as item:
        echo("a", item.a)
        echo("b", item.b, item)
    with dsl.ParallelFor([True, None, 1.5, [1, "2"]]) as odd:
        echo("odd", odd)
    with dsl.ParallelFor([1]):
        echo("no item")


@dsl.pipeline(name="static-nested")
def loops_static_nested(word: str = "w"):
    with dsl.ParallelFor([{"a": 1, "b": 2}, {"a": 10, "b": 20}]) as outer:
        first = echo("first", outer.a)
        with dsl.ParallelFor([100, 200]) as inner:
            echo("inner", outer.a, inner, word).after(first)
        with dsl.ParallelFor(["x"]) as other:
            echo("other", outer.b, other)
        echo("last", outer.b, word)
