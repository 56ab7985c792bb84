"""A container's log, followed live in a thread of its own."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Final

from kfp_airflow.pods.channel import Pace

if TYPE_CHECKING:
    from kubernetes.client import CoreV1Api

log = logging.getLogger(__name__)

_CLOCKS_DIFFER_S: Final = 60
_OUTPUTS: Final = 2
"""Standard output and standard error: the one may be ahead of the other."""
LINE_BYTES: Final = 64 * 1024
"""A longer line is written in pieces: a progress bar may never end its line."""


class LogFollower:
    """Follows one container from its start to its end; `ended` is set when the stream is over, for whatever reason.

    `write` gets one line at a time. `follow` may be called again after a broken stream: lines that
    were written are left out. `mark`: what ends both of the container's outputs, if anything does; it is not written,
    and when it has come from both, the log is over.
    """

    def __init__(
        self,
        core: CoreV1Api,
        *,
        pod: str,
        namespace: str,
        container: str,
        write: Callable[[str], None],
        mark: str = "",
    ) -> None:
        self._core, self._pod, self._namespace, self._container = core, pod, namespace, container
        self._write = write
        self._mark, self._marks = mark, 0
        self._last = ""
        self._resumes = False
        self._stopped = threading.Event()
        self._response: Any = None
        self.ended = threading.Event()
        self._thread: threading.Thread | None = None

    def follow(self) -> None:
        """Start to follow, or start again."""
        self._resumes = bool(self._last)
        self.ended.clear()
        self._thread = threading.Thread(target=self._run, name=f"log of {self._container}", daemon=True)
        self._thread.start()

    def finish(self, timeout_s: float) -> None:
        """Wait for the log's end, at most `timeout_s` seconds, then stop.

        The kubelet ends a stream when the container has ended, and lines that the container's runtime had not written
        yet are in none; a short program may lose all of them. So what has come since is read at the end.
        """
        if self._thread is not None:
            if self.ended.wait(timeout_s) and not self.complete:
                self._read_rest()
            self.stop()

    @property
    def complete(self) -> bool:
        """Tell whether all has come: the program has said so itself."""
        return self._marks >= _OUTPUTS

    def stop(self) -> None:
        """Stop following: at once, although the thread may be waiting for a line that never comes."""
        self._stopped.set()
        connection = getattr(self._response, "connection", None)
        if connection is not None and connection.sock is not None:
            with suppress(OSError):  # it is closed
                connection.sock.shutdown(socket.SHUT_RDWR)

    def _run(self) -> None:
        try:
            with self._told():
                self._response = response = self._open()
                if response is not None:
                    with closing(response):
                        for line in _lines(response):
                            self._take(line)
                            if self.complete:
                                break
        finally:
            self.ended.set()

    def _read_rest(self) -> None:
        with self._told():
            self._resumes = bool(self._last)
            since = {"since_seconds": _seconds_since(self._last)} if self._last else {}
            for line in _lines(self._request(follow=False, **since)):
                self._take(line)

    @contextmanager
    def _told(self) -> Iterator[None]:
        from kubernetes.client.exceptions import ApiException
        from urllib3.exceptions import HTTPError

        try:
            yield
        except (ApiException, HTTPError, OSError, ValueError, AttributeError) as error:
            if not self._stopped.is_set():
                log.warning(
                    "The log of container '%s' was interrupted: %s", self._container, str(error).splitlines()[0]
                )

    def _open(self) -> Any:
        """Return the stream once the container has started; None where this was stopped before."""
        from kubernetes.client.exceptions import ApiException

        pace = Pace()
        while not self._stopped.is_set():
            try:
                return self._request(follow=True)
            except ApiException as error:
                if error.status not in {400, 500, 502, 503, 504}:  # 400: the container has not started yet
                    raise
                pace.wait()
        return None

    def _request(self, *, follow: bool, **options: Any) -> Any:
        return self._core.read_namespaced_pod_log(
            self._pod,
            self._namespace,
            container=self._container,
            follow=follow,
            timestamps=True,
            _preload_content=False,
            **options,
        )

    def _take(self, line: str) -> None:
        moment, _, text = line.partition(" ")
        if moment <= self._last and self._resumes:
            return
        self._resumes = False
        self._last = max(self._last, moment)
        if self._mark and text.endswith(self._mark):
            self._marks += 1
            text = text.removesuffix(self._mark)
            if not text:
                return
        self._write(text)


def _seconds_since(moment: str) -> int:
    """Return the whole seconds since a line's time stamp, which has nanoseconds, and some more."""
    then = datetime.fromisoformat(f"{moment[:19]}+00:00")
    return max(int((datetime.now(timezone.utc) - then).total_seconds()), 0) + _CLOCKS_DIFFER_S


def _lines(response: Any) -> Iterator[str]:
    rest = b""
    for chunk in response.stream(1 << 16, decode_content=False):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.decode(errors="replace")
        if len(rest) > LINE_BYTES:
            yield rest.decode(errors="replace")
            rest = b""
    if rest:
        yield rest.decode(errors="replace")
