"""Loops in loops, conditions in loops, limits, lists of the run (L-02, L-06, L-10, L-11, L-12, L-15, CO-08)."""

import itertools

from kfp import dsl
from kfp.components import InputPath, OutputPath, create_component_from_func


@create_component_from_func
def split(data_path: OutputPath("Data"), folds: int = 3) -> list:
    open(data_path, "w").write("data")
    return list(range(folds))


@create_component_from_func
def train(
    data_path: InputPath("Data"), model_path: OutputPath("Model"), fold: str, rate: float, depth: int = 3
) -> float:
    open(model_path, "w").write(f"{fold} {rate} {depth}")
    return rate * depth


@create_component_from_func
def evaluate(model_path: InputPath("Model"), kind: str = "auc") -> float:
    return 0.5


@create_component_from_func
def report(what, score="", also=""):
    print(what, score, also)


@dsl.pipeline(name="Sweep", description="Every fold, rate and depth.")
def sweep_over_parameters(
    folds: int = 3,
    rates: list = [0.1, 0.2],
    settings: list = [{"depth": 3, "name": "flat"}, {"depth": 9, "name": "deep"}],
    wanted: float = 0.9,
):
    data = split(folds)
    first = train(data.outputs["data"], "0", 0.1, 3)
    report("baseline", first.outputs["output"])

    with dsl.ParallelFor(data.outputs["output"], parallelism=2) as fold:
        of_fold = train(data.outputs["data"], fold, 0.3)
        with dsl.Condition(of_fold.outputs["output"] > wanted, "good"):
            report("good", of_fold.outputs["output"], fold)
            scored = evaluate(of_fold.outputs["model"])
            with dsl.Condition(scored.output <= 0.5):
                report(f"suspicious {fold}", scored.output)
        with dsl.Condition(of_fold.outputs["output"] <= wanted):
            report("bad", fold)

    with dsl.SubGraph(parallelism=2):
        with dsl.ParallelFor(rates) as rate:
            with dsl.ParallelFor([3, 5, 9]) as depth:
                cell = train(data.outputs["data"], "all", rate, depth)
                score = evaluate(cell.outputs["model"], "f1")
                report(f"{rate}/{depth}", score.output, first.outputs["output"])

    with dsl.ParallelFor(settings) as setting:
        trained = train(data.outputs["data"], setting.name_ if False else "all", 0.2, setting.depth)
        report(setting, trained.outputs["output"])
    grid = [{"rate": rate, "depth": depth} for rate, depth in itertools.product([0.1, 0.5], [2, 4])]
    with dsl.ParallelFor(grid) as point:
        trained = train(data.outputs["data"], "grid", point.rate, point.depth)
        with dsl.Condition(point.depth == 4):
            report("depth four", trained.outputs["output"], point.rate)
    with dsl.ParallelFor(["a", "b"]) as letter:
        with dsl.ParallelFor(["x", "y"]) as other:
            with dsl.Condition(letter == other):
                report(letter, other)
    with dsl.ParallelFor(rates) as again:
        report(again, wanted)
    report("end").after(first)
