"""`ComponentStore`: components looked up by name in folders and below addresses (row M-17)."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.error import HTTPError, URLError

from kfp_airflow.components.factory import TaskFactory
from kfp_airflow.components.loading import (
    FILE_IN_ARCHIVE,
    fetch,
    load_component_from_file,
    load_component_from_text,
    load_component_from_url,
)

_DIGESTS: Final = "versions/sha256"
_TAGS: Final = "versions/tags"


class ComponentStore:
    """Finds `<prefix>/<name>/component.yaml`, its versions by digest and by tag; what is fetched by digest is kept.

    `local_search_paths` are folders, `url_search_prefixes` addresses that end in `/`; `uri_search_template`, tried
    after them, is an address with `{name}`, `{tag}` and `{digest}`. `auth` is as for `load_component_from_url`.
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
        self._kept = Path(tempfile.gettempdir()) / ".kfp_components"

    def load_component_from_url(self, url: str) -> TaskFactory:
        """Return the component at an address, with the store's `auth`."""
        return load_component_from_url(url, self._auth)

    def load_component_from_file(self, path: str) -> TaskFactory:
        """Return the component of a file."""
        return load_component_from_file(path)

    def load_component(self, name: str, digest: str | None = None, tag: str | None = None) -> TaskFactory:
        """Return the component `name`, in the version of `digest` (sha256 of its text) or `tag` where one is given.

        Raises ValueError for both, and RuntimeError naming every place that was searched where it is nowhere.
        """
        if not name:
            raise TypeError("load_component() takes the name of a component")
        if digest and tag:
            raise ValueError("a digest and a tag cannot be given both: each of them is a version")
        places = list(self._places(name.removesuffix("/component.yaml"), digest, tag))
        for place in places:
            content = self._read(place)
            if content is None:
                continue
            if digest and hashlib.sha256(content.replace(b"\r\n", b"\n")).hexdigest() != digest:
                raise RuntimeError(f"component '{name}': what lies at {place} does not have the digest {digest}")
            self._keep(place, content, digest)
            factory = load_component_from_text(content.decode("utf-8-sig"))
            factory.reference.name = name
            factory.reference.tag = tag
            factory.reference.url = place if "://" in place else None
            return factory
        version = f" (digest {digest})" if digest else f" (tag {tag})" if tag else ""
        raise RuntimeError(f"component '{name}'{version} was not found. Searched: {', '.join(places)}")

    def search(self, name: str) -> Iterator[TaskFactory]:
        """Yield the components of the folders whose name or folder contains `name`, in upper or lower case."""
        wanted = name.lower()
        for found, factory in self._folder_components():
            if wanted in found.lower() or wanted in (factory.component_spec.name or "").lower():
                yield factory

    def list(self) -> list[str]:
        """Return the names of the components in the folders."""
        return [name for name, _ in self._folder_components()]

    def _folder_components(self) -> Iterator[tuple[str, TaskFactory]]:
        for folder in map(Path, self.local_search_paths):
            for path in sorted(folder.glob(f"**/{FILE_IN_ARCHIVE}")):
                yield path.parent.relative_to(folder).as_posix(), load_component_from_file(path)

    def _places(self, name: str, digest: str | None, tag: str | None) -> Iterator[str]:
        """Yield paths and addresses where the component may lie, in the order in which they are tried."""
        suffix = (
            f"{name}/{_DIGESTS}/{digest}" if digest else f"{name}/{_TAGS}/{tag}" if tag else f"{name}/{FILE_IN_ARCHIVE}"
        )
        if digest:
            yield str(self._kept / digest)
        for folder in self.local_search_paths:
            yield str(Path(folder) / suffix)
        for prefix in self.url_search_prefixes:
            yield prefix + suffix
        if self.uri_search_template:
            yield self.uri_search_template.format(name=name, digest=digest or "", tag=tag or "")

    def _read(self, place: str) -> bytes | None:
        """Return what lies at a place, None where there is nothing."""
        if "://" not in place:
            return Path(place).read_bytes() if Path(place).is_file() else None
        try:
            return fetch(place, self._auth)
        except HTTPError as error:
            if error.code == HTTPStatus.NOT_FOUND:
                return None
            raise
        except URLError as error:
            if isinstance(error.reason, FileNotFoundError):
                return None
            raise

    def _keep(self, place: str, content: bytes, digest: str | None) -> None:
        if digest and "://" in place:
            self._kept.mkdir(parents=True, exist_ok=True)
            (self._kept / digest).write_bytes(content)


ComponentStore.default_store = ComponentStore()
