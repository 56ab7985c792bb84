"""Package files as pipelines: what a compiler of KFP v1 wrote, read as data (Z-07)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from kfp_airflow.catalog.files import PipelineFunction, choose_function, load_functions
from kfp_airflow.diagnostics import Diagnostic, UsageError, Where
from kfp_airflow.dsl.build import pass_on
from kfp_airflow.graph.model import Pipeline
from kfp_airflow.package.names import is_package_name


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedPipeline:
    """The pipeline of a package: what its author called it, and the file."""

    name: str
    where: Where
    pipeline: Pipeline = field(repr=False)
    warnings: tuple[Diagnostic, ...] = ()

    def build(self) -> Pipeline:
        """Return the graph, and pass on what is misleading in the package."""
        for found in self.warnings:
            pass_on(found)
        return self.pipeline


PipelineSource: TypeAlias = PipelineFunction | PackagedPipeline


def load_pipelines(path: Path, *, main_part: bool = False) -> Sequence[PipelineSource]:
    """Return the pipelines of a Python file in their order, or the one of a package.

    `main_part`: as of `load_functions`, for files that a person names. Raises UsageError where there is no such file,
    PipelineError where it cannot be read.
    """
    return (load_package(path),) if is_package_name(path) else load_functions(path, main_part=main_part)


def choose_pipeline(path: Path, function: str | None) -> PipelineSource:
    """Return the one pipeline of a file, or the one called `function`; raises UsageError where that is no single one.

    A package holds one, and has no functions to choose from.
    """
    if not is_package_name(path):
        return choose_function(load_functions(path, main_part=True), function, path)
    if function is not None:
        raise UsageError(
            f"{Where(str(path), 0)}: a package holds one pipeline and no functions\n  Leave '{function}' out."
        )
    return load_package(path)


def load_package(path: Path) -> PackagedPipeline:
    """Return the pipeline of a package file. Raises PipelineError with everything that is wrong with it."""
    from kfp_airflow.package.read import read_package  # only packages need what reads archives and YAML

    found = read_package(path)
    where = found.pipeline.where
    return PackagedPipeline(name=found.pipeline.name, where=where, pipeline=found.pipeline, warnings=found.warnings)
