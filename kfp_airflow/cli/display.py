"""How a run looks: live in a terminal, line by line elsewhere, and the table at its end."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from kfp_airflow.cli.events import TaskChanged
from kfp_airflow.cli.home import Home, artifacts_place
from kfp_airflow.cli.outcome import count
from kfp_airflow.cli.report import RunReport, TaskReport
from kfp_airflow.cli.task_logs import last_lines
from kfp_airflow.graph.text import Json

LOG_LINES: Final = 20
INDEXES_SHOWN: Final = 20
RUNS_SHOWN: Final = 20
SHOWN_CHARACTERS: Final = 48
PLAIN_WIDTH: Final = 160
_STYLES: Final[Mapping[str, str]] = {
    "success": "green",
    "failed": "bold red",
    "upstream_failed": "red",
    "skipped": "magenta",
    "running": "cyan",
    "up_for_retry": "yellow",
}
_ENDED: Final = ("success", "skipped", "failed", "upstream_failed", "removed")


class Progress(Protocol):
    """What shows a run while it runs."""

    def __enter__(self) -> Progress: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def say(self, message: str) -> None:
        """Show a message above what is shown."""

    def change(self, event: TaskChanged) -> None:
        """Show that a task is in another state."""


def make_console() -> Console:
    """Return the console of standard output; elsewhere than in a terminal wide enough for the table."""
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def make_progress(console: Console) -> Progress:
    """Return the live display in a terminal, plain lines elsewhere."""
    return LiveProgress(console) if console.is_terminal else LineProgress(console)


def task_label(task_id: str, map_index: int) -> str:
    """Return how one task instance is called: `train`, or `train[2]` where it is mapped."""
    return f"{task_id}[{map_index}]" if map_index >= 0 else task_id


def body_label(dag_id: str, root: str) -> str:
    """Return what a DAG that the pipeline's DAG `root` calls is called: its id without the pipeline's."""
    return dag_id.removeprefix(f"{root}.")


def changed_label(event: TaskChanged, root: str) -> str:
    """Return how a task instance is called in a line of its own: one of a called run with the body it is of."""
    task = task_label(event.task_id, event.map_index)
    return task if event.dag_id == root else f"{body_label(event.dag_id, root)} · {task}"


class LineProgress:
    """One line when a task starts and one when it ends, with the seconds since the command began."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._root: str | None = None
        self._started: set[TaskChanged] = set()

    def __enter__(self) -> LineProgress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    def say(self, message: str) -> None:
        """Print the message."""
        self._console.print(f"{self._elapsed()}  {escape(message)}", soft_wrap=True)

    def change(self, event: TaskChanged) -> None:
        """Print starts, ends and retries; what a task waits for is no line, nor is that it goes on."""
        self._root = self._root or event.dag_id  # the pipeline's own tasks begin
        label = changed_label(event, self._root)
        took = f" ({event.duration_s:.1f} s)" if event.duration_s is not None else ""
        match event.state:
            case "running":
                if event not in self._started:
                    self.say(f"{label} started")
                self._started.add(event)
            case "up_for_retry":
                self.say(f"{label} failed and will be tried again")
            case state if state in _ENDED:
                self.say(f"{label} {state}{took}")

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._began:7.1f} s"


class LiveProgress:
    """A table that fills as tasks run: one line per task, mapped ones counted; gone when the final table comes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = time.monotonic()
        self._root: str | None = None
        self._states: dict[tuple[str, str], dict[tuple[str, int], str]] = {}
        self._since: dict[tuple[str, str], float] = {}
        self._took: dict[tuple[str, str], float] = {}
        self._spinner = Spinner("dots")
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=8, transient=True)

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def say(self, message: str) -> None:
        """Print the message above the table."""
        self._console.print(escape(message), soft_wrap=True)

    def change(self, event: TaskChanged) -> None:
        """Note the state; the table is drawn a few times a second."""
        self._root = self._root or event.dag_id
        task = (event.dag_id, event.task_id)
        states = self._states.setdefault(task, {})
        states[(event.run_id, event.map_index)] = event.state
        now = time.monotonic()
        self._since.setdefault(task, now)
        if all(state in _ENDED for state in states.values()):
            self._took[task] = now - self._since[task]
        else:
            self._took.pop(task, None)

    def _render(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        room = max(self._console.size.height - 4, 3)
        for task in self._shown(room):
            table.add_row(*self._row(task))
        done = sum(1 for states in self._states.values() if all(state in _ENDED for state in states.values()))
        self._spinner.update(
            text=f"{time.monotonic() - self._began:.0f} s, {done} of {count(len(self._states), 'task')} done"
        )
        return Group(table, self._spinner)

    def _shown(self, room: int) -> list[tuple[str, str]]:
        """Return the tasks for which there is room: those that have not ended first to stay, the oldest first to go."""
        tasks = list(self._states)
        ended = [task for task in tasks if task in self._took]
        gone = set(ended[: max(len(tasks) - room, 0)])
        return [task for task in tasks if task not in gone][:room]

    def _row(self, task: tuple[str, str]) -> Iterator[RenderableType]:
        states = self._states[task]
        counts = Counter(states.values())
        telling = next((state for state in ("running", "up_for_retry", "failed") if counts[state]), None)
        state = telling or next(reversed(states.values()))
        several = len(states) > 1 or any(index >= 0 for _, index in states)
        root = self._root or task[0]
        label = task[1] if task[0] == root else f"{body_label(task[0], root)} · {task[1]}"
        ended = sum(counts[state] for state in _ENDED)
        seconds = self._took.get(task, time.monotonic() - self._since[task])
        yield Text(label, style="bold" if state == "running" else "")
        yield Text(state, style=_STYLES.get(state, "dim"))
        yield Text(f"{ended}/{len(states)}" if several else "", style="dim")
        yield Text(f"{seconds:.0f} s", style="dim")


def print_report(console: Console, report: RunReport, logs: Iterable[str], home: Home) -> None:
    """Print the table of a run's tasks, where artifacts and logs lie, and why tasks failed."""
    _print_table(console, _table(report))
    for task, log in zip(report.tasks, logs, strict=True):
        if task.state == "failed":
            _print_failure(console, task, log)
    took = "" if report.duration_s is None else f" in {report.duration_s:.1f} s"
    style = _STYLES.get(report.state, "")
    ending = Text.assemble("Run ", report.run_id, " of ", (report.dag_id, "bold"), ": ", (report.state, style), took)
    console.print(ending, soft_wrap=True)
    console.print(f"Artifacts: {escape(artifacts_place(home, os.environ))}", soft_wrap=True)
    folder = home.logs / f"dag_id={report.dag_id}" / f"run_id={report.run_id}"
    console.print(f"Logs:      {escape(str(folder))}", soft_wrap=True)


