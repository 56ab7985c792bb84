"""Function arguments of every type, as constants, parameters and outputs (W-06 to W-08, OP-01 to OP-03)."""

from typing import Dict, List, Optional

from kfp import components, dsl


def take(
    text: str,
    count: int,
    rate: float,
    flag: bool,
    items: list,
    table: dict,
    typed: List[int],
    mapping: Dict[str, str],
    untyped,
    optional: Optional[str] = None,
    no: bool = False,
    none: int = None,
) -> bool:
    return flag


def make_list() -> list:
    return [1, 2]


def make_both() -> dict:
    return {}


take_op = components.create_component_from_func(take, base_image="python:3.9", annotations={"author": "Me"})
make_list_op = components.func_to_container_op(make_list, extra_code="import math\nHALF = 0.5\n")
make_both_op = components.func_to_container_op(make_both)


@dsl.pipeline(name="types")
def functions_of_every_type(text: str = "t", count: int = 1, rate: float = 0.5, flag: bool = True, items: list = [1]):
    listed = make_list_op()
    take_op("a", 1, 1.5, True, [1, "b"], {"k": None, "a": 1}, [1, 2], {"a": "b"}, "x")
    take_op(text, count, rate, flag, items, make_both_op().output, "[3]", "{}", count, optional="o", no=True, none=5)
    take_op(f"{text}!", "7", 3, "False", listed.output, {"p": f"{text}"}, [1], {}, 5, none=None)


@dsl.pipeline(name="loop over a function")
def loop_over_a_function():
    with dsl.ParallelFor(make_list_op().output) as item:
        take_op(item, item, 1, True, [], {}, [], {}, item)
