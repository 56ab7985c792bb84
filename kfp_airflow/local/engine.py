"""docker or podman on this machine: found, and asked by their command line."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from kfp_airflow.diagnostics import StepError

_ENGINES: Final = ("docker", "podman")
_ANSWER_LIMIT_S: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """The command line of a container engine that answers."""

    program: str

    @property
    def name(self) -> str:
        """Return docker or podman."""
        return Path(self.program).name

    def run(self, *arguments: str, standard_input: Path = Path(os.devnull)) -> subprocess.CompletedProcess[bytes]:
        """Run one command to its end, whatever it is."""
        with standard_input.open("rb") as file:
            return subprocess.run([self.program, *arguments], stdin=file, capture_output=True, check=False)

    def ask(self, *arguments: str, standard_input: Path = Path(os.devnull)) -> str:
        """Return what a command prints. Raises StepError with the engine's words where it fails."""
        done = self.run(*arguments, standard_input=standard_input)
        if done.returncode:
            words = done.stderr.decode("utf-8", "replace").strip()
            raise StepError(f"{self.name} {arguments[0]} failed: {words or f'exit code {done.returncode}'}")
        return done.stdout.decode("utf-8", "replace").strip()


def find_engine() -> Engine | None:
    """Return the first engine that answers, docker before podman; None where there is none."""
    for name in _ENGINES:
        program = shutil.which(name)
        if program is not None and _answers(program):
            return Engine(program=program)
    return None


def _answers(program: str) -> bool:
    try:
        asked = subprocess.run([program, "info"], capture_output=True, timeout=_ANSWER_LIMIT_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0
