"""The step of a component, run on this machine as its container would be."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from kfp_airflow.dsl import Pipeline
from tests.components.interpreters import interpreter


class Run(NamedTuple):
    """A finished program: exit code, both of its streams, and its outputs by name."""

    code: int
    stdout: str
    stderr: str
    outputs: dict[str, bytes]


def run(factory: Any, tmp_path: Path, version: str | None = None, **arguments: Any) -> Run:
    """Run the step of a component as a container would: its command line, with its paths below `tmp_path`."""
    tmp_path.mkdir(exist_ok=True)
    with Pipeline("p"):
        step = factory(**arguments)
    for name, path in step.input_artifact_paths.items():
        place = tmp_path / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(step.artifact_arguments[name].encode())
    paths = {*step.input_artifact_paths.values(), *step.file_outputs.values()}
    words = [str(tmp_path / word.lstrip("/")) if word in paths else word for word in (*step.command, *step.arguments)]
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    if version:
        programs = tmp_path / "bin"
        programs.mkdir()
        # No link: a link to the Python of a virtual environment is another Python.
        (programs / "python3").write_text(f'#!/bin/sh\nexec "{interpreter(version)}" "$@"\n')
        (programs / "python3").chmod(0o755)
        environment["PATH"] = f"{programs}:{environment['PATH']}"
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", env=environment, check=False)
    written = {name: tmp_path / path.lstrip("/") for name, path in step.file_outputs.items()}
    outputs = {name: path.read_bytes() for name, path in written.items() if path.exists()}
    return Run(done.returncode, done.stdout, done.stderr, outputs)
