"""Steps as processes of this machine: no engine, no cluster."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.resolved import Outcome, ResolvedContainer, ResolvedStep
from kfp_airflow.local.environments import Environment, Environments
from kfp_airflow.local.folders import Relocation, relocate
from kfp_airflow.local.images import PythonImage, ShellImage, find_image
from kfp_airflow.local.options import Wishes, describe_unused, read_volumes, read_wishes
from kfp_airflow.local.orders import Order, Report
from kfp_airflow.local.programs import (
    GRACE_S,
    SIDECAR_GRACE_S,
    TERMINATED,
    Lines,
    NotHere,
    Program,
    Stopped,
    Watch,
    ended_from_outside,
)
from kfp_airflow.local.requirements import NOTHING, find_requirements
from kfp_airflow.local.sandbox import Bind, Sandbox, View

Isolation: TypeAlias = Literal["root", "user", "folders"]

_SIGNALS: Final = frozenset(int(number) for number in signal.Signals)
# A sidecar is made to end; then these are no failures.
_ENDED: Final = frozenset({0, TERMINATED, 128 + signal.SIGKILL})
_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NETWORK_VARIABLES: Final = (
    *("http_proxy", "https_proxy", "no_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"),
    *("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "UV_INDEX_URL", "UV_DEFAULT_INDEX", "UV_EXTRA_INDEX_URL", "UV_INDEX"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Attempt:
    """What all containers of one attempt share."""

    step: ResolvedStep
    inputs: Mapping[str, Path]
    work: Path
    volumes: Mapping[str, Path]
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def collected(self) -> Path:
        return self.work / "outputs"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prepared:
    """A container with everything that may take long or be refused behind it."""

    container: ResolvedContainer
    wishes: Wishes
    command: tuple[str, ...]
    environment: Environment | None


class ProcessRuntime:
    """Runs steps as processes that see a file system of their own.

    As root on Linux, and where user namespaces are allowed, every path works and nothing of this machine is changed;
    elsewhere only paths that components leave open do (`isolation` "folders"). A program gets PATH, HOME, HOSTNAME,
    LANG, the settings of this machine's network and package index (unless they hold a password), and the step's own
    variables; nothing else.

    `cache` keeps Python environments between runs, for all processes of this machine. `log` gets the output line by
    line, from the calling thread. `isolation` None: the best that works here. `hidden`: folders that steps must not
    see.
    """

    def __init__(
        self,
        *,
        cache: Path,
        log: Callable[[str], None],
        isolation: Isolation | None = None,
        hidden: Sequence[Path] = (),
    ) -> None:
        self._log = log
        self._environments = Environments(cache.absolute() / "environments", log=log)
        self._choices: tuple[Isolation, ...] = (isolation,) if isolation else _isolations()
        self._hidden = (*hidden, cache.absolute())
        self._watch: Watch | None = None
        self._stopped = False

    def stop(self) -> None:
        """End the step that runs, as a signal handler may: SIGTERM, 10 s later SIGKILL. `run` then returns."""
        self._stopped = True
        if self._watch is not None:
            self._watch.stop()

    def run(self, step: ResolvedStep, *, inputs: Mapping[str, Path], work: Path) -> Outcome:
        """Run one attempt to its end; see `graph.resolved.Runtime`.

        A step that reaches its limit ends with SIGTERM, 10 s later with SIGKILL, and has a code other than 0. Init
        containers run first, in order; sidecars beside the main container, and never decide. All of them find the
        inputs in place.
        """
        work = work.absolute()
        if unused := describe_unused(step):
            self._log(unused)
        volumes = {name: work / "volumes" / str(index) for index, name in enumerate(read_volumes(step))}
        outputs = {_file_name(index, output.name): output.path for index, output in enumerate(step.outputs)}
        attempt = _Attempt(step=step, inputs=inputs, work=work, volumes=volumes, outputs=outputs)
        inits = [self._prepare(step, container) for container in step.init_containers]
        sidecars = [self._prepare(step, container) for container in step.sidecars]
        main = self._prepare(step, step.container)
        for folder in (*volumes.values(), attempt.collected, work / "containers"):
            folder.mkdir(parents=True)
        for volume in volumes.values():
            volume.chmod(0o777)
        self._watch = watch = Watch()
        if self._stopped:
            watch.stop()
        try:
            return self._run_containers(attempt, watch, inits, sidecars, main)
        except Stopped:
            return Outcome(exit_code=TERMINATED, message=ended_from_outside())
        finally:
            watch.destroy()
            self._watch = None
            for name in ("containers", "volumes"):
                _remove(work / name)

    def _run_containers(
        self, attempt: _Attempt, watch: Watch, inits: list[_Prepared], sidecars: list[_Prepared], main: _Prepared
    ) -> Outcome:
        limit_s = attempt.step.timeout_s
        deadline = time.monotonic() + (float("inf") if limit_s is None else limit_s)
        for init in inits:
            program = self._start(attempt, watch, init, f"[{init.container.name}] ")
            in_time = self._await(watch, program, deadline)
            report = program.report
            if report is None or not in_time or report["exit_code"]:
                who = f"its init container '{init.container.name}' "
                return Outcome(
                    exit_code=_failure(report), message=self._describe(who, report, limit_s, in_time=in_time)
                )
        beside = [self._start(attempt, watch, sidecar, f"[{sidecar.container.name}] ") for sidecar in sidecars]
        program = self._start(attempt, watch, main, "", collect=True)
        in_time = self._await(watch, program, deadline)
        watch.end(beside, grace_s=SIDECAR_GRACE_S)
        for sidecar, ended in zip(sidecars, beside, strict=True):
            if ended.report and ended.report["exit_code"] not in _ENDED:
                self._log(f"[{sidecar.container.name}] {_reason(ended.report)}")
        return self._outcome(attempt, program.report, in_time=in_time)

    def _await(self, watch: Watch, program: Program, deadline: float) -> bool:
        """Wait for the program's end and tell whether it came in time; when not, end it."""
        if watch.wait_for([program], deadline=deadline):
            return True
        watch.end([program], grace_s=GRACE_S)
        return False

    def _outcome(self, attempt: _Attempt, report: Report | None, *, in_time: bool) -> Outcome:
        step = attempt.step
        collected = report["collected"] if report else []
        files = dict(zip(attempt.outputs, (output.name for output in step.outputs), strict=True))
        for name, reason in (report["unread"] if report else {}).items():
            self._log(f"output '{files[name]}' was not taken: {reason}")
        exit_code = report["exit_code"] if report and in_time else _failure(report)
        return Outcome(
            exit_code=exit_code,
            message=self._describe("", report, step.timeout_s, in_time=in_time) if exit_code else "",
            outputs={files[name]: attempt.collected / name for name in collected},
        )

    def _describe(self, who: str, report: Report | None, limit_s: int | None, *, in_time: bool) -> str:
        if not in_time:
            return f"{who}ran longer than its limit of {limit_s} s and was ended"
        if self._stopped or report is None:
            return f"{who}{ended_from_outside(_failure(report))}"
        return f"{who}{_reason(report)}"

    # --- one container

    def _prepare(self, step: ResolvedStep, container: ResolvedContainer) -> _Prepared:
        wishes = read_wishes(step, container)
        image = find_image(container.image)
        environment = None
        if isinstance(image, PythonImage):
            requirements = NOTHING if wishes.command is None else find_requirements(wishes.command)
            environment = self._environments.find(image, requirements, step_id=step.id)
        command = _full_command(image, wishes)
        return _Prepared(container=container, wishes=wishes, command=command, environment=environment)

    def _start(
        self, attempt: _Attempt, watch: Watch, prepared: _Prepared, prefix: str, *, collect: bool = False
    ) -> Program:
        watch.require_going()
        reasons = []
        for isolation in self._choices:
            folder = attempt.work / "containers" / str(len(list((attempt.work / "containers").iterdir())))
            folder.mkdir()
            try:
                order = self._order(attempt, prepared, isolation, folder, collect=collect)
                program = Program(order, folder=folder, lines=Lines(self._log, prefix))
            except NotHere as refusal:
                reasons.append(f"{isolation}: {refusal}")
                continue
            except StepError as error:
                if not reasons:
                    raise
                raise StepError(f"{error} ({'; '.join(reasons)})") from error
            if isolation == "folders" and reasons:
                self._log(
                    f"no private file system on this machine ({'; '.join(reasons)}): paths are moved to folders instead"
                )
            self._choices = (isolation,)
            watch.add(program)
            return program
        raise StepError(f"step '{attempt.step.id}' cannot be started on this machine ({'; '.join(reasons)})")

    def _order(
        self, attempt: _Attempt, prepared: _Prepared, isolation: Isolation, folder: Path, *, collect: bool
    ) -> Order:
        env = _base_env(prepared.environment, hostname=attempt.step.id)
        if isolation == "folders":
            moved = relocate(attempt.step, prepared.command, prepared.wishes, inputs=attempt.inputs, folder=folder)
            return _folders_order(attempt, prepared, moved, {**env, **moved.env}, collect=collect)
        sandbox = Sandbox(folder, namespaces=isolation)
        return {
            "namespaces": isolation,
            "mounts": sandbox.plan(self._view(attempt, prepared, collect=collect)),
            "root": str(sandbox.root),
            "layers": str(sandbox.layers),
            "command": list(prepared.command),
            "env": {**env, **prepared.wishes.env},
            "cwd": prepared.wishes.folder or "/",
            "outputs": dict(attempt.outputs) if collect else {},
            "collected": str(attempt.collected),
            "within": [],
            "own": sandbox.own,
        }

    def _view(self, attempt: _Attempt, prepared: _Prepared, *, collect: bool) -> View:
        environment = prepared.environment
        binds = []
        for mount in prepared.wishes.mounts:
            source = attempt.volumes[mount.volume] / mount.subpath
            source.mkdir(parents=True, exist_ok=True)
            binds.append(Bind(source=source, target=mount.path, readonly=mount.readonly))
        binds += [Bind(source=attempt.inputs[file.name], target=file.path) for file in attempt.step.inputs]
        folders = [output.made_folder for output in attempt.step.outputs if collect and output.made_folder]
        if prepared.wishes.folder:
            folders.append(prepared.wishes.folder)
        writable = tuple(os.path.dirname(output.path) for output in attempt.step.outputs) if collect else ()
        if environment is None:
            return View(binds=tuple(binds), folders=tuple(folders), writable=writable, hidden=self._hidden)
        layers = [Path(path) for path in (environment.folder, environment.uv_cache) if Path(path).is_dir()]
        names = ("python", "python3", f"python{environment.version.rpartition('.')[0]}", "pip", "pip3")
        return View(
            binds=tuple(binds),
            seen=tuple(Path(path) for path in (*environment.bases, environment.uv)),
            layers=tuple(layers),
            folders=tuple(folders),
            writable=writable,
            hidden=self._hidden,
            programs={f"/usr/local/bin/{name}": _wrapper(environment, name) for name in names},
        )


