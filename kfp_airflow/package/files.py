"""Packages as files: YAML, and YAML in a zip or a tar archive (rows Z-02 and Z-07)."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kfp_airflow.diagnostics import Diagnostic, PipelineError, UsageError, Where
from kfp_airflow.graph.text import Json
from kfp_airflow.package.archives import MAX_BYTES, ArchiveError, Chooser, read_tar, read_zip, tells_of
from kfp_airflow.package.names import is_package_name
from kfp_airflow.package.recognize import looks_like_package
from kfp_airflow.package.yaml_text import yaml_text

MEMBER: Final = "pipeline.yaml"
_ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)
_LISTED: Final = 10
_SEARCHED_BYTES: Final = 1 << 20
_ONE_YAML: Final = f"Name the pipeline '{MEMBER}' in it, or leave it as the only YAML file."


def write_package(workflow: dict[str, Json], path: Path) -> None:
    """Write a workflow as `.yaml`, `.yml`, `.zip`, `.tar.gz` or `.tgz`; archives hold one file, `pipeline.yaml`.

    The same workflow gives the same bytes. A reader sees the old file or the whole new one. Raises ValueError for any
    other name, and OSError where the file cannot be written; nothing is left behind then.
    """
    content = _writer_of(path)(yaml_text(workflow).encode())
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        unfinished.write_bytes(content)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def check_package_name(path: Path) -> None:
    """Raise ValueError, naming what there is, for a name that tells no kind of package."""
    _writer_of(path)


def _writer_of(path: Path) -> Callable[[bytes], bytes]:
    name = path.name.lower()
    for suffix, writer in _WRITERS.items():
        if name.endswith(suffix):
            return writer
    kinds = ", ".join(_WRITERS)
    raise ValueError(
        f"a package's file name ends in {kinds}, not as in '{path}'. Write for example '{path.stem}.yaml'."
    )


def _plain(text: bytes) -> bytes:
    return text


def _zip(text: bytes) -> bytes:
    member = zipfile.ZipInfo(MEMBER, date_time=_ZIP_EPOCH)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o644 << 16
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        opened.writestr(member, text)
    return archive.getvalue()


def _tar_gz(text: bytes) -> bytes:
    member = tarfile.TarInfo(MEMBER)
    member.size = len(text)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as opened:
        opened.addfile(member, io.BytesIO(text))
    return gzip.compress(archive.getvalue(), mtime=0)


_WRITERS: Final[Mapping[str, Callable[[bytes], bytes]]] = MappingProxyType(
    {".yaml": _plain, ".yml": _plain, ".zip": _zip, ".tar.gz": _tar_gz, ".tgz": _tar_gz}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageText:
    """The YAML of a package, unread. `file` is what messages call it: for an archive, its path and the file in it."""

    content: bytes
    file: str


def read_package_text(path: Path) -> PackageText:
    """Return the YAML of a package: of the file itself, or of the one file in an archive that is meant (Z-07).

    That is `pipeline.yaml`, else the only YAML file. Nothing is unpacked onto a disk. Raises PipelineError with
    [KA401] for a file that is too large, broken or hostile, [KA402] where no one YAML file is meant; UsageError for
    another kind of file, or where there is none.
    """
    path = path.absolute()
    content = _read_bounded(path)
    if path.name.lower().endswith((".yaml", ".yml")):
        return PackageText(content=content, file=str(path))
    try:
        ((member, text),) = _reader_of(path)(content, lambda names: [_meant(names, path)])
    except ArchiveError as error:
        raise _refused("KA401", str(path), str(error), "Compile the pipeline again.") from error
    return PackageText(content=text, file=f"{path}/{member}")


def is_meant_as_package(path: Path) -> bool:
    """Tell whether a file is to be read where nobody named it, in a folder of pipelines: is it meant to be a pipeline?

    Component files, other YAML and archives of anything else are not. A broken package is, and reading it says why: an
    archive that cannot be read is taken for one where it tells of a `pipeline.yaml`. What is larger than a package may
    be is none.
    """
    if path.stat().st_size > MAX_BYTES:
        return False
    content = path.read_bytes()
    if path.name.lower().endswith((".yaml", ".yml")):
        return looks_like_package(content[:_SEARCHED_BYTES])
    try:
        files = _reader_of(path)(content, lambda names: _yaml_names(names)[:_LISTED])
        return any(name == MEMBER or looks_like_package(text[:_SEARCHED_BYTES]) for name, text in files)
    except ArchiveError:
        return tells_of(content, MEMBER.encode(), packed=not path.name.lower().endswith(".zip"))


def _reader_of(path: Path) -> Callable[[bytes, Chooser], list[tuple[str, bytes]]]:
    return read_zip if path.name.lower().endswith(".zip") else read_tar


def _read_bounded(path: Path) -> bytes:
    shown = Where(str(path), 0)
    if path.is_dir():
        raise UsageError(f"{shown}: this is a folder, not a package\n  Give the path of a file in it.")
    if not path.exists():
        raise UsageError(f"{shown}: there is no such file\n  Check the path.")
    if not is_package_name(path):
        raise UsageError(f"{shown}: this is no package: its name ends in none of {', '.join(_WRITERS)}")
    with path.open("rb") as opened:
        content = opened.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        problem = f"the file has {path.stat().st_size:,} B, a package at most {MAX_BYTES:,} B ({MAX_BYTES >> 20} MiB)"
        raise _refused("KA401", str(path), problem, "Put large data beside the pipeline, not into it.")
    return content


def _meant(names: Iterable[str], path: Path) -> str:
    """Return the name of the YAML file that is the pipeline, of those in an archive."""
    found = _yaml_names(names)
    if MEMBER in found:
        return MEMBER
    if len(found) == 1:
        return found[0]
    if not found:
        raise _refused("KA402", str(path), "there is no YAML file in this archive", _ONE_YAML)
    listed = ", ".join(f"'{name}'" for name in sorted(found)[:_LISTED])
    more = f" and {len(found) - _LISTED:,} more" if len(found) > _LISTED else ""
    problem = f"there are {len(found):,} YAML files in this archive: {listed}{more}"
    raise _refused("KA402", str(path), problem, _ONE_YAML)


def _yaml_names(names: Iterable[str]) -> list[str]:
    """Return the names of YAML files, without hidden ones and what macOS packs beside each file."""
    return [
        name
        for name in names
        if name.lower().endswith((".yaml", ".yml"))
        and not any(part.startswith((".", "__MACOSX")) for part in name.split("/"))
    ]


def _refused(code: str, file: str, problem: str, advice: str) -> PipelineError:
    where = Where(file, 0)
    return PipelineError([Diagnostic(code=code, where=where, problem=problem, advice=advice, row="Z-07")])
