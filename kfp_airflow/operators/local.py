"""The operator of a step that runs on the worker itself, as processes or in a container engine."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator
from typing_extensions import override

from kfp_airflow import config
from kfp_airflow.graph.model import ContainerStep, Settings
from kfp_airflow.graph.resolved import Outcome, ResolvedStep
from kfp_airflow.local.container import ContainerRuntime
from kfp_airflow.local.process import ProcessRuntime
from kfp_airflow.local.slots import slot
from kfp_airflow.operators.limits import Limits
from kfp_airflow.operators.placement import Placement
from kfp_airflow.operators.step import StepLife

if TYPE_CHECKING:
    from airflow.sdk import Context


class LocalStepOperator(StepLife, BaseOperator):
    """A step on this machine: `runtime` "process" for processes, "container" for docker or podman.

    The pipeline's settings steer clusters and registries; nothing of them holds for one machine.
    """

    template_fields = ()
    ui_color = "#e3f0e1"

    def __init__(
        self,
        *,
        step: ContainerStep,
        settings: Settings,
        placement: Placement,
        runtime: Literal["process", "container"],
        **operator_args: Any,
    ) -> None:
        super().__init__(**operator_args)
        self.step = step
        self.settings = settings
        self.placement = placement
        self.runtime = runtime
        self._running: ProcessRuntime | ContainerRuntime | None = None

    @override
    def run_attempt(
        self, step: ResolvedStep, *, limits: Limits, inputs: Mapping[str, Path], work: Path, context: Context
    ) -> Outcome:
        with self._slot(step, limits):
            step = self.bounded(step, limits)
            self._running = runtime = self._open_runtime()
            if self.told_to_end:
                runtime.stop()
            try:
                return runtime.run(step, inputs=inputs, work=work)
            finally:
                self._running = None

    def _slot(self, step: ResolvedStep, limits: Limits) -> AbstractContextManager[None]:
        """Return what holds the step's slot: the steps of a run that share a limit share this machine."""
        if limits.shared is None:
            return nullcontext()
        folder = Path(config.get("local_cache")).absolute() / "slots"
        shared = limits.shared
        return slot(folder, shared.run, shared.steps, look=lambda: self.bounded(step, limits), log=self.log.info)

    @override
    def end_attempt(self) -> None:
        """End the step's programs: SIGTERM, SIGKILL after 10 s."""
        if self._running is not None:
            self._running.stop()

    def _open_runtime(self) -> ProcessRuntime | ContainerRuntime:
        if self.runtime == "container":
            return ContainerRuntime(log=self.log.info)
        # Keys, passwords and the DAGs of others lie in Airflow's home.
        home = Path(os.environ.get("AIRFLOW_HOME") or "~/airflow").expanduser()
        return ProcessRuntime(cache=Path(config.get("local_cache")), log=self.log.info, hidden=(home,))
