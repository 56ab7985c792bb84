"""Components from files, addresses, texts and specifications (rows M-01 to M-05)."""

from __future__ import annotations

import codecs
import hashlib
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Mapping
from typing import Any, Final
from urllib.error import HTTPError

from kfp_airflow.components import copies, shapes
from kfp_airflow.components.factory import TaskFactory
from kfp_airflow.components.fetching import NotFetched
from kfp_airflow.components.structures import ComponentReference, ComponentSpec
from kfp_airflow.components.yaml_text import MAX_BYTES, lines_of, read_yaml
from kfp_airflow.diagnostics import Diagnostic, PipelineError, Where
from kfp_airflow.dsl.loading import beside_author, kept_component

FILE_IN_ARCHIVE: Final = "component.yaml"
_TEXT: Final = "<component text>"
_UNREADABLE: Final = (
    zipfile.BadZipFile,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    zlib.error,
    lzma.LZMAError,
)
"""What Python raises for a zip file that is damaged, packed in a way that it does not know, or has a password."""
_ZIP_MAGIC: Final = b"PK\x03\x04"
_UTF_16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
"""What a text begins with that PowerShell wrote by `>`."""


def load_component(
    filename: str | os.PathLike[str] | None = None,
    url: str | None = None,
    text: str | None = None,
    component_spec: ComponentSpec | None = None,
) -> TaskFactory:
    """Return the component of a file, an address, a text or a specification (M-01); ValueError unless it is one."""
    sources = {"filename": filename, "url": url, "text": text, "component_spec": component_spec}
    given = [name for name, source in sources.items() if source]
    if len(given) != 1:
        raise ValueError(f"Need to specify exactly one source: {', '.join(sources)}; got {', '.join(given) or 'none'}")
    if filename:
        return load_component_from_file(filename)
    if url:
        return load_component_from_url(url)
    return load_component_from_text(text) if text else load_component_from_spec(component_spec)


def load_component_from_file(filename: str | os.PathLike[str]) -> TaskFactory:
    """Return the component of a YAML file, or of the component.yaml in a zip file (M-02).

    A relative path is looked up from the current folder, then beside the file that asks and in the folders around it.
    First comes what a file made before, though Airflow lets it write nothing while it is loaded.
    Raises FileNotFoundError, and PipelineError naming file, line and key for a file that is no component.
    """
    if filename is None:
        raise TypeError("load_component_from_file() takes a path, got None")
    if (kept := kept_component(filename)) is not None:
        return _from_text(kept, str(filename))
    with beside_author(filename).open("rb") as file:
        return _from_bytes(file.read(MAX_BYTES + 1), str(filename))


def load_component_from_text(text: str | bytes | None) -> TaskFactory:
    """Return the component of a YAML text, or of its bytes in UTF-8 (M-04)."""
    if isinstance(text, bytes):
        return _from_bytes(text, _TEXT)
    if not isinstance(text, str):
        found = "None" if text is None else f"a value of type {type(text).__name__}"
        raise TypeError(f"load_component_from_text() takes the text of a component, got {found}")
    return _from_text(text, _TEXT)


def load_component_from_spec(component_spec: ComponentSpec | None) -> TaskFactory:
    """Return the component of a specification (M-05)."""
    if component_spec is None:
        raise TypeError("load_component_from_spec() takes a ComponentSpec, got None")
    return TaskFactory(component_spec)


def load_component_from_url(url: str, auth: Any = None) -> TaskFactory:
    """Return the component at an `https:`, `http:`, `file:` or `gs:` address (M-03); at most 10 MiB, within 30 s.

    While Airflow reads the file that asks, a copy may serve (`copies.fetched`). `auth` is a (user, password) pair, or
    an object that is called with the request and sets headers. Raises NotFetched, an OSError, where the address cannot
    be read, ValueError for another kind of address.
    """
    if url is None:
        raise TypeError("load_component_from_url() takes an address, got None")
    try:
        content = copies.fetched(url, auth)
    except OSError as error:
        reason: object = getattr(error, "reason", error)
        if isinstance(error, HTTPError):
            reason = str(error)
            error.close()
        raise NotFetched(f"the component {url} cannot be fetched: {reason}") from error
    return _from_bytes(content, url, url=url)


def _from_bytes(content: bytes, name: str, url: str | None = None) -> TaskFactory:
    if content.startswith(_ZIP_MAGIC):
        content, name = _in_archive(content, name), f"{name}/{FILE_IN_ARCHIVE}"
    if len(content) > MAX_BYTES:
        raise _refused(name, f"the file has more than {MAX_BYTES:,} B", "A component is at most as long as that.")
    encoding = "utf-16" if content.startswith(_UTF_16) else "utf-8-sig"
    try:
        return _from_text(content.decode(encoding), name, url)
    except UnicodeDecodeError as error:
        raise _refused(
            name, f"the file is not UTF-8 text: {error.reason} at byte {error.start:,}", "Save it as UTF-8."
        ) from error


def _in_archive(content: bytes, name: str) -> bytes:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive, archive.open(FILE_IN_ARCHIVE) as file:
            return file.read(MAX_BYTES + 1)
    except KeyError as error:
        raise _refused(
            name, f"the zip file has no {FILE_IN_ARCHIVE} at its top", f"Put {FILE_IN_ARCHIVE} there."
        ) from error
    except (
        zipfile.BadZipFile,
        NotImplementedError,
        RuntimeError,
        EOFError,
        OSError,
        zlib.error,
        lzma.LZMAError,
    ) as error:
        raise _refused(name, f"the zip file cannot be read: {error}", "Make it anew, without a password.") from error


def _from_text(text: str, name: str, url: str | None = None) -> TaskFactory:
    document = read_yaml(text, name=name)
    if not isinstance(document, Mapping):
        found = shapes.described(document)
        raise _refused(
            name,
            f"{found} stands where a component is expected",
            "A component begins with 'name:', 'inputs:', 'implementation:'.",
        )
    problems = shapes.Problems()
    spec = shapes.read(ComponentSpec, document, (), problems)
    problems.raise_all(name, lambda: lines_of(text))
    digest = hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()
    return TaskFactory(spec, ComponentReference(digest=digest, url=url))


def _refused(name: str, problem: str, advice: str) -> PipelineError:
    return PipelineError([Diagnostic(code="KA301", where=Where(name, 0), problem=problem, advice=advice)])
