"""Pipelines → DAGs, from a DAG file: `to_dag` for one, `load_dags` for a folder of unmodified KFP files."""

from __future__ import annotations

import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import fields
from pathlib import Path
from types import FrameType
from typing import Any, Final

from airflow.sdk import DAG, get_parsing_context

from kfp_airflow import config
from kfp_airflow.catalog.broken import broken_dag
from kfp_airflow.catalog.packages import PipelineSource, choose_pipeline, load_pipelines
from kfp_airflow.dag.build import build_dag, build_dags, dag_id_of
from kfp_airflow.dag.options import DagOptions
from kfp_airflow.diagnostics import KfpAirflowError, UsageError
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.dsl.loading import as_script_in
from kfp_airflow.graph.model import Pipeline
from kfp_airflow.package.files import is_meant_as_package
from kfp_airflow.package.names import is_package_name

_SUFFIXES: Final = frozenset({".py", ".yaml", ".yml", ".zip", ".tgz", ".gz"})
_SEARCHED_BYTES: Final = 1 << 20
_UNSPELLED: Final = re.compile(rb"[^a-z0-9]+")
_OPTIONS: Final = tuple(field.name for field in fields(DagOptions))


def to_dag(
    pipeline: Callable[..., Any] | Pipeline | str | os.PathLike[str], *, function: str | None = None, **options: Any
) -> DAG:
    """Return the DAG of one pipeline; in a DAG file, calling it is enough for Airflow to find the DAG.

    `pipeline` is a `@dsl.pipeline` function, a graph, or the path of an unmodified KFP file or a package, relative to
    the file that calls this (`function` chooses among several pipelines of a file). The options: see `DagOptions`.
    Raises TypeError for an unknown option, PipelineError with all that is wrong with the pipeline.
    """
    chosen = _read_options(options)
    match pipeline:
        case Pipeline():
            graph = pipeline
        case str() | os.PathLike():
            path = _beside_caller(pipeline)
            with _as_script_in(path.parent if path.exists() else Path.cwd()):
                graph = choose_pipeline(path, function).build()
        case _ if callable(pipeline):
            graph = build_graph(pipeline)
        case _:
            raise TypeError(f"to_dag() takes a pipeline function, a graph or a path, not {type(pipeline).__name__}")
    return build_dag(graph, chosen)


def load_dags(folder: str | os.PathLike[str], **options: Any) -> list[DAG]:
    """Return a DAG for every `@dsl.pipeline` function of the Python files, and every package, below `folder`.

    `folder` is relative to the file that calls this. A Python file in it counts where it has the words `kfp` and
    `pipeline`, as Airflow looks for `airflow` and `dag`; a YAML file or an archive where it is meant to be a pipeline,
    so that components may lie beside them. The options are those of `DagOptions`, without `dag_id`, for all of them.
    A file that is wrong becomes an import error of its own in Airflow's list, and the others still load. While a worker
    parses the file for one DAG, only that one is built, and few other files are executed.
    """
    if "dag_id" in options:
        raise TypeError("load_dags() makes many DAGs; give a dag_id to to_dag()")
    chosen = _read_options(options)
    root = _beside_caller(folder)
    if not root.is_dir():
        raise UsageError(f"load_dags('{folder}'): there is no folder {root}")
    caller = _file_of(sys._getframe(1))  # noqa: SLF001 - itself is no pipeline
    files = _pipeline_files(root, but=caller)
    if (wanted := get_parsing_context().dag_id) is not None:
        return _load_wanted(wanted, files, chosen)
    dags: dict[str, DAG] = {}
    for path in files:
        try:
            with _as_script_in(path.parent):
                for source in load_pipelines(path):
                    dag_id = dag_id_of(source.name)
                    _refuse_twin(source, dags.get(dag_id))
                    dags[dag_id] = build_dag(source.build(), chosen)
        except KfpAirflowError as error:
            broken_dag(path, error)
    return list(dags.values())


def _load_wanted(wanted: str, files: Iterable[Path], options: DagOptions) -> list[DAG]:
    """Return the DAG that a worker wants, or whose tasks start it; what stood in the way where it is not there is told.

    It may be of another folder that the same DAG file loads. The files in which its name stands come first, for each
    file that is executed delays the task.
    """
    problems: list[tuple[Path, KfpAirflowError]] = []
    for path in sorted(files, key=lambda path: not _names(path, wanted)):
        try:
            with _as_script_in(path.parent):
                for source in load_pipelines(path):
                    if f"{wanted}.".startswith(f"{dag_id_of(source.name)}."):
                        dags = build_dags(source.build(), options)
                        if wanted in {dag.dag_id for dag in dags}:
                            return dags[:1]
        except KfpAirflowError as error:
            problems.append((path, error))
    for path, problem in problems:
        broken_dag(path, problem)
    return []


def _as_script_in(folder: Path) -> AbstractContextManager[None]:
    return as_script_in(folder, component_max_age_s=config.get_int("component_max_age"))


def _names(path: Path, dag_id: str) -> bool:
    """Tell whether the name of a DAG's pipeline stands in a file, in whatever spelling becomes that id."""
    words = _UNSPELLED.sub(b" ", dag_id.partition(".")[0].encode())
    return words in _UNSPELLED.sub(b" ", path.read_bytes()[:_SEARCHED_BYTES].lower())


def _refuse_twin(source: PipelineSource, twin: DAG | None) -> None:
    if twin is not None:
        raise UsageError(
            f"{source.where}: pipeline '{source.name}' would be DAG '{twin.dag_id}', "
            "which another pipeline of the folder is. Rename one of them, or make its DAG by to_dag(…, dag_id=…)"
        )


def _pipeline_files(root: Path, *, but: Path | None) -> Iterator[Path]:
    """Yield the files below a folder that may hold pipelines, in order of their names; hidden folders are left out."""
    for path in sorted(root.rglob("*")):
        hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(root).parts)
        if (
            path.suffix.lower() in _SUFFIXES
            and path.is_file()
            and not hidden
            and path != but
            and _may_hold_pipelines(path)
        ):
            yield path


def _may_hold_pipelines(path: Path) -> bool:
    if path.suffix != ".py":
        return is_package_name(path) and is_meant_as_package(path)
    content = path.read_bytes()[:_SEARCHED_BYTES]
    return all(word in content for word in (b"kfp", b"pipeline"))


def _read_options(options: dict[str, Any]) -> DagOptions:
    for name in options:
        if name not in _OPTIONS:
            near = difflib.get_close_matches(name, _OPTIONS, 1)
            advice = f" Did you mean '{near[0]}'?" if near else f" It has {', '.join(_OPTIONS)}."
            raise TypeError(f"to_dag() has no option '{name}'.{advice}")
    if isinstance(options.get("experiments"), str):
        raise TypeError("to_dag(experiments=…) takes a list of names")
    if "experiments" in options:
        options["experiments"] = tuple(options["experiments"])
    return DagOptions(**options)


def _beside_caller(path: str | os.PathLike[str]) -> Path:
    """Return the path, a relative one taken from the folder of the file that called `to_dag` or `load_dags`."""
    caller = _file_of(sys._getframe(2))  # noqa: SLF001 - the one way to know who calls
    base = caller.parent if caller else Path.cwd()
    return (base / path).absolute()


def _file_of(frame: FrameType) -> Path | None:
    file = frame.f_globals.get("__file__")
    return Path(file).absolute() if file else None
