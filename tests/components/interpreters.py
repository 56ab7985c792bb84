"""Pythons of this machine that programs of components are run with."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest

VERSIONS = ("3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")


@lru_cache
def interpreter(version: str) -> str:
    """Return a Python of this version: this one, one on the PATH, or one that pyenv keeps; else skip the test."""
    if version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    kept = (Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions").glob(f"{version}.*/bin/python")
    for candidate in [shutil.which(f"python{version}"), *map(str, sorted(kept))]:
        asked = [candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"] if candidate else ["false"]
        if subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip() == version:
            return str(candidate)
    uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
    asked = [uv, "python", "find", "--no-python-downloads", version]
    found = subprocess.run(asked, capture_output=True, text=True, check=False) if Path(uv).is_file() else None
    if found is not None and found.returncode == 0:
        return found.stdout.strip()
    pytest.skip(f"there is no Python {version} on this machine")
