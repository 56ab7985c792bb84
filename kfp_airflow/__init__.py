"""Kubeflow Pipelines v1 pipelines as Airflow DAGs.

    from kfp_airflow import dsl, components, compiler   # what authors write with: imports no Airflow
    from kfp_airflow import to_dag, load_dags           # what a DAG file calls

The names are imported when they are first used (PEP 562), so that `import kfp_airflow` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

__version__ = "0.1.0"

__all__ = ["__version__", "compiler", "components", "dsl", "load_dags", "to_dag"]

if TYPE_CHECKING:
    from kfp_airflow import compiler as compiler
    from kfp_airflow import components as components
    from kfp_airflow import dsl as dsl
    from kfp_airflow.catalog.loader import load_dags as load_dags
    from kfp_airflow.catalog.loader import to_dag as to_dag

_ROOMS = frozenset({"compiler", "components", "dsl"})
_LOADER = frozenset({"load_dags", "to_dag"})


def __getattr__(name: str) -> object:
    if name in _ROOMS:
        return import_module(f"kfp_airflow.{name}")
    if name in _LOADER:
        return getattr(import_module("kfp_airflow.catalog.loader"), name)
    raise AttributeError(f"module 'kfp_airflow' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
