"""Python environments for steps: made by uv, kept by content, shared by every process of this machine.

An environment is named after its interpreter and its packages, made under a file lock where it will stay, and valid
once its record is written. Nothing changes it afterwards: steps see it through a layer of their own.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

from kfp_airflow.diagnostics import ImageUnavailable, StepError
from kfp_airflow.local.images import MAJOR, PythonImage
from kfp_airflow.local.requirements import Requirements

_RECORD: Final = "kfp-airflow.json"
# Which interpreters there are is asked again after this time, but only when a step wants one that is not there.
_SEARCH_AGAIN_S: Final = 3600
_RELEASE: Final = re.compile(r"\d+\.\d+\.\d+")
_SHIM: Final = Path(__file__).with_name("pip_shim.py")
# Run by the new environment's own Python: it alone knows these.
_DESCRIBE: Final = (
    "import compileall, json, os, shutil, sys, sysconfig\n"
    "pip = os.path.join(sysconfig.get_path('purelib'), 'pip')\n"
    "if not os.path.exists(pip):\n"
    "    os.makedirs(pip)\n"
    "    shutil.copyfile(sys.argv[1], os.path.join(pip, '__init__.py'))\n"
    "    open(os.path.join(pip, '__main__.py'), 'w').write('from pip import main\\nraise SystemExit(main())\\n')\n"
    "    compileall.compile_dir(pip, quiet=1)\n"
    "print(json.dumps([sys.base_prefix, sys.base_exec_prefix]))\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A Python on this machine: its path, and its version as in "3.11.7"."""

    path: str
    version: str

    @property
    def numbers(self) -> tuple[int, int]:
        """Return major and minor."""
        major, minor, _ = self.version.split(".")
        return int(major), int(minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """A virtual environment with packages in it, never to be changed.

    `bases` are the folders of the interpreter that it stands on; `uv` and `uv_cache` serve steps that install more.
    """

    folder: str
    version: str
    bases: tuple[str, ...]
    uv: str
    uv_cache: str
    packages: tuple[str, ...]

    @property
    def programs(self) -> str:
        """Return the folder to put first in PATH."""
        return f"{self.folder}/bin"


class Environments:
    """The environments below one cache folder."""

    def __init__(self, folder: Path, *, log: Callable[[str], None]) -> None:
        self._folder = folder
        self._log = log

    def find(self, image: PythonImage, requirements: Requirements, *, step_id: str) -> Environment:
        """Return an environment with the packages, made now if there is none (seconds; it is said in the log).

        Where this machine lacks the Python of the image, the nearest one takes its place, with a line in the log.
        Raises StepError with the installer's last words where it cannot be made.
        """
        interpreter = self._choose(image.version)
        content = json.dumps(
            [interpreter.path, interpreter.version, requirements.packages, requirements.options, _shim_version()]
        )
        name = f"python{interpreter.version}-{hashlib.sha256(content.encode()).hexdigest()[:16]}"
        folder = self._folder / name
        found = _read_record(folder)
        if found is None:
            with self._locked(name):
                found = _read_record(folder) or self._make(folder, interpreter, requirements, step_id=step_id)
        return found

    # --- interpreters

    def _choose(self, wanted: tuple[int, ...]) -> Interpreter:
        name = f"python:{'.'.join(map(str, wanted)) or 'latest'}"
        known, age_s = self._known_interpreters()
        chosen = _nearest(known, wanted)
        if (chosen is None or not _satisfies(chosen, wanted)) and age_s > _SEARCH_AGAIN_S:
            chosen = _nearest(self._search(), wanted)
        if chosen is None:
            raise ImageUnavailable(f"this machine has no Python for {name}; `uv python install 3.11` installs one")
        if not _satisfies(chosen, wanted):
            self._log(
                f"{name} is not on this machine: Python {chosen.version} takes its place "
                f"(`uv python install {'.'.join(map(str, wanted))}` installs it)"
            )
        return chosen

    def _known_interpreters(self) -> tuple[tuple[Interpreter, ...], float]:
        """Return what the last search found and is still there, and how many seconds ago it was."""
        record = self._folder / "interpreters.json"
        try:
            known = tuple(Interpreter(**entry) for entry in json.loads(record.read_text(encoding="utf-8")))
            return tuple(entry for entry in known if Path(entry.path).exists()), time.time() - record.stat().st_mtime
        except (OSError, ValueError, TypeError):
            return (), float("inf")

    def _search(self) -> tuple[Interpreter, ...]:
        listing = self._uv("python", "list", "--only-installed", "--output-format", "json")
        if listing.returncode:
            raise StepError(f"the Pythons of this machine cannot be listed: {_last_lines(listing.stderr)}")
        found: dict[str, Interpreter] = {}
        for entry in json.loads(listing.stdout):
            plain = entry["implementation"] == "cpython" and entry.get("variant") in {None, "default"}
            if plain and entry["path"] and _RELEASE.fullmatch(entry["version"]):
                found.setdefault(entry["version"], Interpreter(path=entry["path"], version=entry["version"]))
        self._folder.mkdir(parents=True, exist_ok=True)
        _write_at_once(self._folder / "interpreters.json", json.dumps([asdict(entry) for entry in found.values()]))
        return tuple(found.values())

    # --- making one

    @contextlib.contextmanager
    def _locked(self, name: str) -> Iterator[None]:
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / f"{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self._log(f"waiting for another process that makes the environment {name}")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _make(self, folder: Path, interpreter: Interpreter, requirements: Requirements, *, step_id: str) -> Environment:
        packages = ", ".join(requirements.packages) or "no packages"
        if requirements.packages:
            self._log(f"making an environment of Python {interpreter.version} with {packages}, once for this machine")
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(folder)  # left by a process that did not come to the end
        asked = f"step '{step_id}': an environment of Python {interpreter.version} with {packages}"
        self._checked(asked, "venv", "--no-project", "--quiet", "--python", interpreter.path, str(folder))
        python = str(folder / "bin" / "python")
        if requirements.packages:
            options = _uv_options(requirements.options)
            self._checked(
                asked,
                "pip",
                "install",
                "--quiet",
                "--python",
                python,
                "--compile-bytecode",
                *options,
                "--",
                *requirements.packages,
            )
        described = subprocess.run(
            [python, "-I", "-c", _DESCRIBE, str(_SHIM)], capture_output=True, text=True, errors="replace", check=False
        )
        if described.returncode:
            raise StepError(f"{asked} does not start: {_last_lines(described.stderr)}")
        for name in ("pip", "pip3"):
            _write_program(folder / "bin" / name, python)
        environment = Environment(
            folder=str(folder),
            version=interpreter.version,
            bases=tuple(dict.fromkeys((*json.loads(described.stdout), str(Path(interpreter.path).parent.parent)))),
            uv=self._uv_program,
            uv_cache=self._uv("cache", "dir").stdout.strip(),
            packages=requirements.packages,
        )
        _write_at_once(folder / _RECORD, json.dumps(asdict(environment)))
        return environment

    def _checked(self, asked: str, *arguments: str) -> None:
        done = self._uv(*arguments)
        if done.returncode:
            raise StepError(f"{asked} cannot be made: {_last_lines(done.stderr)}")

    def _uv(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self._uv_program, *arguments],
            env={**os.environ, "UV_PYTHON_DOWNLOADS": "never"},
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            cwd=self._folder if self._folder.is_dir() else None,
            check=False,
        )

    @cached_property
    def _uv_program(self) -> str:
        import uv  # only where an environment is made

        try:
            return os.path.realpath(uv.find_uv_bin())
        except FileNotFoundError as error:
            raise StepError(
                "the program uv is missing, which makes Python environments: `pip install uv` brings it"
            ) from error


