"""What of a pipeline a package cannot hold, although it runs as a DAG."""

from __future__ import annotations

from collections.abc import Iterator

from kfp_airflow.diagnostics import Diagnostic
from kfp_airflow.graph.model import (
    Call,
    Condition,
    ContainerStep,
    ExitHandler,
    Graph,
    Loop,
    Member,
    Pipeline,
    ResourceStep,
    SubGraph,
    walk,
)
from kfp_airflow.graph.survey import Survey
from kfp_airflow.graph.text import OutputRef
from kfp_airflow.package.volume import check_volume_passing


def check_package(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yield what KFP cannot express (errors: EH-03, EH-04, DP-12), and what its engine does not run (warnings)."""
    members = tuple(walk(pipeline.members))
    yield from _exit_handlers(pipeline, [member for member in members if isinstance(member, ExitHandler)])
    if any(isinstance(member, Loop) for member in members):
        yield from _files_out_of_loops(pipeline, members)
    if recursive := {member.graph for member in members if isinstance(member, Call)}:
        yield from _returned_by_recursion(pipeline, recursive)
    yield from check_volume_passing(pipeline)


def _exit_handlers(pipeline: Pipeline, handlers: list[ExitHandler]) -> Iterator[Diagnostic]:
    for handler in handlers[1:]:
        yield _refused("KA201", handler, f"a package holds one exit handler, and '{handlers[0].id}' is one already")
    for handler in handlers[:1]:
        if not any(member is handler for member in pipeline.members):
            yield _refused(
                "KA202",
                handler,
                "it is inside another group, and a package's exit handler runs at the end of the whole run",
            )
            continue
        steps = [member for member in pipeline.members if isinstance(member, ContainerStep | ResourceStep)]
        first = next(member for member in pipeline.members if member not in steps)
        if first is not handler:
            yield _refused(
                "KA203",
                handler,
                f"group '{first.id}' stands before it, and KFP drops an exit handler that is not the first group",
            )
        if len(steps) > 1:
            outside = ", ".join(step.id for step in steps)
            yield _refused(
                "KA204", handler, f"{len(steps)} steps stand outside of it ({outside}), and KFP takes one at most"
            )


def _refused(code: str, handler: ExitHandler, problem: str) -> Diagnostic:
    return Diagnostic(
        code=code,
        row="EH-04" if code in {"KA202", "KA204"} else "EH-03",
        where=handler.where,
        step=handler.handler.id,
        problem=f"exit handler '{handler.id}' cannot be written into a package: {problem}",
        advice=(
            "Put everything that the handler is to follow into one `with dsl.ExitHandler(…)`; "
            "as a DAG the pipeline runs as it is."
        ),
    )


def _files_out_of_loops(pipeline: Pipeline, members: tuple[Member, ...]) -> Iterator[Diagnostic]:
    loops = dict(_loops_around(pipeline.members, ()))
    for member in members:
        for file in member.inputs if isinstance(member, ContainerStep) else ():
            made = file.source.sole_output
            left = [loop for loop in loops.get(made.step, ()) if loop not in loops[member.id]] if made else []
            if made and left:
                yield Diagnostic(
                    code="KA205",
                    row="DP-13",
                    severity="warning",
                    where=member.where,
                    step=member.id,
                    problem=(
                        f"file input '{file.name}' is output '{made.output}' of step '{made.step}', which is made once "
                        f"per item of '{left[0]}': Argo cannot run that, as it knows lists of values only"
                    ),
                    advice="As a DAG it works: the file holds the JSON list. For Argo, take it by value (inputValue).",
                )


def _returned_by_recursion(pipeline: Pipeline, recursive: set[str]) -> Iterator[Diagnostic]:
    """Yield uses of what a graph component returns that calls itself, `recursive` being the ids of those."""
    survey = Survey(pipeline)
    for seat in survey.seats:
        for reference in seat.references:
            producer = survey.by_id[reference.step].member if isinstance(reference, OutputRef) else None
            if isinstance(producer, Call) or (isinstance(producer, Graph) and producer.id in recursive):
                yield Diagnostic(
                    code="KA209",
                    row="R-03",
                    where=seat.member.where,
                    problem=f"'{seat.member.id}' uses what the graph component '{producer.name}' returns, and that one "
                    "calls itself: KFP knows no such outputs",
                    advice="As a DAG it works. For a package, let the next step be part of the graph component.",
                )


def _loops_around(members: tuple[Member, ...], around: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the id of every step with the ids of the loops around it."""
    for member in members:
        match member:
            case Loop():
                yield from _loops_around(member.members, (*around, member.id))
            case Condition() | SubGraph() | Graph():
                yield from _loops_around(member.members, around)
            case Call():
                continue
            case ExitHandler():
                yield from _loops_around((*member.members, member.handler), around)
            case _:
                yield member.id, around
