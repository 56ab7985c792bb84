"""Programs that run under the launcher, watched from one thread: their output, their time limit, their end."""

from __future__ import annotations

import contextlib
import marshal
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO, Final, Protocol

from kfp_airflow.local.orders import Order, Report

GRACE_S: Final = 10.0
SIDECAR_GRACE_S: Final = 5.0
LINE_LIMIT_BYTES: Final = 64 * 1024
TERMINATED: Final = 128 + signal.SIGTERM
"""The exit code of what was made to end, or kept from beginning, and has no code of its own to tell."""

# How long a killed launcher may take to end its processes and bring the outputs back.
_KILL_LIMIT_S: Final = 30.0
# A signal handler may ask for the end while the loop sleeps; it looks again after this time.
_LOOK_AGAIN_S: Final = 0.5
_CHUNK_BYTES: Final = 64 * 1024
_PACKAGE: Final = str(Path(__file__).resolve().parents[1])
# The packages around the launcher are empty ones here: what they import for others would double its start.
_START: Final = """
import os, sys
for name, folder in (("kfp_airflow", sys.argv[4]), ("kfp_airflow.local", sys.argv[4] + "/local")):
    sys.modules[name] = type(sys)(name)
    sys.modules[name].__path__ = [folder]
from kfp_airflow.local.launcher import main
main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
os._exit(0)
"""


class NotHere(Exception):
    """The launcher cannot make the surroundings that were asked for; the text says why. The program has not run."""


class Stopped(Exception):
    """The step was told to end, so no more of its programs begin."""


def ended_from_outside(exit_code: int = TERMINATED) -> str:
    """Return the message of a step that ended because it was told to."""
    return f"was ended from outside (exit code {exit_code})"


class Lines:
    """Bytes of a program's output as lines of a log: bad bytes replaced, lines of over 64 KiB cut with a mark."""

    def __init__(self, log: Callable[[str], None], prefix: str = "") -> None:
        self._log = log
        self._prefix = prefix
        self._pending = b""
        self._cutting = False

    def feed(self, chunk: bytes) -> None:
        """Log the lines that are whole now."""
        *whole, self._pending = (self._pending + chunk).split(b"\n")
        for line in whole:
            if not self._cutting:
                self._emit(line)
            self._cutting = False
        if len(self._pending) > LINE_LIMIT_BYTES:
            if not self._cutting:
                self._emit(self._pending)
            self._pending, self._cutting = b"", True

    def end(self) -> None:
        """Log what came after the last line break."""
        if self._pending and not self._cutting:
            self._emit(self._pending)
        self._pending = b""

    def _emit(self, line: bytes) -> None:
        mark = f" … [line cut at {LINE_LIMIT_BYTES:,} B]" if len(line) > LINE_LIMIT_BYTES else ""
        content = line[:LINE_LIMIT_BYTES].removesuffix(b"\r").decode("utf-8", "replace")
        self._log(f"{self._prefix}{content}{mark}")


