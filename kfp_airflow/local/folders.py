"""Where this machine allows no private file system: a step's paths moved to folders of the attempt.

Only paths that a component leaves open can be moved: those that stand in the command line as a whole argument.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.resolved import ResolvedStep
from kfp_airflow.local.options import Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocation:
    """A command with the step's paths moved below `folder`; `outputs` where they lie now, in the step's order."""

    folder: Path
    command: tuple[str, ...]
    outputs: tuple[str, ...]
    env: dict[str, str]
    cwd: str


def relocate(
    step: ResolvedStep, command: tuple[str, ...], wishes: Wishes, *, inputs: Mapping[str, Path], folder: Path
) -> Relocation:
    """Return the command moved to `folder`, the inputs copied there, HOME and the temporary folder too.

    Raises StepError for a path that no argument of the main container names as a whole, for volumes, and for a working
    folder that this machine does not have.
    """
    if wishes.mounts:
        raise _refusal(step, f"the volume '{wishes.mounts[0].volume}' cannot be mounted")
    if wishes.folder and not Path(wishes.folder).is_dir():
        raise _refusal(step, f"there is no working folder {wishes.folder}")
    arguments = {*(step.container.command or ()), *step.container.args}
    moved: dict[str, str] = {}
    for kind, files in (("input", step.inputs), ("output", step.outputs)):
        for file in files:
            if file.path not in arguments:
                raise _refusal(
                    step,
                    f"the {kind} '{file.name}' at {file.path} cannot be moved, for no argument is exactly this path",
                )
            moved[file.path] = str(folder / "files" / file.path.lstrip("/"))
            Path(moved[file.path]).parent.mkdir(parents=True, exist_ok=True)
    for file in step.inputs:
        _copy_readonly(inputs[file.name], Path(moved[file.path]))
    for name in ("home", "tmp", "packages"):
        (folder / name).mkdir()
    return Relocation(
        folder=folder,
        command=tuple(moved.get(part, part) for part in command),
        outputs=tuple(moved[output.path] for output in step.outputs),
        env={
            "HOME": str(folder / "home"),
            "TMPDIR": str(folder / "tmp"),
            "KFP_AIRFLOW_PACKAGES": str(folder / "packages"),
            "PYTHONPATH": str(folder / "packages"),
        },
        cwd=wishes.folder or str(folder / "home"),
    )


def _copy_readonly(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True)
        for parent, _, names in os.walk(target):
            for name in names:
                file = Path(parent, name)
                if not file.is_symlink():
                    file.chmod(0o444)
    else:
        shutil.copyfile(source, target)
        target.chmod(0o444)


def _refusal(step: ResolvedStep, what: str) -> StepError:
    return StepError(
        f"step '{step.id}': this machine allows no private file system, and without one {what}. Give every path as "
        "an argument of its own (InputPath and OutputPath do), or set [kfp_airflow] runtime to container or kubernetes"
    )
