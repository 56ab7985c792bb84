"""Files that travel on a volume instead of Argo's artifact store (rows D-31, DP-12).

The folder of an output on the volume travels as a further value of its step, `<output>-subpath`; a step that takes the
file mounts that folder where the file is to lie.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Final

from kfp_airflow.diagnostics import Diagnostic
from kfp_airflow.graph.model import (
    ContainerStep,
    InputFile,
    OutputFile,
    Pipeline,
    VolumePassing,
    steps,
)
from kfp_airflow.graph.text import Json, OutputRef

VOLUME_NAME: Final = "data-storage"
SUBPATH_SUFFIX: Final = "-subpath"


def folder_ref(ref: OutputRef) -> OutputRef:
    """Return the value that says where on the volume an output lies."""
    return OutputRef(ref.step, f"{ref.output}{SUBPATH_SUFFIX}")


def folder_name(output: str) -> str:
    """Return the name of that value for an output that is named so in its template."""
    return f"{output}{SUBPATH_SUFFIX}"


def folder_on_volume(passing: VolumePassing, output: str) -> str:
    """Return where an output lies on the volume: each run and pod has folders of its own."""
    return f"{passing.path_prefix}{{{{workflow.uid}}}}_{{{{pod.name}}}}/{output}"


def mount(path: str, folder: str, *, read_only: bool) -> dict[str, Json]:
    """Return the mount that puts a folder of the volume where the file `path` is to lie."""
    place: dict[str, Json] = {"mountPath": posixpath.dirname(path), "name": VOLUME_NAME, "subPath": folder}
    return {**place, "readOnly": True} if read_only else place


def lies_on_volume(output: OutputFile) -> bool:
    """Tell whether an output is written to the volume; KFP's own ones may lie at /, where none can be mounted."""
    return not (output.optional and posixpath.dirname(output.path) == "/")


def check_volume_passing(pipeline: Pipeline) -> Iterator[Diagnostic]:
    """Yield what cannot travel on a volume (errors), and what may not arrive (a warning)."""
    if pipeline.settings.volume_passing is None:
        return
    all_steps = [step for step in steps(pipeline) if isinstance(step, ContainerStep)]
    makers = {step.id for step in all_steps}
    names: dict[str, ContainerStep] = {}
    for step in all_steps:
        files: tuple[InputFile | OutputFile, ...] = (*step.inputs, *filter(lies_on_volume, step.outputs))
        for file in files:
            names.setdefault(posixpath.basename(file.path), step)
            yield from _check_file(step, file, makers)
    if len(names) > 1:
        yield _different_names(names)


def _check_file(step: ContainerStep, file: InputFile | OutputFile, makers: set[str]) -> Iterator[Diagnostic]:
    if posixpath.dirname(file.path) == "/":
        yield _refused(
            step,
            f"'{file.name}' is the file {file.path}, and a volume cannot be mounted at /",
            "Put the file into a folder of its own: '/tmp/outputs/model/data'.",
        )
    source = file.source.sole_output if isinstance(file, InputFile) else None
    if isinstance(file, InputFile) and (source is None or source.step not in makers):
        yield _refused(
            step,
            f"input '{file.name}' is no output of a step with a container, and only those lie on the volume",
            "Let a step write the file, or take the value itself (inputValue).",
        )


def _refused(step: ContainerStep, problem: str, advice: str) -> Diagnostic:
    return Diagnostic(code="KA207", row="DP-12", where=step.where, step=step.id, problem=problem, advice=advice)


def _different_names(names: dict[str, ContainerStep]) -> Diagnostic:
    _, step, *_ = names.values()
    listed = ", ".join(f"'{name}'" for name in names)
    return Diagnostic(
        code="KA208",
        row="DP-12",
        severity="warning",
        where=step.where,
        step=step.id,
        problem=f"files that travel on a volume have different names ({listed}): each lies there under its maker's",
        advice="Call the file 'data' everywhere; folders may differ.",
    )