def _isolations() -> tuple[Isolation, ...]:
    if not Path("/proc/self/ns/mnt").exists():
        return ("folders",)
    return ("root", "user", "folders") if os.geteuid() == 0 else ("user", "folders")


def _file_name(index: int, output: str) -> str:
    plain = output.replace("_", "").replace("-", "").isalnum()
    return output if plain and output.isascii() else str(index)


def _failure(report: Report | None) -> int:
    """Return the exit code of a container that failed, or was made to end and said 0."""
    return (report["exit_code"] if report else 0) or TERMINATED


def _reason(report: Report) -> str:
    code = report["exit_code"]
    reason = report["message"] or (f"ended by {signal.Signals(code - 128).name}" if code - 128 in _SIGNALS else "")
    return f"failed with exit code {code}" + (f": {reason}" if reason else "")


def _full_command(image: PythonImage | ShellImage, wishes: Wishes) -> tuple[str, ...]:
    """Return command and arguments with what the image itself brings: its entrypoint, or what it runs by itself."""
    if wishes.command:
        return wishes.command + wishes.args
    if isinstance(image, ShellImage) and image.entrypoint and wishes.args and wishes.args[0].startswith("-"):
        return (image.program, *wishes.args)
    return wishes.args or (("python3",) if isinstance(image, PythonImage) else (image.program,))


