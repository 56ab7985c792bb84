"""The artifact store: outputs that are no short text, as objects below one `ObjectStoragePath`.

An object is written once, under a name that no other attempt uses, and becomes visible whole: on a local disk by a
rename, in an object store because a PUT is atomic, and so is the end of an upload in parts. A directory is one tar
object. Large objects pass through in pieces.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tarfile
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final, Literal, TypeAlias, cast
from urllib.parse import quote, unquote, urlsplit

from kfp_airflow.diagnostics import StepError, UsageError
from kfp_airflow.graph.text import Json

CHUNK_BYTES: Final = 1 << 20
DEEPEST_LIST: Final = 64
"""How deep lists of loops in loops may be."""
_READ_BYTES: Final = 8 << 20
"""How much of a remote object is asked for at once; what is read ahead lies in memory."""
_SHORT_CHARACTERS: Final = 1000
_UPLOADS: Final[Mapping[str, Mapping[str, int]]] = {
    # s3fs holds chunksize × max_concurrency in memory, 500 MiB by default; S3 takes 10,000 parts, 320 GB so.
    "s3": {"chunksize": 32 << 20, "max_concurrency": 2},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What an XCom says of an output that lies in the store: `size` in bytes, `sha256` of the object in hexadecimal."""

    uri: str
    size: int
    sha256: str
    kind: Literal["file", "directory"]

    def as_xcom(self) -> dict[str, str | int]:
        """Return the XCom's value: plain JSON data."""
        return asdict(self)


Published: TypeAlias = "str | Stored | list[Published]"
"""An output as it was published: a text, an object of the store, or one of these per iteration of a loop (DP-13)."""


class Store:
    """The objects below `root`, a URL such as `s3://conn@bucket/prefix` or `file:///folder`."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")
        self._local = local_folder(self.root)

    def put(self, source: Path, *key: str) -> Stored:
        """Write a file or folder under the parts of `key` (any text; quoted here) and return what to remember of it.

        Raises StepError where the store does not take it.
        """
        directory = source.is_dir()
        name = _object_name(key) + (".tar" if directory else "")
        uri = f"{self.root}/{name}"
        digest = _Digest()
        if self._local is not None:
            target = self._local / name
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_name(f".{uuid.uuid4().hex}.partial")
            try:
                with partial.open("wb") as stream:
                    _write(source, stream, digest)
                os.replace(partial, target)
            finally:
                partial.unlink(missing_ok=True)
        else:
            with _as_one_file(source) as file, self._told("written", uri):
                _upload(file, uri, digest)
        return Stored(uri=uri, size=digest.size, sha256=digest.hexdigest, kind="directory" if directory else "file")

    def first(self, text: str, *key: str) -> str:
        """Return the short text that lies under the parts of `key`; where there is none, `text`, which then does.

        Raises StepError where the store does not take it.
        """
        name = _object_name(key)
        uri = f"{self.root}/{name}"
        with self._told("written", uri):
            if self._local is None:
                return _first_remote(uri, text)
            target = self._local / name
            target.parent.mkdir(parents=True, exist_ok=True)
            try:
                with target.open("x", encoding="utf-8") as stream:
                    stream.write(text)
            except FileExistsError:
                return target.read_text(encoding="utf-8")[:_SHORT_CHARACTERS]
            return text

    def fetch(self, stored: Stored, target: Path) -> Path:
        """Return a local path with the object's content, checked by size and hash.

        That is `target`, or the object itself on a local disk; it is not to be changed. Raises StepError where the
        object is gone or not what the XCom says.
        """
        if stored.kind == "directory":
            archive = self._download(stored, target.with_name(target.name + ".tar"))
            target.mkdir()
            with tarfile.open(archive) as tar:
                tar.extractall(target, filter=extraction_filter)  # noqa: S202 - the filter refuses what leads outside
            return target
        return self._download(stored, target)

    def read(self, stored: Stored, *, limit_bytes: int) -> bytes:
        """Return a file's bytes. Raises StepError for a directory and for more than `limit_bytes`."""
        if stored.kind == "directory":
            raise StepError(f"{stored.uri} is a directory; it has no text. Take it by file (InputPath)")
        if stored.size > limit_bytes:
            raise StepError(f"{stored.uri} has {stored.size:,} B, the limit is {limit_bytes:,} B")
        with self._open(stored) as stream:
            content = stream.read(limit_bytes + 1)
        _verify(stored, len(content), hashlib.sha256(content).hexdigest())
        return content

    def _download(self, stored: Stored, target: Path) -> Path:
        digest = _Digest()
        with self._open(stored) as stream:
            if self._local is not None:
                target = self._local / self._name(stored)
                digest.read(stream)
            else:
                with target.open("wb") as copy:
                    digest.read(stream, copy)
        _verify(stored, digest.size, digest.hexdigest)
        return target

    @contextmanager
    def _open(self, stored: Stored) -> Iterator[BinaryIO]:
        name = self._name(stored)
        with self._told("read", stored.uri):
            try:
                stream = (self._local / name).open("rb") if self._local is not None else _open_remote(stored.uri)
            except FileNotFoundError as error:
                raise StepError(
                    f"{stored.uri} is not in the artifact store any more. Clear the step that wrote it and run it again"
                ) from error
            with stream:
                yield stream

    @contextmanager
    def _told(self, done: Literal["read", "written"], uri: str) -> Iterator[None]:
        """Tell of a store that refuses what it is asked: no such bucket, no credentials, not reached."""
        try:
            yield
        except StepError:
            raise
        except Exception as error:
            advice = f"Check [kfp_airflow] artifacts, {self.root}, and the connection in it"
            why = f"{type(error).__name__}: {str(error).rstrip('.')}"
            raise StepError(f"{uri} cannot be {done}: {why}. {advice}") from error

    def _name(self, stored: Stored) -> str:
        """Return the object's name below the root; an XCom that points elsewhere is refused, whoever wrote it."""
        name = stored.uri.removeprefix(self.root + "/")
        if name == stored.uri or any(part in {"", ".", ".."} for part in name.split("/")):
            raise StepError(f"{stored.uri} does not lie in the artifact store {self.root} ([kfp_airflow] artifacts)")
        return name


