"""Steps that only pretend: what one writes follows from its arguments, by the same function for Airflow and the judge.

The first argument of a step says what it does:

    text   writes its name and its further arguments
    const  writes its second argument
    next   writes the number after its second argument
    fail   ends with exit code 1 where its second and third argument are the same text
    flaky  ends with exit code 1 as often as its second argument says, and then writes which attempt it is
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from airflow.sdk import BaseOperator
from typing_extensions import override

from kfp_airflow.graph.model import Container, ContainerStep, OutputFile, Retry, Settings
from kfp_airflow.graph.resolved import Outcome, ResolvedStep
from kfp_airflow.graph.text import Part, text
from kfp_airflow.operators.limits import Limits
from kfp_airflow.operators.placement import Placement
from kfp_airflow.operators.step import StepLife

if TYPE_CHECKING:
    from airflow.sdk import Context

OUTPUT: Final = "out"
_SHOWN: Final = 60


def simulated(name: str, *arguments: Part, after: tuple[str, ...] = (), retry: Retry | None = None) -> ContainerStep:
    """Return a step of a graph."""
    container = Container(image=text("none"), command=(text("pretend"),), args=tuple(text(part) for part in arguments))
    outputs = (OutputFile(name=OUTPUT, path="/tmp/out"),)
    return ContainerStep(id=name, name=name, container=container, outputs=outputs, after=after, retry=retry)


def simulate(name: str, arguments: Sequence[str], attempt: int) -> tuple[bool, str]:
    """Return whether a step's attempt (from 1) succeeds, and what it writes."""
    kind, *values = arguments
    match kind:
        case "const":
            return True, values[0]
        case "next":
            return True, str(int(values[0]) + 1)
        case "fail":
            return values[0] != values[1], f"{name}({values[0]})"
        case "flaky":
            return attempt > int(values[0]), f"{name} in attempt {attempt}"
        case _:
            said = f"{name}({','.join(values)})"
            digest = hashlib.sha256(said.encode()).hexdigest()[:12]
            return True, said if len(said) <= _SHOWN else f"{said[:40]}…{digest}"


class SimulatedStep(StepLife, BaseOperator):
    """The life of a step around an attempt that only pretends."""

    def __init__(self, *, step: ContainerStep, settings: Settings, placement: Placement, **arguments: Any) -> None:
        super().__init__(**arguments)
        self.step = step
        self.settings = settings
        self.placement = placement

    @override
    def run_attempt(
        self, step: ResolvedStep, *, limits: Limits, inputs: Mapping[str, Path], work: Path, context: Context
    ) -> Outcome:
        succeeds, written = simulate(step.id, step.container.args, context["ti"].try_number)
        path = work / OUTPUT
        path.write_text(written, encoding="utf-8")
        return Outcome(exit_code=int(not succeeds), message="it pretends to fail", outputs={OUTPUT: path})


def make_simulated(arguments: Mapping[str, Any]) -> BaseOperator:
    """Return the task of a step, to be given to `build_dags`."""
    return SimulatedStep(**arguments)
