"""What a graph becomes on its way to a DAG, before any operator is made: pure functions, in this order (R4)."""

from __future__ import annotations

from functools import reduce
from typing import Final

from kfp_airflow.dag.sections import is_lifted
from kfp_airflow.graph.model import Graph, Pipeline, walk
from kfp_airflow.graph.rewrite import map_references
from kfp_airflow.graph.text import ArgumentRef, OutputRef, Reference


def lower(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline in the form that the build functions take."""
    return reduce(lambda lowered, step: step(lowered), PASSES, pipeline)


def name_values_of_graphs(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline with what graph components that run once are given and return in place of their names for it.

    Those of recursive ones are known only while they run (R-02, R-06).
    """
    meant: dict[Reference, Reference] = {}
    for member in walk(pipeline.members):
        if isinstance(member, Graph) and not is_lifted(member):
            meant.update({ArgumentRef(member.id, name): value for name, value in member.arguments})
            meant.update({OutputRef(member.id, name): value for name, value in member.outputs})
    if not meant:
        return pipeline

    def resolved(reference: Reference) -> Reference:
        while reference in meant:
            reference = meant[reference]
        return reference

    return map_references(pipeline, resolved)


PASSES: Final = (name_values_of_graphs,)
