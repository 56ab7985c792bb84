"""Defaults of every kind and where parameters may stand (PP-05 to PP-07)."""

from typing import Dict, List

from kfp import dsl


@dsl.pipeline(name="parameters", description="All kinds of parameters")
def parameters_of_every_type(
    text: str = "a b",
    empty: str = "",
    count: int = 3,
    rate: float = 0.5,
    flag: bool = True,
    names: list = ["b", "a"],
    options: dict = {"z": 1, "a": [True, None]},
    typed_list: List[int] = [1, 2],
    typed_dict: Dict[str, int] = {"k": 1},
    nothing=None,
    required: str = None,
    unannotated="x",
    *,
    keyword_only: int = 7,
):
    dsl.ContainerOp(
        name="show",
        image="alpine",
        command=["echo", text, empty, count, rate, flag],
        arguments=[
            names,
            options,
            typed_list,
            typed_dict,
            nothing,
            required,
            unannotated,
            keyword_only,
            f"{text}{text}",
        ],
    )


@dsl.pipeline(name="no default")
def without_defaults(url, Token_1: str):
    dsl.ContainerOp(name="get", image="alpine", command=["wget", url, "--token=%s" % Token_1])
