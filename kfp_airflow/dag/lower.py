"""What a graph becomes on its way to a DAG, before any operator is made: pure functions, in this order (R4)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import reduce
from typing import Final

from kfp_airflow.dag.sections import is_lifted
from kfp_airflow.graph.model import (
    Call,
    ContainerStep,
    ExitHandler,
    Graph,
    Loop,
    Member,
    Pipeline,
    ResourceStep,
    Step,
    SubGraph,
    walk,
)
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


def set_nested_exit_handlers_apart(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline with a DAG of its own for each exit handler within another kind of group.

    There it is the handler of a whole run, as Airflow's teardowns are, and runs only where its group does.
    """
    if not any(isinstance(member, ExitHandler) for member in walk(pipeline.members)):
        return pipeline
    return replace(pipeline, members=tuple(_set_apart(pipeline.members, nested=False)))


def _set_apart(members: tuple[Member, ...], *, nested: bool) -> Iterator[Member]:
    for member in members:
        if isinstance(member, Step | Call):
            yield member
            continue
        inside = nested or not isinstance(member, ExitHandler)
        group = replace(member, members=tuple(_set_apart(member.members, nested=inside)))
        if isinstance(group, ExitHandler) and nested:
            inner = replace(group, id=f"{group.id}/inside", after=())
            yield SubGraph(
                id=group.id, parallelism=None, name=group.name, members=(inner,), after=group.after, where=group.where
            )
        else:
            yield group


def limit_iterations(pipeline: Pipeline) -> Pipeline:
    """Return the pipeline with the limit of each `SubGraph` at the loops in it, too (L-15)."""
    if not any(isinstance(member, SubGraph) for member in walk(pipeline.members)):
        return pipeline
    return replace(pipeline, members=tuple(_limited(pipeline.members, None)))


def _limited(members: tuple[Member, ...], limit: int | None) -> Iterator[Member]:
    for member in members:
        match member:
            case ContainerStep() | ResourceStep() | Call():
                yield member
            case Loop():
                allowed = [number for number in (member.parallelism, limit) if number is not None]
                inside = tuple(_limited(member.members, None))
                yield replace(member, parallelism=min(allowed, default=None), members=inside)
            case SubGraph():
                yield replace(member, members=tuple(_limited(member.members, member.parallelism or limit)))
            case _:
                yield replace(member, members=tuple(_limited(member.members, limit)))


PASSES: Final = (name_values_of_graphs, set_nested_exit_handlers_apart, limit_iterations)
