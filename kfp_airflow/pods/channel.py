"""Byte streams to programs in a running container, by the exec of the real Kubernetes client.

`Channel` is the seam: everything above it works with any implementation, `ExecChannel` is the one for clusters.
"""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Protocol

from kfp_airflow.diagnostics import StepError

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

SEND_BYTES: Final = 256 * 1024
GREETING_S: Final = 1.0
"""How long a program may take until its first word, doubled where it was too short: an exec can hang as its container
starts."""
_TEXT, _BINARY, _CLOSE = 0x1, 0x2, 0x8
_STDIN, _STDOUT, _STDERR, _ERROR = range(4)
SHORTEST_WAIT_S: Final = 0.1
LONGEST_WAIT_S: Final = 0.5
WAIT_SHARE: Final = 0.05
"""How much of the time since the first try may pass until the next one."""


class ChannelRefused(Exception):
    """There is no stream yet: the container has not started, or the kubelet cannot be reached at the moment."""


class ChannelBroken(Exception):
    """A stream ended before its work was done, or carried something else than was sent."""


class Stream(Protocol):
    """Standard input and output of one program in a container."""

    def send(self, chunk: bytes) -> None:
        """Write to the program's input; blocks while it does not read.

        Raises ChannelRefused before the first bytes of output were received, ChannelBroken after them.
        """
        ...

    def receive(self) -> bytes:
        """Return the next bytes of output. Raises ChannelRefused before the first ones, ChannelBroken at the end."""
        ...

    def close(self) -> None:
        """End the stream; a program that still runs is left alone."""
        ...


class Channel(Protocol):
    """A way into the containers of one pod."""

    def open(self, container: str, command: Sequence[str]) -> Stream:
        """Start a program. Raises ChannelRefused where it may work a moment later, StepError where it never will."""
        ...


class ExecChannel:
    """Streams by `pods/exec`, with a client of its own: the Kubernetes client's exec alters it while it connects."""

    def __init__(self, client: ApiClient, *, pod: str, namespace: str, timeout_s: float = 60.0) -> None:
        from kubernetes.client import ApiClient, CoreV1Api

        self._core = CoreV1Api(ApiClient(configuration=client.configuration))
        self._pod, self._namespace, self._timeout_s = pod, namespace, timeout_s
        self._greeting_s = GREETING_S
        self._last: ExecStream | None = None

    def open(self, container: str, command: Sequence[str]) -> ExecStream:
        """Start a program in a container; see `Channel.open`."""
        from kubernetes.client.exceptions import ApiException
        from kubernetes.stream import stream

        try:
            connection = stream(
                self._core.connect_get_namespaced_pod_exec,
                self._pod,
                self._namespace,
                container=container,
                command=list(command),
                stdin=True,
                stdout=True,
                stderr=True,
                tty=False,
                _preload_content=False,
                binary=True,
            )
        except ApiException as error:
            if _forbids(error):
                raise StepError(
                    f"the cluster refuses the stream into pod {self._pod} in namespace {self._namespace} "
                    f"by which files reach a step: {_reason(error)}. "
                    "Allow the worker's account to 'get' and 'create' the resource pods/exec there"
                ) from error
            raise ChannelRefused(_reason(error)) from error
        except AttributeError as error:  # the client, where the handshake was refused without a body
            raise ChannelRefused("the handshake was refused") from error
        if self._last is not None and self._last.silent:
            self._greeting_s = min(self._greeting_s * 2, self._timeout_s)
        self._last = ExecStream(connection, greeting_s=self._greeting_s, timeout_s=self._timeout_s)
        return self._last


