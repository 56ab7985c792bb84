"""Rules about members, what they are called, wait for and read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, get_args

from kfp_airflow.graph.cycles import find_cycle
from kfp_airflow.graph.model import (
    Call,
    Condition,
    ContainerStep,
    Graph,
    Loop,
    Operator,
    ResourceStep,
)
from kfp_airflow.graph.rules import Found, at, kind_of, quoted, references, rule
from kfp_airflow.graph.survey import Seat, Survey, output_names
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, ParameterRef, Reference, RunRef, Struct

_STEP_ID: Final = re.compile(r"[\w.-]{1,250}", re.ASCII)
_GROUP_ID: Final = re.compile(r"[\w-]{1,200}", re.ASCII)
_AFTER_THE_END: Final = ("status", "failures", "duration")


@rule("KA020", row="N-02")
def duplicate_ids(survey: Survey) -> Iterator[Found]:
    """Ids of steps and groups are unique in a pipeline."""
    seen: set[str] = set()
    for seat in survey.seats:
        member = seat.member
        if member.id in seen:
            first = survey.by_id[member.id].member.where
            yield Found(
                member.where,
                f"the id '{member.id}' is taken by the {kind_of(survey.by_id[member.id])} at {first}",
                "Give one of the two another name; one op can be the exit handler of one dsl.ExitHandler only.",
            )
        seen.add(member.id)


@rule("KA021", row="N-03")
def names_that_airflow_refuses(survey: Survey) -> Iterator[Found]:
    """Step ids have at most 250 characters, group ids 200: ASCII letters, digits, `-`, `_`, and `.` in steps."""
    for seat in survey.seats:
        member = seat.member
        is_step = isinstance(member, ContainerStep | ResourceStep | Call)
        if not (_STEP_ID if is_step else _GROUP_ID).fullmatch(member.id):
            limit = 250 if is_step else 200
            yield Found(
                member.where,
                f"the id '{member.id}' of a {kind_of(seat)} has {len(member.id)} characters; "
                f"Airflow takes 1 to {limit} ASCII letters, digits, '-' and '_'",
                "Give it a shorter name of such characters; set_display_name takes any text.",
            )


@rule("KA022", row="PP-10")
def unknown_parameters(survey: Survey) -> Iterator[Found]:
    """A parameter that is used is an argument of the pipeline."""
    known = {parameter.name for parameter in survey.pipeline.parameters}
    for seat, reference in references(survey, ParameterRef):
        if reference.name not in known:
            alike = next((name for name in known if name.replace("_", "-") == reference.name), None)
            yield at(
                seat,
                f"uses the parameter '{reference.name}', which the pipeline does not have: it has {quoted(known)}",
                f"Write '{alike}': the names of parameters stay as they are."
                if alike
                else f"Add '{reference.name}' to the arguments of the pipeline function.",
            )


@rule("KA023", row="O-05")
def unknown_outputs(survey: Survey) -> Iterator[Found]:
    """An output that is read is declared by its step."""
    for seat, reference in references(survey, OutputRef):
        producer = survey.by_id.get(reference.step)
        if producer is None:
            yield at(
                seat,
                f"reads output '{reference.output}' of step '{reference.step}', which this pipeline does not have",
                "Use outputs of steps of the same pipeline only.",
            )
        elif isinstance(producer.member, Graph | Call):
            returned = _returned(producer.member, survey)
            if reference.output not in returned:
                yield at(
                    seat,
                    f"reads output '{reference.output}' of the graph component '{producer.member.name}', "
                    f"which returns {quoted(returned)}",
                    f"Let '{producer.member.name}' return a dict with '{reference.output}' in it.",
                )
        elif not isinstance(producer.member, ContainerStep | ResourceStep):
            yield at(seat, f"reads an output of the {kind_of(producer)} '{reference.step}'", "Only steps have outputs.")
        elif reference.output not in (names := output_names(producer.member)):
            yield at(
                seat,
                f"reads output '{reference.output}' of step '{reference.step}', which has {quoted(names)}",
                f"{'Write one of those, or declare' if names else 'Declare'} '{reference.output}' in file_outputs at "
                f"{producer.member.where}.",
            )


@rule("KA024", row="L-03")
def items_out_of_scope(survey: Survey) -> Iterator[Found]:
    """A loop's item is used inside that loop only, and by a key that its items have."""
    for seat, reference in references(survey, ItemRef):
        loop = next((group for group in seat.groups if group.id == reference.loop), None)
        if not isinstance(loop, Loop):
            yield at(
                seat,
                f"uses the item of the loop '{reference.loop}' outside of that loop",
                (
                    "Move it into the `with dsl.ParallelFor(…)` block, or read an output of a step in "
                    "there: outside it is a JSON list."
                ),
            )
        elif reference.key is not None and isinstance(loop.items, tuple):
            for number, item in enumerate(loop.items):
                if not (isinstance(item, Struct) and any(key.constant == reference.key for key, _ in item.entries)):
                    yield at(
                        seat,
                        (
                            f"uses '{reference.key}' of the loop's item, and item {number} of the loop at "
                            f"{loop.where} has none"
                        ),
                        f"Give every item of the loop a '{reference.key}'.",
                    )
                    break


