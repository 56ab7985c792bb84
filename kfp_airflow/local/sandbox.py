"""The private view of the file system that a container of a step gets on this machine.

Its root shows the host's programs; every change goes to a folder of the attempt. Homes, `/tmp` and the like are empty
folders of its own, `/dev` has the harmless devices only, mounts of the network are left out. This module plans (and
makes the empty folders that mount points need); the launcher mounts.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

from kfp_airflow.diagnostics import StepError
from kfp_airflow.local.orders import Mount

Namespaces: TypeAlias = Literal["root", "user"]

# Where programs write without being asked: empty, and the container's own.
PRIVATE_FOLDERS = ("/tmp", "/var/tmp", "/root", "/home")  # noqa: S108  (names inside of the private root)

_KERNEL_FOLDERS = ("/proc", "/sys", "/dev")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_DEVICE_LINKS = {"fd": "/proc/self/fd", "stdin": "fd/0", "stdout": "fd/1", "stderr": "fd/2", "ptmx": "pts/ptmx"}
# To look at one of these can hang for ever when its server is gone, and pods see none of them either.
_REMOTE = frozenset({"autofs", "nfs", "nfs4", "cifs", "smb3", "9p", "ceph", "glusterfs", "nsfs"})
_MAX_LINKS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A file or folder of this machine that the container sees at `target` (absolute, as the container names it)."""

    source: Path
    target: str
    readonly: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What one container shall see, besides the host's programs.

    `hidden` are folders of this machine that it must not see; `seen` files and folders that it has to see in place all
    the same; `layers` the same, and it may change them without changing them for others. `binds` in the order in which
    they are made; `folders` have to exist; in what exists of `writable` it may make files, whoever it is; `programs`
    are small scripts by their absolute path.
    """

    binds: tuple[Bind, ...] = ()
    seen: tuple[Path, ...] = ()
    layers: tuple[Path, ...] = ()
    folders: tuple[str, ...] = ()
    writable: tuple[str, ...] = ()
    hidden: tuple[Path, ...] = ()
    programs: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class MountPoint:
    """A line of this process's mount table."""

    path: str
    kind: str