class ExecStream:
    """One exec connection.

    Frames are read from the web socket itself: the client's own `update` polls the bare socket, and sleeps over frames
    that the TLS layer has already read.
    """

    def __init__(self, connection: Any, *, greeting_s: float, timeout_s: float) -> None:
        self._connection = connection
        self._socket = connection.sock
        self._socket.settimeout(greeting_s)
        self._timeout_s = timeout_s
        self._greeted = False
        self._stderr = b""
        self.silent = False
        """The program did not answer in time."""

    def send(self, chunk: bytes) -> None:
        """Write to the program's input in frames of at most `SEND_BYTES`."""
        view = memoryview(chunk)
        try:
            for start in range(0, len(view), SEND_BYTES):
                self._socket.send_binary(bytes((_STDIN,)) + view[start : start + SEND_BYTES])
        except _broken_errors() as error:
            if not self._greeted:
                raise ChannelRefused(f"the program is not there: {error}") from error
            raise ChannelBroken(f"the stream broke while sending: {error}") from error

    def receive(self) -> bytes:
        """Return the next bytes of the program's output."""
        while True:
            try:
                opcode, frame = self._socket.recv_data_frame(control_frame=True)
            except _broken_errors() as error:
                if not self._greeted:
                    self.silent = isinstance(error, _timeouts())
                    raise ChannelRefused(f"the program did not answer: {error}") from error
                raise ChannelBroken(f"the stream broke while receiving: {error}{self._said()}") from error
            if opcode == _CLOSE:
                raise ChannelBroken(f"the stream was closed{self._said()}")
            data: bytes = frame.data
            if opcode not in {_TEXT, _BINARY} or not data[1:]:
                continue
            channel, content = data[0], data[1:]
            if channel == _STDOUT:
                self._greet()
                return content
            if channel == _STDERR:
                self._stderr = (self._stderr + content)[-2000:]
            elif channel == _ERROR:
                self._end(content)

    def close(self) -> None:
        """End the connection without waiting for the other side's farewell."""
        try:
            self._connection.close(timeout=0)
        except _broken_errors():
            pass  # it is closed

    def _greet(self) -> None:
        if not self._greeted:
            self._greeted = True
            self._socket.settimeout(self._timeout_s)

    def _end(self, content: bytes) -> None:
        """Raise what the error channel says: "container not found" comes only here, after a good handshake."""
        try:
            status = json.loads(content)
        except ValueError:
            status = {"message": content.decode(errors="replace")}
        message = str(status.get("message", ""))
        if status.get("status") == "Success":
            raise ChannelBroken(f"the program ended early{self._said()}")
        if status.get("reason") != "NonZeroExitCode":
            raise ChannelRefused(message)
        raise ChannelBroken(f"{message}{self._said()}")

    def _said(self) -> str:
        text = self._stderr.decode(errors="replace").strip()
        return f" ({text})" if text else ""


class Lines:
    """The output of a program, read by lines and by counted bytes, with bounded memory."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._rest = b""

    def line(self, *, limit_bytes: int = 65536) -> str:
        """Return the next line without its newline."""
        while b"\n" not in self._rest:
            if len(self._rest) > limit_bytes:
                raise ChannelBroken("the helper sent a line without an end")
            self._rest += self._stream.receive()
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode(errors="replace")

    def copy(self, size: int, write: Callable[[bytes], object]) -> None:
        """Hand the next `size` bytes to `write`, chunk by chunk."""
        while size:
            chunk, self._rest = (self._rest, b"") if self._rest else (self._stream.receive(), b"")
            chunk, self._rest = chunk[:size], chunk[size:]
            write(chunk)
            size -= len(chunk)


class Pace:
    """The waits between tries: a share of the time that has passed. No quick start is missed, a slow pull is cheap."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    @property
    def elapsed_s(self) -> float:
        """Return the seconds since the first try."""
        return time.monotonic() - self._begun

    def wait(self) -> None:
        """Sleep until the next try is due."""
        time.sleep(min(max(self.elapsed_s * WAIT_SHARE, SHORTEST_WAIT_S), LONGEST_WAIT_S))


def _broken_errors() -> tuple[type[Exception], ...]:
    from websocket import WebSocketException

    return (WebSocketException, ssl.SSLError, OSError)


def _timeouts() -> tuple[type[Exception], ...]:
    from websocket import WebSocketTimeoutException

    return (WebSocketTimeoutException, TimeoutError)


def _reason(error: Any) -> str:
    return str(error.reason or error).strip().splitlines()[0][:300]


def _forbids(error: Any) -> bool:
    """Tell whether this account may not; the client hides the status in the handshake's text."""
    return error.status == HTTPStatus.FORBIDDEN or "Handshake status 403" in str(error.reason)
