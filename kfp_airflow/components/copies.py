"""Copies of what was fetched, in the user's own cache folder, which nobody else may read or write (rows M-03, M-17).

Airflow reads a pipeline file again and again, also when a task starts: without copies each of these would ask the
servers of all the components that the file loads, and fail with them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final
from urllib.error import HTTPError

from kfp_airflow.components.fetching import TIMEOUT_S, fetch
from kfp_airflow.components.yaml_text import MAX_BYTES
from kfp_airflow.diagnostics import Diagnostic
from kfp_airflow.dsl.loading import reading
from kfp_airflow.dsl.notes import note
from kfp_airflow.dsl.where import author_place

_NAMES_A_COMMIT: Final = re.compile(r"/[0-9a-f]{40}/")
_TIMEOUT_WITH_COPY_S: Final = 5
"""Seconds: every task would wait for a server that does not answer."""
_NO_PLACE: Final = (OSError, RuntimeError)
"""What is raised where a copy cannot be read or written, and where a user has no home folder."""
_PASSING: Final = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)


def fetched(url: str, auth: Any = None) -> bytes:
    """Return what lies at an address, as `fetch` does; while Airflow reads the author's file, a copy may serve.

    A copy serves for as many seconds as the file's `Reading` says, one of an address that names a commit always; an
    older one where the address cannot be read just now, which is noted (KA317). Of files, and of addresses whose `auth`
    is an object, there are no copies.
    """
    how = reading()
    if how is None or url.startswith("file:") or not (auth is None or isinstance(auth, tuple)):
        return fetch(url, auth)
    name = "at-" + hashlib.sha256("\n".join((url, *map(str, auth or ()))).encode()).hexdigest()
    copy = read(name)
    if copy is not None and (_NAMES_A_COMMIT.search(url) or _age_s(name) < how.component_max_age_s):
        return copy
    try:
        content = fetch(url, auth, timeout_s=TIMEOUT_S if copy is None else _TIMEOUT_WITH_COPY_S)
    except OSError as error:
        if copy is None or (isinstance(error, HTTPError) and not _may_pass(error)):
            raise
        _note_older(name, url, error)
        return copy
    keep(content, name)
    return content


def read(name: str) -> bytes | None:
    """Return a copy, None where there is none that can be read; at most one byte more than a component may have."""
    try:
        with (_folder() / name).open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except _NO_PLACE:
        return None


def keep(content: bytes, name: str) -> None:
    """Keep a copy, complete or not at all; where there is no place for it, it is fetched again next time."""
    with contextlib.suppress(*_NO_PLACE):
        _folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile(dir=_folder(), delete=False) as file:
            try:
                file.write(content)
                file.flush()
                Path(file.name).replace(_folder() / name)
            except OSError:
                Path(file.name).unlink(missing_ok=True)


def _folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kfp-airflow" / "components"


def _age_s(name: str) -> float:
    try:
        return time.time() - (_folder() / name).stat().st_mtime
    except OSError:
        return float("inf")


def _may_pass(error: HTTPError) -> bool:
    """Tell whether an answer says that the server has trouble, and not that it has nothing for the one who asks."""
    return error.code >= HTTPStatus.INTERNAL_SERVER_ERROR or error.code in _PASSING


def _note_older(name: str, url: str, error: OSError) -> None:
    note(
        Diagnostic(
            code="KA317",
            where=author_place(),
            problem=f"the component {url} cannot be fetched just now ({getattr(error, 'reason', error)}): the copy of "
            f"{_age_s(name) / 60:,.0f} minutes ago is used",
            advice="Keep the file beside the pipeline and load it with load_component_from_file, or name a commit in "
            "its address: such a copy serves always.",
            row="M-03",
            severity="warning",
        )
    )
