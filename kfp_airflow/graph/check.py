"""Everything that can be wrong with a graph, whatever made it: one function and one code for each rule."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar, get_args

from kfp_airflow.diagnostics import Diagnostic, Where
from kfp_airflow.graph.cycles import find_cycle
from kfp_airflow.graph.model import (
    Call,
    Condition,
    Container,
    ContainerStep,
    ExitHandler,
    Graph,
    InputFile,
    Loop,
    Operator,
    OutputFile,
    Pipeline,
    ResourceAction,
    ResourceStep,
    RetryPolicy,
    Step,
    SubGraph,
)
from kfp_airflow.graph.survey import Seat, Survey, output_names
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, ParameterRef, Reference, RunRef, Struct

_STEP_ID: Final = re.compile(r"[\w.-]{1,250}", re.ASCII)
_GROUP_ID: Final = re.compile(r"[\w-]{1,200}", re.ASCII)
_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DURATION: Final = re.compile(r"\d+(\.\d+)?|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+")
_ISO_DURATION: Final = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_UNRESOLVED: Final = re.compile(
    r"\{\{\s*(=[^}]*|(?:workflow|pod|node|tasks|steps|inputs|outputs|retries|item)\b[\w.-]*)\s*\}\}"
)
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")
_AFTER_THE_END: Final = ("status", "failures", "duration")


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule found: where, what is wrong, what to do; `step` is the id of the step, if it is one's."""

    where: Where
    problem: str
    advice: str
    step: str | None = None
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of this module: its code, the row of the KFP v1 reference that it follows, and what finds breaches."""

    code: str
    row: str | None
    find: Callable[[Survey], Iterable[Found]]


_Kind = TypeVar("_Kind", ParameterRef, OutputRef, ItemRef, ArgumentRef, RunRef)

RULES: dict[str, Rule] = {}
"""Every rule by its code, in the order in which they are checked."""


def check(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yield everything that is wrong with a pipeline, errors and warnings, rule by rule."""
    survey = Survey(pipeline)
    for each in RULES.values():
        for found in each.find(survey):
            yield Diagnostic(
                code=each.code,
                where=found.where,
                problem=found.problem,
                advice=found.advice,
                step=found.step,
                row=each.row,
                severity=found.severity,
            )


def rule(
    code: str, *, row: str | None = None
) -> Callable[[Callable[[Survey], Iterable[Found]]], Callable[[Survey], Iterable[Found]]]:
    """Register a function as the rule with this code; the code may not be taken."""

    def register(find: Callable[[Survey], Iterable[Found]]) -> Callable[[Survey], Iterable[Found]]:
        if code in RULES:
            raise ValueError(f"two rules have the code {code}: {RULES[code].find.__name__} and {find.__name__}")
        RULES[code] = Rule(code, row, find)
        return find

    return register


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
                f"the id '{member.id}' is taken by the {_kind(survey.by_id[member.id])} at {first}",
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
                f"the id '{member.id}' of a {_kind(seat)} has {len(member.id)} characters; "
                f"Airflow takes 1 to {limit} ASCII letters, digits, '-' and '_'",
                "Give it a shorter name of such characters; set_display_name takes any text.",
            )


@rule("KA022", row="PP-10")
def unknown_parameters(survey: Survey) -> Iterator[Found]:
    """A parameter that is used is an argument of the pipeline."""
    known = {parameter.name for parameter in survey.pipeline.parameters}
    for seat, reference in _references(survey, ParameterRef):
        if reference.name not in known:
            yield _at(
                seat,
                f"uses the parameter '{reference.name}', which the pipeline does not have: it has {_names(known)}",
                f"Add '{reference.name}' to the arguments of the pipeline function.",
            )


