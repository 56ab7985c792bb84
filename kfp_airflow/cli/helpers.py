"""The processes that a session starts beside its scheduler."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

BEGIN: Final = b"\n"
END: Final = b"."


@dataclass(frozen=True, slots=True)
class Helper:
    """One such process, with Airflow's name for what it does."""

    name: str
    process: subprocess.Popen[bytes]
    told_by: int | None = None
    """The pipe on which it waits for the database, if it needs that, and is told the end."""

    def begin(self) -> None:
        """Tell it that there is a database."""
        if self.told_by is not None:
            os.write(self.told_by, BEGIN)

    def end(self) -> None:
        """Tell it that the session is over, and wait for its end.

        By a word, not by closing the pipe: where the executor's workers still live, they have its other end too.
        """
        if self.told_by is not None:
            with suppress(BrokenPipeError):
                os.write(self.told_by, END)
            os.close(self.told_by)
        self.process.wait()

    def require_alive(self) -> None:
        """Raise RuntimeError where it has ended: tasks would wait for it for ever."""
        if (code := self.process.poll()) is not None:
            raise RuntimeError(f"the {self.name} of the session has ended by itself (exit code {code})")
