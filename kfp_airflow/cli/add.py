"""`kfp-airflow add`: a DAG file of its own for each pipeline of some files."""

from __future__ import annotations

import configparser
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kfp_airflow.catalog.files import PipelineFunction
from kfp_airflow.catalog.packages import load_pipelines
from kfp_airflow.cli.dag_files import dag_file_name, dag_file_text, path_from
from kfp_airflow.cli.sources import check_pipeline
from kfp_airflow.diagnostics import PipelineError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Addition:
    """A DAG file to write: `content` at `path`, for a pipeline of `source`."""

    path: Path
    content: str
    source: Path

    @property
    def is_there(self) -> bool:
        """Tell whether the file has this content already."""
        return self.path.is_file() and self.path.read_text(encoding="utf-8") == self.content


def plan_additions(files: Iterable[Path], folder: Path, experiments: tuple[str, ...]) -> tuple[Addition, ...]:
    """Return the DAG files for every pipeline of the files; nothing is written.

    Raises PipelineError with all that is wrong with any of the pipelines, UsageError where a file of another pipeline
    is in the way.
    """
    additions: dict[Path, Addition] = {}
    errors: list[PipelineError] = []
    for file in files:
        try:
            found = tuple(_additions(file, folder, experiments))
        except PipelineError as error:
            errors.append(error)
            continue
        for addition in found:
            other = additions.setdefault(addition.path, addition)
            if other.content != addition.content:
                raise UsageError(
                    f"{file} and {other.source} have pipelines of one name, "
                    f"which would both be {addition.path}; rename one"
                )
            _require_ours(addition)
    if errors:
        raise PipelineError(diagnostic for error in errors for diagnostic in error.diagnostics)
    return tuple(additions.values())


def _additions(file: Path, folder: Path, experiments: tuple[str, ...]) -> Iterator[Addition]:
    sources = load_pipelines(file, main_part=True)
    path = path_from(folder, file)
    for source in sources:
        pipeline = check_pipeline(source).require_sound()
        chosen = source.function.__name__ if isinstance(source, PipelineFunction) and len(sources) > 1 else None
        content = dag_file_text(path, function=chosen, experiments=experiments)
        yield Addition(path=folder / dag_file_name(pipeline.name), content=content, source=file)


def _require_ours(addition: Addition) -> None:
    """Refuse to replace a file that `add` did not write for the same pipeline file."""
    if not addition.path.exists() or addition.is_there:
        return
    start = addition.content.partition('", ')[0].partition('")')[0]
    if not addition.path.read_text(encoding="utf-8", errors="replace").startswith(start):
        raise UsageError(
            f"{addition.path} is there already and is not a DAG file of {addition.source}; "
            "remove it or rename the pipeline"
        )


def default_dags_folder(environ: Mapping[str, str]) -> Path:
    """Return Airflow's dags folder as its variable, its airflow.cfg or its default say; read without Airflow."""
    airflow_home = Path(environ.get("AIRFLOW_HOME") or Path.home() / "airflow").expanduser()
    if chosen := environ.get("AIRFLOW__CORE__DAGS_FOLDER"):
        return Path(os.path.expandvars(chosen)).expanduser()
    settings = configparser.ConfigParser(interpolation=None, strict=False)
    settings.read(environ.get("AIRFLOW_CONFIG") or airflow_home / "airflow.cfg", encoding="utf-8")
    written = settings.get("core", "dags_folder", fallback="")
    folder = written.replace("{AIRFLOW_HOME}", str(airflow_home))
    return Path(os.path.expandvars(folder)).expanduser() if folder else airflow_home / "dags"
