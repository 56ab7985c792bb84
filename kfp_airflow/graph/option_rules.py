"""Rules about the options of a pipeline and of its steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, get_args

from kfp_airflow.graph.model import (
    ContainerStep,
    InputFile,
    Loop,
    OutputFile,
    ResourceAction,
    ResourceStep,
    RetryPolicy,
    SubGraph,
)
from kfp_airflow.graph.rules import Found, at, containers, repeated, rule
from kfp_airflow.graph.survey import Seat, Survey, output_names

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_DURATION: Final = re.compile(r"\d+(\.\d+)?|(\d+(\.\d+)?(ns|us|µs|ms|s|m|h|d))+")
_ISO_DURATION: Final = re.compile(r"P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
_UNRESOLVED: Final = re.compile(
    r"\{\{\s*(=[^}]*|(?:workflow|pod|node|tasks|steps|inputs|outputs|retries|item)\b[\w.-]*)\s*\}\}"
)
_OF_V2: Final = re.compile(r"\{\{(?:\$(?:\.(?:inputs|outputs)\b[^}]*)?|kfp\.input-output-name\.[^}]*)\}\}")
_ABSOLUTE: Final = "Write an absolute path of a file: '/tmp/outputs/model'."
_PULL_POLICIES: Final = ("Always", "IfNotPresent", "Never")


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
                yield at(
                    seat,
                    f"set_retry({name}={value!r}) is no duration",
                    "Write seconds, or a number with a unit: '30', '2m', '1h'.",
                )
        if retry and retry.backoff_factor is not None and retry.backoff_factor <= 0:
            yield at(
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
            yield at(seat, f"has the retry policy {step.retry.policy!r}", f"Take one of {', '.join(allowed)}.")


@rule("KA032", row="B-09")
def retry_limits(survey: Survey) -> Iterator[Found]:
    """The number of retries is a whole number from 0, or known at run time only."""
    for seat, step in survey.steps:
        limit = step.retry.limit.constant if step.retry and step.retry.limit else None
        if limit is not None and not limit.isdecimal():
            yield at(seat, f"set_retry(num_retries={limit!r}) is no number of retries", "Write a whole number from 0.")


@rule("KA033", row="B-10")
def time_limits(survey: Survey) -> Iterator[Found]:
    """Time limits are at least one second."""
    for seat, step in survey.steps:
        if step.timeout_s is not None and step.timeout_s < 1:
            yield at(
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
            yield at(
                seat,
                f"has max_cache_staleness {staleness!r}, which is no ISO 8601 duration",
                "Write 'P30D' for 30 days, 'P0D' for never.",
            )


@rule("KA035", row="D-09")
def missing_images(survey: Survey) -> Iterator[Found]:
    """Every container has an image."""
    for seat, _, container in containers(survey):
        if not container.image.parts or container.image.constant in {"", "None"}:
            name = container.name.constant
            yield at(
                seat,
                f"{f'container {name!r}: ' if name else ''}has no image",
                "Name the image: `image:` in a component, or dsl.ContainerOp(image='python:3.12', …).",
            )


@rule("KA036", row="DP-01")
def file_paths(survey: Survey) -> Iterator[Found]:
    """Files of a step have absolute paths inside its container."""
    for seat, step in survey.steps:
        files: tuple[InputFile | OutputFile, ...] = (
            (*step.inputs, *step.outputs) if isinstance(step, ContainerStep) else ()
        )
        for file in files:
            if file.path.strip("/") == "" or "{{" in file.path or not file.path.isprintable():
                yield at(seat, f"has the path {file.path!r} for '{file.name}'", _ABSOLUTE)
            elif not file.path.startswith("/"):
                problem = f"has the path {file.path!r} for '{file.name}', which begins in the image's working folder"
                yield at(seat, problem, _ABSOLUTE, severity="warning")


@rule("KA037")
def duplicate_files(survey: Survey) -> Iterator[Found]:
    """Names of a step's inputs, and of its outputs, are unique."""
    for seat, step in survey.steps:
        inputs = [file.name for file in step.inputs] if isinstance(step, ContainerStep) else []
        for what, names in (("input", inputs), ("output", output_names(step))):
            for name in repeated(names):
                yield at(seat, f"has several {what}s named '{name}'", "Give each a name of its own.")


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


