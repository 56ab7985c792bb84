"""Which Airflow this is, and what differs from one to the next: asked here and nowhere else.

The oldest supported Airflow is 3.1; each branch says when it goes. Everyone else imports the names from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

if TYPE_CHECKING:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.executors.base_executor import BaseExecutor
    from airflow.jobs.scheduler_job_runner import SchedulerJobRunner

    Scheduler = TypeVar("Scheduler", bound=SchedulerJobRunner)

__all__ = [
    "AIRFLOW_V_3_2_PLUS",
    "AIRFLOW_V_3_3_PLUS",
    "AIRFLOW_V_3_4_PLUS",
    "AirflowException",
    "AirflowFailException",
    "AirflowSkipException",
    "BaseRetryPolicy",
    "RetryDecision",
    "make_scheduler",
    "parse_dag_file",
    "pod_defaults",
    "retry_policy_args",
    "write_dags",
]

AIRFLOW_VERSION: Final = tuple(int(part) for part in version("apache-airflow-core").split(".")[:2])
"""Major and minor number, from the metadata of the distribution: `import airflow` is not needed for it."""

AIRFLOW_V_3_2_PLUS: Final = AIRFLOW_VERSION >= (3, 2)
AIRFLOW_V_3_3_PLUS: Final = AIRFLOW_VERSION >= (3, 3)
AIRFLOW_V_3_4_PLUS: Final = AIRFLOW_VERSION >= (3, 4)

if TYPE_CHECKING or AIRFLOW_V_3_2_PLUS:
    from airflow.sdk.exceptions import AirflowException, AirflowFailException, AirflowSkipException
else:  # goes when the oldest supported Airflow is 3.2
    from airflow.exceptions import AirflowException, AirflowFailException, AirflowSkipException

if TYPE_CHECKING or AIRFLOW_V_3_3_PLUS:
    from airflow.sdk.definitions.retry_policy import RetryDecision
    from airflow.sdk.definitions.retry_policy import RetryPolicy as BaseRetryPolicy
else:  # goes when the oldest supported Airflow is 3.3
    from dataclasses import dataclass
    from datetime import timedelta

    class BaseRetryPolicy:
        """Stands where Airflow has no retry policies: nobody asks it, `retries` and `retry_delay` decide alone."""

    @dataclass(frozen=True)
    class RetryDecision:
        """What a retry policy answers."""

        again: bool
        delay: timedelta | None = None
        reason: str | None = None

        @classmethod
        def fail(cls, reason: str | None = None) -> RetryDecision:
            """Return the answer that ends the task."""
            return cls(again=False, reason=reason)

        @classmethod
        def retry(cls, delay: timedelta | None = None, reason: str | None = None) -> RetryDecision:
            """Return the answer that starts another attempt after `delay`."""
            return cls(again=True, delay=delay, reason=reason)


def parse_dag_file(file: Path, *, bundle_path: Path, bundle_name: str) -> DagBag:
    """Return the DAGs of a file, and its import errors."""
    if AIRFLOW_V_3_2_PLUS:
        from airflow.dag_processing.dagbag import BundleDagBag

        return BundleDagBag(dag_folder=str(file), bundle_path=bundle_path, bundle_name=bundle_name)
    from airflow.models.dagbag import (  # type: ignore[attr-defined,unused-ignore] # goes when the oldest is 3.2
        BundleDagBag as OldBundleDagBag,
    )

    bag: DagBag = OldBundleDagBag(dag_folder=str(file), bundle_path=bundle_path)
    return bag


def write_dags(bag: DagBag, *, bundle_name: str) -> None:
    """Write the DAGs of a bag to the database."""
    if AIRFLOW_V_3_2_PLUS:
        from airflow.dag_processing.dagbag import sync_bag_to_db

        sync_bag_to_db(bag, bundle_name, None)
        return
    from airflow.models.dagbag import (  # type: ignore[attr-defined,unused-ignore] # goes when the oldest is 3.2
        sync_bag_to_db as old_sync_bag_to_db,
    )

    old_sync_bag_to_db(bag, bundle_name, None)


def make_scheduler(kind: type[Scheduler], executor: BaseExecutor) -> Scheduler:
    """Return a scheduler of this kind that runs tasks by this executor, until its `num_runs` is no longer -1."""
    from airflow.jobs.job import Job

    if AIRFLOW_V_3_2_PLUS:
        return kind(job=Job(), num_runs=-1, executors=[executor])  # type: ignore[no-untyped-call]
    job = Job(executor=executor)  # type: ignore[no-untyped-call] # goes when the oldest supported Airflow is 3.2
    return kind(job=job, num_runs=-1)


def pod_defaults() -> Mapping[str, Any]:
    """Return what KubernetesPodOperator is told because of this Airflow: before 3.3 it warns of `durable`."""
    return {"durable": False} if AIRFLOW_V_3_3_PLUS else {}


def retry_policy_args(policy: BaseRetryPolicy) -> Mapping[str, Any]:
    """Return the operator's argument that carries a retry policy; before Airflow 3.3 there is none."""
    return {"retry_policy": policy} if AIRFLOW_V_3_3_PLUS else {}
