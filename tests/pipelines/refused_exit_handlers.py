"""Exit handlers that a package cannot hold: the SDK drops some of them silently (EH-01, EH-03, EH-04, F-01)."""

from kfp import dsl


def echo(name, *texts):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo"], arguments=list(texts), file_outputs={"o": "/o"})


@dsl.pipeline(name="nested handler")
def nested_exit_handler(names: list = ["a"]):
    bye = echo("bye")
    with dsl.ParallelFor(names):
        with dsl.ExitHandler(bye):
            echo("inside")


@dsl.pipeline(name="handler after a group")
def exit_handler_after_a_group(go: str = "yes"):
    bye = echo("bye")
    with dsl.Condition(go == "yes"):
        echo("first")
    with dsl.ExitHandler(bye):
        echo("inside")


@dsl.pipeline(name="two handlers")
def two_exit_handlers():
    bye, again = echo("bye"), echo("again")
    with dsl.ExitHandler(bye):
        echo("inside")
    with dsl.ExitHandler(again):
        echo("also inside")


@dsl.pipeline(name="two steps outside")
def two_steps_outside():
    bye = echo("bye")
    echo("one")
    echo("two")
    with dsl.ExitHandler(bye):
        echo("inside")
