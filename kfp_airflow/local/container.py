"""Steps as containers of docker or podman on this machine: any image, as on a cluster."""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import tarfile
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final

from kfp_airflow.diagnostics import ImageUnavailable, StepError
from kfp_airflow.graph.resolved import Outcome, ResolvedContainer, ResolvedStep
from kfp_airflow.local.engine import Engine, find_engine
from kfp_airflow.local.options import Wishes, describe_unused, read_volumes, read_wishes
from kfp_airflow.local.programs import GRACE_S, SIDECAR_GRACE_S, TERMINATED, Lines, Stopped, Watch, ended_from_outside

_NOT_STARTED: Final = 127
_CHUNK_BYTES: Final = 64 * 1024


class _Attempt:
    """The containers and volumes of one attempt; `prefix` begins their names."""

    def __init__(self, engine: Engine, step: ResolvedStep, watch: Watch, archive: Path | None) -> None:
        self.step = step
        self.watch = watch
        self.prefix = f"kfp-airflow-{uuid.uuid4().hex[:12]}"
        self.containers: list[str] = []
        self.volumes = [f"{self.prefix}-{volume}" for volume in read_volumes(step)]
        self._engine = engine
        self._archive = archive

    def start(self, container: ResolvedContainer, lines: Lines, *, network: str = "") -> _Started:
        """Start a container with the inputs in place, in the network of the container `network` if that is given."""
        name = f"{self.prefix}-{len(self.containers)}"
        wishes = read_wishes(self.step, container)
        arguments = _create_arguments(self, container, wishes, name, network)
        _require_image(self._engine, container)
        self._engine.ask(*arguments)
        self.containers.append(name)
        if self._archive is not None:
            self._engine.ask("cp", "-", f"{name}:/", standard_input=self._archive)
        self.watch.require_going()
        started = _Started(self._engine, name, lines)
        self.watch.add(started)
        return started

    def make_volumes(self) -> None:
        """Make the empty folders that the containers share."""
        for volume in self.volumes:
            self._engine.ask("volume", "create", volume)

    def remove(self) -> None:
        """Leave nothing of it in the engine."""
        self.watch.destroy()
        for container in reversed(self.containers):  # whose network others use goes last
            self._engine.run("rm", "--force", container)
        for volume in self.volumes:
            self._engine.run("volume", "rm", "--force", volume)


class ContainerRuntime:
    """Runs steps as containers of an engine on this machine.

    Inputs are copied in before the start and outputs copied out after the end, so that the engine may be a remote one.
    `log` gets the output line by line, from the calling thread. `engine` None: docker or podman, whichever answers.
    """

    def __init__(self, *, log: Callable[[str], None], engine: Engine | None = None) -> None:
        self._log = log
        self._engine = engine
        self._watch: Watch | None = None
        self._stopped = False

    def stop(self) -> None:
        """End the step that runs, as a signal handler may: SIGTERM, 10 s later SIGKILL. `run` then returns."""
        self._stopped = True
        if self._watch is not None:
            self._watch.stop()

    def run(self, step: ResolvedStep, *, inputs: Mapping[str, Path], work: Path) -> Outcome:
        """Run one attempt to its end; see `graph.resolved.Runtime`. Sidecars share the main container's network."""
        engine = self._engine or find_engine()
        if engine is None:
            raise StepError(
                f"step '{step.id}': neither docker nor podman answers on this machine. Start one, or set [kfp_airflow] "
                "runtime to process or kubernetes"
            )
        if unused := describe_unused(step, honoured=("imagePullPolicy",)):
            self._log(unused)
        self._watch = watch = Watch()
        if self._stopped:
            watch.stop()
        attempt = _Attempt(engine, step, watch, _write_archive(step, inputs, work / "inputs.tar"))
        try:
            attempt.make_volumes()
            return self._run_containers(attempt, engine, work)
        except Stopped:
            return Outcome(exit_code=TERMINATED, message=ended_from_outside())
        finally:
            attempt.remove()
            self._watch = None

    def _run_containers(self, attempt: _Attempt, engine: Engine, work: Path) -> Outcome:
        step, watch = attempt.step, attempt.watch
        deadline = time.monotonic() + (float("inf") if step.timeout_s is None else step.timeout_s)
        for init in step.init_containers:
            started = attempt.start(init, self._lines(init))
            in_time = _await(watch, started, deadline)
            if started.exit_code or not in_time:
                message = f"its init container '{init.name}' {self._describe(started, step, in_time=in_time)}"
                return Outcome(exit_code=started.exit_code or TERMINATED, message=message)
        network = ""
        beside = []
        for sidecar in step.sidecars:
            beside.append(attempt.start(sidecar, self._lines(sidecar), network=network))
            network = network or attempt.containers[-1]
        started = attempt.start(step.container, Lines(self._log), network=network)
        in_time = _await(watch, started, deadline)
        watch.end(beside, grace_s=SIDECAR_GRACE_S)
        exit_code = started.exit_code if in_time else started.exit_code or TERMINATED
        return Outcome(
            exit_code=exit_code,
            message=self._describe(started, step, in_time=in_time) if exit_code else "",
            outputs=_collect(engine, step, attempt.containers[-1], work / "outputs"),
        )

    def _lines(self, container: ResolvedContainer) -> Lines:
        return Lines(self._log, f"[{container.name}] ")

    def _describe(self, started: _Started, step: ResolvedStep, *, in_time: bool) -> str:
        if not in_time:
            return f"ran longer than its limit of {step.timeout_s} s and was ended"
        if self._stopped:
            return ended_from_outside(started.exit_code)
        return f"failed with exit code {started.exit_code}" + (f": {started.reason}" if started.reason else "")


