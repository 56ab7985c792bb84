"""`kfp.v2.dsl`, which files of KFP v1 import names from (§1.2): those that both versions have are the same here.

What only the second version has can be imported and written, and is refused where a pipeline uses it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NoReturn

from kfp_airflow.components.file_arguments import InputArtifact, InputPath, OutputArtifact, OutputPath
from kfp_airflow.diagnostics import Diagnostic, PipelineError
from kfp_airflow.dsl import Condition, ContainerOp, ExitHandler, ParallelFor, graph_component, pipeline
from kfp_airflow.dsl.where import author_place

__all__ = [
    "HTML",
    "PIPELINE_JOB_ID_PLACEHOLDER",
    "PIPELINE_JOB_NAME_PLACEHOLDER",
    "PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER",
    "PIPELINE_TASK_ID_PLACEHOLDER",
    "PIPELINE_TASK_NAME_PLACEHOLDER",
    "Artifact",
    "ClassificationMetrics",
    "Condition",
    "ContainerOp",
    "Dataset",
    "ExitHandler",
    "Input",
    "InputPath",
    "Markdown",
    "Metrics",
    "Model",
    "Output",
    "OutputPath",
    "ParallelFor",
    "PipelineTaskFinalStatus",
    "SlicedClassificationMetrics",
    "component",
    "graph_component",
    "importer",
    "pipeline",
]

PIPELINE_JOB_ID_PLACEHOLDER: Final = "{{$.pipeline_job_uuid}}"
PIPELINE_JOB_NAME_PLACEHOLDER: Final = "{{$.pipeline_job_name}}"
PIPELINE_JOB_RESOURCE_NAME_PLACEHOLDER: Final = "{{$.pipeline_job_resource_name}}"
PIPELINE_TASK_ID_PLACEHOLDER: Final = "{{$.pipeline_task_uuid}}"
PIPELINE_TASK_NAME_PLACEHOLDER: Final = "{{$.pipeline_task_name}}"


class Artifact:
    """A kind of file of KFP v2, for annotations."""


class ClassificationMetrics(Artifact):
    """As above."""


class Dataset(Artifact):
    """As above."""


class HTML(Artifact):
    """As above."""


class Markdown(Artifact):
    """As above."""


class Metrics(Artifact):
    """As above."""


class Model(Artifact):
    """As above."""


class SlicedClassificationMetrics(Artifact):
    """As above."""


class PipelineTaskFinalStatus:
    """What an exit handler of KFP v2 is told of the run."""


class Input:
    """`Input[Dataset]`, the annotation of an argument."""

    def __class_getitem__(cls, kind: object) -> InputArtifact:
        """Return the annotation, which components of KFP v1 refuse (M-13)."""
        return InputArtifact(kind)


class Output:
    """`Output[Dataset]`, the annotation of an argument."""

    def __class_getitem__(cls, kind: object) -> OutputArtifact:
        """Return the annotation, which components of KFP v1 refuse (M-13)."""
        return OutputArtifact(kind)


class ComponentOfV2:
    """A component of KFP v2: it can be made, so that files load, and refuses to be a step."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.__name__ = str(getattr(function, "__name__", "component"))
        self.__doc__ = function.__doc__

    def __call__(self, *_arguments: object, **_options: object) -> NoReturn:
        """Refuse the step at the author's line (KA316)."""
        _refuse(f"'{self.__name__}' is a component of KFP v2 (kfp.v2.dsl.component)")


def component(func: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Return what stands for a component of KFP v2, or the decorator that does."""
    if func is None:
        return lambda function: component(function, **options)
    return ComponentOfV2(func)


def importer(*_arguments: object, **_options: object) -> NoReturn:
    """Refuse the step at the author's line (KA316, D-26)."""
    _refuse("dsl.importer is of KFP v2")


def _refuse(problem: str) -> NoReturn:
    advice = "Make the component with kfp.components.create_component_from_func; files are InputPath and OutputPath."
    raise PipelineError([Diagnostic(code="KA316", where=author_place(), problem=problem, advice=advice, row="D-26")])
