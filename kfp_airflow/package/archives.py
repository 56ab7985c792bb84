"""The YAML file of a package that is an archive: found and read in memory, within limits; nothing is ever unpacked."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath
from typing import Final, TypeAlias

MAX_BYTES: Final = 32 << 20
"""How large a package, and the YAML in it, may be: as much as KFP takes (§4.5)."""
MAX_UNPACKED: Final = 2 * MAX_BYTES
MAX_MEMBERS: Final = 1000

Chooser: TypeAlias = Callable[[Iterable[str]], list[str]]

_MAX_DIRECTORY: Final = 1 << 20
_FIRST_PART: Final = 1 << 20
_END_OF_ZIP: Final = struct.Struct("<4s8xII")
_END_SIGNATURE: Final = b"PK\x05\x06"
_END_BYTES: Final = 22 + 0xFFFF
_LOCATOR_SIGNATURE: Final = b"PK\x06\x07"
_LOCATOR_BYTES: Final = 20
_FILE_TYPE: Final = 0o170000
_LINK: Final = 0o120000
_METHODS: Final = frozenset((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
_BROKEN: Final = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    OSError,
    OverflowError,
    ValueError,
    NotImplementedError,
)


class ArchiveError(Exception):
    """An archive that is broken, hostile or beyond a limit; the text says which, with numbers and units."""


def read_zip(content: bytes, choose: Chooser) -> list[tuple[str, bytes]]:
    """Return names and bytes of the files that `choose` takes among the names in a zip archive.

    Raises ArchiveError; what `choose` raises goes through.
    """
    _check_directory(content)
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except _BROKEN as error:
        raise ArchiveError(f"it is no whole zip archive: {error}") from error
    with archive:
        members = archive.infolist()
        if len(members) > MAX_MEMBERS:
            raise ArchiveError(f"it holds {len(members):,} files, at most {MAX_MEMBERS:,} are read")
        files: dict[str, zipfile.ZipInfo] = {}
        for member in members:
            _check_name(member.filename, is_link=member.external_attr >> 16 & _FILE_TYPE == _LINK)
            if not member.is_dir():
                files[_plain(member.filename)] = member
        return [(name, _unzipped(archive, files[name], name)) for name in choose(files)]


def read_tar(content: bytes, choose: Chooser) -> list[tuple[str, bytes]]:
    """Return names and bytes of the files that `choose` takes among the names in a tar archive packed by gzip.

    Raises ArchiveError; what `choose` raises goes through.
    """
    try:
        archive = tarfile.TarFile(fileobj=io.BytesIO(_gunzipped(content)))
        files = _tar_files(archive)
    except _BROKEN as error:
        raise ArchiveError(f"it is no whole tar archive packed by gzip: {error}") from error
    with archive:
        return [(name, _untarred(archive, files[name], name)) for name in choose(files)]


def tells_of(content: bytes, name: bytes, *, packed: bool) -> bool:
    """Tell whether a broken archive tells of a file with this name; by its first part if it is packed as a whole."""
    if packed:
        try:
            content = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS).decompress(content, _FIRST_PART)
        except zlib.error:
            return False
    return name in content


def _tar_files(archive: tarfile.TarFile) -> dict[str, tarfile.TarInfo]:
    files: dict[str, tarfile.TarInfo] = {}
    for number, member in enumerate(archive, 1):
        if number > MAX_MEMBERS:
            raise ArchiveError(f"it holds more than {MAX_MEMBERS:,} files")
        _check_name(member.name, is_link=not (member.isfile() or member.isdir()))
        if member.isfile():
            files[_plain(member.name)] = member
    return files


def _check_directory(content: bytes) -> None:
    """Refuse a table of contents that would take much memory to read, before `zipfile` reads it."""
    start = content.rfind(_END_SIGNATURE, max(0, len(content) - _END_BYTES))
    if start < 0 or len(content) - start < _END_OF_ZIP.size:
        raise ArchiveError("it is no whole zip archive: its table of contents is missing")
    if content[max(0, start - _LOCATOR_BYTES) : start].startswith(_LOCATOR_SIGNATURE):
        raise ArchiveError("it is a zip64 archive, which is for more than 4 GiB")
    _, size, _ = _END_OF_ZIP.unpack_from(content, start)
    if size > _MAX_DIRECTORY:
        raise ArchiveError(f"its table of contents has {size:,} B, at most {_MAX_DIRECTORY:,} B are read")


def _unzipped(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str) -> bytes:
    if member.flag_bits & 1:
        raise ArchiveError(f"'{name}' in it is encrypted")
    if member.compress_type not in _METHODS:
        raise ArchiveError(f"'{name}' in it is packed by method {member.compress_type}, not by deflate")
    try:
        with archive.open(member) as opened:
            return _of_bounded_size(opened.read(MAX_BYTES + 1), name)
    except _BROKEN as error:
        raise ArchiveError(f"'{name}' in it cannot be read: {error}") from error


def _untarred(archive: tarfile.TarFile, member: tarfile.TarInfo, name: str) -> bytes:
    try:
        opened = archive.extractfile(member)
        return _of_bounded_size(opened.read(MAX_BYTES + 1) if opened is not None else b"", name)
    except _BROKEN as error:
        raise ArchiveError(f"'{name}' in it cannot be read: {error}") from error


def _gunzipped(content: bytes) -> bytes:
    """Return the bytes that gzip packed, one part or several after each other, up to MAX_UNPACKED."""
    unpacked, rest = bytearray(), content
    while rest.strip(b"\0"):
        unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
        unpacked += unpacker.decompress(rest, MAX_UNPACKED + 1 - len(unpacked))
        if len(unpacked) > MAX_UNPACKED:
            raise ArchiveError(f"it unpacks to more than {MAX_UNPACKED:,} B ({MAX_UNPACKED >> 20} MiB)")
        if not unpacker.eof:
            raise EOFError("it ends too early")
        rest = unpacker.unused_data
    return bytes(unpacked)


def _of_bounded_size(found: bytes, name: str) -> bytes:
    if len(found) > MAX_BYTES:
        raise ArchiveError(f"'{name}' in it has more than {MAX_BYTES:,} B ({MAX_BYTES >> 20} MiB)")
    return found


def _check_name(name: str, *, is_link: bool) -> None:
    if is_link:
        raise ArchiveError(f"'{name}' in it is a link or a device, and a package has plain files only")
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or (path.parts[:1] and path.parts[0].endswith(":")):
        raise ArchiveError(f"'{name}' in it would lie outside of the archive's own folder")


def _plain(name: str) -> str:
    return PurePosixPath(name).as_posix()
