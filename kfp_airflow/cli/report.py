"""The result of a run as data: what `kfp-airflow run --json` writes and the table shows."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kfp_airflow.graph.text import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """One task instance: `map_index` is -1 where it is not mapped, `step` None where it is no step.

    `message` says why it failed or was skipped, and is empty otherwise. `outputs` holds texts, or
    `{"uri", "size", "sha256", "kind"}` for what lies in the artifact store.
    """

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    step: str | None
    state: str | None
    duration_s: float | None
    outputs: Mapping[str, Json]
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReport:
    """A run and all task instances of it and of the runs that it started."""

    dag_id: str
    run_id: str
    state: str
    duration_s: float | None
    parameters: Mapping[str, Json]
    tasks: tuple[TaskReport, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON data in the documented order of keys."""
        return {**asdict(self), "tasks": [asdict(task) for task in self.tasks]}


def read_report(document: Mapping[str, Any]) -> RunReport:
    """Return the report that `as_json` wrote."""
    return RunReport(**{**document, "tasks": tuple(TaskReport(**task) for task in document["tasks"])})


def write_report(report: RunReport, path: Path) -> None:
    """Write the report as JSON, so that a reader sees all of it or nothing."""
    handle, partial = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            json.dump(report.as_json(), stream, ensure_ascii=False, indent=2)
            stream.write("\n")
        umask = os.umask(0)
        os.umask(umask)
        Path(partial).chmod(0o666 & ~umask)
        os.replace(partial, path)
    except BaseException:
        Path(partial).unlink()
        raise
