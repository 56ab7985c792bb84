"""`@dsl.component` around a function that makes a ContainerOp (D-24)."""

import kfp
from kfp import dsl


@dsl.component
def echo_op(text: str, image: str = "library/bash:4.4.23"):
    return dsl.ContainerOp(
        name="echo", image="library/bash:4.4.23", command=["sh", "-c"], arguments=['echo "$0"', text]
    )


@kfp.dsl.component
def hello():
    return dsl.ContainerOp(
        name="hello", image="library/bash:4.4.23", command=["sh", "-c"], arguments=['echo "hello world"']
    )


@dsl.pipeline(name="hello-world")
def decorated_components(message: str = "hi"):
    greeting = hello()
    echo_op(message).after(greeting)
    echo_op("constant")
