"""Components of `kfp.v2.dsl` in a pipeline of KFP v1, which compiles them into steps that cannot start (M-13)."""

from typing import NamedTuple

from kfp import dsl
from kfp.v2.dsl import Artifact, Dataset, Input, InputPath, Metrics, Model, Output, OutputPath, component


@component(base_image="python:3.11", packages_to_install=["six"], pip_index_urls=["https://packages.example"])
def make(rows: int, data: Output[Dataset], notes_path: OutputPath("Text")) -> NamedTuple(
    "O", [("n", int), ("who", str)]
):
    """Make rows.

    Args:
        rows: How many.
    """
    with open(data.path, "w") as file:
        file.write("\n".join(map(str, range(rows))))
    with open(notes_path, "w") as file:
        file.write("made")
    return (rows, "me")


@component
def train(
    data: Input[Dataset],
    notes_path: InputPath("Text"),
    n: int,
    model: Output[Model],
    metrics: Output[Metrics],
    rate: float = 0.5,
    names: list = ["a"],
) -> float:
    assert len(open(data.path).read().split()) == n
    with open(model.path, "w") as file:
        file.write(open(notes_path).read())
    metrics.log_metric("accuracy", rate)
    return rate


@component
def report(of: Input[Artifact], metrics: Input[Metrics], accuracy: float) -> str:
    return str(metrics.metadata["accuracy"] == accuracy)


@dsl.pipeline(name="components-of-v2")
def components_of_v2(rows: int = 3):
    made = make(rows=rows)
    trained = train(made.outputs["data"], made.outputs["notes_path"], made.outputs["n"])
    with dsl.Condition(trained.outputs["Output"] > 0.1):
        report(of=trained.outputs["model"], metrics=trained.outputs["metrics"], accuracy=trained.outputs["Output"])