def _print_table(console: Console, table: Table) -> None:
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():  # without the blanks that fill its last column
        console.print(Text(line.rstrip()), soft_wrap=True)


def _table(report: RunReport) -> Table:
    """Return the table of all tasks, those of a called run below its name; of many runs the first and the failed."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    table.add_column("task")
    table.add_column("state", no_wrap=True)
    table.add_column("seconds", justify="right", no_wrap=True)
    table.add_column("outputs", overflow="fold", ratio=1)
    runs: Counter[str] = Counter()
    hidden: Counter[str] = Counter()
    for (dag_id, run_id), tasks in groupby(report.tasks, lambda task: (task.dag_id, task.run_id)):
        of_run = tuple(tasks)
        if run_id != report.run_id:
            runs[dag_id] += 1
            if runs[dag_id] > RUNS_SHOWN and not any(task.state == "failed" for task in of_run):
                hidden[dag_id] += 1
                continue
            name = Text(f"{body_label(dag_id, report.dag_id)}:", style="bold")
            table.add_row(name, "", "", Text(run_id, style="dim"))
        _add_tasks(table, of_run)
    for dag_id, number in hidden.items():
        table.add_row(Text(f"{body_label(dag_id, report.dag_id)}: …", style="bold"), "", "", f"{number:,} more runs")
    return table


def _add_tasks(table: Table, tasks: Iterable[TaskReport]) -> None:
    hidden: Counter[tuple[str, str, str]] = Counter()
    for task in tasks:
        if task.map_index >= INDEXES_SHOWN and task.state != "failed":
            hidden[(task.task_id, str(task.state), task.dag_id)] += 1
            continue
        _add_hidden(table, hidden, task.task_id)
        state = task.state or "not run"
        took = "" if task.duration_s is None else f"{task.duration_s:.1f}"
        why = task.message.partition("\n")[0] if state == "skipped" else ""
        shown = outputs_text(task.outputs) or why
        label = Text(task_label(task.task_id, task.map_index))
        table.add_row(label, Text(state, style=_STYLES.get(state, "dim")), took, Text(shown))
    _add_hidden(table, hidden, "")


def _add_hidden(table: Table, hidden: Counter[tuple[str, str, str]], task_id: str) -> None:
    for key in [key for key in hidden if key[0] != task_id]:
        state = Text(key[1], style=_STYLES.get(key[1], "dim"))
        table.add_row(Text(f"{key[0]}[…]"), state, "", f"{hidden.pop(key):,} more")


def outputs_text(outputs: Mapping[str, Json]) -> str:
    """Return outputs in one line: short texts as they are, longer ones cut with their length, files by size."""
    return ", ".join(f"{name}={_short(value)}" for name, value in outputs.items())


def _short(value: Json) -> str:
    if isinstance(value, dict) and "size" in value:
        size = value["size"]
        return f"<{value.get('kind', 'file')}, {size:,} B>" if isinstance(size, int) else "<file>"
    if not isinstance(value, str):
        return json.dumps(value)[:60]
    text = value if value.isprintable() else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}… ({len(value):,} characters)"


def _print_failure(console: Console, task: TaskReport, log: str) -> None:
    label = task_label(task.task_id, task.map_index)
    console.print()
    console.print(Text.assemble((f"{label} failed: ", "bold red"), task.message or "no message"), soft_wrap=True)
    if not log:
        return
    console.print(Text(f"  the last lines of {log}:", style="dim"), soft_wrap=True)
    for line in last_lines(Path(log), LOG_LINES):
        console.print(Text(f"  | {line}"), soft_wrap=True)
    console.print()