@rule("KA023", row="O-05")
def unknown_outputs(survey: Survey) -> Iterator[Found]:
    """An output that is read is declared by its step."""
    for seat, reference in _references(survey, OutputRef):
        producer = survey.by_id.get(reference.step)
        if producer is None:
            yield _at(
                seat,
                f"reads output '{reference.output}' of step '{reference.step}', which this pipeline does not have",
                "Use outputs of steps of the same pipeline only.",
            )
        elif isinstance(producer.member, Graph | Call):
            returned = _returned(producer.member, survey)
            if reference.output not in returned:
                yield _at(
                    seat,
                    f"reads output '{reference.output}' of the graph component '{producer.member.name}', "
                    f"which returns {_names(returned)}",
                    f"Let '{producer.member.name}' return a dict with '{reference.output}' in it.",
                )
        elif not isinstance(producer.member, ContainerStep | ResourceStep):
            yield _at(seat, f"reads an output of the {_kind(producer)} '{reference.step}'", "Only steps have outputs.")
        elif reference.output not in (names := output_names(producer.member)):
            yield _at(
                seat,
                f"reads output '{reference.output}' of step '{reference.step}', which has {_names(names)}",
                f"Write one of those, or declare '{reference.output}' in file_outputs at {producer.member.where}.",
            )


