"""What goes over a channel: the inputs as one tar, the outputs one by one; hashes on both sides."""

from __future__ import annotations

import hashlib
import stat
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Final

from kfp_airflow.artifacts.store import extraction_filter
from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.resolved import ResolvedStep
from kfp_airflow.pods import helper
from kfp_airflow.pods.channel import Channel, ChannelBroken, ChannelRefused, Lines, Stream

CHUNK_BYTES: Final = 1 << 18
AT_ONCE_BYTES: Final = 256 * 1024
"""A tar up to this size is sent before the helper has said anything; a larger one is not sent to nobody."""
_BLOCK: Final = 512


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of the tar that goes in: its header, and its content (None: the header is all)."""

    header: tarfile.TarInfo
    content: bytes | Path | None = None

    @property
    def size_bytes(self) -> int:
        """Return the bytes it takes in the tar."""
        return len(_header_bytes(self.header)) + -(-self.header.size // _BLOCK) * _BLOCK


@dataclass(frozen=True, slots=True, kw_only=True)
class Collected:
    """What the helper gave: the program's exit code (None: nobody has noted one) and the outputs by name.

    `refused` says of outputs that were there why they could not be copied.
    """

    exit_code: int | None
    outputs: Mapping[str, Path] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)


def members_of(step: ResolvedStep, inputs: Mapping[str, Path], *, wrapped: bool, mark: str) -> list[Member]:
    """Return the tar's entries: the wrapper and what it reads where the program is wrapped, then the inputs.

    `mark`: the line by which the wrapper says that the program has ended. A directory stands behind its contents, so
    that one without write permission can be filled.
    """
    members = [Member(_info("in", 0o755, tarfile.DIRTYPE))]
    if wrapped:
        paths = b"".join(output.path.encode() + b"\0" for output in step.outputs)
        members.append(_plain("bin/run", helper.RUN.encode(), 0o644))
        members.append(_plain("bin/outputs", paths, 0o644))
        members.append(_plain("bin/mark", f"{mark}\n".encode(), 0o644))
    elif step.outputs:
        members.extend(_plain(f"out/{index}.file", b"", 0o666) for index, _ in enumerate(step.outputs))
    if any(one.command for one in step.sidecars):
        members.append(_plain("bin/side", helper.SIDE.encode(), 0o644))
    for index, item in enumerate(step.inputs):
        members.extend(_entries(inputs[item.name], f"in/{index}", top=True))
    return members


def feed(stream: Stream, members: Sequence[Member]) -> Lines:
    """Write the entries into the helper and let the pod's other containers start; return what it says afterwards.

    What is small goes at once, without waiting for the helper: one round trip.
    Raises ChannelRefused where the helper is not there yet, ChannelBroken where the stream broke, StepError for an
    image of the helper whose busybox is not static.
    """
    lines = Lines(stream)
    size = sum(member.size_bytes for member in members) + 2 * _BLOCK
    at_once = size <= AT_ONCE_BYTES
    if at_once:
        tar = b"".join(_tar_chunks(members))
        stream.send(f"{size} {hashlib.sha256(tar).hexdigest()}\n".encode() + tar)
    greeting = lines.line()
    if greeting == "started":  # an earlier stream broke before its last word
        return lines
    _expect(greeting, "hello")
    if not at_once:
        stream.send(f"{size} later\n".encode())
        digest = hashlib.sha256()
        for chunk in _tar_chunks(members):
            digest.update(chunk)
            stream.send(chunk)
        _expect(lines.line(), "received")
        stream.send(f"{digest.hexdigest()}\n".encode())
    _expect(lines.line(), "started")
    return lines


def collect(lines: Lines, step: ResolvedStep, work: Path) -> Collected:
    """Read the exit code and all outputs into `work`.

    Raises ChannelRefused and ChannelBroken; it can be called again then, with another stream.
    """
    first = lines.line()
    exit_code = int(first.removeprefix("exit ")) if first.startswith("exit ") else None
    if exit_code is None and first != "running":
        raise ChannelBroken(f"the helper answered '{first[:200]}'")
    outputs: dict[str, Path] = {}
    refused: dict[str, str] = {}
    while (line := lines.line()) != "end":
        name, size = line.split(" ")
        index, kind = name.split(".")
        output = step.outputs[int(index)]
        path = _receive(lines, work / name, int(size))
        if kind == "error":
            refused[output.name] = path.read_text(errors="replace").strip()[:500]
        else:
            outputs[output.name] = _unpack(path, work / f"{index}.directory") if kind == "tar" else path
    return Collected(exit_code=exit_code, outputs=outputs, refused=refused)


def release(channel: Channel, container: str) -> None:
    """Let the helper end, so that a pod that is kept comes to rest. A helper that is gone already is fine."""
    try:
        stream = channel.open(container, helper.shell(helper.RELEASE))
    except (ChannelRefused, StepError):
        return
    try:
        stream.receive()
    except (ChannelRefused, ChannelBroken):
        pass  # it says nothing, and ends
    finally:
        stream.close()


def _expect(found: str, wanted: str) -> None:
    if found == "dynamic":
        raise StepError(
            f"the busybox of the helper image is not statically linked, so it cannot run inside a step's image. "
            f"{helper.STATIC_ADVICE}"
        )
    if found != wanted:
        raise ChannelBroken(f"the helper answered '{found[:200]}' instead of '{wanted}'")


def _receive(lines: Lines, path: Path, size: int) -> Path:
    digest = hashlib.sha256()
    with path.open("wb") as target:

        def write(chunk: bytes) -> None:
            digest.update(chunk)
            target.write(chunk)

        lines.copy(size, write)
    told = lines.line()
    if told != digest.hexdigest():
        raise ChannelBroken(f"{size:,} B arrived with other content than they left")
    return path


def _unpack(archive: Path, target: Path) -> Path:
    target.mkdir(exist_ok=True)
    with tarfile.open(archive) as tar:
        tar.extractall(target, filter=extraction_filter)  # noqa: S202 - the filter refuses hostile members
    archive.unlink()
    return target


def _entries(source: Path, name: str, *, top: bool = False) -> Iterator[Member]:
    """Yield the entries of a file (0666, DP-03) or folder, with modes, times and links as they are (DP-07)."""
    status = source.stat() if top else source.lstat()
    if stat.S_ISREG(status.st_mode):
        mode = 0o666 if top else stat.S_IMODE(status.st_mode) & 0o777
        yield Member(_info(name, mode, tarfile.REGTYPE, size=status.st_size, mtime=status.st_mtime), source)
    elif stat.S_ISLNK(status.st_mode):
        link = _info(name, 0o777, tarfile.SYMTYPE, mtime=status.st_mtime)
        link.linkname = str(source.readlink())
        yield Member(link)
    elif stat.S_ISDIR(status.st_mode):
        for entry in sorted(source.iterdir()):
            yield from _entries(entry, f"{name}/{entry.name}")
        yield Member(
            _info(
                name,
                stat.S_IMODE(status.st_mode) & 0o777 | (0o755 if top else 0),
                tarfile.DIRTYPE,
                mtime=status.st_mtime,
            )
        )
    else:
        raise StepError(f"an input holds '{source.name}', which is no file, folder or link")


def _info(name: str, mode: int, kind: bytes, *, size: int = 0, mtime: float = 0) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.mode, info.type, info.size, info.mtime = mode, kind, size, int(mtime)
    return info


def _plain(name: str, content: bytes, mode: int) -> Member:
    return Member(_info(name, mode, tarfile.REGTYPE, size=len(content)), content)


def _header_bytes(header: tarfile.TarInfo) -> bytes:
    # GNU, not PAX: the tar of busybox takes long names and large sizes from it, and drops what PAX headers say.
    return header.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _tar_chunks(members: Sequence[Member]) -> Iterator[bytes]:
    """Yield the tar in chunks: small entries joined, large files piece by piece."""
    pending = bytearray()
    for member in members:
        pending += _header_bytes(member.header)
        for piece in _content(member):
            pending += piece
            if len(pending) >= CHUNK_BYTES:
                yield bytes(pending)
                pending.clear()
        pending += bytes(-member.header.size % _BLOCK)
    yield bytes(pending + bytes(2 * _BLOCK))


def _content(member: Member) -> Iterator[bytes]:
    match member.content:
        case bytes():
            yield member.content
        case Path():
            with member.content.open("rb") as source:
                yield from _exactly(source, member.header.size)
        case None:
            return


def _exactly(source: BinaryIO, size: int) -> Iterator[bytes]:
    while size:
        chunk = source.read(min(size, CHUNK_BYTES))
        if not chunk:
            raise StepError(f"an input became shorter while it was sent: {size:,} B are missing")
        size -= len(chunk)
        yield chunk