def local_folder(root: str) -> Path | None:
    """Return the folder where `root` is a path or a `file://` URL, else None."""
    split = urlsplit(root)
    if split.scheme == "file":
        return Path(unquote(split.path))
    if not split.scheme:
        return Path(root)
    return None


def parse_xcom(value: object, *, whose: str) -> str | Stored:
    """Return an output's XCom as text or as `Stored`; XComs can be written by anyone, so anything else is refused.

    `whose` names the output in the StepError.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, Mapping) and set(value) == {"uri", "size", "sha256", "kind"}:
        uri, size, sha256, kind = value["uri"], value["size"], value["sha256"], value["kind"]
        if isinstance(uri, str) and isinstance(size, int) and isinstance(sha256, str) and kind in {"file", "directory"}:
            return Stored(uri=uri, size=size, sha256=sha256, kind=kind)
    raise StepError(
        f"the XCom of {whose} is neither a text nor a reference into the artifact store: {type(value).__name__}"
    )


def parse_published(value: object, *, whose: str, depth: int = 0) -> Published:
    """Return what was published for an output, lists of loops' iterations included; see `parse_xcom`."""
    if isinstance(value, list | tuple) and depth < DEEPEST_LIST:
        return [parse_published(item, whose=whose, depth=depth + 1) for item in value if item is not None]
    return parse_xcom(value, whose=whose)


def published_as_json(value: Published) -> Json:
    """Return what an XCom or a run's conf holds of a published output; `parse_published` reads it."""
    match value:
        case str():
            return value
        case Stored():
            return dict(value.as_xcom())
        case list():
            return [published_as_json(item) for item in value]


def default_root(airflow_home: str) -> str:
    """Return the store that is used where none is set: a folder beside the Airflow home's other files."""
    if not airflow_home:
        raise UsageError("there is no Airflow home; set [kfp_airflow] artifacts")
    return f"file://{quote(str(Path(airflow_home).absolute() / 'kfp_artifacts'))}"


