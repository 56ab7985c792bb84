"""What a follower makes of the streams that it gets; tests/kubernetes has the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from typing import Any, cast

import pytest

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
