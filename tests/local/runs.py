"""Steps in a line, and what runs them in a folder of the test."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kfp_airflow.graph.model import InputFile, OutputFile
from kfp_airflow.graph.resolved import Outcome, ResolvedContainer, ResolvedStep
from kfp_airflow.graph.text import EMPTY, Json
from kfp_airflow.local.container import ContainerRuntime
from kfp_airflow.local.process import Isolation, ProcessRuntime

SHELL = "library/bash:4.4.23"
PYTHON = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def container(*command: str, image: str = SHELL, name: str = "", **options: Json) -> ResolvedContainer:
    """Return a container that runs the command."""
    return ResolvedContainer(name=name, image=image, command=command or None, args=(), options=options)


def script(text: str, image: str = SHELL, name: str = "", **options: Json) -> ResolvedContainer:
    """Return a container that runs a shell script; a `$` needs no doubling."""
    return container("sh", "-ec", text.replace("$", "$$"), image=image, name=name, **options)


def step(
    main: ResolvedContainer,
    *,
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    init_containers: tuple[ResolvedContainer, ...] = (),
    sidecars: tuple[ResolvedContainer, ...] = (),
    timeout_s: int | None = None,
    **pod: Json,
) -> ResolvedStep:
    """Return a step called `train`; inputs and outputs map names to paths."""
    return ResolvedStep(
        id="train",
        container=main,
        init_containers=init_containers,
        sidecars=sidecars,
        pod=pod,
        inputs=tuple(InputFile(name=name, path=path, source=EMPTY) for name, path in (inputs or {}).items()),
        outputs=tuple(OutputFile(name=name, path=path) for name, path in (outputs or {}).items()),
        timeout_s=timeout_s,
    )


class Run(Protocol):
    """What the fixtures hand to tests: run a step, its inputs given as files of this machine."""

    lines: list[str]
    runtime: ProcessRuntime | ContainerRuntime

    def __call__(self, step: ResolvedStep, /, **inputs: Path) -> Outcome: ...

    def stop_at(self, line: str) -> None: ...


@dataclass
class Runs:
    """Runs steps on one runtime, an empty work folder each, and keeps the log."""

    make: Callable[[Callable[[str], None]], ProcessRuntime | ContainerRuntime]
    folder: Path
    odd: str = ""
    lines: list[str] = field(default_factory=list)
    count: int = 0
    runtime: ProcessRuntime | ContainerRuntime = field(init=False)

    def stop_at(self, line: str) -> None:
        """Stop what will run, from another thread, once it has logged `line`."""

        def wait() -> None:
            while line not in self.lines:
                time.sleep(0.02)
            self.runtime.stop()

        threading.Thread(target=wait, daemon=True).start()

    def __call__(self, step: ResolvedStep, /, **inputs: Path) -> Outcome:
        self.count += 1
        work = self.folder / f"run {self.count}{self.odd}"
        work.mkdir()
        self.runtime = self.make(self.lines.append)
        return self.runtime.run(step, inputs=inputs, work=work)


def process_runs(isolation: Isolation, cache: Path, folder: Path) -> Runs:
    """Return runs on the process runtime."""
    # An overlay's options give `:` and `,` a meaning; a path in PYTHONPATH cannot have the first.
    odd = "" if isolation == "folders" else ":, odd"
    return Runs(lambda log: ProcessRuntime(cache=cache, log=log, isolation=isolation), folder, odd)
