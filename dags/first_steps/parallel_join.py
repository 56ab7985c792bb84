"""Run two steps side by side and join their outputs."""

from kfp import dsl


def roll_op(name, sides):
    return dsl.ContainerOp(
        name=name,
        image="library/bash:4.4.23",
        command=["sh", "-c"],
        arguments=['expr "$0" / 2 | tee /tmp/data', sides],
        file_outputs={"data": "/tmp/data"},
    )


def join_op(first, second):
    return dsl.ContainerOp(
        name="join",
        image="library/bash:4.4.23",
        command=["sh", "-c"],
        arguments=['echo "first: $0, second: $1" | tee /tmp/joined', first, second],
        file_outputs={"joined": "/tmp/joined"},
    )


@dsl.pipeline(name="parallel-pipeline", description="Two steps at the same time, and one that waits for both.")
def parallel_join_pipeline(first: int = 6, second: int = 20):
    join_op(roll_op("first", first).output, roll_op("second", second).output)
