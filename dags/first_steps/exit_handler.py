"""Clean up, however the pipeline ends."""

from kfp import dsl


def say_op(name, text, exit_code=0):
    return dsl.ContainerOp(
        name=name,
        image="library/bash:4.4.23",
        command=["sh", "-c"],
        arguments=['echo "$0"; exit "$1"', text, exit_code],
    )


@dsl.pipeline(name="exit-handler", description="The handler runs even if the step fails.")
def exit_handler_pipeline(exit_code: int = 0):
    cleaning = say_op("clean up", "the run of {{workflow.name}} ended: {{workflow.status}}")
    with dsl.ExitHandler(cleaning):
        say_op("work", "working", exit_code)
