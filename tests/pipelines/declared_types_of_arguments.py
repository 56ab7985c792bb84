"""Types of KFP, of Python and of the author's own, with defaults of every kind (D-30, PP-06, T-02, T-03)."""

from typing import Any, Dict, List, Optional, Union

from kfp import dsl
from kfp.components import create_component_from_func
from kfp.dsl.types import Bool, Float, GCPProjectID, GCPRegion, GCSPath, Integer, LocalPath, String
from kfp.dsl.types import Dict as DictType
from kfp.dsl.types import List as ListType


def use(*values):
    dsl.ContainerOp("use", "image", arguments=list(values))


@dsl.pipeline(name="Types of KFP")
def types_of_kfp(
    project: GCPProjectID() = "p",
    path: GCSPath() = "gs://bucket/x",
    number: Integer() = 3,
    text: String() = "x",
    ratio: Float() = 0.1,
    items: ListType() = [1, 2],
    table: DictType() = {"a": 1},
    flag: Bool() = True,
    local: LocalPath() = "/x",
    region: GCPRegion() = "us-west1",
):
    use(project, path, number, text, ratio, items, table, flag, local, region)


@dsl.pipeline(name="Types of Python")
def types_of_python(
    anything: Any = "x",
    names: List[str] = ["a"],
    counts: Dict[str, int] = {"a": 1},
    maybe: Optional[int] = None,
    either: Union[int, str] = 3,
    pair: tuple = (1, 2),
    raw: bytes = None,
    nested: dict = {"b": {"c": [None, True, 1.5]}, "a": ""},
    one: float = 1,
    empty: str = "",
):
    use(anything, names, counts, maybe, either, pair, raw, nested, one, empty)


@dsl.pipeline(name="Types of the author")
def types_of_the_author(
    model: "Model" = "m",
    table: {"Table": {"format": "csv", "rows": 3}} = "t",
    nothing: None = "n",
    missing=None,
    *,
    last,
):
    use(model, table, nothing, missing, last)


def typed(
    anything: Any,
    maybe: Optional[Any] = None,
    names: List[Any] = None,
    kind: "Model" = "x",
    table: {"Table": {"a": 1}} = None,
    either: Union[int, str] = "1",
    plain: object = "o",
):
    pass


@dsl.pipeline(name="Types of functions")
def types_of_functions(anything: Any = "x"):
    component = create_component_from_func(typed)
    component(anything)
    component("x", maybe="1", names="[]", kind="y", table="t", either="2", plain="p")
