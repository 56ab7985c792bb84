"""How a pipeline becomes a DAG: every option, declared once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Final, Literal, TypeAlias

Runtime: TypeAlias = Literal["kubernetes", "container", "process"]

SCHEDULE_START: Final = datetime(2020, 1, 1, tzinfo=timezone.utc)
"""Where schedules begin that are given no start: Airflow needs one, and it has to be the same at every parse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DagOptions:
    """The options of `to_dag`.

    `experiments` become the DAG's tags. `schedule` is Airflow's, or KFP's six-field cron or `@every 1h`. `runtime`
    None: the setting `[kfp_airflow] runtime`. `operator_args` reach every step's operator (on Kubernetes all arguments
    of a KubernetesPodOperator), `dag_args` the DAG.
    """

    dag_id: str | None = None
    experiments: tuple[str, ...] = ()
    schedule: Any = None
    start_date: datetime | None = None
    end_date: datetime | None = None
    catchup: bool = False
    max_active_runs: int = 16
    runtime: Runtime | None = None
    operator_args: Mapping[str, Any] = field(default_factory=dict)
    dag_args: Mapping[str, Any] = field(default_factory=dict)
