"""Graph components in a package: what their arguments are called, and what never changes (R-01 to R-04).

KFP names the inputs of a graph component's template after what the outermost call hands in, and every use of that in
the component is then an argument. So are they named here, but where two things would share a name and a call changes
one of them only: then the argument gets a name of its own (R-04).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from kfp_airflow.graph.model import Call, Graph, Pipeline, walk
from kfp_airflow.graph.survey import Survey
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, Reference, RunRef
from kfp_airflow.package.names import unique


class Recursion:
    """The graph components of a pipeline, and those of them that call themselves."""

    def __init__(self, pipeline: Pipeline) -> None:
        members = tuple(walk(pipeline.members))
        self._graphs = {member.id: member for member in members if isinstance(member, Graph)}
        self._recursive = {member.graph for member in members if isinstance(member, Call)}
        self._survey = Survey(pipeline) if self._recursive else None
        self._names: dict[ArgumentRef, str] = {}

    def settled(self, ref: Reference) -> Reference:
        """Return what a reference is in the package: arguments that never change are what was handed in (R-06)."""
        if isinstance(ref, ArgumentRef) and ref.graph not in self._recursive:
            return self.settled(self.handed_in(ref))
        if isinstance(ref, OutputRef) and ref.step in self._graphs and ref.step not in self._recursive:
            return self.settled(dict(self._graphs[ref.step].outputs)[ref.output])
        return ref

    def handed_in(self, ref: ArgumentRef) -> Reference:
        """Return what the outermost call hands in for an argument."""
        return dict(self._graphs[ref.graph].arguments)[ref.name]

    def name(self, ref: ArgumentRef) -> str:
        """Return the name under which an argument travels; `name_arguments` has given it."""
        return self._names[ref]

    def name_arguments(self, graph: Graph, name: Callable[[Reference], str]) -> None:
        """Name the arguments of a component that calls itself, `name` being the name of everything around it."""
        if graph.id not in self._recursive:
            return
        taken = {name(ref) for ref in self._from_around(graph)}
        for argument, source in graph.arguments:
            given = unique(name(self.settled(source)), taken)
            self._names[ArgumentRef(graph.id, argument)] = given
            taken.add(given)

    def _from_around(self, graph: Graph) -> Iterator[Reference]:
        """Yield what the members of a component use that neither they make nor it was given."""
        inside = {graph.id, *(member.id for member in walk(graph.members))}
        for member in walk(graph.members):
            for found in self._survey.by_id[member.id].references if self._survey else ():
                ref = self.settled(found)
                if _origin(ref) not in inside and not isinstance(ref, RunRef):
                    yield ref


def _origin(ref: Reference) -> str | None:
    """Return the id of the member that makes what is referred to, None for what comes with the run."""
    match ref:
        case OutputRef():
            return ref.step
        case ItemRef():
            return ref.loop
        case ArgumentRef():
            return ref.graph
        case _:
            return None