def _nearest(known: Sequence[Interpreter], wanted: tuple[int, ...]) -> Interpreter | None:
    if wanted in {(), (MAJOR,)}:
        return max(known, key=lambda entry: entry.numbers, default=None)
    return min(known, key=lambda entry: (abs(entry.numbers[1] - wanted[1]), -entry.numbers[1]), default=None)


def _satisfies(interpreter: Interpreter, wanted: tuple[int, ...]) -> bool:
    return interpreter.numbers[: len(wanted)] == wanted


def _read_record(folder: Path) -> Environment | None:
    """Return the environment where it is whole, with all that it stands on still there."""
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        environment = Environment(**{**record, "bases": tuple(record["bases"]), "packages": tuple(record["packages"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None
    whole = Path(environment.uv).exists() and (folder / "bin" / "python").exists()
    return environment if whole else None


def _shim_version() -> str:
    return hashlib.sha256(_SHIM.read_bytes()).hexdigest()[:8]


def _uv_options(options: Sequence[str]) -> list[str]:
    names = {"--trusted-host": "--allow-insecure-host", "-i": "--index-url", "-f": "--find-links"}
    translated = []
    for option in options:
        name, equals, value = option.partition("=")
        translated.append(names.get(name, name) + equals + value if option.startswith("-") else option)
    return translated


def _write_program(path: Path, python: str) -> None:
    path.write_text(f'#!/bin/sh\nexec "{python}" -m pip "$@"\n', encoding="utf-8")
    path.chmod(0o755)


def _write_at_once(path: Path, content: str) -> None:
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_text(content, encoding="utf-8")
    temporary.replace(path)


def _last_lines(output: str, count: int = 8) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return " / ".join(lines[-count:]) or "it said nothing"
