"""Sleeps for a minute, and leaves a file when it is told to end."""

import kfp
from kfp import dsl


@dsl.pipeline(name="sleeps")
def sleeps(seconds: int = 60):
    dsl.ContainerOp(name="sleep", image="library/bash:4.4.23", command=["bash", "-c", "echo begun; sleep $0", seconds])