@rule("KA025", row="A-01")
def cycles(survey: Survey) -> Iterator[Found]:
    """No step waits for itself, by whatever way."""
    cycle = find_cycle(survey)
    if cycle:
        names = " → ".join(f"'{member_id}'" for member_id in (*cycle, cycle[0]))
        first = survey.by_id[cycle[0]].member
        yield Found(
            first.where,
            f"these wait for each other without end: {names}",
            "Take one of the dependencies away: an .after(), or an output that is used.",
        )


@rule("KA026", row="EH-01")
def exit_handlers_that_depend(survey: Survey) -> Iterator[Found]:
    """An exit handler runs however the steps end, so it cannot take their outputs or wait for single ones."""
    for seat in survey.seats:
        if seat.handler_of is None:
            continue
        for reference in seat.references:
            if isinstance(reference, OutputRef):
                yield at(
                    seat,
                    (
                        f"is an exit handler and reads output '{reference.output}' of step "
                        f"'{reference.step}', which may never have run"
                    ),
                    (
                        "Use pipeline arguments and {{workflow.status}}, {{workflow.failures}}, "
                        "{{workflow.duration}} in it."
                    ),
                )
        if seat.member.after:
            yield at(
                seat,
                f"is an exit handler and comes after {quoted(seat.member.after)}",
                "Take the .after() away: an exit handler comes after everything in its block anyway.",
            )


@rule("KA027", row="EH-02")
def steps_that_wait_for_an_exit_handler(survey: Survey) -> Iterator[Found]:
    """Nothing comes after an exit handler."""
    handlers = {seat.member.id for seat in survey.seats if seat.handler_of is not None}
    if not handlers:
        return
    for seat in survey.seats:
        read = {reference.step for reference in seat.references if isinstance(reference, OutputRef)}
        for handler in sorted(handlers & {*read, *seat.member.after}):
            yield at(
                seat,
                f"waits for the exit handler '{handler}', which runs after everything else",
                "Let the exit handler do that work itself, or make an ordinary step of it.",
            )


@rule("KA028", row="EH-05")
def results_before_the_end(survey: Survey) -> Iterator[Found]:
    """How the run ended is known to exit handlers only."""
    for seat, reference in references(survey, RunRef):
        if reference.field in _AFTER_THE_END and seat.handler_of is None:
            yield at(
                seat,
                f"uses {{{{workflow.{reference.field}}}}}, which is known after the end of the run only",
                "Use it in the op of a dsl.ExitHandler; elsewhere it is an empty text.",
                severity="error" if reference.field == "failures" else "warning",
            )


