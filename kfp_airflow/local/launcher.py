"""The small program around a step's program: it makes the private root, runs the program, brings the outputs back.

Run as `python -I -S`, on its own, because a process with threads (a worker) cannot enter a user namespace nor safely
run Python between fork and exec. It starts for every container of every step, and every import is a part of that time:
hence marshal (both sides are the same interpreter) and no contextlib, which took half of it. All imports stand at the
top because the interpreter's own files may be out of sight inside the private root. The launcher is the reaper of all
processes that the program leaves behind: none of them outlives it.
"""

# ruff: noqa: SIM105  (contextlib costs 4 ms a start)

from __future__ import annotations

import errno
import marshal
import os
import signal
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

    from kfp_airflow.local.orders import Mount, Order, Report

if sys.platform == "linux":
    from kfp_airflow.local import syscalls

# SIGTERM asks the program to end; SIGUSR1 makes the launcher kill it and still bring the outputs back.
_FORWARDED = (signal.SIGTERM, signal.SIGUSR1)
_CHUNK_BYTES = 8 * 1024 * 1024

# What a container may do by default (chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap,
# net_bind_service, net_raw, sys_chroot, audit_write, setfcap) but for mknod: no device controller stands behind it
# here.
_KEPT_CAPABILITIES = frozenset({0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 29, 31})


def main(order_file: str, report_fd: int, parent: int) -> None:
    """Carry out the order in `order_file` and report to `report_fd`; end with the process `parent`."""
    with open(order_file, "rb") as file:
        order: Order = marshal.load(file)  # noqa: S302  (written by the process that started this one)
    os.set_inheritable(report_fd, False)  # noqa: FBT003  (os has it so)
    _die_with_parent()
    if os.getppid() != parent:
        return
    try:
        folders = _prepare(order)
    except OSError as error:
        os.write(report_fd, f"{error.filename or 'namespaces'}: {error.strerror}\n".encode())
        return
    if folders is not None:
        os.write(report_fd, b"\n")
        with open(report_fd, "wb") as answer:
            marshal.dump(dict(_run(order, folders)), answer)


class _Folders:
    """Folders of the host, kept open into the private root: where outputs go, and the program's own by path."""

    def __init__(self, order: Order) -> None:
        self.collected = os.open(order["collected"], os.O_RDONLY)
        self.own = {path: os.open(folder, os.O_RDONLY) for path, folder in order["own"].items()}


def _prepare(order: Order) -> _Folders | None:
    """Make the program's surroundings and return the open folders; None in a process that only waited."""
    if order["namespaces"] == "none":
        return _Folders(order)
    _enter_namespaces(order)
    folders = _Folders(order)
    if _wait_for_fork():
        return None
    _become_init(order)
    return folders


def _die_with_parent() -> None:
    if sys.platform == "linux":
        syscalls.die_with_parent(signal.SIGKILL)


# --- the private root


def _enter_namespaces(order: Order) -> None:
    flags = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWIPC
    if order["namespaces"] == "user":
        uid, gid = os.getuid(), os.getgid()
        syscalls.unshare(syscalls.CLONE_NEWUSER | flags)
        _write("/proc/self/setgroups", "deny")
        _write("/proc/self/uid_map", f"0 {uid} 1")
        _write("/proc/self/gid_map", f"0 {gid} 1")
    else:
        syscalls.unshare(flags)
    # Entering a user namespace takes the wish away, so it is said again.
    syscalls.die_with_parent(signal.SIGKILL)
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    os.chdir(order["layers"])
    for mount in order["mounts"]:
        if mount["kind"] != "proc":
            _make(mount, in_user_namespace=order["namespaces"] == "user")


