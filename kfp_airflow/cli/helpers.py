"""The processes that a session starts beside its scheduler."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Helper:
    """One such process, with Airflow's name for what it does."""

    name: str
    process: subprocess.Popen[bytes]
    began_by: int | None = None
    """The pipe on which it waits for the database, if it needs that."""

    def begin(self) -> None:
        """Tell it that there is a database."""
        if self.began_by is not None:
            os.write(self.began_by, b"\n")

    def require_alive(self) -> None:
        """Raise RuntimeError where it has ended: tasks would wait for it for ever."""
        if (code := self.process.poll()) is not None:
            raise RuntimeError(f"the {self.name} of the session has ended by itself (exit code {code})")
