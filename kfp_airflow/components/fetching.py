"""What lies at an address: bounded in size and time, with credentials for the asked host only (row M-03)."""

from __future__ import annotations

import base64
import time
from http.client import HTTPMessage
from typing import IO, Any, Final
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from typing_extensions import override

from kfp_airflow.components.yaml_text import MAX_BYTES

TIMEOUT_S: Final = 30
_CHUNK_BYTES: Final = 64 * 1024
_STORAGE: Final = "https://storage.googleapis.com/"
_HEADERS: Final = {"User-agent": "kfp-airflow"}
"""What every request says; the name is written as Request writes it."""


class NotFetched(OSError):
    """A component that could not be read from its address."""


def fetch(url: str, auth: Any = None, *, timeout_s: float = TIMEOUT_S) -> bytes:
    """Return what lies at an address, at most 10 MiB; a Google storage address is read over HTTPS.

    `auth` is a (user, password) pair, or an object that is called with the request and sets headers; they are not sent
    on to another host by a redirect. Raises ValueError for an address of another kind and for more bytes, OSError where
    the address cannot be read within `timeout_s`.
    """
    address = address_of(url)
    request = Request(address, headers=dict(_HEADERS))  # noqa: S310 - checked by address_of
    _authenticate(request, auth)
    deadline = time.monotonic() + timeout_s
    content = bytearray()
    with build_opener(_Redirects()).open(request, timeout=timeout_s) as response:
        while chunk := response.read1(_CHUNK_BYTES):
            content += chunk
            if len(content) > MAX_BYTES:
                raise ValueError(f"{url} has more than {MAX_BYTES:,} B, which is more than a component may have")
            if time.monotonic() > deadline:
                raise TimeoutError(f"{url} was not read within {timeout_s:g} s: {len(content):,} B came")
    return bytes(content)


def address_of(url: str) -> str:
    """Return where an address is read: `gs://bucket/name` over HTTPS, others where they say."""
    if url.startswith("gs://"):
        return _STORAGE + url.removeprefix("gs://")
    if not url.startswith(("https://", "http://", "file://")):
        raise ValueError(
            f"a component cannot be loaded from {url!r}: the address has to begin with https:, http:, file: or gs:"
        )
    return url


class _Redirects(HTTPRedirectHandler):
    """Follows redirects to web addresses only, and takes the credentials off those that lead to another host."""

    @override
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        """Return the request that follows a redirect."""
        if not newurl.startswith(("https://", "http://")):
            raise ValueError(f"{req.full_url} redirects to {newurl!r}, which is no web address")
        following = super().redirect_request(req, fp, code, msg, headers, newurl)
        if following is not None and _origin(newurl) != _origin(req.full_url):
            following.headers = dict(_HEADERS)
        return following


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _authenticate(request: Request, auth: Any) -> None:
    """Sign a request as `requests` does: a pair is a user and a password; anything else signs it itself."""
    if isinstance(auth, tuple):
        user, password = auth
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii"))
    elif auth is not None:
        auth(request)