def _write(path: str, content: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(content)


def _make(mount: Mount, *, in_user_namespace: bool) -> None:
    try:
        if mount["kind"] == "layer":
            _make_layer(mount, in_user_namespace=in_user_namespace)
        elif mount["kind"] == "bind":
            _bind(mount["source"], mount["target"], readonly=mount["readonly"])
        elif mount["kind"] == "devpts":
            syscalls.mount(
                "devpts", mount["target"], "devpts", syscalls.MS_NOSUID, "newinstance,ptmxmode=0666,mode=0620"
            )
        else:
            syscalls.mount(mount["kind"], mount["target"], mount["kind"], syscalls.MS_NOSUID, mount["source"] or None)
    except OSError:
        if mount["required"]:
            raise


def _make_layer(mount: Mount, *, in_user_namespace: bool) -> None:
    lower = mount["source"].replace("\\", "\\\\").replace(":", "\\:").replace(",", "\\,")
    options = f"lowerdir={lower},upperdir={mount['changes']}/upper,workdir={mount['changes']}/work"
    if in_user_namespace:
        options += ",userxattr"
    try:
        syscalls.mount("overlay", mount["target"], "overlay", 0, options)
    except OSError:
        if mount["required"]:
            raise
        _bind(mount["source"], mount["target"], readonly=True)


def _bind(source: str, target: str, *, readonly: bool) -> None:
    syscalls.mount(source, target, None, syscalls.MS_BIND | syscalls.MS_REC)
    if readonly:
        syscalls.make_readonly(target)


def _become_init(order: Order) -> None:
    """Process 1 of the new process namespace: mount its /proc and change into the private root."""
    for mount in order["mounts"]:
        if mount["kind"] == "proc":
            _mount_proc(mount["target"])
    syscalls.pivot_root(order["root"])
    syscalls.keep_capabilities(_KEPT_CAPABILITIES)


def _mount_proc(target: str) -> None:
    try:
        syscalls.mount("proc", target, "proc", syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC)
    except OSError:
        # A container's /proc has covered parts, and then a user namespace may not mount another one.
        _bind("/proc", target, readonly=False)
        return
    for name in ("sys", "sysrq-trigger", "irq", "bus"):
        path = f"{target}/{name}"
        if os.path.exists(path):
            _bind(path, path, readonly=True)


# --- the processes


def _wait_for_fork() -> bool:
    """Fork; in the parent, wait for the child, handing signals on, and return True; in the child, return False."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    child = os.fork()
    if child == 0:
        _die_with_parent()
        return False
    _forward(child, {number: number for number in _FORWARDED})
    os.waitpid(child, 0)
    return True


def _forward(pid: int, numbers: dict[signal.Signals, signal.Signals]) -> None:
    """From now on, give signals (blocked so far) on to `pid`, translated by `numbers`, as long as there is one."""

    def forward(number: int, _frame: FrameType | None) -> None:
        try:
            os.kill(pid, numbers[signal.Signals(number)])
        except ProcessLookupError:
            pass  # it has ended meanwhile

    for number in numbers:
        signal.signal(number, forward)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, numbers)


def _run(order: Order, folders: _Folders) -> Report:
    """Run the program to its end, end whatever it left behind, and take the outputs."""
    if sys.platform == "linux":
        syscalls.adopt_orphans()
    signal.pthread_sigmask(signal.SIG_BLOCK, _FORWARDED)
    failure, failure_end = os.pipe()
    program = os.fork()
    if program == 0:
        _become_program(order, failure_end)
    os.close(failure_end)
    _forward(program, {signal.SIGTERM: signal.SIGTERM, signal.SIGUSR1: signal.SIGKILL})
    with open(failure, encoding="utf-8") as answer:
        message = answer.read()
    ended, status = 0, 0
    while ended != program:
        ended, status = os.wait()
    _end_descendants(program, whole_namespace=order["namespaces"] != "none")
    report: Report = {"exit_code": _exit_code(status), "message": message, "collected": [], "unread": {}}
    os.fchdir(folders.collected)
    real = {name: os.path.realpath(path) for name, path in order["outputs"].items()}
    for name, place in real.items():
        alone = not any(other != name and _overlap(place, real[other]) for other in real)
        _collect(name, order["outputs"][name], order["within"], report, folders.own if alone else {})
    return report


def _overlap(one: str, other: str) -> bool:
    return f"{one}/".startswith(f"{other}/") or f"{other}/".startswith(f"{one}/")


def _exit_code(status: int) -> int:
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _become_program(order: Order, failure: int) -> None:
    """In the child: become the program, or say why not on `failure` and end with 127 (not found) or 126."""
    code, message = 126, ""
    try:
        os.setsid()
        _die_with_parent()
        for number in (*_FORWARDED, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _FORWARDED)
        os.umask(0o022)
        os.chdir(order["cwd"])
        _exec(order["command"], order["env"])
    except FileNotFoundError:
        if "/" in order["command"][0]:
            code, message = 127, f"failed to find program {order['command'][0]!r}"
        else:
            code, message = 127, f"failed to find name in PATH: {order['command'][0]!r}"
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        if isinstance(error, OSError) and error.errno == errno.E2BIG:
            reason = "an argument or variable is longer than 128 KiB"
        message = f"cannot start {order['command'][0]!r}: {reason}"
    os.write(failure, message.encode("utf-8", "replace"))
    os._exit(code)


def _exec(command: list[str], env: dict[str, str]) -> None:
    """Become the command, found by the PATH of `env`; os.execvpe does the same, and imports on the way."""
    failure: OSError = FileNotFoundError(errno.ENOENT, "not found")
    folders = [""] if "/" in command[0] else [f"{folder or '.'}/" for folder in env.get("PATH", "").split(":")]
    for folder in folders:
        try:
            os.execve(folder + command[0], command, env)  # noqa: S606  (the step's own program)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            failure = error
    raise failure


def _end_descendants(program: int, *, whole_namespace: bool) -> None:
    """Kill and reap everything that is left; as process 1 of a namespace that is every other process."""
    try:
        if whole_namespace:
            os.kill(-1, signal.SIGKILL)
        else:
            os.killpg(program, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        pass  # nothing is left
    while True:
        for child in () if whole_namespace else _children():
            os.kill(child, signal.SIGKILL)
        try:
            os.wait()
        except ChildProcessError:
            return


def _children() -> list[int]:
    """Return the processes that this one has to reap, none of which has ended for good before it does."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="utf-8") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []


# --- the outputs


def _collect(name: str, path: str, within: list[str], report: Report, own: dict[str, int]) -> None:
    """Bring the file or folder at `path` to `name` in the working folder, which is the folder of outputs.

    A file in one of the open folders `own` is moved, which takes no time whatever its size.
    """
    try:
        real = os.path.realpath(path)
        if within and not any(real.startswith(folder + "/") for folder in within):
            report["unread"][name] = f"{path} is a link that leads out of the step's own folders"
            return
        status = os.stat(real)
        if stat.S_ISDIR(status.st_mode):
            _copy_folder(real, name)
        elif stat.S_ISREG(status.st_mode):
            if not _move_file(real, name, status, own):
                _copy_file(real, name, status)
        else:
            report["unread"][name] = f"{path} is neither a file nor a folder"
            return
        report["collected"].append(name)
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        report["unread"][name] = f"{path}: {error.strerror}"


def _move_file(source: str, target: str, status: os.stat_result, own: dict[str, int]) -> bool:
    """Tell whether the file could be moved out of one of the open folders."""
    for path, folder in own.items():
        inner = source[len(path) + 1 :]
        try:
            # What is mounted in the folder is not the folder's: then the numbers differ, or there is nothing.
            if source != f"{path}/{inner}" or not os.path.samestat(os.stat(inner, dir_fd=folder), status):
                continue
            os.rename(inner, target, src_dir_fd=folder)
        except OSError:
            continue
        _copy_attributes(status, target)
        return True
    return False


def _copy_folder(source: str, target: str) -> None:
    """Copy a folder with its symbolic links, modes and times (DP-07), without sockets, pipes and devices."""
    os.mkdir(target, 0o700)
    with os.scandir(source) as entries:
        for entry in entries:
            inner = f"{target}/{entry.name}"
            if entry.is_symlink():
                os.symlink(os.readlink(entry.path), inner)
            elif entry.is_dir():
                _copy_folder(entry.path, inner)
            elif entry.is_file():
                _copy_file(entry.path, inner, entry.stat())
    _copy_attributes(os.stat(source), target)


def _copy_file(source: str, target: str, status: os.stat_result) -> None:
    reading = os.open(source, os.O_RDONLY)
    writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        while block := os.read(reading, _CHUNK_BYTES):
            view = memoryview(block)
            while view:
                view = view[os.write(writing, view) :]
    finally:
        os.close(reading)
        os.close(writing)
    _copy_attributes(status, target)


def _copy_attributes(status: os.stat_result, target: str) -> None:
    # Who reads it next is the worker, whatever the step's program thought of others.
    os.chmod(target, (status.st_mode & 0o777) | (0o700 if stat.S_ISDIR(status.st_mode) else 0o600))
    os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))
