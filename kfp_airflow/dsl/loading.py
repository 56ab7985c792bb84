"""What holds while a pipeline file is loaded: who is told of its pipelines, and whether it may write files."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfp_airflow.diagnostics import Where
from kfp_airflow.dsl.where import author_frame

if TYPE_CHECKING:
    from kfp_airflow.dsl.conf import PipelineConf
    from kfp_airflow.dsl.params import PipelineParam


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What was said of a pipeline function where it was compiled or submitted: its settings, maybe another name.

    What is None, or empty, is as the function says. `parameters` are further ones of the pipeline (Z-03).
    """

    conf: PipelineConf | None = None
    name: str | None = None
    description: str | None = None
    parameters: tuple[PipelineParam, ...] = ()

    def after(self, earlier: Submission) -> Submission:
        """Return what both said: where they differ, this one."""
        return Submission(
            conf=self.conf or earlier.conf,
            name=self.name or earlier.name,
            description=self.description or earlier.description,
            parameters=self.parameters or earlier.parameters,
        )


class Collected(list[Callable[..., Any]]):
    """Pipeline functions in the order in which they were told of, maybe more than once.

    `decorated` are those with `@dsl.pipeline`; `submissions` has what else was said where one was compiled or
    submitted.
    """

    def __init__(self) -> None:
        super().__init__()
        self.decorated: set[Callable[..., Any]] = set()
        self.submissions: dict[Callable[..., Any], Submission] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How Airflow reads a file: again and again, also when a task starts, and without its writing anything.

    `component_max_age_s`: for how many seconds a copy serves of a component that was fetched. `kept`: the component
    files that were not written, by their paths.
    """

    component_max_age_s: float
    kept: dict[Path, str] = field(default_factory=dict)


_collectors: ContextVar[tuple[Collected, ...]] = ContextVar("kfp_airflow_collectors", default=())
_asked: ContextVar[dict[Where, list[float]] | None] = ContextVar("kfp_airflow_asked", default=None)
_reading: ContextVar[Reading | None] = ContextVar("kfp_airflow_reading", default=None)


@contextmanager
def collect_pipelines() -> Iterator[Collected]:
    """Yield a list that gets every function that is told of inside the block."""
    collected = Collected()
    token, counting = _collectors.set((*_collectors.get(), collected)), _asked.set({})
    try:
        yield collected
    finally:
        _asked.reset(counting)
        _collectors.reset(token)


def collect(function: Callable[..., Any], submission: Submission | None = None, *, decorated: bool = False) -> None:
    """Tell of a function that is a pipeline: decorated, compiled or submitted, maybe under another name."""
    for collected in _collectors.get():
        collected.append(function)
        if decorated:
            collected.decorated.add(function)
        if submission is not None:
            collected.submissions[function] = submission.after(collected.submissions.get(function, Submission()))


def is_loading() -> bool:
    """Tell whether a file is being loaded for its pipelines."""
    return bool(_collectors.get())


def times_asked(where: Where) -> tuple[int, float]:
    """Note a line that asks a server while a file is loaded; return how often it has, and for how many seconds."""
    asked = _asked.get()
    if asked is None:
        return 0, 0.0
    moments = asked.setdefault(where, [])
    moments.append(time.monotonic())
    return len(moments), moments[-1] - moments[0]


@contextmanager
def as_script_in(folder: Path, *, component_max_age_s: float) -> Iterator[None]:
    """Let relative paths mean what they mean to a script that is started in a folder; no package is written there.

    Airflow reads a file again and again, started anywhere, and takes what lies beside it for a pipeline.
    """
    before = Path.cwd()
    os.chdir(folder)
    token = _reading.set(Reading(component_max_age_s=component_max_age_s))
    try:
        yield
    finally:
        _reading.reset(token)
        os.chdir(before)


def reading() -> Reading | None:
    """Return how Airflow reads the file that asks, None where it is a script or a command that does."""
    return _reading.get()


def may_write() -> bool:
    """Tell whether packages and component files are written where a file asks for them."""
    return _reading.get() is None


def write_component(path: str | os.PathLike[str], content: str) -> None:
    """Write a component file; where none may be written, keep it for the file that asks, which often loads it next."""
    if (reading := _reading.get()) is None:
        Path(path).write_text(content, encoding="utf-8")
    else:
        reading.kept[Path(path).absolute()] = content


def kept_component(path: str | os.PathLike[str]) -> str | None:
    """Return a component file that was kept instead of written, None where there is none of that path."""
    reading = _reading.get()
    return None if reading is None else reading.kept.get(Path(path).absolute())


def beside_author(path: str | os.PathLike[str]) -> Path:
    """Return where a file is that an author names: from the current folder on, as for KFP.

    Where there is none of a relative name: from the folder of the file that asks, or from one around that.
    """
    named = Path(path)
    frame = None if named.is_absolute() or named.exists() else author_frame()
    if frame is not None:
        for folder in Path(frame.f_code.co_filename).absolute().parents:
            if (folder / named).exists():
                return folder / named
    return named
