"""Fails in its second step, after a few lines."""

import kfp
from kfp import dsl


@dsl.pipeline(name="fails")
def fails(code: int):
    first = dsl.ContainerOp(name="first", image="library/bash:4.4.23", command=["bash", "-c", "echo fine"])
    second = dsl.ContainerOp(
        name="second",
        image="library/bash:4.4.23",
        command=["bash", "-c", "for line in $(seq 30); do echo line $line; done; exit $0", code],
    ).after(first)
    dsl.ContainerOp(name="third", image="library/bash:4.4.23", command=["true"]).after(second)
