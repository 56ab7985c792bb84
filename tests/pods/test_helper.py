"""The helper's own programs, run by a busybox of this machine in a folder of its own."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import signal
import subprocess
import tarfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kfp_airflow.pods import helper

BUSYBOX = shutil.which("busybox")
pytestmark = pytest.mark.skipif(BUSYBOX is None, reason="there is no busybox")


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """A volume with the helper beside it."""
    with started(helper.STAY, tmp_path) as staying:
        while not (tmp_path / "prepared").exists():
            if (tmp_path / "dynamic").exists():
                staying.terminate()
                pytest.skip("busybox is linked dynamically here")
            time.sleep(0.01)
        yield tmp_path
        staying.terminate()
        assert staying.wait(10) == 0


@contextmanager
def started(program: str, root: Path) -> Iterator[subprocess.Popen[bytes]]:
    text = program.replace(helper.ROOT, str(root)).replace(helper.BUSYBOX, str(BUSYBOX)).strip()
    command = [str(BUSYBOX), "sh", "-c", text]
    pipe, nowhere = subprocess.PIPE, subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=nowhere, start_new_session=True)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def tar_of(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        member = tarfile.TarInfo("in/0")
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def payload(content: bytes, *, told: bytes | None = None) -> bytes:
    tar = tar_of(content)
    digest = hashlib.sha256(tar if told is None else told).hexdigest()
    return f"{len(tar)} {digest}\n".encode() + tar


def received(root: Path, sent: bytes) -> bytes:
    with started(helper.RECEIVE, root) as receiving:
        return receiving.communicate(sent, timeout=20)[0]


def test_a_helper_that_holds_the_pod_back_lets_it_go_when_the_inputs_are_there(root: Path) -> None:
    with started(helper.HOLD, root) as holding:
        with pytest.raises(subprocess.TimeoutExpired):
            holding.wait(0.2)
        assert received(root, payload(b"content")) == b"hello\nstarted\n"
        assert holding.wait(10) == 0
    assert (root / "in" / "0").read_bytes() == b"content"
    assert (root / "bin" / "busybox").stat().st_mode & 0o111
    assert (root / "out").stat().st_mode & 0o7777 == 0o1777


def test_holding_back_ends_at_once_where_the_inputs_came_first(root: Path) -> None:
    received(root, payload(b"content"))
    with started(helper.HOLD, root) as holding:
        assert holding.wait(10) == 0


def test_other_bytes_than_were_sent_do_not_start_the_step_and_the_next_try_does(root: Path) -> None:
    failed = b"hello\nfailed: other bytes arrived than were sent\n"
    assert received(root, payload(b"content", told=b"other")) == failed
    assert not (root / "ready").exists()
    assert received(root, payload(b"again")) == b"hello\nstarted\n"
    assert (root / "in" / "0").read_bytes() == b"again"


def test_a_stream_that_broke_half_way_does_not_start_the_step(root: Path) -> None:
    assert b"started" not in received(root, payload(b"x" * 100_000)[:50_000])
    assert received(root, payload(b"again")) == b"hello\nstarted\n"


def test_a_stream_that_hangs_is_ended_by_the_next(root: Path) -> None:
    with started(helper.RECEIVE, root) as hanging:
        assert hanging.stdin is not None
        assert hanging.stdout is not None
        hanging.stdin.write(payload(b"x" * 100_000)[:50_000])
        hanging.stdin.flush()
        assert hanging.stdout.readline() == b"hello\n"
        assert received(root, payload(b"again")) == b"hello\nstarted\n"
        assert hanging.wait(10) == -9
    assert (root / "in" / "0").read_bytes() == b"again"


def test_what_was_brought_once_is_not_taken_again(root: Path) -> None:
    received(root, payload(b"first"))
    assert received(root, payload(b"second")) == b"started\n"
    assert (root / "in" / "0").read_bytes() == b"first"


@pytest.mark.parametrize("ended_first", [True, False])
def test_one_stream_brings_the_inputs_and_sends_the_outputs_when_the_program_has_ended(
    root: Path, ended_first: bool
) -> None:
    def end() -> None:
        (root / "out" / "0.file").write_bytes(b"result")
        (root / "out" / "exit").write_text("0\n")
        with (root / "out" / "done").open("r+b", buffering=0) as done:  # as `1<>done` in the wrapper
            done.write(b"\n")

    if ended_first:
        end()
    with started(helper.RECEIVE_AND_SEND, root) as stream:
        assert stream.stdin is not None
        assert stream.stdout is not None
        stream.stdin.write(payload(b"content"))
        stream.stdin.flush()
        assert [stream.stdout.readline() for _ in range(2)] == [b"hello\n", b"started\n"]
        assert not (root / "lock").exists()
        if not ended_first:
            with pytest.raises(subprocess.TimeoutExpired):
                stream.wait(0.2)
            end()
        digest = hashlib.sha256(b"result").hexdigest().encode()
        assert stream.stdout.read() == b"exit 0\n0.file 6\nresult" + digest + b"\nend\n"


def test_outputs_are_sent_over_a_second_stream_too(root: Path) -> None:
    received(root, payload(b"content"))
    (root / "out" / "exit").write_text("3\n")
    with started(helper.SEND, root) as sending:
        assert sending.communicate(timeout=10)[0] == b"exit 3\nend\n"


def test_the_wrapper_ends_both_outputs_of_the_program_with_the_mark(root: Path) -> None:
    (root / "bin" / "outputs").write_bytes(b"")
    (root / "bin" / "mark").write_text("that was it\n")
    text = helper.RUN.replace(helper.ROOT, str(root)).strip()
    program = ["sh", "-c", "echo out; echo err >&2; exit 3"]
    command = [str(BUSYBOX), "sh", "-c", text, "run", *program]
    ran = subprocess.run(command, check=False, capture_output=True, timeout=30)
    assert (ran.stdout, ran.stderr) == (b"out\nthat was it\n", b"err\nthat was it\n")
    assert ran.returncode == 3
    assert (root / "out" / "exit").read_text() == "3\n"
