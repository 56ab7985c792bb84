"""Packages as files: YAML, and YAML in a zip or a tar archive (row Z-02)."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from kfp_airflow.graph.text import Json
from kfp_airflow.package.yaml_text import yaml_text

MEMBER: Final = "pipeline.yaml"
_ZIP_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


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
