"""What goes over a channel, against a helper played by this process."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.model import InputFile, OutputFile
from kfp_airflow.graph.resolved import ResolvedContainer, ResolvedStep
from kfp_airflow.graph.text import Text
from kfp_airflow.pods.channel import ChannelBroken, Lines
from kfp_airflow.pods.transfer import collect, feed, members_of

STEP = ResolvedStep(
    id="train",
    container=ResolvedContainer(name="", image="image", command=("run",), args=()),
    inputs=(InputFile(name="x", path="/in/x", source=Text()),),
    outputs=(OutputFile(name="y", path="/out/y"), OutputFile(name="z", path="/out/z")),
)


class Scripted:
    """A stream whose helper says what `answers` yields; what is sent to it is kept."""

    def __init__(self, answers: Iterator[bytes]) -> None:
        self.sent = b""
        self._answers = answers

    def send(self, chunk: bytes) -> None:
        self.sent += chunk

    def receive(self) -> bytes:
        try:
            return next(self._answers)
        except StopIteration:
            raise ChannelBroken("the stream was closed") from None

    def close(self) -> None:
        pass

    @property
    def tar(self) -> bytes:
        header, rest = self.sent.split(b"\n", 1)
        return rest[: int(header.split()[0])]

    @property
    def told(self) -> bytes:
        """The hash that the helper was told, before a small tar or after a large one."""
        header, rest = self.sent.split(b"\n", 1)
        size, told = header.split()
        return rest[int(size) :].removesuffix(b"\n") if told == b"later" else told


def honest(stream: list[Scripted]) -> Iterator[bytes]:
    at_once = bool(stream[0].sent)
    yield b"hello\n"
    if not at_once:
        yield b"received\n"
    good = stream[0].told == hashlib.sha256(stream[0].tar).hexdigest().encode()
    yield b"started\n" if good else b"failed: other bytes arrived than were sent\n"


def fed(source: Path) -> Scripted:
    holder: list[Scripted] = []
    holder.append(Scripted(honest(holder)))
    feed(holder[0], members_of(STEP, {"x": source}, wrapped=True, mark="that was it"))
    return holder[0]


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 700_001])
def test_a_file_goes_in_byte_for_byte(tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    (tmp_path / "x").write_bytes(content)
    with tarfile.open(fileobj=io.BytesIO(fed(tmp_path / "x").tar)) as tar:
        member = tar.extractfile("in/0")
        assert member is not None
        assert member.read() == content
        assert tar.getmember("in/0").mode == 0o666


def test_a_folder_follows_its_contents_so_that_one_without_write_permission_can_be_filled(tmp_path: Path) -> None:
    (tmp_path / "x" / "sub").mkdir(parents=True)
    (tmp_path / "x" / "sub" / "file").write_bytes(b"1")
    (tmp_path / "x" / "link").symlink_to("sub/file")
    with tarfile.open(fileobj=io.BytesIO(fed(tmp_path / "x").tar)) as tar:
        names = [name for name in tar.getnames() if name.startswith("in/")]
        assert tar.getmember("in/0/link").linkname == "sub/file"
    assert names == ["in/0/link", "in/0/sub/file", "in/0/sub", "in/0"]


@pytest.mark.parametrize(("size", "sent_first"), [(1, True), (700_001, False)])
def test_what_is_small_goes_at_once_and_what_is_large_waits_for_the_helper(
    tmp_path: Path, size: int, sent_first: bool
) -> None:
    (tmp_path / "x").write_bytes(bytes(size))
    stream = Scripted(iter([]))
    with pytest.raises(ChannelBroken):
        feed(stream, members_of(STEP, {"x": tmp_path / "x"}, wrapped=True, mark="that was it"))
    assert bool(stream.sent) is sent_first


def test_what_the_helper_found_damaged_does_not_count_as_brought(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    stream = Scripted(iter([b"hello\n", b"failed: other bytes arrived than were sent\n"]))
    with pytest.raises(ChannelBroken, match="the helper answered 'failed: other bytes arrived than were sent' instead"):
        feed(stream, members_of(STEP, {"x": tmp_path / "x"}, wrapped=True, mark="that was it"))


def test_inputs_that_an_earlier_stream_brought_are_not_brought_again(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(bytes(700_001))
    stream = Scripted(iter([b"started\n"]))
    feed(stream, members_of(STEP, {"x": tmp_path / "x"}, wrapped=True, mark="that was it"))
    assert not stream.sent


def test_a_busybox_that_is_not_static_names_one_that_is(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(StepError, match=r"not statically linked.*helper_image.*busybox:1\.36-musl"):
        feed(Scripted(iter([b"dynamic\n"])), members_of(STEP, {"x": tmp_path / "x"}, wrapped=True, mark="that was it"))


def answer(name: str, content: bytes, *, told: bytes | None = None) -> bytes:
    digest = hashlib.sha256(content if told is None else told).hexdigest()
    return f"{name} {len(content)}\n".encode() + content + f"{digest}\n".encode()


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_outputs_come_out_whatever_the_frames(tmp_path: Path, piece: int) -> None:
    said = b"exit 3\n" + answer("0.file", b"a\nend\n\0") + answer("1.file", b"") + b"end\n"
    frames = (said[start : start + piece] for start in range(0, len(said), piece))
    found = collect(Lines(Scripted(iter(frames))), STEP, tmp_path)
    assert found.exit_code == 3
    assert {name: path.read_bytes() for name, path in found.outputs.items()} == {"y": b"a\nend\n\0", "z": b""}


def test_the_outputs_of_a_quick_program_may_come_with_the_answer_to_its_inputs(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    said = b"hello\nstarted\nexit 0\n" + answer("0.file", b"content") + b"end\n"
    lines = feed(Scripted(iter([said])), members_of(STEP, {"x": tmp_path / "x"}, wrapped=True, mark="that was it"))
    assert collect(lines, STEP, tmp_path).outputs["y"].read_bytes() == b"content"


def test_a_missing_output_is_left_out(tmp_path: Path) -> None:
    assert collect(Lines(Scripted(iter([b"exit 0\nend\n"]))), STEP, tmp_path).outputs == {}


def test_an_output_that_changed_on_its_way_is_not_taken(tmp_path: Path) -> None:
    stream = Scripted(iter([b"exit 0\n", answer("0.file", b"abc", told=b"abd")]))
    with pytest.raises(ChannelBroken, match="3 B arrived with other content than they left"):
        collect(Lines(stream), STEP, tmp_path)


def test_an_output_that_could_not_be_copied_says_why(tmp_path: Path) -> None:
    stream = Scripted(iter([b"exit 0\n", answer("0.error", b"No space left on device\n"), b"end\n"]))
    assert collect(Lines(stream), STEP, tmp_path).refused == {"y": "No space left on device"}


@pytest.mark.parametrize(("kind", "link"), [(tarfile.CHRTYPE, ""), (tarfile.LNKTYPE, "../../etc/passwd")])
def test_a_hostile_directory_is_refused(tmp_path: Path, kind: bytes, link: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("evil")
        info.type, info.linkname = kind, link
        tar.addfile(info)
    stream = Scripted(iter([b"exit 0\n", answer("0.tar", buffer.getvalue()), b"end\n"]))
    with pytest.raises(StepError, match=r"an artifact directory holds 'evil'"):
        collect(Lines(stream), STEP, tmp_path)
