"""A component function of a file whose annotations are texts."""
# ruff: noqa: F821, UP037 - written as KFP authors write

from __future__ import annotations

from typing import NamedTuple

from kfp_airflow.components import InputPath, OutputPath


class Outputs(NamedTuple):
    """What it returns."""

    accuracy: float


def train(data_path: InputPath("CSV"), model_path: OutputPath(), rate: float = 0.1, kind: "Kind" = "x") -> Outputs:
    return (rate,)
