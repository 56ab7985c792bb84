"""`kfp-airflow run`: check a file, run it in a session, show it, and leave the report."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from kfp_airflow.cli.dag_files import dag_file_name, dag_file_text
from kfp_airflow.cli.display import Progress, make_console, make_progress, print_report
from kfp_airflow.cli.events import Broken, Finished, Refused, Request, Started, TaskChanged, Waiting
from kfp_airflow.cli.home import Home, resolve_home
from kfp_airflow.cli.outcome import FAILED, INTERRUPTED, REFUSED, SUCCEEDED, count, refuse, warn
from kfp_airflow.cli.places import choose_runtime
from kfp_airflow.cli.report import read_report, write_report
from kfp_airflow.cli.sessions import SessionProcess
from kfp_airflow.cli.sources import check_chosen, read_parameters
from kfp_airflow.dag.lower import lower
from kfp_airflow.dag.sections import make_sections
from kfp_airflow.diagnostics import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """The options of `kfp-airflow run`."""

    file: Path
    function: str | None = None
    parameters: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    runtime: str = "auto"
    home: Path | None = None
    json_out: Path | None = None
    verbose: bool = False


def run(options: RunOptions) -> int:
    """Run a pipeline and return the exit code: 0 succeeded, 1 failed, 2 an image cannot be had, 130 interrupted.

    Raises PipelineError and UsageError for what cannot be run; nothing is registered or written then.
    """
    return run_request(make_request(options), options)


def run_request(request: Request, options: RunOptions) -> int:
    """Run what a request asks for, show it, write the report, and return the exit code."""
    home = Home(root=Path(request.home))
    console = make_console()
    session = SessionProcess(home, runtime=request.runtime)
    finished: Finished | None = None
    try:
        with _ended_like_ctrl_c():
            session.ask(request)
            with make_progress(console) as progress:
                finished, interrupted = _watch(session, progress, verbose=options.verbose)
        if finished is None:
            return INTERRUPTED if interrupted else _say_broken(session, "it ended without a result")
        report = read_report(finished.report)
        if options.json_out is not None:
            write_report(report, options.json_out)
        print_report(console, report, finished.logs, home)
        if interrupted:
            return INTERRUPTED
        if report.state == "success":
            return SUCCEEDED
        for refusal in finished.refusals:
            warn(refusal)
        return REFUSED if finished.refusals else FAILED
    finally:
        session.close(grace_s=1.0 if finished is None else 10.0)


def make_request(options: RunOptions) -> Request:
    """Check the file and the parameters, without Airflow, and return what to ask a session for."""
    if options.json_out is not None and not options.json_out.absolute().parent.is_dir():
        raise UsageError(f"--json {options.json_out}: there is no folder {options.json_out.absolute().parent}")
    checked = check_chosen(options.file, options.function)
    pipeline = checked.require_sound()
    for warning in checked.diagnostics:
        warn(str(warning))
    conf = read_parameters(pipeline, options.parameters)
    path = os.path.realpath(options.file)
    return Request(
        home=str(resolve_home(options.home).root),
        dag_file=dag_file_name(pipeline.name),
        dag_file_text=dag_file_text(path, function=options.function, experiments=options.experiments),
        pipeline=pipeline.name,
        conf=conf,
        runtime=choose_runtime(options.runtime, pipeline),
        calls=len(make_sections(lower(pipeline))) > 1,
    )


def _watch(session: SessionProcess, progress: Progress, *, verbose: bool) -> tuple[Finished | None, bool]:
    """Show the session to its end; return how the run ended, where that is told, and whether it was interrupted."""
    interrupted = False
    while True:
        try:
            return _follow(session, progress, verbose=verbose), interrupted
        except KeyboardInterrupt:
            if interrupted:
                return None, True
            interrupted = True
            progress.say("Interrupted: ending the steps that run (once more to end at once)")
            session.interrupt()


def _follow(session: SessionProcess, progress: Progress, *, verbose: bool) -> Finished | None:
    """Show what the session tells; return how the run ended, or None where the session ends without telling."""
    for event in session.events():
        match event:
            case Waiting():
                progress.say(f"Another run uses this home (process {event.pid}); this one begins when that one ends")
            case Started():
                progress.say(f"Run {event.run_id} of {event.dag_id}, {count(event.tasks, 'task')}")
            case TaskChanged():
                progress.change(event)
            case Finished():
                return event
            case Refused():
                refuse(event.message)
            case Broken():
                _say_broken(session, event.message, event.traceback if verbose else "")
                raise SystemExit(FAILED)
    return None


def _say_broken(session: SessionProcess, message: str, traceback: str = "") -> int:
    if traceback:
        warn(traceback)
    warn(f"The Airflow session failed: {message}\n  Its log is {session.log}")
    return FAILED


@contextmanager
def _ended_like_ctrl_c() -> Iterator[None]:
    """Let a request to end the command (SIGTERM, the terminal closed) end the steps as Ctrl-C does."""

    def interrupt(signum: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
