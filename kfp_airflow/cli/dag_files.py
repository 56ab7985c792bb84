"""DAG files of three lines: what `kfp-airflow add` writes into a dags folder, and `kfp-airflow run` into its home."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable
from pathlib import Path


def dag_file_name(pipeline: str) -> str:
    """Return the name of the DAG file of a pipeline, by the pipeline's name; file systems take up to 255 characters."""
    return (re.sub(r"[^a-z0-9_]+", "_", pipeline.lower()).strip("_")[:200] or "pipeline") + ".py"


def dag_file_text(path: str, *, function: str | None = None, experiments: Iterable[str] = ()) -> str:
    """Return a DAG file for one pipeline of the file at `path`, absolute or relative to the DAG file's folder.

    Airflow's safe mode reads files that hold the words `airflow` and `dag`; this one does.
    """
    options = [json.dumps(path, ensure_ascii=False)]
    if function is not None:
        options.append(f"function={json.dumps(function)}")
    if names := tuple(experiments):
        options.append(f"experiments={json.dumps(names, ensure_ascii=False)}")
    return f"from kfp_airflow import to_dag\n\nto_dag({', '.join(options)})\n"


def path_from(folder: Path, path: Path) -> str:
    """Return how a DAG file in `folder` names a pipeline file: relative where that lies below it, else absolute."""
    pipeline, dags = Path(os.path.realpath(path)), Path(os.path.realpath(folder))
    return pipeline.relative_to(dags).as_posix() if pipeline.is_relative_to(dags) else str(pipeline)
