"""What a pipeline file may import besides what Python finds: modules of its project, and what comes with kfp."""

from __future__ import annotations

import importlib.util
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from functools import cached_property
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, Final

from typing_extensions import override

from kfp_airflow.catalog.stand_ins import StandIn, stand_in_module
from kfp_airflow.dsl.where import is_ours

_ROOT_MARKS: Final = (".git", "pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")
_MOST_FOLDERS: Final = 4
"""How many folders around the file are searched where none of them is marked as the root of a project."""
_WRITABLE_BY_ALL: Final = 0o002
_INSTALLED: Final = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})

_COME_WITH_KFP: Final = (
    "absl",
    "fire",
    "google.api_core",
    "google.auth",
    "google.cloud.storage",
    "google.oauth2",
    "googleapiclient",
    "strip_hints",
    "uritemplate",
)
"""What kfp 1.8 needs itself, so that files import it without a word in their requirements."""
_DECLARING: Final = "absl.flags.DEFINE_"


class Neighbours(MetaPathFinder):
    """Finds modules for one pipeline file, after all other finders and for the code of authors only.

    A script of a project is often started from the project's root, or as a module of it: so its imports lead also to
    the folders around it, up to the root. What comes with kfp may be imported where it is not installed: using it is
    what raises.
    """

    def __init__(self, file: Path) -> None:
        self._found: set[str] = set()
        self._file = file

    @cached_property
    def _folders(self) -> tuple[Path, ...]:
        return tuple(_folders_around(self._file))

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the specification of a module of the project, or of what stands for one that comes with kfp."""
        if not _asked_by_author():
            return None
        spec = self._of_project(fullname) if path is None else None
        if spec is not None:
            self._found.add(fullname)
        elif _comes_with_kfp(fullname):
            spec = ModuleSpec(fullname, _Loader(), is_package=True)
        return spec

    def has_found(self, module: ModuleType) -> bool:
        """Tell whether a module was found here, or is below one that was."""
        spec = getattr(module, "__spec__", None)
        stands_in = isinstance(getattr(spec, "loader", None), _Loader)
        return stands_in or module.__name__.partition(".")[0] in self._found

    def _of_project(self, name: str) -> ModuleSpec | None:
        for folder in self._folders:
            spec = PathFinder.find_spec(name, [str(folder)])
            if spec is not None and (spec.origin or _has_modules(spec)):
                return spec
        return None


class NotInstalled(StandIn):
    """A name of a module that comes with kfp and is not installed here."""

    @override
    def __call__(self, *_args: Any, **_kwargs: Any) -> Any:
        """Raise ImportError; only declaring a flag of a command is nothing yet."""
        return self if self._name.startswith(_DECLARING) else super().__call__()


class _Loader(Loader):
    """Makes a module that answers for one that is not installed."""

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module."""
        return stand_in_module(spec.name, NotInstalled(spec.name, "is not installed here, where the pipeline is built"))

    @override
    def exec_module(self, module: ModuleType) -> None:
        """Do nothing."""


def package_of(name: str, file: Path, *, level: int) -> tuple[str, ModuleType]:
    """Return the package that relative imports of so many dots start from, and the outermost module of it.

    A script has no package; this one has the file's folder in it, and as many around that as there are further dots.
    """
    outer = file.parents[level - 1]
    init = outer / "__init__.py"
    spec = (
        importlib.util.spec_from_file_location(name, init, submodule_search_locations=[str(outer)])
        if init.exists()
        else ModuleSpec(name, None, is_package=True)
    )
    if spec is None or spec.submodule_search_locations is None:
        raise ImportError(f"there is no package at {outer}")
    spec.submodule_search_locations[:] = [str(outer)]
    inner = (folder.name for folder in reversed(file.parents[: level - 1]))
    return ".".join((name, *inner)), importlib.util.module_from_spec(spec)


def _folders_around(file: Path) -> Iterator[Path]:
    for number, folder in enumerate(file.parents):
        if number == _MOST_FOLDERS or folder.stat().st_mode & _WRITABLE_BY_ALL or folder.parent == folder:
            return
        yield folder
        if any((folder / mark).exists() for mark in _ROOT_MARKS):
            return


def _has_modules(spec: ModuleSpec) -> bool:
    """Tell whether a folder without `__init__.py` has Python files in it, or in its folders."""
    places = map(Path, spec.submodule_search_locations or ())
    return any(next(place.glob(pattern), None) for place in places for pattern in ("*.py", "*/*.py"))


def _comes_with_kfp(name: str) -> bool:
    return any(f"{name}.".startswith(f"{known}.") or known.startswith(f"{name}.") for known in _COME_WITH_KFP)


def _asked_by_author() -> bool:
    """Tell whether the import that is under way stands in an author's file, not in an installed package."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - the one way to know who imports
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith("<frozen importlib") and not is_ours(frame.f_code):
            return file.endswith(".py") and not file.startswith(_INSTALLED)
        frame = frame.f_back
    return False