class _Started:
    """A started container, as a `Watch` sees it; `exit_code` and `reason` hold once it has ended."""

    def __init__(self, engine: Engine, name: str, lines: Lines) -> None:
        self.ended = False
        self.exit_code = 0
        self.reason = ""
        self._engine = engine
        self._name = name
        self._lines = lines
        self._attached = subprocess.Popen(
            [engine.program, "start", "--attach", name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    @property
    def _output(self) -> IO[bytes]:
        if self._attached.stdout is None:
            raise ValueError("an attached container is always started with a pipe")
        return self._attached.stdout

    def watch(self, selector: selectors.BaseSelector) -> None:
        selector.register(self._output, selectors.EVENT_READ, lambda: self._read(selector))

    def terminate(self) -> None:
        self._signal("TERM")

    def kill(self) -> None:
        self._signal("KILL")

    def destroy(self) -> None:
        if not self.ended:
            self._engine.run("kill", self._name)
            self._attached.kill()
            self._attached.wait()
            self._output.close()
            self.ended = True

    def _signal(self, name: str) -> None:
        if not self.ended:
            with contextlib.suppress(OSError):
                subprocess.run(
                    [self._engine.program, "kill", "--signal", name, self._name], capture_output=True, check=False
                )

    def _read(self, selector: selectors.BaseSelector) -> None:
        chunk = os.read(self._output.fileno(), _CHUNK_BYTES)
        self._lines.feed(chunk)
        if chunk:
            return
        selector.unregister(self._output)
        self._lines.end()
        self._output.close()
        attached = self._attached.wait()
        wanted = "{{.State.ExitCode}} {{.State.OOMKilled}} {{.State.StartedAt}}"
        state = self._engine.ask("inspect", "--format", wanted, self._name)
        code, out_of_memory, started_at = state.split(" ", 2)
        self.exit_code = int(code) or attached
        if started_at.startswith("0001-"):
            self.exit_code, self.reason = _NOT_STARTED, "the engine could not start it, as its last line says"
        elif out_of_memory == "true":
            self.reason = "out of memory"
        self.ended = True


def _await(watch: Watch, started: _Started, deadline: float) -> bool:
    if watch.wait_for([started], deadline=deadline):
        return True
    watch.end([started], grace_s=GRACE_S)
    return False


def _require_image(engine: Engine, container: ResolvedContainer) -> None:
    """Let the engine have the image, pulled as `imagePullPolicy` says. Raises ImageUnavailable where it gets none."""
    policy = container.options.get("imagePullPolicy")
    if policy != "Always" and engine.run("image", "inspect", container.image).returncode == 0:
        return
    if policy == "Never":
        why = f"{engine.name} does not have it, and its imagePullPolicy is Never. Load it, or let it be pulled"
        raise ImageUnavailable(f"image '{container.image}' cannot be had: {why}")
    try:
        engine.ask("pull", container.image)
    except StepError as error:
        advice = f"Check the image's name, and log {engine.name} in to its registry"
        raise ImageUnavailable(f"image '{container.image}' cannot be pulled: {error}. {advice}") from error


def _create_arguments(
    attempt: _Attempt, container: ResolvedContainer, wishes: Wishes, name: str, network: str
) -> list[str]:
    arguments = ["create", "--name", name, "--pull", "never"]
    if network:
        arguments += ["--network", f"container:{network}"]
    else:
        arguments += ["--hostname", attempt.step.id[:63]]
    for variable, value in wishes.env.items():
        arguments += ["--env", f"{variable}={value}"]
    for mount in wishes.mounts:
        if mount.subpath:
            raise StepError(
                f"step '{attempt.step.id}' mounts {mount.subpath!r} of the volume '{mount.volume}': containers of this "
                "machine mount whole volumes only. Set [kfp_airflow] runtime to process or kubernetes"
            )
        arguments += ["--volume", f"{attempt.prefix}-{mount.volume}:{mount.path}" + (":ro" if mount.readonly else "")]
    if wishes.folder:
        arguments += ["--workdir", wishes.folder]
    command = wishes.command or ()
    if command:
        arguments += ["--entrypoint", command[0]]
    return [*arguments, container.image, *command[1:], *wishes.args]


def _write_archive(step: ResolvedStep, inputs: Mapping[str, Path], archive_file: Path) -> Path | None:
    """Return a tar of the inputs at their paths, and of the folders that outputs go to (DP-02); None: it is empty.

    An engine refuses an empty archive.
    """
    with tarfile.open(archive_file, mode="w") as archive:
        for output in step.outputs:
            if output.made_folder:
                entry = tarfile.TarInfo(output.made_folder.lstrip("/"))
                entry.type, entry.mode = tarfile.DIRTYPE, 0o777
                archive.addfile(entry)
        for file in step.inputs:
            archive.add(inputs[file.name], arcname=file.path.lstrip("/"), filter=_readonly)
        return archive_file if archive.getmembers() else None


def _readonly(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = 0o755 if entry.isdir() else 0o444 | (entry.mode & 0o111)
    return entry


def _collect(engine: Engine, step: ResolvedStep, container: str, folder: Path) -> dict[str, Path]:
    folder.mkdir()
    found = {}
    for index, output in enumerate(step.outputs):
        target = folder / str(index)
        if engine.run("cp", f"{container}:{output.path}", str(target)).returncode == 0 and target.exists():
            found[output.name] = target
    return found
