"""What stands for a container image on this machine: a Python, the host's shell, or nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from kfp_airflow.diagnostics import ImageUnavailable

MAJOR: Final = 3
"""The Python that machines have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonImage:
    """An official image of Python. `version` is what the tag asks for: (), (3,) or (3, 7)."""

    version: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellImage:
    """An image of a bare system: `program` is what it runs by itself; with `entrypoint`, options alone go to that."""

    program: str
    entrypoint: bool = False


_SHELL_IMAGES: Final = {
    "bash": ShellImage(program="bash", entrypoint=True),
    "busybox": ShellImage(program="sh"),
    "alpine": ShellImage(program="sh"),
    **dict.fromkeys(
        ("debian", "ubuntu", "fedora", "rockylinux", "almalinux", "amazonlinux", "buildpack-deps"),
        ShellImage(program="bash"),
    ),
}
_DOCKER_HUB: Final = frozenset({"", "docker.io", "index.docker.io", "registry-1.docker.io"})
# Old Kubernetes and KFP samples take their busybox from here.
_BUSYBOX_COPIES: Final = frozenset({"google-containers/busybox", "google_containers/busybox", "k8s.gcr.io/busybox"})
_VERSION: Final = re.compile(r"(\d+)(?:\.(\d+))?")


def find_image(image: str) -> PythonImage | ShellImage:
    """Return what stands for the image.

    Raises ImageUnavailable, naming the setting, for an image whose content this machine does not have.
    """
    registry, path, tag = _parse(image)
    name = path.removeprefix("library/")
    official = "/" not in name and (registry in _DOCKER_HUB or path.startswith("library/"))
    if any(image.partition(":")[0].endswith(copy) for copy in _BUSYBOX_COPIES):
        return _SHELL_IMAGES["busybox"]
    if official and name in _SHELL_IMAGES:
        return _SHELL_IMAGES[name]
    if official and name == "python":
        version = _VERSION.match(tag)
        numbers = tuple(int(number) for number in version.groups() if number) if version else ()
        if numbers[:1] in {(), (MAJOR,)}:
            return PythonImage(version=numbers)
    raise ImageUnavailable(
        f"processes of this machine cannot stand in for the image {image!r}; they can for python:{MAJOR}* "
        f"and for bare systems ({', '.join(sorted(_SHELL_IMAGES))}). Run it on a cluster or with docker or podman: set "
        "[kfp_airflow] runtime to kubernetes or container"
    )


def _parse(image: str) -> tuple[str, str, str]:
    """Return registry (empty: none written), path and tag of an image's name."""
    name = image.partition("@")[0]
    head, slash, rest = name.partition("/")
    has_registry = bool(slash) and (head == "localhost" or "." in head or ":" in head)
    registry, name = (head, rest) if has_registry else ("", name)
    path, _, tag = name.partition(":")
    return registry, path, tag
