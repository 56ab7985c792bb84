"""Loops over what other loops give; the SDK writes references to nothing or does not compile (L-06, L-10, F-03)."""

from kfp import dsl


def make(name="make"):
    return dsl.ContainerOp(name=name, image="alpine", command=["sh", "-c", "echo [1] > /o"], file_outputs={"o": "/o"})


def show(name, *texts):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo"], arguments=list(texts))


@dsl.pipeline(name="loop over an item")
def loop_over_an_item(rows: list = [[1, 2], [3]]):
    with dsl.ParallelFor(rows) as row:
        with dsl.ParallelFor(row) as cell:
            show("cell", cell, row)


@dsl.pipeline(name="loop over a key of an item")
def loop_over_a_key(rows: list = [{"label": "a", "cells": [1]}]):
    with dsl.ParallelFor(rows) as row:
        with dsl.ParallelFor(row.cells) as cell:
            show("cell", cell, row.label)


@dsl.pipeline(name="outer output in a condition")
def loop_over_an_outer_output(go: str = "yes"):
    made = make()
    with dsl.Condition(go == "yes"):
        with dsl.ParallelFor(made.output) as item:
            show("item", item)


@dsl.pipeline(name="a key called name")
def a_key_called_name(rows: list = [{"name": "a"}]):
    with dsl.ParallelFor(rows) as row:
        show("row", row.name)
