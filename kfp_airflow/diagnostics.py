"""What this package says when something is wrong: places, diagnostics and the exceptions that carry them."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Where:
    """A place in the author's file: absolute path and line, counted from 1 (0: no line known)."""

    file: str
    line: int

    @override
    def __str__(self) -> str:
        """Return `file:line`, the file relative to the working folder where that is shorter."""
        relative = os.path.relpath(self.file) if Path(self.file).is_absolute() else self.file
        name = relative if len(relative) < len(self.file) and not relative.startswith("..") else self.file
        return f"{name}:{self.line}" if self.line else name


UNKNOWN = Where("<unknown>", 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One thing that is wrong with a pipeline: where, in which step, what, and what to do.

    `code` is `KA` and three digits; `row` is the row of the KFP v1 reference that the rule follows, if there is one.
    """

    code: str
    where: Where
    problem: str
    advice: str
    step: str | None = None
    row: str | None = None
    severity: Literal["error", "warning"] = "error"

    @override
    def __str__(self) -> str:
        """Return two lines: `file:line: [step 'x': ]problem [code]`, then the indented advice."""
        step = f"step '{self.step}': " if self.step else ""
        return f"{self.where}: {step}{self.problem} [{self.code}]\n  {self.advice}"


class KfpAirflowError(Exception):
    """The root of every error that this package raises on purpose."""


class PipelineError(KfpAirflowError, ValueError):
    """A pipeline that is wrong: all its diagnostics together, as data in `diagnostics`."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(str(diagnostic) for diagnostic in self.diagnostics))


class PipelineWarning(UserWarning):
    """A warning diagnostic of a pipeline, shown at the author's line."""


class UsageError(KfpAirflowError, ValueError):
    """A command, an option or a setting that cannot be carried out as given; the text says what to write instead."""


class StepError(KfpAirflowError):
    """A step that failed at run time.

    The text names step, pod or process, output, file, sizes with units, and the way out.
    """


class StepFailed(StepError):
    """The step's own program ended with an exit code other than 0 (Argo phase Failed, rows B-09 and A-04)."""

    def __init__(self, message: str, *, exit_code: int) -> None:
        self.exit_code = exit_code
        super().__init__(message)


class ImageUnavailable(StepError):
    """An image that cannot be had where the step is to run: nothing of the step ran, and the pipeline has to change."""


class OutputMissing(StepError):
    """The program succeeded but did not write a declared output file (Argo phase Error, row DP-01)."""


class ValueTooLarge(StepError):
    """A value is too large to be handed over as text (row DP-06); nothing is ever cut."""
