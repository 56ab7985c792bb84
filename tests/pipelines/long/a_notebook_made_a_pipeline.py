"""Small Python functions with every kind of annotation, as in notebooks (M-07, M-08, M-12, W-06 to W-10, N-10)."""

from typing import Any, Dict, List, NamedTuple, Optional

import kfp
from kfp.components import (
    InputBinaryFile,
    InputPath,
    InputTextFile,
    OutputBinaryFile,
    OutputPath,
    OutputTextFile,
    create_component_from_func,
    func_to_container_op,
)


@func_to_container_op
def load(url: str, rows_path: OutputPath("CSV"), limit: int = 100, sep: str = ",", strict: bool = True):
    open(rows_path, "w").write(url)


@func_to_container_op
def describe(rows_path: InputPath("CSV")) -> NamedTuple(
    "Description", [("rows", int), ("columns", list), ("types", dict), ("mean", float), ("clean", bool)]
):
    return 1, ["a"], {"a": "int"}, 0.5, True


@create_component_from_func
def clean(source: InputTextFile("CSV"), target: OutputTextFile("CSV"), drop: list = [], rename: dict = {}):
    target.write(source.read())


@create_component_from_func
def pack(source: InputBinaryFile(), packed_file: OutputBinaryFile("Zip"), level: int = None):
    packed_file.write(source.read())


def fit(
    rows_path: InputPath(),
    model_path: OutputPath(),
    columns: List[str],
    weights: Dict[str, float] = None,
    seed: Optional[int] = None,
    rate: "Float" = 0.1,
    other: Any = "x",
) -> NamedTuple("Fit", [("loss", float), ("mlpipeline_metrics", "Metrics"), ("mlpipeline_ui_metadata", "UI_metadata")]):
    """Fits a model.

    Long text about it.

    Args:
        columns (list): Which columns.
        weights: How much each counts.
        rate: How fast.
    """
    from collections import namedtuple

    return namedtuple("Fit", ["loss", "mlpipeline_metrics", "mlpipeline_ui_metadata"])(0.1, "{}", "{}")


fit_op = create_component_from_func(
    fit, base_image="python:3.9", packages_to_install=["pandas==1.3.5", "scikit-learn>=1"], annotations={"author": "me"}
)


def predict(model, rows, threshold=0.5, names=None) -> str:
    return str(model)


predict_op = func_to_container_op(predict, extra_code="import math", base_image="python:3.8-slim")


@create_component_from_func
def show(text, also="", number: float = 1):
    print(text, also, number)


@kfp.dsl.pipeline(name="A notebook")
def a_notebook_made_a_pipeline(
    url: str = "https://example.com/rows.csv",
    limit: int = 10,
    rate: float = 0.2,
    columns: List[str] = ["a", "b"],
    renamed: dict = {"a": "b"},
    strict: bool = False,
    untyped=3,
):
    loaded = load(url, limit=limit, strict=strict)
    described = describe(loaded.outputs["rows"])
    for name in ("rows", "columns", "types", "mean", "clean"):
        show(described.outputs[name], also=name)
    cleaned = clean(loaded.output, drop=["x", 1, None], rename=renamed)
    packed = pack(cleaned.outputs["target"], level=9)
    again = pack("a constant")
    fits = []
    for seed in (1, 2, 3):
        fitted = fit_op(cleaned.output, columns, weights={"a": 0.5, "b": 1}, seed=seed, rate=rate)
        fits.append(fitted)
        show(f"loss of {seed} is {fitted.outputs['loss']}", number=fitted.outputs["loss"])
    default = fit_op(rows="1,2,3", columns='["c"]', other=untyped)
    for fitted in (*fits, default):
        predicted = predict_op(fitted.outputs["model"], cleaned.output, names=untyped)
        show(predicted.output).set_display_name("Show it")
    predict_op("model", rows=3, threshold=0.9 if False else "0.9")
    show(packed.output, again.outputs["packed"], 0)
    show("" if False else "empty", "", 2.5)
