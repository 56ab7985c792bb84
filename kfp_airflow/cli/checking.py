"""`kfp-airflow check`: everything that is wrong with a file, also where it cannot be loaded."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from pathlib import Path

from kfp_airflow.catalog.packages import choose_pipeline, load_pipelines
from kfp_airflow.cli.sources import check_pipeline
from kfp_airflow.diagnostics import KfpAirflowError, PipelineError


@dataclass(frozen=True, slots=True, kw_only=True)
class FileResult:
    """What was found in one file: messages as they are printed."""

    pipelines: int
    errors: tuple[str, ...]
    warnings: tuple[str, ...]


def check_file(path: Path, *, verbose: bool) -> FileResult:
    """Check every pipeline of a file. With `verbose`, tracebacks stand in the messages of what could not be loaded."""
    pipelines = 0
    errors: list[str] = []
    warnings: list[str] = []
    try:
        sources = load_pipelines(path, main_part=True)
        if not sources:
            sources = (choose_pipeline(path, None),)  # which it imports, or says what else there is in the file
    except (KfpAirflowError, OSError) as error:
        return FileResult(pipelines=0, errors=(_message(error, verbose=verbose),), warnings=())
    for source in sources:
        pipelines += 1
        try:
            for diagnostic in check_pipeline(source).diagnostics:
                (errors if diagnostic.severity == "error" else warnings).append(str(diagnostic))
        except PipelineError as error:
            errors.extend(str(diagnostic) for diagnostic in error.diagnostics)
        except KfpAirflowError as error:
            errors.append(_message(error, verbose=verbose))
    # What is wrong with the file is told of each of its pipelines.
    return FileResult(pipelines=pipelines, errors=tuple(dict.fromkeys(errors)), warnings=tuple(dict.fromkeys(warnings)))


def _message(error: Exception, *, verbose: bool) -> str:
    return "".join(traceback.format_exception(error)).rstrip() if verbose else str(error)
