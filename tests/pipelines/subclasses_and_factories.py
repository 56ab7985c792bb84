"""Ops, groups and pipelines made by classes, decorators and factories (D-01, D-09, D-20, O-14, PP-05)."""

import functools
import inspect

import kfp
from kfp import dsl


class EchoOp(dsl.ContainerOp):
    """An op with an image of its own."""

    def __init__(self, name, message):
        super(EchoOp, self).__init__(
            name=name,
            image="library/bash:4.4.23",
            command=["sh", "-c"],
            arguments=['echo "%s" | tee /tmp/out' % message],
            file_outputs={"output": "/tmp/out"},
        )


class ClusterOp(dsl.ResourceOp):
    """An object of a kind of its own."""

    def __init__(self, name, workers):
        super().__init__(
            name=name,
            k8s_resource={
                "apiVersion": "example.com/v1",
                "kind": "Cluster",
                "metadata": {"name": name},
                "spec": {"workers": workers, "autoscale": {"min": 1, "max": 3.5, "on": True, "label": None}},
            },
            action="create",
            success_condition="status.state in (Running, Terminated)",
            attribute_outputs={"name": "{.metadata.name}", "id": "{.status.id}"},
        )

    @property
    def resource(self):
        return super().resource


class Truth(dsl.Condition):
    """A condition on a text that a step evaluates."""

    def __init__(self, expression, name=None):
        super().__init__(EchoOp("evaluate", expression).output == "true", name)


def with_parameters(**parameters):
    """Give a function the parameters of a table."""

    def decorate(function):
        @functools.wraps(function)
        def wrapper(**given):
            return function(given)

        kinds = inspect.Parameter.KEYWORD_ONLY
        wrapper.__signature__ = inspect.Signature(
            [inspect.Parameter(name, kinds, default=value) for name, value in parameters.items()]
        )
        return wrapper

    return decorate


@dsl.pipeline(name="Subclasses")
def ops_of_classes(url: str = "gs://x", workers: int = 3):
    first = EchoOp("a", url)
    second = EchoOp("b %s" % "c", first.output)
    EchoOp(name="d", message="{} and {}".format(first.output, second.outputs["output"])).after(second)
    cluster = ClusterOp("my-cluster", workers)
    EchoOp("id", cluster.outputs["id"]).after(cluster)


@dsl.pipeline("Conditions of a class")
def conditions_of_a_class(number: int = 3):
    with Truth(f"{number} != 0"):
        with Truth(f"{number} > 2", "inner"):
            EchoOp("inside", number)


@dsl.pipeline("Wrapped", "A function with a signature of its own")
@with_parameters(alpha="x", beta=3, gamma=None)
def a_wrapped_function(given):
    for name in sorted(given):
        EchoOp(name, given[name])


def factory(count, name):
    @dsl.pipeline(name="Made %s" % name, description="of a factory")
    def made(size: int = count, *, note: str = name):
        for number in range(count):
            EchoOp(f"step {number}", f"{note} {size}")

    return made


@dsl.pipeline(name="Calls a made one")
def a_pipeline_that_calls_a_made_one(size: int = 4):
    factory(2, "two")(size, note="given")
    factory(1, "one")(size, note=size)


@dsl.pipeline(name="Keyword only")
def keyword_only_arguments(first, *, second: str = "x", third=None):
    EchoOp("first", first)
    EchoOp("second", second)
    EchoOp("third", third)


@kfp.dsl.pipeline()
def without_a_name(number: int = 1):
    EchoOp("a", number)
