"""Parameters annotated with KFP's own types, and a description of each in the docstring (T-02, T-03, D-30)."""

from kfp import dsl
from kfp.dsl.types import GCSPath, Integer, List, String


@dsl.pipeline(name="typed parameters", description="From the decorator.")
def types_of_parameters(
    count: Integer() = 3,
    path: GCSPath() = "gs://bucket/x",
    name: String() = "n",
    names: List() = ["a"],
    kind: "Kind" = "k",
):
    """Takes parameters of KFP's types.

    Args:
        count: How many.
        path: Where
            it lies.
    """
    dsl.ContainerOp(name="show", image="alpine", command=["echo", count, path, name, names, kind])


@dsl.pipeline(name="described by its docstring")
def described_by_its_docstring(a: str = "x"):
    """Says something.

    More of it.
    """
    dsl.ContainerOp(name="show", image="alpine", command=["echo", a])
