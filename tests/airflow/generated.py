"""Generated pipelines in a real Airflow: one DAG file each, all runs at once, read from its database at the end."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kfp_airflow.graph.model import Pipeline
from tests.airflow.service import FINISHED, AirflowService
from tests.dag.representative import Chosen
from tests.dag.running import Ran, read_run

DAG_FILE = """
import pickle  # of an airflow dag
from pathlib import Path

from kfp_airflow.dag.build import build_dags
from kfp_airflow.dag.options import DagOptions
from {module} import {make} as make_operator

pipeline = pickle.loads(Path(__file__).with_suffix(".pickle").read_bytes())
globals().update({{dag.dag_id: dag for dag in build_dags(pipeline, DagOptions(runtime="process"), make_operator)}})
"""


def make_service(home: Path, **settings: str) -> AirflowService:
    """Return an Airflow that finds these tests, and bears so many runs.

    Nobody changes the DAG files: reading them again every few seconds would be most of the work.
    """
    return AirflowService(
        home,
        PYTHONPATH=str(Path(__file__).parents[2]),
        AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL="3600",
        AIRFLOW__TRIGGERER__CAPACITY="1000",
        **settings,
    )


def drop(service: AirflowService, chosen: Sequence[Chosen], make_operator: Any) -> list[str]:
    """Write a DAG file for each pipeline into the dags folder and return the DAGs' ids."""
    ids = []
    for number, one in enumerate(chosen):
        pipeline: Pipeline = replace(one.pipeline, name=f"generated-{number}")
        file = service.dags / f"generated_{number}.py"
        file.with_suffix(".pickle").write_bytes(pickle.dumps(pipeline))
        file.write_text(DAG_FILE.format(module=make_operator.__module__, make=make_operator.__name__))
        ids.append(pipeline.name)
    return ids


def run_all(service: AirflowService, dag_ids: Sequence[str], timeout_s: float) -> list[Ran]:
    """Run each DAG once, all at the same time, and return how they ended."""
    from sqlalchemy import create_engine
    from sqlalchemy.orm import Session

    for dag_id in dag_ids:
        service.wait_for_dag(dag_id)
    run_ids = []
    for dag_id in dag_ids:
        status, run = service.trigger(dag_id)
        assert status == 200, run
        run_ids.append(run["dag_run_id"])

    def all_ended() -> bool | None:
        found = service.call("POST", "dags/~/dagRuns/list", {"dag_ids": list(dag_ids), "page_limit": 100})
        states = [run["state"] for run in found[1]["dag_runs"]]
        assert len(states) == len(dag_ids), json.dumps(found)
        return FINISHED.issuperset(states) or None

    service.wait_for(all_ended, "the end of all runs", timeout_s)
    with Session(create_engine(f"sqlite:///{service.database}")) as session:
        return [read_run(session, dag_id, run_id) for dag_id, run_id in zip(dag_ids, run_ids, strict=True)]