def _base_env(environment: Environment | None, *, hostname: str) -> dict[str, str]:
    path = f"{environment.programs}:{_PATH}" if environment else _PATH
    env = {"PATH": path, "HOME": "/root", "HOSTNAME": hostname, "LANG": "C.UTF-8"}
    for name in _NETWORK_VARIABLES:
        value = os.environ.get(name)
        if value and not any("@" in urlsplit(address).netloc for address in value.split()):
            env[name] = value
    return env


def _wrapper(environment: Environment, name: str) -> str:
    return f'#!/bin/sh\nexec "{environment.programs}/{name}" "$@"\n'


def _folders_order(
    attempt: _Attempt, prepared: _Prepared, moved: Relocation, env: dict[str, str], *, collect: bool
) -> Order:
    outputs = dict(zip(attempt.outputs, moved.outputs, strict=True))
    return {
        "namespaces": "none",
        "mounts": [],
        "root": "",
        "layers": "",
        "command": list(moved.command),
        "env": {**env, **prepared.wishes.env},
        "cwd": moved.cwd,
        "outputs": outputs if collect else {},
        "collected": str(attempt.collected),
        "within": [folder := os.path.realpath(moved.folder)],
        "own": {folder: folder},
    }


def _remove(folder: Path) -> None:
    """Remove a folder in which a program, or an overlay, may have taken rights away."""
    for left in folder.glob("*/layers/*/work/work"):  # the kernel's own, without any right
        left.chmod(stat.S_IRWXU)
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError:
        for parent, folders, _ in os.walk(folder):
            for name in folders:
                inner = Path(parent, name)
                if not inner.is_symlink():
                    inner.chmod(stat.S_IRWXU)
        shutil.rmtree(folder, ignore_errors=True)
