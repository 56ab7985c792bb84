"""What a graph may hold that a DAG cannot do yet: each one a diagnostic, never a silent difference."""

from __future__ import annotations

from collections.abc import Iterator

from kfp_airflow.dag.params import check_defaults
from kfp_airflow.diagnostics import Diagnostic
from kfp_airflow.graph.model import ContainerStep, InputFile, OutputFile, Pipeline, ResourceStep, steps


def check_dag(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yield a diagnostic for everything that stands in the way of a DAG."""
    yield from check_defaults(pipeline)
    yield from _resource_steps(pipeline)
    yield from _settings(pipeline)
    yield from _cached_steps(pipeline)
    yield from _relative_paths(pipeline)


def _relative_paths(pipeline: Pipeline) -> Iterator[Diagnostic]:
    for step in steps(pipeline):
        if not isinstance(step, ContainerStep):
            continue
        files: tuple[InputFile | OutputFile, ...] = (*step.inputs, *step.outputs)
        for file in files:
            if not file.path.startswith("/"):
                yield Diagnostic(
                    code="KA113",
                    where=step.where,
                    step=step.id,
                    problem=f"the path {file.path!r} of '{file.name}' begins in the image's working folder, which is "
                    "not known here",
                    advice=f"Write the whole path, as the image has it: '/app/{file.path}'.",
                    row="DP-01",
                )


def _cached_steps(pipeline: Pipeline) -> Iterator[Diagnostic]:
    for step in steps(pipeline):
        staleness = step.caching.max_staleness if isinstance(step, ContainerStep) else None
        if staleness is not None and any(digit in staleness for digit in "123456789"):
            yield Diagnostic(
                code="KA112",
                where=step.where,
                step=step.id,
                problem=f"max_cache_staleness {staleness!r} has no effect on Airflow: a step runs in every run",
                advice="Take it away, or write 'P0D', which means the same on both.",
                row="F-06",
                severity="warning",
            )


def _settings(pipeline: Pipeline) -> Iterator[Diagnostic]:
    settings = pipeline.settings
    if settings.volume_passing is not None:
        yield _left_out(
            pipeline,
            "KA107",
            "D-31",
            "the volume of data_passing_method is not used on Airflow yet",
            "Files travel through the artifact store; the steps see the same paths and bytes.",
        )
    if settings.ttl_s is not None:
        yield _left_out(
            pipeline,
            "KA108",
            "P-04",
            f"set_ttl_seconds_after_finished({settings.ttl_s}) has no effect on Airflow",
            "Pods of steps that succeeded go at once, failed ones stay; `airflow db clean` removes old runs.",
        )
    if settings.disruption_budget is not None:
        yield _left_out(
            pipeline,
            "KA109",
            "P-05",
            "set_pod_disruption_budget has no effect on Airflow",
            "Steps that lose their pod are tried again if they have retries: op.set_retry(2).",
        )


def _left_out(pipeline: Pipeline, code: str, row: str, problem: str, advice: str) -> Diagnostic:
    return Diagnostic(code=code, where=pipeline.where, problem=problem, advice=advice, row=row, severity="warning")


def _resource_steps(pipeline: Pipeline) -> Iterator[Diagnostic]:
    for step in steps(pipeline):
        if isinstance(step, ResourceStep):
            yield Diagnostic(
                code="KA101",
                where=step.where,
                step=step.id,
                problem=(
                    "calls of the Kubernetes API (ResourceOp, VolumeOp, VolumeSnapshotOp) do not run on Airflow yet"
                ),
                advice="Create the object outside of the pipeline, or in a step that runs kubectl.",
                row="D-13",
            )