@rule("KA029", row="B-02")
def unknown_predecessors(survey: Survey) -> Iterator[Found]:
    """What a step or group comes after is in the same pipeline."""
    for seat in survey.seats:
        for name in seat.member.after:
            if name not in survey.by_id:
                yield at(
                    seat,
                    f"comes after '{name}', which this pipeline does not have",
                    "Give .after() steps and entered groups of the same pipeline.",
                )


@rule("KA038", row="L-01")
def loops_over_nothing_like_a_list(survey: Survey) -> Iterator[Found]:
    """A loop goes over a list of the author, a parameter, an output or another loop's item."""
    for seat in survey.seats:
        loop = seat.member
        if not isinstance(loop, Loop):
            continue
        items: object = loop.items  # a reader of packages may have found anything there
        if not isinstance(items, tuple | ParameterRef | OutputRef | ItemRef | ArgumentRef):
            yield Found(loop.where, f"the loop goes over {items!r}, which is no list", "Give dsl.ParallelFor a list.")


@rule("KA040", row="CO-01")
def unknown_operators(survey: Survey) -> Iterator[Found]:
    """A condition compares by ==, !=, <, <=, > or >=."""
    for seat in survey.seats:
        if isinstance(seat.member, Condition) and seat.member.when.operator not in get_args(Operator):
            yield Found(
                seat.member.where,
                f"the condition '{seat.member.id}' compares by {seat.member.when.operator!r}",
                f"Take one of {', '.join(get_args(Operator))}.",
            )


@rule("KA046", row="R-02")
def arguments_out_of_scope(survey: Survey) -> Iterator[Found]:
    """An argument of a graph component is used in that component only, and it has been handed over."""
    for seat, reference in references(survey, ArgumentRef):
        graph = _graph_around(seat, reference.graph)
        if graph is None:
            yield at(
                seat,
                f"uses the argument '{reference.name}' of the graph component '{reference.graph}' outside of it",
                "Use what was handed over itself, or let the function return it.",
            )
        elif reference.name not in dict(graph.arguments):
            yield at(
                seat,
                f"uses the argument '{reference.name}' of the graph component '{graph.name}', "
                f"which was called with {quoted(dict(graph.arguments))}",
                f"Hand over '{reference.name}' where '{graph.name}' is called.",
            )


@rule("KA047", row="R-02")
def calls_out_of_scope(survey: Survey) -> Iterator[Found]:
    """A graph component is called again in itself only, with the arguments of its outermost call."""
    for seat in survey.seats:
        call = seat.member
        if not isinstance(call, Call):
            continue
        graph = _graph_around(seat, call.graph)
        if graph is None:
            yield at(seat, f"calls '{call.graph}', which is no graph component around it", "Call it from the inside.")
        elif {name for name, _ in call.arguments} != {name for name, _ in graph.arguments}:
            yield at(
                seat,
                f"hands over {quoted(dict(call.arguments))}, and '{graph.name}' was called with "
                f"{quoted(dict(graph.arguments))}",
                "Hand over the same arguments in both calls.",
            )


@rule("KA048", row="R-05")
def calls_without_end(survey: Survey) -> Iterator[Found]:
    """A graph component that calls itself does so under a condition."""
    for seat in survey.seats:
        if isinstance(seat.member, Call):
            ids = [group.id for group in seat.groups]
            inner = seat.groups[ids.index(seat.member.graph) + 1 :] if seat.member.graph in ids else seat.groups
            if not any(isinstance(group, Condition | Loop) for group in inner):
                yield at(
                    seat,
                    "runs its graph component again whatever happens, so the run does not end by itself",
                    "Put the call under a dsl.Condition.",
                    severity="warning",
                )


def _graph_around(seat: Seat, graph_id: str) -> Graph | None:
    return next((group for group in seat.groups if isinstance(group, Graph) and group.id == graph_id), None)


def _returned(member: Graph | Call, survey: Survey) -> dict[str, Reference]:
    """Return what a graph component returns, by name; of a call, what the component that it runs again returns."""
    graph = member if isinstance(member, Graph) else survey.by_id[member.graph].member
    return dict(graph.outputs) if isinstance(graph, Graph) else {}
