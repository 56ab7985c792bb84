"""The Airflow plugin: what this distribution adds to Airflow's own processes (entry point `airflow.plugins`)."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Final

from airflow.listeners import hookimpl
from airflow.plugins_manager import AirflowPlugin

from kfp_airflow import config

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

FORKING: Final = frozenset({"scheduler", "dag-processor"})
"""The components of Airflow whose child processes run tasks (LocalExecutor) or parse DAG files."""


class Preload:
    """Imports what steps need into a component that forks, before it forks.

    A task and the parsing of a DAG file are processes of their own, and would import the KubernetesPodOperator anew; a
    child has what its parent has imported.
    """

    @hookimpl
    def on_starting(self, component: Any) -> None:  # noqa: ARG002 - Airflow matches the arguments by name
        """Import the pod operator where this process is such a component; `component` says too little to tell."""
        if FORKING.isdisjoint(sys.argv[1:2]) or config.get("preload") == "false":
            return
        import kfp_airflow.catalog.loader
        import kfp_airflow.client.bystander
        import kfp_airflow.operators.local
        import kfp_airflow.operators.pod  # noqa: F401 - for the children


class SkipNotes:
    """Lets Airflow's UI show why tasks were skipped, as soon as their run has ended."""

    @hookimpl
    def on_dag_run_success(self, dag_run: DagRun) -> None:
        """Note the reasons of the run's skipped tasks."""
        _note_skipped_tasks(dag_run)

    @hookimpl
    def on_dag_run_failed(self, dag_run: DagRun) -> None:
        """Note the reasons of the run's skipped tasks."""
        _note_skipped_tasks(dag_run)


def _note_skipped_tasks(dag_run: DagRun) -> None:
    from kfp_airflow.operators.skip_notes import note_skipped_tasks

    note_skipped_tasks(dag_run)


class KfpAirflowPlugin(AirflowPlugin):
    """Registered by its entry point; Airflow loads it in each of its processes, so it imports little."""

    name = "kfp_airflow"
    listeners = [Preload(), SkipNotes()]  # noqa: RUF012 - Airflow's own declaration is of an instance
