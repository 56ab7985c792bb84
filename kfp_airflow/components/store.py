"""`ComponentStore`: components looked up by name in folders and below addresses (row M-17)."""

from __future__ import annotations

import hashlib
import re
import string
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Final
from urllib.error import HTTPError, URLError
from urllib.parse import quote

from kfp_airflow.components import copies
from kfp_airflow.components.factory import TaskFactory
from kfp_airflow.components.loading import (
    FILE_IN_ARCHIVE,
    load_component_from_file,
    load_component_from_text,
    load_component_from_url,
)
from kfp_airflow.components.yaml_text import MAX_BYTES
from kfp_airflow.dsl.loading import beside_author

_DIGESTS: Final = "versions/sha256"
_TAGS: Final = "versions/tags"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_KFP: Final = "https://raw.githubusercontent.com/kubeflow/pipelines"


class ComponentStore:
    """Finds `<prefix>/<name>/component.yaml`, its versions by digest and by tag; what is fetched by digest is kept.

    `local_search_paths` are folders, `url_search_prefixes` addresses that end in `/`; `uri_search_template`, tried
    after them, is an address with `{name}`, `{tag}` and `{digest}`, left out where one of them is not given. `auth` is
    as for `load_component_from_url`. The copies are in the user's own cache folder, which nobody else may read or
    write, and are checked against their digest.
    """

    default_store: ClassVar[ComponentStore]

    def __init__(
        self,
        local_search_paths: Sequence[str] | None = None,
        url_search_prefixes: Sequence[str] | None = None,
        auth: Any = None,
        uri_search_template: str | None = None,
    ) -> None:
        self.local_search_paths = list(local_search_paths or ["."])
        self.url_search_prefixes = list(url_search_prefixes or [])
        self.uri_search_template = uri_search_template
        self._auth = auth

    def load_component_from_url(self, url: str) -> TaskFactory:
        """Return the component at an address, with the store's `auth`."""
        return load_component_from_url(url, self._auth)

    def load_component_from_file(self, path: str) -> TaskFactory:
        """Return the component of a file."""
        return load_component_from_file(path)

    def load_component(self, name: str, digest: str | None = None, tag: str | None = None) -> TaskFactory:
        """Return the component `name`, in the version of `digest` (sha256 of its text) or `tag` where one is given.

        Raises ValueError for both, for a digest that is none and a name that leads out of the folders, RuntimeError
        naming every place that was searched where it is nowhere, or where the content has another digest.
        """
        if not name:
            raise TypeError("load_component() takes the name of a component")
        name = name.removesuffix(f"/{FILE_IN_ARCHIVE}")
        _check_version(name, digest, tag)
        kept = _kept(digest) if digest else None
        if kept is not None:
            return _with_reference(kept, name, None, None)
        places = list(self._places(name, digest, tag))
        for place in places:
            content = self._read(place)
            if content is None:
                continue
            if digest and _digest(content) != digest:
                raise RuntimeError(f"component '{name}': what lies at {place} does not have the digest {digest}")
            if digest and "://" in place:
                copies.keep(content, digest)
            return _with_reference(content, name, tag, place if "://" in place else None)
        version = f" (digest {digest})" if digest else f" (tag {tag})" if tag else ""
        raise RuntimeError(f"component '{name}'{version} was not found. Searched: {', '.join(places)}")

    def search(self, name: str) -> tuple[TaskFactory, ...]:
        """Return the components of the folders whose name or folder contains `name`, in upper or lower case."""
        wanted = name.lower()
        return tuple(
            factory
            for found, factory in self._folder_components()
            if wanted in found.lower() or wanted in (factory.component_spec.name or "").lower()
        )

    def list(self) -> list[str]:
        """Return the names of the components in the folders."""
        return [name for name, _ in self._folder_components()]

    def _folder_components(self) -> Iterator[tuple[str, TaskFactory]]:
        for folder in map(beside_author, self.local_search_paths):
            for path in sorted(folder.glob(f"**/{FILE_IN_ARCHIVE}")):
                yield path.parent.relative_to(folder).as_posix(), load_component_from_file(path)

    def _places(self, name: str, digest: str | None, tag: str | None) -> Iterator[str]:
        """Yield paths and addresses where the component may lie, in the order in which they are tried."""
        suffix = (
            f"{name}/{_DIGESTS}/{digest}" if digest else f"{name}/{_TAGS}/{tag}" if tag else f"{name}/{FILE_IN_ARCHIVE}"
        )
        for folder in self.local_search_paths:
            yield str(Path(folder) / suffix)
        for prefix in self.url_search_prefixes:
            yield prefix + quote(suffix)
        known = {key: quote(value) for key, value in (("name", name), ("digest", digest), ("tag", tag)) if value}
        template = self.uri_search_template or ""
        if template and {field for _, field, _, _ in string.Formatter().parse(template) if field} <= known.keys():
            yield template.format(**known)

    def _read(self, place: str) -> bytes | None:
        """Return what lies at a place, None where there is nothing."""
        if "://" not in place:
            path = beside_author(place)
            return _start_of(path) if path.is_file() else None
        try:
            return copies.fetched(place, self._auth)
        except HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise
        except URLError as error:
            if isinstance(error.reason, FileNotFoundError):
                return None
            raise


def _check_version(name: str, digest: str | None, tag: str | None) -> None:
    if digest and tag:
        raise ValueError("a digest and a tag cannot be given both: each of them is a version")
    if digest and not _DIGEST.fullmatch(digest):
        raise ValueError(f"{digest[:80]!r} is no digest: it has to be 64 digits of a sha256, in small letters")
    for part in (name, tag or ""):
        if ".." in PurePosixPath(part).parts or part.startswith("/"):
            raise ValueError(f"{part[:80]!r} leads out of the places of the store: write names below them")


def _with_reference(content: bytes, name: str, tag: str | None, url: str | None) -> TaskFactory:
    factory = load_component_from_text(content.decode("utf-8-sig"))
    factory.reference.name = name
    factory.reference.tag = tag
    factory.reference.url = url
    return factory


def _digest(content: bytes) -> str:
    return hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest()


def _kept(digest: str) -> bytes | None:
    """Return the copy with this digest, None where there is none or its content has another."""
    content = copies.read(digest)
    return content if content is not None and _digest(content) == digest else None


def _start_of(path: Path) -> bytes:
    """Return at most one byte more than a component may have."""
    with path.open("rb") as file:
        return file.read(MAX_BYTES + 1)


ComponentStore.default_store = ComponentStore(
    url_search_prefixes=[f"{_KFP}/master/components/"],
    uri_search_template=_KFP + "/{tag}/components/{name}/component.yaml",
)
