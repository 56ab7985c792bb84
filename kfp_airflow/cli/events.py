"""What a session tells the command that started it, one JSON line each over a pipe, and what it is asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, TextIO, TypeAlias

from kfp_airflow.graph.text import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A run that is asked for: the DAG file to put into the home, the DAG in it, and the run's parameters.

    `calls`: tasks of it start runs and wait for them.
    """

    home: str
    dag_file: str
    dag_file_text: str
    pipeline: str
    conf: Mapping[str, Json]
    runtime: str
    calls: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Another session, the process `pid`, uses the home; this one begins when that one ends."""

    pid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """The run exists."""

    dag_id: str
    run_id: str
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChanged:
    """A task instance is in another state than before. `duration_s` where the attempt has ended."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    attempt: int
    state: str
    duration_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """The run has ended.

    `logs` holds the log file of each task of the report, in its order; empty: it has none. `refusals`: one message for
    each step that the run shows to be wrong, such as one whose image cannot be pulled.
    """

    report: dict[str, Any]
    logs: list[str]
    refusals: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What was asked for cannot be run: the whole message for the user."""

    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Broken:
    """The session itself failed: the exception in one line, and its traceback."""

    message: str
    traceback: str


Event: TypeAlias = Waiting | Started | TaskChanged | Finished | Refused | Broken
_KINDS: Final[dict[str, Callable[..., Event]]] = {
    kind.__name__: kind for kind in (Waiting, Started, TaskChanged, Finished, Refused, Broken)
}


class EventWriter:
    """The session's end of the pipe."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def send(self, event: Event) -> None:
        """Write one event. Raises BrokenPipeError where the command is gone."""
        self._stream.write(json.dumps([type(event).__name__, asdict(event)]) + "\n")
        self._stream.flush()


def read_events(lines: Iterable[str]) -> Iterator[Event]:
    """Yield the events of a session until it closes its end."""
    for line in lines:
        kind, fields = json.loads(line)
        yield _KINDS[kind](**fields)