def mount_points() -> tuple[MountPoint, ...]:
    """Return what is mounted on this machine, as this process sees it, in the order of mounting."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines():
        before, _, after = line.partition(" - ")
        escaped = before.split(" ")[4]
        path = escaped.encode("utf-8", "surrogateescape").decode("unicode_escape").encode("latin-1")
        found.append(MountPoint(os.fsdecode(path), after.split(" ")[0]))
    return tuple(found)


class Sandbox:
    """The private root of one container, planned in `folder`: empty, and where an overlay's changes can lie.

    `own` maps the container's own folders to where they lie on this machine, once `plan` has been called.
    """

    def __init__(self, folder: Path, *, namespaces: Namespaces, table: Sequence[MountPoint] | None = None) -> None:
        self.root = folder / "root"
        self.layers = folder / "layers"
        self.namespaces = namespaces
        self.mounts: list[Mount] = []
        self.own: dict[str, str] = {}
        self._folder = folder
        self._table = mount_points() if table is None else table
        # Which folder of this machine takes what lies below a path of the container; the longest path decides.
        self._homes: dict[str, Path] = {"/": self.root}
        self._private: set[str] = set()
        self._readonly: set[str] = set()

    def plan(self, view: View) -> list[Mount]:
        """Return the mounts that show `view`, in order, all that they need being made.

        Raises StepError for a path that cannot be.
        """
        for folder in (self.root, self.layers):
            folder.mkdir()
        self._mount("bind", "/", source=str(self.root))
        private = self._private_folders(view.hidden)
        self._private.update(private, _KERNEL_FOLDERS)
        self._show("/", self._nested_mounts(private))
        for path in private:
            self._add_private(path)
        self._add_kernel_folders()
        for layer in _with_targets(view.layers):
            self._add_layer(self._place(layer, folder=True), layer)
        for seen in _with_targets(view.seen):
            if any(_is_below(seen, path) for path in private):
                self._add_bind(Bind(source=Path(seen), target=seen))
        self._add_wishes(view)
        return self.mounts

    def _add_wishes(self, view: View) -> None:
        for bind in view.binds:
            self._add_bind(bind)
        for path in view.folders:
            self._place(path, folder=True)
        for path in view.writable:
            self._open(self._resolve(path))
        for path, content in view.programs.items():
            program = self._home_of(self._place(path, folder=False))
            program.write_text(content, encoding="utf-8")
            program.chmod(0o755)

    # --- the host's own folders

    def _private_folders(self, hidden: Iterable[Path]) -> tuple[str, ...]:
        home = os.path.realpath(Path.home())
        wanted = [os.path.realpath(str(path)) for path in (*PRIVATE_FOLDERS, *hidden)]
        # "/" is the home of some service accounts.
        present = {path for path in (*wanted, home) if path in PRIVATE_FOLDERS or (path != "/" and os.path.isdir(path))}
        outermost = sorted(present)
        return tuple(path for path in outermost if not any(_is_below(path, other) for other in outermost))

    def _nested_mounts(self, private: tuple[str, ...]) -> tuple[MountPoint, ...]:
        """Return the local mounts to show, outer ones first, each path once."""
        left_out = (*private, *_KERNEL_FOLDERS, os.path.realpath(self._folder))
        shown: dict[str, MountPoint] = {}
        for point in self._table:
            remote = point.kind in _REMOTE or point.kind.startswith("fuse.")
            if point.path != "/" and not any(point.path == path or _is_below(point.path, path) for path in left_out):
                shown.pop(point.path, None)
                if not remote:
                    shown[point.path] = point
        return tuple(shown[path] for path in sorted(shown))

    def _show(self, path: str, nested: tuple[MountPoint, ...]) -> None:
        """Show the host's folder at `path` with the mounts below it."""
        below = tuple(point for point in nested if _is_below(point.path, path))
        # The kernel gives a user namespace no layer of a folder with mounts in it, because it would uncover what they
        # hide.
        if self.namespaces == "user" and (path == "/" or any(_is_below(point.path, path) for point in self._table)):
            self._show_entries(path, nested)
            return
        self._add_layer(path, path, required=path == "/")
        for point in below:
            if Path(point.path).is_dir():
                self._add_layer(point.path, point.path)
            else:
                self._mount("bind", point.path, source=point.path, readonly=True, required=False)

    def _show_entries(self, path: str, nested: tuple[MountPoint, ...]) -> None:
        shown_mounts = {point.path for point in nested}
        all_mounts = {point.path for point in self._table}
        for entry in _entries(path):
            inner, here = entry.path, self._home_of(entry.path)
            if inner in self._private or (inner in all_mounts and inner not in shown_mounts):
                continue
            if entry.is_symlink():
                with contextlib.suppress(OSError):  # gone meanwhile
                    here.symlink_to(os.readlink(inner))
            elif entry.is_dir():
                here.mkdir()
                self._show(inner, nested)
            elif entry.is_file():
                here.touch()
                self._mount("bind", inner, source=inner, readonly=True, required=False)

    # --- the container's own folders

    def _add_private(self, path: str) -> None:
        own = self._folder / "private" / str(len(self._private) + len(self.mounts))
        own.mkdir(parents=True)
        own.chmod(0o1777 if path.endswith("tmp") else 0o755)
        self._make_home(path, folder=True)
        self._mount("bind", path, source=str(own))
        self._homes[path] = own
        self.own[path] = str(own)

    def _add_kernel_folders(self) -> None:
        for path in _KERNEL_FOLDERS:
            self._make_home(path, folder=True)
        self._mount("proc", "/proc")
        self._mount("bind", "/sys", source="/sys", readonly=True, required=False)
        devices = self._folder / "dev"
        for folder in ("pts", "shm"):
            (devices / folder).mkdir(parents=True)
        for name, target in _DEVICE_LINKS.items():
            (devices / name).symlink_to(target)
        for name in _DEVICES:
            (devices / name).touch()
        self._mount("bind", "/dev", source=str(devices))
        for name in _DEVICES:
            self._mount("bind", f"/dev/{name}", source=f"/dev/{name}", required=False)
        self._mount("devpts", "/dev/pts", required=False)
        self._mount("tmpfs", "/dev/shm", source="mode=1777", required=False)  # noqa: S108  (inside of the private root)

    def _add_layer(self, target: str, source: str, *, required: bool = False) -> None:
        changes = self.layers / str(len(self.mounts))
        (changes / "upper").mkdir(parents=True)
        (changes / "work").mkdir()
        _copy_attributes(source, changes / "upper")
        self._mount("layer", target, source=source, changes=changes.name, required=required)
        self._homes[target] = changes / "upper"

    def _add_bind(self, bind: Bind) -> None:
        is_folder = bind.source.is_dir()
        target = self._place(bind.target, folder=is_folder)
        self._mount("bind", target, source=str(bind.source.absolute()), readonly=bind.readonly)
        if is_folder:
            self._homes[target] = bind.source
            self._private.add(target)
            if bind.readonly:
                self._readonly.add(target)

    # --- mount points

    def _place(self, path: str, *, folder: bool) -> str:
        """Return the path with the host's symbolic links followed, an empty file or folder to mount on made there."""
        resolved = self._resolve(path)
        self._make_home(resolved, folder=folder)
        return resolved

    def _open(self, path: str) -> None:
        """Give the container the deepest folder on the way to `path` that this machine has."""
        while path != "/" and not any(path == own or _is_below(path, own) for own in self._private):
            if os.path.isdir(path):
                self._make_home(path, folder=True)
                return
            path = os.path.dirname(path)

    def _resolve(self, path: str) -> str:
        resolved = "/"
        rest = [part for part in os.path.normpath(path).split("/") if part]
        for _ in range(_MAX_LINKS):
            while rest and not (resolved in self._private or os.path.islink(os.path.join(resolved, rest[0]))):
                resolved = os.path.join(resolved, rest.pop(0))
            if not rest or resolved in self._private:
                return os.path.join(resolved, *rest)
            resolved = os.path.realpath(os.path.join(resolved, rest.pop(0)))
            resolved, rest = "/", [part for part in resolved.split("/") if part] + rest
        raise StepError(f"{path} cannot be given to the step: too many symbolic links on the way")

    def _home_of(self, path: str) -> Path:
        cover = max((home for home in self._homes if path == home or _is_below(path, home)), key=len)
        return self._homes[cover] / os.path.relpath(path, cover)

    def _make_home(self, path: str, *, folder: bool) -> None:
        cover = max((home for home in self._homes if _is_below(path, home)), key=len, default="/")
        if cover in self._readonly:
            raise StepError(f"{path} cannot be made for the step: {cover} above it is one of its inputs, or read-only")
        home, seen = self._homes[cover], cover
        parts = os.path.relpath(path, cover).split("/")
        for index, part in enumerate(parts):
            home, seen = home / part, os.path.join(seen, part)
            if index == len(parts) - 1 and not folder:
                home.touch()
            elif not home.is_dir():
                self._make_folder(home, seen)

    def _make_folder(self, home: Path, seen: str) -> None:
        try:
            home.mkdir()
        except OSError as error:
            raise StepError(f"{seen} cannot be a folder of the step: {error.strerror}") from error
        if not any(_is_below(seen, path) for path in self._private):
            _copy_attributes(seen, home)

    def _mount(
        self,
        kind: Literal["layer", "bind", "tmpfs", "proc", "devpts"],
        path: str,
        *,
        source: str = "",
        changes: str = "",
        readonly: bool = False,
        required: bool = True,
    ) -> None:
        target = str(self.root) if path == "/" else str(self.root) + path
        self.mounts.append(
            {
                "kind": kind,
                "target": target,
                "source": source,
                "changes": changes,
                "readonly": readonly,
                "required": required,
            }
        )


def _with_targets(paths: Iterable[Path]) -> tuple[str, ...]:
    """Return the paths and, where they go through symbolic links, what they lead to."""
    return tuple(dict.fromkeys(name for path in paths for name in (str(path), os.path.realpath(path))))


def _is_below(path: str, folder: str) -> bool:
    return path != folder and path.startswith("/" if folder == "/" else folder + "/")


def _entries(path: str) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            yield from sorted(entries, key=lambda entry: entry.name)
    except OSError:  # not for this user, or gone
        return


def _copy_attributes(source: str, target: Path) -> None:
    """Give `target` mode and owner of a folder of the host, as far as this user may."""
    try:
        status = os.stat(source)
    except OSError:
        return
    if not stat.S_ISDIR(status.st_mode):
        return
    with contextlib.suppress(OSError):  # another user's, or one whom this user namespace has no number for
        os.chown(target, status.st_uid, status.st_gid)
    os.chmod(target, stat.S_IMODE(status.st_mode) | stat.S_IRWXU)
