"""A session as the command sees it: a process to start, to listen to, and to end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Final

from kfp_airflow.cli.events import Event, Request, read_events
from kfp_airflow.cli.home import Home, session_environment

GRACE_S: Final = 20.0
"""How long steps may take to end after Ctrl-C: a pod's usual grace is 30 s, its deletion is asked for at once."""

KILLED_AFTER_S: Final = 5.0
"""How long what is left of a session that has failed may take to end."""


class SessionProcess:
    """The child process that uses Airflow. Its own process group: a terminal's Ctrl-C reaches the command alone."""

    def __init__(self, home: Home, *, runtime: str) -> None:
        home.root.mkdir(parents=True, exist_ok=True)
        folder = home.logs / "sessions"
        folder.mkdir(parents=True, exist_ok=True)
        self.log: Path = folder / f"{time.strftime('%Y-%m-%dT%H-%M-%S')}-{os.getpid()}.log"
        reading, writing = os.pipe()
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "kfp_airflow.cli.session", str(writing)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                pass_fds=[writing],
                env=session_environment(home, os.environ, runtime=runtime),
                start_new_session=True,
            )
        os.close(writing)
        self._events = os.fdopen(reading, encoding="utf-8")

    def ask(self, request: Request) -> None:
        """Send the request. Standard input stays open: it tells the session that the command lives."""
        assert self._process.stdin is not None  # noqa: S101 - a pipe, by the constructor
        self._process.stdin.write((json.dumps(asdict(request)) + "\n").encode())
        self._process.stdin.flush()

    def events(self) -> Iterator[Event]:
        """Yield what the session tells until it has nothing more to tell."""
        yield from read_events(self._events)

    def interrupt(self) -> None:
        """Ask the session to end its steps and itself; it still tells how the run ended."""
        self._process.send_signal(signal.SIGTERM)

    def close(self, *, grace_s: float = GRACE_S) -> int:
        """Wait for the session's end, then end what is left of it. Returns its exit code."""
        try:
            ended_well = self._process.wait(grace_s) == 0
        except subprocess.TimeoutExpired:
            ended_well = False
        if not ended_well:
            self._end_all()
        self._events.close()
        return self._process.wait()

    def _end_all(self) -> None:
        """End every process of the session, which may be gone itself: steps are told to end, then all are killed."""
        import psutil  # type: ignore[import-untyped] # of Airflow's dependencies; only when something went wrong

        def belongs(process: psutil.Process) -> bool:
            try:
                return os.getsid(process.pid) == self._process.pid
            except (ProcessLookupError, PermissionError):
                return False

        family = [process for process in psutil.process_iter() if belongs(process)]
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.terminate()
        for process in psutil.wait_procs(family, timeout=KILLED_AFTER_S)[1]:
            with suppress(psutil.NoSuchProcess):
                process.kill()