@rule("KA041", row="P-07")
def pull_policies(survey: Survey) -> Iterator[Found]:
    """An image is pulled Always, IfNotPresent or Never."""
    advice = f"Take one of {', '.join(_PULL_POLICIES)}."
    policy = survey.pipeline.settings.image_pull_policy
    if policy is not None and policy not in _PULL_POLICIES:
        yield Found(survey.pipeline.where, f"Invalid imagePullPolicy {policy!r} in the pipeline's settings", advice)
    for seat, _, container in containers(survey):
        own = container.options.get("imagePullPolicy") if container.options.entries else None
        constant = getattr(own, "constant", None)
        if constant is not None and constant not in _PULL_POLICIES:
            yield at(seat, f"Invalid imagePullPolicy {constant!r}", advice)


@rule("KA042", row="D-13")
def resource_actions(survey: Survey) -> Iterator[Found]:
    """A resource is created, applied, patched or deleted."""
    for seat, step in survey.steps:
        if isinstance(step, ResourceStep) and step.action not in get_args(ResourceAction):
            yield at(seat, f"has the action {step.action!r}", f"Take one of {', '.join(get_args(ResourceAction))}.")


@rule("KA043", row="PP-05")
def duplicate_parameters(survey: Survey) -> Iterator[Found]:
    """Names of parameters are unique."""
    for name in repeated([parameter.name for parameter in survey.pipeline.parameters]):
        yield Found(
            survey.pipeline.where, f"the pipeline has several parameters named '{name}'", "Give each a name of its own."
        )


@rule("KA044", row="PP-10")
def engine_expressions(survey: Survey) -> Iterator[Found]:
    """Argo's expressions and unknown variables stay the text that they are."""
    for seat, found in _literal_parts(survey, _UNRESOLVED):
        yield at(
            seat,
            f"has the text {found!r}, which is handed on as it is",
            "Outputs, parameters and items are used as Python values; of Argo's variables those of the run are known.",
            severity="warning",
        )


@rule("KA045", row="D-11")
def names_of_further_containers(survey: Survey) -> Iterator[Found]:
    """Init containers and sidecars have names that Kubernetes takes, each its own."""
    for seat, step in survey.steps:
        names = [container.name.constant for container in (*step.pod.init_containers, *step.pod.sidecars)]
        for name in names:
            if name is not None and (not _LABEL.fullmatch(name) or name == "main"):
                yield at(
                    seat,
                    f"has an init container or sidecar named {name!r}",
                    (
                        "Use lower-case letters, digits and '-', at most 63, and not 'main', which is the "
                        "step's own container."
                    ),
                )
        for name in repeated([name for name in names if name is not None]):
            yield at(seat, f"has several init containers or sidecars named '{name}'", "Give each a name of its own.")


@rule("KA049", row="Y-08")
def placeholders_of_kfp_v2(survey: Survey) -> Iterator[Found]:
    """What only KFP v2 replaces stays the text that it is, as with KFP v1."""
    for seat, found in _literal_parts(survey, _OF_V2):
        yield at(
            seat,
            f"has the text {found!r}, a placeholder of KFP v2 that nothing replaces",
            "Use inputValue, inputPath or outputPath in the component.",
            severity="warning",
        )


def _literal_parts(survey: Survey, pattern: re.Pattern[str]) -> Iterator[tuple[Seat, str]]:
    """Yield what of members' texts matches a pattern of placeholders, with the member's seat."""
    for seat in survey.seats:
        for content in seat.texts:
            for part in content.parts:
                if isinstance(part, str) and "{{" in part:
                    yield from ((seat, match.group(0)) for match in pattern.finditer(part))