def _object_name(key: tuple[str, ...]) -> str:
    return "/".join(quote(part, safe="=@+,~ ") or "_" for part in key)


def _first_remote(uri: str, text: str) -> str:
    from airflow.sdk import ObjectStoragePath

    target = ObjectStoragePath(uri)
    try:
        return target.read_text(encoding="utf-8")[:_SHORT_CHARACTERS]
    except FileNotFoundError:
        target.write_text(text, encoding="utf-8")
        return text


def _open_remote(uri: str) -> BinaryIO:
    """Open an object by Airflow's ObjectStoragePath, which knows its connection; imported only where it is used."""
    from airflow.sdk import ObjectStoragePath

    return cast("BinaryIO", ObjectStoragePath(uri).open("rb", block_size=_READ_BYTES))  # type: ignore[no-untyped-call]


def _upload(file: Path, uri: str, digest: _Digest) -> None:
    """Write an object whole: a stream that is closed after an exception would leave what it had until then."""
    from airflow.sdk import ObjectStoragePath

    with file.open("rb") as stream:
        digest.read(stream)
    target = ObjectStoragePath(uri)
    target.fs.put_file(str(file), target.path, **_UPLOADS.get(target.protocol, {}))


@contextmanager
def _as_one_file(source: Path) -> Iterator[Path]:
    """Give a file as it is, and a folder as a tar file for as long as it is needed."""
    if not source.is_dir():
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="kfp-airflow-") as folder:
        archive = Path(folder) / "archive.tar"
        with archive.open("wb") as stream:
            _write(source, stream, _Digest())
        yield archive


class _Digest:
    """Counts and hashes what passes through."""

    def __init__(self) -> None:
        self.size = 0
        self._hash = hashlib.sha256()

    def update(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._hash.update(chunk)

    def read(self, stream: BinaryIO, copy: BinaryIO | None = None) -> None:
        """Count a stream to its end and write it to `copy`, piece by piece."""
        while chunk := stream.read(CHUNK_BYTES):
            self.update(chunk)
            if copy is not None:
                copy.write(chunk)

    @property
    def hexdigest(self) -> str:
        return self._hash.hexdigest()


class _Tee:
    """A stream to write to that hashes what it is given."""

    def __init__(self, stream: BinaryIO, digest: _Digest) -> None:
        self._stream, self._digest = stream, digest

    def write(self, chunk: bytes) -> int:
        self._digest.update(chunk)
        return self._stream.write(chunk)


def _write(source: Path, stream: BinaryIO, digest: _Digest) -> None:
    tee = _Tee(stream, digest)
    if source.is_dir():
        with tarfile.open(fileobj=cast("BinaryIO", tee), mode="w|", format=tarfile.PAX_FORMAT) as tar:
            for entry in sorted(source.iterdir()):
                tar.add(entry, arcname=entry.name)
    else:
        with source.open("rb") as content:
            shutil.copyfileobj(content, cast("BinaryIO", tee), CHUNK_BYTES)


def extraction_filter(member: tarfile.TarInfo, folder: str) -> tarfile.TarInfo | None:
    """Return the member, its mode, times and symbolic links as they are (DP-07).

    Raises StepError for what would land outside of the folder, or bring something in from there.
    """
    if not (member.isfile() or member.isdir() or member.issym() or member.islnk()):
        raise StepError(f"an artifact directory holds '{member.name}', which is no file, folder or link")
    if member.islnk():
        source = os.path.realpath(Path(folder) / member.linkname)
        if os.path.commonpath((source, os.path.realpath(folder))) != os.path.realpath(folder):
            raise StepError(
                f"an artifact directory holds '{member.name}', a hard link to '{member.linkname}' outside of it"
            )
    return tarfile.tar_filter(member, folder).replace(mode=member.mode & 0o777, deep=False)


def _verify(stored: Stored, size: int, sha256: str) -> None:
    if (size, sha256) != (stored.size, stored.sha256):
        raise StepError(f"{stored.uri} is not what was stored: {size:,} B instead of {stored.size:,} B, or other bytes")
