"""Pass the output of one step to the next."""

from kfp import dsl


def write_op(text):
    return dsl.ContainerOp(
        name="write",
        image="library/bash:4.4.23",
        command=["sh", "-c"],
        arguments=['echo "$0" | tee /tmp/results.txt', text],
        file_outputs={"text": "/tmp/results.txt"},
    )


def echo_op(text):
    return dsl.ContainerOp(
        name="echo",
        image="library/bash:4.4.23",
        command=["sh", "-c"],
        arguments=['echo "$0"', "it says: %s" % text],
    )


@dsl.pipeline(name="sequential-pipeline", description="A pipeline with two sequential steps.")
def sequential_pipeline(text: str = "words, and 'quotes'"):
    written = write_op(text)
    echo_op(written.output)
