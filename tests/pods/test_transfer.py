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
from kfp_airflow.pods.channel import ChannelBroken
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
        size, rest = self.sent.split(b"\n", 1)
        return rest[: int(size)]


def honest(stream: list[Scripted]) -> Iterator[bytes]:
    yield b"hello\n"
    yield hashlib.sha256(stream[0].tar).hexdigest().encode() + b"\n"
    yield b"started\n"


def fed(source: Path) -> Scripted:
    holder: list[Scripted] = []
    holder.append(Scripted(honest(holder)))
    feed(holder[0], members_of(STEP, {"x": source}, wrapped=True))
    assert holder[0].sent.endswith(b"start\n")
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


def test_other_bytes_than_were_sent_do_not_start_the_step(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    stream = Scripted(iter([b"hello\n", b"0" * 64 + b"\n"]))
    with pytest.raises(ChannelBroken, match=r"the helper answered '0{64}' instead of '"):
        feed(stream, members_of(STEP, {"x": tmp_path / "x"}, wrapped=True))
    assert not stream.sent.endswith(b"start\n")


def test_a_busybox_that_is_not_static_names_one_that_is(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"x")
    with pytest.raises(StepError, match=r"not statically linked.*helper_image.*busybox:1\.36-musl"):
        feed(Scripted(iter([b"dynamic\n"])), members_of(STEP, {"x": tmp_path / "x"}, wrapped=True))


def answer(name: str, content: bytes, *, told: bytes | None = None) -> bytes:
    digest = hashlib.sha256(content if told is None else told).hexdigest()
    return f"{name} {len(content)}\n".encode() + content + f"{digest}\n".encode()


@pytest.mark.parametrize("piece", [1, 7, 4096])
def test_outputs_come_out_whatever_the_frames(tmp_path: Path, piece: int) -> None:
    said = b"exit 3\n" + answer("0.file", b"a\nend\n\0") + answer("1.file", b"") + b"end\n"
    frames = (said[start : start + piece] for start in range(0, len(said), piece))
    found = collect(Scripted(iter(frames)), STEP, tmp_path)
    assert found.exit_code == 3
    assert {name: path.read_bytes() for name, path in found.outputs.items()} == {"y": b"a\nend\n\0", "z": b""}


def test_a_missing_output_is_left_out(tmp_path: Path) -> None:
    assert collect(Scripted(iter([b"exit 0\nend\n"])), STEP, tmp_path).outputs == {}


def test_an_output_that_changed_on_its_way_is_not_taken(tmp_path: Path) -> None:
    stream = Scripted(iter([b"exit 0\n", answer("0.file", b"abc", told=b"abd")]))
    with pytest.raises(ChannelBroken, match="3 B arrived with other content than they left"):
        collect(stream, STEP, tmp_path)


def test_an_output_that_could_not_be_copied_says_why(tmp_path: Path) -> None:
    stream = Scripted(iter([b"exit 0\n", answer("0.error", b"No space left on device\n"), b"end\n"]))
    assert collect(stream, STEP, tmp_path).refused == {"y": "No space left on device"}


@pytest.mark.parametrize(("kind", "link"), [(tarfile.CHRTYPE, ""), (tarfile.LNKTYPE, "../../etc/passwd")])
def test_a_hostile_directory_is_refused(tmp_path: Path, kind: bytes, link: str) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("evil")
        info.type, info.linkname = kind, link
        tar.addfile(info)
    stream = Scripted(iter([b"exit 0\n", answer("0.tar", buffer.getvalue()), b"end\n"]))
    with pytest.raises(StepError, match=r"an artifact directory holds 'evil'"):
        collect(stream, STEP, tmp_path)