@rule("KA024", row="L-03")
def items_out_of_scope(survey: Survey) -> Iterator[Found]:
    """A loop's item is used inside that loop only, and by a key that its items have."""
    for seat, reference in _references(survey, ItemRef):
        loop = next((group for group in seat.groups if group.id == reference.loop), None)
        if not isinstance(loop, Loop):
            yield _at(
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
                    yield _at(
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
                yield _at(
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
            yield _at(
                seat,
                f"is an exit handler and comes after {_names(seat.member.after)}",
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
            yield _at(
                seat,
                f"waits for the exit handler '{handler}', which runs after everything else",
                "Let the exit handler do that work itself, or make an ordinary step of it.",
            )


@rule("KA028", row="EH-05")
def results_before_the_end(survey: Survey) -> Iterator[Found]:
    """How the run ended is known to exit handlers only."""
    for seat, reference in _references(survey, RunRef):
        if reference.field in _AFTER_THE_END and seat.handler_of is None:
            yield _at(
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
                yield _at(
                    seat,
                    f"comes after '{name}', which this pipeline does not have",
                    "Give .after() steps and entered groups of the same pipeline.",
                )


@rule("KA030", row="B-09")
def retry_durations(survey: Survey) -> Iterator[Found]:
    """Durations of set_retry are seconds, or numbers with units: `2m`, `1h30m`."""
    for seat, step in survey.steps:
        retry = step.retry
        for name, value in (
            (("backoff_duration", retry.backoff_duration), ("backoff_max_duration", retry.backoff_max_duration))
            if retry
            else ()
        ):
            if value is not None and not _DURATION.fullmatch(value):
                yield _at(
                    seat,
                    f"set_retry({name}={value!r}) is no duration",
                    "Write seconds, or a number with a unit: '30', '2m', '1h'.",
                )
        if retry and retry.backoff_factor is not None and retry.backoff_factor <= 0:
            yield _at(
                seat,
                f"set_retry(backoff_factor={retry.backoff_factor}) is not above 0",
                "Write 2 to double the delay each time.",
            )


@rule("KA031", row="B-09")
def unknown_retry_policies(survey: Survey) -> Iterator[Found]:
    """set_retry(policy=…) takes Always, OnError, OnFailure or OnTransientError."""
    allowed = get_args(RetryPolicy)
    for seat, step in survey.steps:
        if step.retry and step.retry.policy is not None and step.retry.policy not in allowed:
            yield _at(seat, f"has the retry policy {step.retry.policy!r}", f"Take one of {', '.join(allowed)}.")


@rule("KA032", row="B-09")
def retry_limits(survey: Survey) -> Iterator[Found]:
    """The number of retries is a whole number from 0, or known at run time only."""
    for seat, step in survey.steps:
        limit = step.retry.limit.constant if step.retry and step.retry.limit else None
        if limit is not None and not limit.isdecimal():
            yield _at(seat, f"set_retry(num_retries={limit!r}) is no number of retries", "Write a whole number from 0.")


@rule("KA033", row="B-10")
def time_limits(survey: Survey) -> Iterator[Found]:
    """Time limits are at least one second."""
    for seat, step in survey.steps:
        if step.timeout_s is not None and step.timeout_s < 1:
            yield _at(
                seat,
                f"has a time limit of {step.timeout_s} s",
                "Write whole seconds from 1 in set_timeout, or take it away.",
            )
    limit = survey.pipeline.settings.timeout_s
    if limit is not None and limit < 1:
        yield Found(
            survey.pipeline.where,
            f"the run has a time limit of {limit} s",
            "Write whole seconds from 1, or take it away.",
        )


@rule("KA034", row="O-09")
def cache_staleness(survey: Survey) -> Iterator[Found]:
    """max_cache_staleness is an ISO 8601 duration."""
    for seat, step in survey.steps:
        staleness = step.caching.max_staleness if isinstance(step, ContainerStep) else None
        if staleness is not None and not _ISO_DURATION.fullmatch(staleness):
            yield _at(
                seat,
                f"has max_cache_staleness {staleness!r}, which is no ISO 8601 duration",
                "Write 'P30D' for 30 days, 'P0D' for never.",
            )


@rule("KA035", row="D-09")
def missing_images(survey: Survey) -> Iterator[Found]:
    """Every container has an image."""
    for seat, _, container in _containers(survey):
        if not container.image.parts or container.image.constant in {"", "None"}:
            name = container.name.constant
            yield _at(
                seat,
                f"{f'container {name!r}: ' if name else ''}has no image",
                "Name the image: dsl.ContainerOp(image='python:3.12', …).",
            )


@rule("KA036", row="DP-01")
def file_paths(survey: Survey) -> Iterator[Found]:
    """Files of a step have absolute paths inside its container."""
    for seat, step in survey.steps:
        files: tuple[InputFile | OutputFile, ...] = (
            (*step.inputs, *step.outputs) if isinstance(step, ContainerStep) else ()
        )
        for file in files:
            if not file.path.startswith("/") or file.path.strip("/") == "":
                yield _at(
                    seat,
                    f"has the path {file.path!r} for '{file.name}'",
                    "Write an absolute path of a file: '/tmp/outputs/model'.",
                )


@rule("KA037")
def duplicate_files(survey: Survey) -> Iterator[Found]:
    """Names of a step's inputs, and of its outputs, are unique."""
    for seat, step in survey.steps:
        inputs = [file.name for file in step.inputs] if isinstance(step, ContainerStep) else []
        for what, names in (("input", inputs), ("output", output_names(step))):
            for name in _repeated(names):
                yield _at(seat, f"has several {what}s named '{name}'", "Give each a name of its own.")


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


@rule("KA039", row="L-09")
def limits(survey: Survey) -> Iterator[Found]:
    """Limits of how many run at a time are whole numbers from 1."""
    places = [
        (seat.member.where, seat.member.parallelism)
        for seat in survey.seats
        if isinstance(seat.member, Loop | SubGraph)
    ]
    places.append((survey.pipeline.where, survey.pipeline.settings.parallelism))
    for where, limit in places:
        if limit is not None and (not isinstance(limit, int) or limit < 1):
            yield Found(
                where, f"parallelism is {limit!r}", "Write a whole number from 1, or leave it out for no limit."
            )


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


@rule("KA041", row="P-07")
def pull_policies(survey: Survey) -> Iterator[Found]:
    """An image is pulled Always, IfNotPresent or Never."""
    advice = f"Take one of {', '.join(_PULL_POLICIES)}."
    policy = survey.pipeline.settings.image_pull_policy
    if policy is not None and policy not in _PULL_POLICIES:
        yield Found(survey.pipeline.where, f"Invalid imagePullPolicy {policy!r} in the pipeline's settings", advice)
    for seat, _, container in _containers(survey):
        own = container.options.get("imagePullPolicy") if container.options.entries else None
        constant = getattr(own, "constant", None)
        if constant is not None and constant not in _PULL_POLICIES:
            yield _at(seat, f"Invalid imagePullPolicy {constant!r}", advice)


@rule("KA042", row="D-13")
def resource_actions(survey: Survey) -> Iterator[Found]:
    """A resource is created, applied, patched or deleted."""
    for seat, step in survey.steps:
        if isinstance(step, ResourceStep) and step.action not in get_args(ResourceAction):
            yield _at(seat, f"has the action {step.action!r}", f"Take one of {', '.join(get_args(ResourceAction))}.")


@rule("KA043", row="PP-05")
def duplicate_parameters(survey: Survey) -> Iterator[Found]:
    """Names of parameters are unique."""
    for name in _repeated([parameter.name for parameter in survey.pipeline.parameters]):
        yield Found(
            survey.pipeline.where, f"the pipeline has several parameters named '{name}'", "Give each a name of its own."
        )


@rule("KA044", row="PP-10")
def engine_expressions(survey: Survey) -> Iterator[Found]:
    """Argo's expressions and unknown variables stay the text that they are."""
    for seat in survey.seats:
        for content in seat.texts:
            for part in content.parts:
                for match in _UNRESOLVED.finditer(part) if isinstance(part, str) and "{{" in part else ():
                    yield _at(
                        seat,
                        f"has the text {match.group(0)!r}, which is handed on as it is",
                        (
                            "Outputs, parameters and items are used as Python values; of Argo's variables "
                            "those of the run are known."
                        ),
                        severity="warning",
                    )


@rule("KA045", row="D-11")
def names_of_further_containers(survey: Survey) -> Iterator[Found]:
    """Init containers and sidecars have names that Kubernetes takes, each its own."""
    for seat, step in survey.steps:
        names = [container.name.constant for container in (*step.pod.init_containers, *step.pod.sidecars)]
        for name in names:
            if name is not None and (not _LABEL.fullmatch(name) or name == "main"):
                yield _at(
                    seat,
                    f"has an init container or sidecar named {name!r}",
                    (
                        "Use lower-case letters, digits and '-', at most 63, and not 'main', which is the "
                        "step's own container."
                    ),
                )
        for name in _repeated([name for name in names if name is not None]):
            yield _at(seat, f"has several init containers or sidecars named '{name}'", "Give each a name of its own.")


@rule("KA046", row="R-02")
def arguments_out_of_scope(survey: Survey) -> Iterator[Found]:
    """An argument of a graph component is used in that component only, and it has been handed over."""
    for seat, reference in _references(survey, ArgumentRef):
        graph = _graph_around(seat, reference.graph)
        if graph is None:
            yield _at(
                seat,
                f"uses the argument '{reference.name}' of the graph component '{reference.graph}' outside of it",
                "Use what was handed over itself, or let the function return it.",
            )
        elif reference.name not in dict(graph.arguments):
            yield _at(
                seat,
                f"uses the argument '{reference.name}' of the graph component '{graph.name}', "
                f"which was called with {_names(dict(graph.arguments))}",
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
            yield _at(seat, f"calls '{call.graph}', which is no graph component around it", "Call it from the inside.")
        elif {name for name, _ in call.arguments} != {name for name, _ in graph.arguments}:
            yield _at(
                seat,
                f"hands over {_names(dict(call.arguments))}, and '{graph.name}' was called with "
                f"{_names(dict(graph.arguments))}",
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
                yield _at(
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


def _references(survey: Survey, kind: type[_Kind]) -> Iterator[tuple[Seat, _Kind]]:
    """Yield every different reference of this kind of every member with its seat."""
    for seat, reference in survey.references:
        if isinstance(reference, kind):
            yield seat, reference


def _containers(survey: Survey) -> Iterator[tuple[Seat, Step, Container]]:
    for seat, step in survey.steps:
        if isinstance(step, ContainerStep):
            yield seat, step, step.container
        for container in (*step.pod.init_containers, *step.pod.sidecars):
            yield seat, step, container


def _at(seat: Seat, problem: str, advice: str, *, severity: Literal["error", "warning"] = "error") -> Found:
    """Return what was found at a member; a group is named in the problem, a step in `step`."""
    member = seat.member
    if isinstance(member, ContainerStep | ResourceStep):
        return Found(member.where, problem, advice, member.id, severity)
    return Found(member.where, f"the {_kind(seat)} '{member.id}' {problem}", advice, None, severity)


def _kind(seat: Seat) -> str:
    match seat.member:
        case Condition():
            return "condition"
        case Loop():
            return "loop"
        case ExitHandler():
            return "exit handler group"
        case SubGraph():
            return "sub-graph"
        case Graph():
            return "graph component"
        case Call():
            return "call"
        case ContainerStep() | ResourceStep():
            return "step"


def _names(names: Iterable[str]) -> str:
    quoted = [f"'{name}'" for name in sorted(names)]
    return " and ".join((", ".join(quoted[:-1]), quoted[-1])) if len(quoted) > 1 else "".join(quoted) or "none"


def _repeated(names: Sequence[str]) -> list[str]:
    if len(set(names)) == len(names):  # nearly always, and a Counter takes longer
        return []
    return [name for name, count in Counter(names).items() if count > 1]
