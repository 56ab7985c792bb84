"""Python functions as components (W-01 to W-13, N-09 to N-12)."""

from typing import NamedTuple

from kfp import dsl
from kfp.components import InputPath, OutputPath, create_component_from_func, func_to_container_op


def add(a: float, b: float = 1.5) -> float:
    """Adds two numbers.

    Args:
        a: The first.
        b: The second.

    Returns:
        The sum.
    """
    return a + b


def divide(dividend: int, divisor: int = 7) -> NamedTuple("Outputs", [("quotient", int), ("remainder", int)]):
    return (dividend // divisor, dividend % divisor)


def train(
    text_path: InputPath("CSV"),
    model_path: OutputPath("Model"),
    steps: int = 10,
    verbose: bool = False,
    options: dict = None,
    tags: list = ["a"],
):
    with open(model_path, "w") as model:
        model.write(str(steps))


@create_component_from_func
def greet(name: str = "world") -> str:
    return f"hello {name}"


add_op = create_component_from_func(add)
divide_op = func_to_container_op(divide, base_image="python:3.9")
train_op = create_component_from_func(
    train, base_image="python:3.10-slim", packages_to_install=["pandas==1.4", "scikit-learn"]
)


@dsl.pipeline(name="calculation")
def components_from_functions(a: float = 1, name: str = "x"):
    total = add_op(a, 4)
    again = add_op(total.output)
    parts = divide_op(17)
    add_op(parts.outputs["quotient"].ignore_type(), parts.outputs["remainder"].ignore_type())
    model = train_op(text="a,b", steps=parts.outputs["quotient"], options={"lr": 0.1, "k": [1]}, verbose=True)
    train_op(model.outputs["model"].ignore_type(), tags=["x", "y"])
    greet(name)
    greet()
    greet(f"{again.output}!")
