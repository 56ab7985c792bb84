"""What a follower makes of the streams that it gets; tests/kubernetes has the real ones."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any, cast

import pytest
import urllib3

from kfp_airflow.pods.logs import LogFollower

BEGAN = datetime.now(timezone.utc)


def lines(*numbers: int) -> str:
    """Lines as the API gives them, a millisecond apart."""
    return "".join(
        f"{(BEGAN + timedelta(milliseconds=n)).strftime('%Y-%m-%dT%H:%M:%S.%f')}000Z line {n}\n" for n in numbers
    )


class Answer:
    def __init__(self, content: str) -> None:
        self.content = content.encode()

    def stream(self, size: int, *, decode_content: bool) -> Iterator[bytes]:
        assert not decode_content
        yield from (self.content[at : at + 7] for at in range(0, len(self.content), 7))
        assert size

    def close(self) -> None:
        pass

    connection = None


class Api:
    """Answers a request that follows with the first text, one that does not with the second."""

    def __init__(self, followed: str, rest: str) -> None:
        self.answers = {True: followed, False: rest}
        self.since: list[object] = []

    def read_namespaced_pod_log(self, pod: str, namespace: str, *, follow: bool, **options: Any) -> Answer:
        assert (pod, namespace, options["container"], options["timestamps"]) == ("p", "n", "main", True)
        self.since.append(options.get("since_seconds"))
        return Answer(self.answers[follow])


@pytest.mark.parametrize(
    ("followed", "rest"),
    [
        ("", lines(1, 2, 3)),  # the container's runtime had written nothing yet
        (lines(1), lines(1, 2, 3)),  # or not all
        (lines(1, 2, 3), lines(1, 2, 3)),
        (lines(1, 2, 3), lines(3)),
    ],
    ids=["nothing", "a part", "all", "all, and the last line again"],
)
def test_each_line_is_written_once_also_those_that_the_stream_did_not_bring(followed: str, rest: str) -> None:
    written: list[str] = []
    api = Api(followed, rest)
    follower = LogFollower(cast("Any", api), pod="p", namespace="n", container="main", write=written.append)
    follower.follow()
    follower.finish(5)
    assert written == ["line 1", "line 2", "line 3"]
    assert (api.since[1] is None) == (followed == "")
    age = int((datetime.now(timezone.utc) - BEGAN).total_seconds())
    assert api.since[1] is None or age + 50 < cast("int", api.since[1]) < age + 70


MARK = "kfp-airflow: the program has ended (1f)"


def stamped(*texts: str) -> str:
    return "".join(line.replace(f"line {n}", text) for n, text in enumerate(texts) for line in [lines(n)])


def followed(content: str, rest: str = "") -> tuple[list[str], Api, LogFollower]:
    written: list[str] = []
    api = Api(content, rest)
    follower = LogFollower(cast("Any", api), pod="p", namespace="n", container="main", write=written.append, mark=MARK)
    follower.follow()
    follower.finish(5)
    return written, api, follower


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a", MARK, MARK], ["a"]),
        (["a", MARK, "of the other output", MARK], ["a", "of the other output"]),
        ([f"without an end{MARK}", MARK], ["without an end"]),
    ],
    ids=["one after the other", "one ahead", "after a line without an end"],
)
def test_a_log_is_over_when_the_program_has_said_so_on_both_outputs(texts: list[str], expected: list[str]) -> None:
    written, api, follower = followed(stamped(*texts, "never read"))
    assert (written, follower.complete, len(api.since)) == (expected, True, 1)


def test_a_log_that_ends_with_one_mark_is_read_to_its_end() -> None:
    written, api, follower = followed(stamped("a", MARK), stamped("a", MARK, "b"))
    assert (written, follower.complete, len(api.since)) == (["a", "b"], False, 2)


def test_to_stop_does_not_wait_for_a_line_that_never_comes() -> None:
    """With a real connection: closing its response would wait for the thread that reads it."""
    begun = threading.Event()
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            line = lines(1).encode()
            self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            over.wait(60)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        with urllib3.PoolManager() as pool:
            answers = SimpleNamespace(
                read_namespaced_pod_log=lambda *_, **__: pool.request("GET", url, preload_content=False)
            )
            follower = LogFollower(
                cast("Any", answers), pod="p", namespace="n", container="main", write=lambda _: begun.set()
            )
            follower.follow()
            assert begun.wait(20)
            before = time.monotonic()
            follower.stop()
            assert follower.ended.wait(20)
            assert time.monotonic() - before < 10
        over.set()
        server.shutdown()
