"""The DAGs that one pipeline becomes: its own, and one for each body that runs by calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from kfp_airflow.dag.plan import Plan, make_plan
from kfp_airflow.dag.sections import Body, Interface, Section, make_interfaces, make_sections
from kfp_airflow.graph.model import Call, Graph, Pipeline, walk
from kfp_airflow.graph.text import OutputRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """What all DAGs of a pipeline know of each other; the mappings are by the ids of the bodies' groups."""

    sections: tuple[Section, ...]
    plans: Mapping[str, Plan]
    bodies: Mapping[str, Body]
    interfaces: Mapping[str, Interface]
    dag_ids: Mapping[str, str]
    returned_by: Mapping[OutputRef, OutputRef]
    """What a call inside a graph component returns: the same output of the component itself."""


def make_family(pipeline: Pipeline, dag_id_of_body: Callable[[str], str]) -> Family:
    """Return the family of a lowered pipeline; `dag_id_of_body` names the DAG of a group's body."""
    sections = make_sections(pipeline)
    return Family(
        sections=sections,
        plans={section.body.id if section.body else "": make_plan(section.members) for section in sections},
        bodies={section.body.id: section.body for section in sections if section.body},
        interfaces=make_interfaces(pipeline) if len(sections) > 1 else {},
        dag_ids={section.body.id: dag_id_of_body(section.body.id) for section in sections if section.body},
        returned_by=dict(_returned(pipeline)) if len(sections) > 1 else {},
    )


def _returned(pipeline: Pipeline) -> Iterator[tuple[OutputRef, OutputRef]]:
    graphs = {member.id: member for member in walk(pipeline.members) if isinstance(member, Graph)}
    for member in walk(pipeline.members):
        if isinstance(member, Call):
            for name, _ in graphs[member.graph].outputs:
                yield OutputRef(member.id, name), OutputRef(member.graph, name)
