"""The compiler as KFP v1 authors call it, thin over `dsl.build` and `package`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from kfp_airflow.diagnostics import Diagnostic, PipelineError
from kfp_airflow.dsl.build import PipelineWarning, build_graph, build_submitted, pass_on
from kfp_airflow.dsl.conf import PipelineConf
from kfp_airflow.dsl.loading import Submission, collect, is_loading, may_write
from kfp_airflow.dsl.params import PipelineParam
from kfp_airflow.dsl.pipeline import PipelineExecutionMode, PipelineFunction
from kfp_airflow.dsl.where import author_place
from kfp_airflow.graph.check import check
from kfp_airflow.graph.model import Pipeline
from kfp_airflow.graph.text import Json
from kfp_airflow.package.check import check_package
from kfp_airflow.package.files import check_package_name, write_package
from kfp_airflow.package.write import write_checked
from kfp_airflow.package.yaml_text import yaml_text


class Compiler:
    """Makes packages of pipeline functions: `Compiler().compile(pipeline, 'pipeline.yaml')` (Z-01).

    `mode` is V1_LEGACY; the other modes are for KFP's own later engines and are refused with a ValueError. In a file
    that is loaded for its pipelines V2_COMPATIBLE is a warning (KA356): they are the same pipelines.
    """

    def __init__(
        self, mode: PipelineExecutionMode = PipelineExecutionMode.V1_LEGACY, launcher_image: str | None = None
    ) -> None:
        if mode is PipelineExecutionMode.V2_COMPATIBLE and is_loading():
            note_at_author(
                "KA356",
                "mode V2_COMPATIBLE is for KFP's own engine: the package is V1_LEGACY",
                "Leave the mode out.",
                row="D-03",
            )
        elif mode is not PipelineExecutionMode.V1_LEGACY:
            raise ValueError(f"mode {mode.name} is for KFP's own engines. Leave it out: packages are V1_LEGACY.")
        elif launcher_image is not None:
            raise ValueError("launcher_image is for mode V2_COMPATIBLE only. Leave it out.")

    def compile(
        self,
        pipeline_func: PipelineFunction,
        package_path: str | os.PathLike[str] | None,
        type_check: bool = True,
        pipeline_conf: PipelineConf | None = None,
    ) -> None:
        """Write the package of a pipeline function; its kind is told by the name (Z-02).

        `package_path` is a `.yaml`, `.yml`, `.zip`, `.tar.gz` or `.tgz`, or None to check the pipeline only. A
        `pipeline_conf` replaces the one that the function sets, as a whole (§1.3). Raises PipelineError with everything
        that is wrong with the pipeline, ValueError for another file name, OSError where the file cannot be written.
        While a file is loaded for its pipelines that is a warning (KA354); while Airflow loads it nothing is written.
        """
        collect(pipeline_func, Submission(conf=pipeline_conf))
        if package_path is not None:
            check_package_name(Path(package_path))
        with _exceptions_of_authors():
            graph = build_graph(pipeline_func, conf=pipeline_conf, type_check=type_check)
        workflow = write_checked(_checked(graph))
        if package_path is not None and may_write():
            _write_package(workflow, Path(package_path))

    def create_workflow(
        self,
        pipeline_func: PipelineFunction,
        pipeline_name: str | None = None,
        pipeline_description: str | None = None,
        params_list: Sequence[PipelineParam] | None = None,
        pipeline_conf: PipelineConf | None = None,
    ) -> dict[str, Json]:
        """Return the Argo workflow of a pipeline function; deprecated in KFP, `compile` writes it (Z-03)."""
        warnings.warn("create_workflow is deprecated; use Compiler().compile().", DeprecationWarning, stacklevel=2)
        return self._create_workflow(pipeline_func, pipeline_name, pipeline_description, params_list, pipeline_conf)

    def _create_workflow(
        self,
        pipeline_func: PipelineFunction,
        pipeline_name: str | None = None,
        pipeline_description: str | None = None,
        params_list: Sequence[PipelineParam] | None = None,
        pipeline_conf: PipelineConf | None = None,
    ) -> dict[str, Json]:
        """Return the Argo workflow; tools and tests of KFP v1 call this one (Z-04)."""
        submission = Submission(
            conf=pipeline_conf,
            name=pipeline_name,
            description=pipeline_description,
            parameters=tuple(params_list or ()),
        )
        collect(pipeline_func, submission)
        with _exceptions_of_authors():
            graph = build_submitted(pipeline_func, submission)
        return write_checked(_checked(graph))

    @staticmethod
    def _write_workflow(workflow: dict[str, Json], package_path: str | os.PathLike[str] | None = None) -> str | None:
        """Write a workflow that the author has changed, or return its YAML text; scripts of KFP v1 call this (Z-04)."""
        if package_path is None:
            return yaml_text(workflow)
        check_package_name(Path(package_path))
        if may_write():
            _write_package(workflow, Path(package_path))
        return None

    def _create_and_write_workflow(
        self,
        pipeline_func: PipelineFunction,
        pipeline_name: str | None = None,
        pipeline_description: str | None = None,
        params_list: Sequence[PipelineParam] | None = None,
        pipeline_conf: PipelineConf | None = None,
        package_path: str | os.PathLike[str] | None = None,
    ) -> None:
        """Write the package of a pipeline function under another name; scripts of KFP v1 call this (Z-04)."""
        self._write_workflow(
            self._create_workflow(pipeline_func, pipeline_name, pipeline_description, params_list, pipeline_conf),
            package_path,
        )


def create_workflow(
    function: PipelineFunction,
    *,
    name: str | None = None,
    description: str | None = None,
    parameters: Sequence[PipelineParam] = (),
    conf: PipelineConf | None = None,
) -> dict[str, Json]:
    """Return the Argo workflow of a pipeline function as JSON data; `parameters` stand outside of it (Z-03)."""
    graph = build_graph(function, name=name, description=description, conf=conf, parameters=parameters)
    return write_checked(_checked(graph))


@contextmanager
def _exceptions_of_authors() -> Iterator[None]:
    """Raise what the pipeline function raised, as KFP does: authors write `except` for it around the call."""
    try:
        yield
    except PipelineError as error:
        cause = error.__cause__
        if cause is None or isinstance(cause, PipelineError):
            raise
    else:
        return
    raise cause


def _write_package(workflow: dict[str, Json], path: Path) -> None:
    try:
        write_package(workflow, path)
    except OSError as error:
        if not is_loading():
            raise
        problem = f"the package {path} cannot be written: {error.strerror}"
        note_at_author("KA354", problem, "Put what belongs to a script under `if __name__ == '__main__':`.", row="Z-02")


def note_at_author(code: str, problem: str, advice: str, *, row: str) -> None:
    """Warn at the author's line."""
    pass_on(Diagnostic(code=code, where=author_place(), problem=problem, advice=advice, row=row, severity="warning"))


def leave_package_out(problem: str, advice: str) -> None:
    """Warn that a package for another engine is not written (KA357); raise ValueError where no file is being loaded."""
    if not is_loading():
        raise ValueError(f"{problem}. {advice}")
    note_at_author("KA357", problem, advice, row="Z-01")


def _checked(graph: Pipeline) -> Pipeline:
    """Return the graph; raises PipelineError with every error in it, and warns of the rest at the author's lines."""
    found = (*check(graph), *check_package(graph))
    if errors := [diagnostic for diagnostic in found if diagnostic.severity == "error"]:
        raise PipelineError(errors)
    for diagnostic in found:
        warnings.warn_explicit(str(diagnostic), PipelineWarning, diagnostic.where.file, diagnostic.where.line)
    return graph


def compile_function(
    function: PipelineFunction, output: Path, *, type_check: bool = True, submission: Submission | None = None
) -> None:
    """Write the package of one pipeline function: what `dsl-compile` does with the function that it found (Z-06).

    Raises PipelineError with everything that is wrong with the pipeline, ValueError for another file name.
    """
    check_package_name(output)
    graph = build_submitted(function, submission or Submission(), type_check=type_check)
    write_package(write_checked(_checked(graph)), output)