class Program:
    """A running program; `report` is None until it has ended."""

    def __init__(self, order: Order, *, folder: Path, lines: Lines) -> None:
        """Start it, the order being kept in `folder`. Raises NotHere."""
        self.report: Report | None = None
        self._lines = lines
        self._answer = b""
        order_file = folder / "order"
        order_file.write_bytes(marshal.dumps(dict(order)))
        report, report_end = os.pipe()
        try:
            self._launcher = subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-S",
                    "-c",
                    _START,
                    str(order_file),
                    str(report_end),
                    str(os.getpid()),
                    _PACKAGE,
                ],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=[report_end],
                start_new_session=True,
            )
        finally:
            os.close(report_end)
        self._report: IO[bytes] = os.fdopen(report, "rb", buffering=0)
        self._await_start()

    def _await_start(self) -> None:
        while not self._answer.endswith(b"\n"):
            byte = self._report.read(1)
            if not byte:
                self._finish()
                raise NotHere(f"the launcher ended at once ({self._launcher.returncode})")
            self._answer += byte
        refusal = self._answer.decode().strip()
        self._answer = b""
        os.set_blocking(self.output.fileno(), False)
        if refusal:
            self._finish()
            raise NotHere(refusal)

    @property
    def ended(self) -> bool:
        """Tell whether there is a report."""
        return self.report is not None

    @property
    def output(self) -> IO[bytes]:
        """Return where the program's output comes from, not blocking."""
        if self._launcher.stdout is None:
            raise ValueError("a launcher is always started with a pipe")
        return self._launcher.stdout

    def watch(self, selector: selectors.BaseSelector) -> None:
        """Let `selector` call back when there is something to read."""
        selector.register(self.output, selectors.EVENT_READ, self._read_output)
        selector.register(self._report, selectors.EVENT_READ, lambda: self._read_report(selector))

    def terminate(self) -> None:
        """Ask the program to end; may be called in a signal handler."""
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        """Make the launcher end the program and everything it has started, and report."""
        self._signal(signal.SIGUSR1)

    def destroy(self) -> None:
        """End it without a report, whatever state it is in."""
        if self.report is None:
            self._launcher.kill()
            self._finish()

    def _signal(self, number: int) -> None:
        if self.report is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._launcher.pid, number)

    def _read_output(self) -> None:
        chunk = self._read_chunk()
        while chunk:
            self._lines.feed(chunk)
            chunk = self._read_chunk() if len(chunk) == _CHUNK_BYTES else b""

    def _read_chunk(self) -> bytes:
        try:
            return os.read(self.output.fileno(), _CHUNK_BYTES)
        except BlockingIOError:
            return b""

    def _read_report(self, selector: selectors.BaseSelector) -> None:
        chunk = self._report.read(_CHUNK_BYTES)
        if chunk:
            self._answer += chunk
            return
        selector.unregister(self.output)
        selector.unregister(self._report)
        self._finish()

    def _finish(self) -> None:
        self._launcher.wait()
        if self.output.readable():
            os.set_blocking(self.output.fileno(), False)
            while chunk := self._read_chunk():
                self._lines.feed(chunk)
        self._lines.end()
        self.output.close()
        self._report.close()
        lost: Report = {
            "exit_code": 128 + signal.SIGKILL,
            "message": "its launcher was killed (out of memory?)",
            "collected": [],
            "unread": {},
        }
        # What our own launcher wrote; the step's program does not inherit this pipe.
        self.report = marshal.loads(self._answer) if self._answer else lost  # noqa: S302


class Watched(Protocol):
    """What a `Watch` needs of a program; `terminate` and `kill` may be called in a signal handler."""

    @property
    def ended(self) -> bool:
        """Tell whether it has ended."""

    def watch(self, selector: selectors.BaseSelector) -> None:
        """Let `selector` call back when there is something to read."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """Make it end."""

    def destroy(self) -> None:
        """Leave nothing of it running."""


class Watch:
    """Waits for programs in the calling thread and feeds the log; `stop` may be called in a signal handler."""

    def __init__(self) -> None:
        self._programs: list[Watched] = []
        self._stopped_at: float | None = None

    def stop(self) -> None:
        """Ask all programs to end; those that do not are killed after the grace. Asking again changes nothing."""
        if self.stopped:
            return
        self._stopped_at = time.monotonic()
        for program in self._programs:
            program.terminate()

    @property
    def stopped(self) -> bool:
        """Tell whether `stop` was called."""
        return self._stopped_at is not None

    def require_going(self) -> None:
        """Raise Stopped after `stop`: to be asked before another program is started."""
        if self.stopped:
            raise Stopped

    def add(self, program: Watched) -> None:
        """Watch one more program from now on."""
        self._programs.append(program)
        if self.stopped:
            program.terminate()

    def wait_for(self, programs: Sequence[Watched], *, deadline: float) -> bool:
        """Wait until all of `programs` have ended, at most to the deadline (of time.monotonic); tell whether they have.

        After `stop` they are killed when the grace is over.
        """
        with selectors.DefaultSelector() as selector:
            for program in self._programs:
                if not program.ended:
                    program.watch(selector)
            killed = False
            while any(not program.ended for program in programs):
                now = time.monotonic()
                if now >= deadline:
                    return False
                if self._stopped_at is not None and not killed and now >= self._stopped_at + GRACE_S:
                    killed = True
                    for program in self._programs:
                        program.kill()
                for key, _ in selector.select(min(_LOOK_AGAIN_S, deadline - now)):
                    if key.fd in selector.get_map():
                        key.data()
        return True

    def end(self, programs: Sequence[Watched], *, grace_s: float) -> None:
        """End programs: SIGTERM, after the grace SIGKILL."""
        for program in programs:
            program.terminate()
        if self.wait_for(programs, deadline=time.monotonic() + grace_s):
            return
        for program in programs:
            program.kill()
        self.wait_for(programs, deadline=time.monotonic() + _KILL_LIMIT_S)

    def destroy(self) -> None:
        """Leave no process behind, whatever happened."""
        for program in self._programs:
            program.destroy()
