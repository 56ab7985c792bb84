"""`kfp.v2.dsl`, which files of KFP v1 import names from (§1.2): those that both versions have are the same here.

Components made of functions work too, with KFP's classes of files: KFP v1 compiles them and cannot run them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, NoReturn

from kfp_airflow.components import file_arguments as v1
from kfp_airflow.components.factory import TaskFactory
from kfp_airflow.components.file_arguments import InputArtifact, OutputArtifact
from kfp_airflow.components.lightweight import DEFAULT_IMAGE
from kfp_airflow.components.python_function import evaluated, function_to_spec, source_code
from kfp_airflow.components.step_artifacts import (
    HTML,
    Artifact,
    ClassificationMetrics,
    Dataset,
    Markdown,
    Metrics,
    Model,
    SlicedClassificationMetrics,
)
from kfp_airflow.diagnostics import Diagnostic, PipelineError
from kfp_airflow.dsl import Condition, ContainerOp, ExitHandler, ParallelFor, graph_component, pipeline
from kfp_airflow.dsl.where import author_place
from kfp_airflow.graph.sdk import SDK_VERSION

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


class InputPath(v1.InputPath):
    """The annotation of an argument that is the path of a file (M-13)."""


class OutputPath(v1.OutputPath):
    """The annotation of an argument that is the path of a file to write (M-13)."""


class PipelineTaskFinalStatus:
    """What an exit handler of KFP v2 is told of the run."""


class Input:
    """`Input[Dataset]`, the annotation of an argument that is a file."""

    def __class_getitem__(cls, kind: object) -> InputArtifact:
        """Return the annotation (M-13). Raises ValueError for what is no class of files."""
        return InputArtifact(_checked("Input", kind))


class Output:
    """`Output[Dataset]`, the annotation of an argument that is a file to write."""

    def __class_getitem__(cls, kind: object) -> OutputArtifact:
        """Return the annotation (M-13). Raises ValueError for what is no class of files."""
        return OutputArtifact(_checked("Output", kind))


def _checked(annotation: str, kind: object) -> object:
    if not (isinstance(kind, type) and issubclass(kind, Artifact)):
        raise ValueError(f"{annotation}[T] takes a class of files, like {annotation}[Dataset], not {kind!r}")
    return kind


def component(
    func: Callable[..., Any] | None = None,
    *,
    base_image: str | None = None,
    target_image: str | None = None,
    packages_to_install: Sequence[str] | None = None,
    pip_index_urls: Sequence[str] | None = None,
    output_component_file: str | None = None,
    install_kfp_package: bool = True,
    kfp_package_path: str | None = None,
) -> Any:
    """Return the component that runs a function in a container, without `func` a decorator with these options.

    The function is called as KFP v2 calls it: with values and with objects for files. Its program needs no KFP;
    where the function itself names `kfp`, that is installed (`install_kfp_package`, `kfp_package_path`). One with a
    `target_image`, whose program is KFP's own, can be made and is refused as a step (KA316).
    """
    if func is None:
        return partial(
            component,
            base_image=base_image,
            target_image=target_image,
            packages_to_install=packages_to_install,
            pip_index_urls=pip_index_urls,
            output_component_file=output_component_file,
            install_kfp_package=install_kfp_package,
            kfp_package_path=kfp_package_path,
        )
    if target_image is not None:
        return _refusing(
            f"the image {target_image} of component '{func.__name__}' has a program of KFP v2 that runs it"
        )
    _check_annotations(func)
    code = source_code(func)
    packages = tuple(packages_to_install or ())
    if install_kfp_package and re.search(r"\bkfp\b", code.source):
        packages += (kfp_package_path or f"kfp=={SDK_VERSION}",)
    spec = function_to_spec(
        func,
        base_image=base_image or DEFAULT_IMAGE,
        packages=packages,
        index_urls=tuple(pip_index_urls or ()),
        extra_code="from typing import *\n",
        code=code,
        keep_names=True,
    )
    if output_component_file:
        spec.save(output_component_file)
    made = TaskFactory(spec)
    made.python_func = func
    return made


def _check_annotations(func: Callable[..., Any]) -> None:
    """Raise TypeError for an annotation of `kfp.components`, by which arguments have other names (M-13)."""
    for name, written in getattr(func, "__annotations__", {}).items():
        annotation = evaluated(written, func)
        kind = annotation if isinstance(annotation, type) else type(annotation)
        if kind in {v1.InputPath, v1.OutputPath}:
            raise TypeError(
                f"argument '{name}' of component '{func.__name__}' is a {kind.__name__} of kfp.components. "
                f"Write `from kfp.v2.dsl import {kind.__name__}`"
            )


def importer(*_arguments: object, **_options: object) -> NoReturn:
    """Refuse the step at the author's line (KA316, D-26)."""
    _refuse("dsl.importer is of KFP v2")


def _refusing(problem: str) -> Callable[..., NoReturn]:
    """Return what stands for a component that can be made and be no step."""

    def refuse(*_arguments: object, **_options: object) -> NoReturn:
        _refuse(problem)

    return refuse


def _refuse(problem: str) -> NoReturn:
    advice = "Make the component with kfp.components.create_component_from_func; files are InputPath and OutputPath."
    raise PipelineError([Diagnostic(code="KA316", where=author_place(), problem=problem, advice=advice, row="D-26")])
