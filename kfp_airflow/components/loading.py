"""Components from files, addresses, texts and specifications (rows M-01 to M-05)."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final

from kfp_airflow.components import shapes
from kfp_airflow.components.factory import TaskFactory
from kfp_airflow.components.structures import ComponentReference, ComponentSpec
from kfp_airflow.components.yaml_text import MAX_BYTES, line_of, read_yaml
from kfp_airflow.diagnostics import Diagnostic, PipelineError, Where

FILE_IN_ARCHIVE: Final = "component.yaml"
TIMEOUT_S: Final = 30
_ZIP_MAGIC: Final = b"PK\x03\x04"


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

    Raises FileNotFoundError, and PipelineError naming file, line and key for a file that is no component.
    """
    if filename is None:
        raise TypeError("load_component_from_file() takes a path, got None")
    return _from_bytes(Path(filename).read_bytes(), str(filename))


def load_component_from_text(text: str | None) -> TaskFactory:
    """Return the component of a YAML text (M-04)."""
    if text is None:
        raise TypeError("load_component_from_text() takes the text of a component, got None")
    return _from_text(text, "<component text>")


def load_component_from_spec(component_spec: ComponentSpec | None) -> TaskFactory:
    """Return the component of a specification (M-05)."""
    if component_spec is None:
        raise TypeError("load_component_from_spec() takes a ComponentSpec, got None")
    return TaskFactory(component_spec)


def load_component_from_url(url: str, auth: Any = None) -> TaskFactory:
    """Return the component at an `https:`, `http:`, `file:` or `gs:` address (M-03); at most 10 MiB, within 30 s.

    `auth` is a (user, password) pair, or an object that is called with the request and sets headers. Raises OSError
    where the address cannot be read, ValueError for another kind of address.
    """
    if url is None:
        raise TypeError("load_component_from_url() takes an address, got None")
    return _from_bytes(fetch(url, auth), url, url=url)


def fetch(url: str, auth: Any = None) -> bytes:
    """Return what lies at an address, at most 10 MiB; a Google storage address is read over HTTPS."""
    from urllib.request import Request, urlopen

    address = "https://storage.googleapis.com/" + url.removeprefix("gs://") if url.startswith("gs://") else url
    if not address.startswith(("https://", "http://", "file://")):
        raise ValueError(
            f"a component cannot be loaded from {url!r}: the address has to begin with https:, http:, file: or gs:"
        )
    request = Request(address, headers={"User-Agent": "kfp-airflow"})  # noqa: S310 - checked above
    _authenticate(request, auth)
    with urlopen(request, timeout=TIMEOUT_S) as response:  # noqa: S310 - as above
        content: bytes = response.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise ValueError(f"{url} has more than {MAX_BYTES:,} B, which is more than a component may have")
    return content


def _authenticate(request: Any, auth: Any) -> None:
    """Sign a request as `requests` does: a pair is a user and a password; anything else signs it itself."""
    if isinstance(auth, tuple):
        from base64 import b64encode

        user, password = auth
        request.add_header("Authorization", "Basic " + b64encode(f"{user}:{password}".encode()).decode("ascii"))
    elif auth is not None:
        auth(request)


def _from_bytes(content: bytes, name: str, url: str | None = None) -> TaskFactory:
    if content.startswith(_ZIP_MAGIC):
        content, name = _in_archive(content, name), f"{name}/{FILE_IN_ARCHIVE}"
    if len(content) > MAX_BYTES:
        raise _refused(name, f"the file has {len(content):,} B", f"A component has at most {MAX_BYTES:,} B.")
    try:
        return _from_text(content.decode("utf-8-sig"), name, url)
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
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
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
    problems.raise_all(name, partial(line_of, text))
    digest = hashlib.sha256(text.replace("\r\n", "\n").encode()).hexdigest()
    return TaskFactory(spec, ComponentReference(digest=digest, url=url))


def _refused(name: str, problem: str, advice: str) -> PipelineError:
    return PipelineError([Diagnostic(code="KA301", where=Where(name, 0), problem=problem, advice=advice)])
