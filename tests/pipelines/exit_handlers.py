"""A step that runs after all the others (EH-01, EH-02, EH-04, EH-05)."""

from kfp import dsl


def echo(name, *texts):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo"], arguments=list(texts))


@dsl.pipeline(name="exit handler")
def exit_handlers(url: str = "gs://x", who: str = "me"):
    bye = echo("bye", "{{workflow.status}} {{workflow.failures}}", who)
    with dsl.ExitHandler(bye):
        first = echo("first", url)
        echo("second").after(first)


@dsl.pipeline(name="exit handler with groups")
def exit_handler_with_groups(go: str = "yes"):
    bye = echo("bye")
    with dsl.ExitHandler(bye, name="Cleaning"):
        with dsl.Condition(go == "yes"):
            echo("inside")
        with dsl.ParallelFor(["a", "b"]) as item:
            echo("each", item)


@dsl.pipeline(name="one outside")
def one_step_outside():
    before = echo("before")
    with dsl.ExitHandler(echo("bye")):
        echo("inside").after(before)
