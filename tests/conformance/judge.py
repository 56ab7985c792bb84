"""The real KFP SDK as judge: an environment of its own, and a process in it that compiles pipeline files.

The SDK cannot be installed beside Airflow (row H1), so it lives in a virtual environment under the user's cache folder,
made once by uv. `Judge` starts one process in it (the import alone takes seconds) and asks it for file after file.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

SDK_VERSION = "1.8.22"
PYTHON_VERSION = "3.10"
REQUIREMENTS = (f"kfp=={SDK_VERSION}", "setuptools<70")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kfp-airflow"
SERVER = Path(__file__).with_name("kfp_server.py")


class NoJudge(Exception):
    """The real SDK cannot be had on this machine; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the real compiler made of one pipeline function: a workflow, or the error that it raised."""

    workflow: dict[str, Any] | None = None
    error: str | None = None


@dataclass(slots=True, eq=False)
class Judge:
    """A process that holds the real SDK; ended by `close` or by leaving the `with`."""

    python: Path
    _process: subprocess.Popen[str] | None = field(default=None, init=False)

    def compile(self, path: Path, *, type_check: bool = True) -> dict[str, Verdict]:
        """Return the verdict on every `@dsl.pipeline` function of a file, by function name, in the file's order.

        A file that cannot be loaded has one verdict, named ``.
        """
        answer = self.ask({"file": str(path.resolve()), "type_check": type_check})
        return {name: Verdict(**verdict) for name, verdict in answer.items()}

    def time(self, path: Path, *, rounds: int) -> float:
        """Return the shortest time in seconds of so many compilations of a file's one pipeline, its YAML included."""
        answer = self.ask({"file": str(path.resolve()), "type_check": True, "rounds": rounds})
        (seconds,) = (float(found["seconds"]) for found in answer.values())
        return seconds

    def ask(self, question: dict[str, Any]) -> dict[str, Any]:
        """Send one question, return its answer. Raises NoJudge where the process has died."""
        process = self._process = self._process or self._start()
        if process.stdin is None or process.stdout is None:
            raise NoJudge("the process of the real SDK has no pipes")
        process.stdin.write(json.dumps(question) + "\n")
        process.stdin.flush()
        line = process.stdout.readline()
        if not line:
            raise NoJudge(f"the process of the real SDK ended with exit code {process.wait()} on {question}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _start(self) -> subprocess.Popen[str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        return subprocess.Popen(
            [str(self.python), "-W", "ignore", str(SERVER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=environment | {"PYTHONIOENCODING": "utf-8"},
        )

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            if self._process.stdin is not None:
                self._process.stdin.close()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process.wait(timeout=20)
            self._process = None

    def __enter__(self) -> Judge:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def judge_python() -> Path:
    """Return the interpreter of an environment that holds the real SDK, made now where it is not there yet.

    Safe to call from several processes at once. Raises NoJudge where there is no uv, Python 3.10, or package index.
    """
    home = CACHE / f"kfp-{SDK_VERSION}"
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    complete = home / "complete"
    if not complete.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        with _locked(CACHE / f"kfp-{SDK_VERSION}.lock"):
            if not complete.exists():
                _make(home, python)
                complete.touch()
    return python


def _make(home: Path, python: Path) -> None:
    uv = _uv()
    shutil.rmtree(home, ignore_errors=True)
    _run([*uv, "venv", "--quiet", "--python", _base_python(uv), str(home)])
    _run([*uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *REQUIREMENTS])


def _uv() -> list[str]:
    if found := shutil.which("uv"):
        return [found]
    if importlib.util.find_spec("uv"):
        return [sys.executable, "-m", "uv"]
    raise NoJudge("uv is not installed: `pip install uv` lets the tests make the environment of the real SDK")


def _base_python(uv: list[str]) -> str:
    """Return a Python 3.10: what uv finds, one that pyenv keeps, else the version for uv to download."""
    found = subprocess.run([*uv, "python", "find", PYTHON_VERSION], capture_output=True, text=True, check=False)
    if found.returncode == 0:
        return found.stdout.strip()
    versions = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    kept = sorted(versions.glob(f"{PYTHON_VERSION}.*/bin/python"))
    return str(kept[-1]) if kept else PYTHON_VERSION


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoJudge(
            f"the environment of the real SDK cannot be made: `{' '.join(command)}` says: {done.stderr.strip()}"
        )


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)


if __name__ == "__main__":
    sys.stdout.write(f"{judge_python()}\n")
