"""The parts of a component's program that run an Airflow operator: copied into the program, as `step_program` (M-16).

They run in an image of Airflow 3, with a database of their own that lasts as long as the step. Airflow is imported by
name and late: where a pipeline is written it is not needed, and it reads its configuration when it is imported.
"""
# ruff: noqa: PTH103, PTH123 - as in `step_program`

from __future__ import annotations

import importlib as _kfp_importlib
import json as _kfp_json
import os as _kfp_os
import subprocess as _kfp_subprocess
import sys as _kfp_sys
import tempfile as _kfp_tempfile
import time as _kfp_time
from collections.abc import Callable
from typing import Any


def _kfp_fetch(place: str) -> Any:
    module, _, name = place.partition(":")
    return getattr(_kfp_importlib.import_module(module), name)


def _kfp_read_any(text: str) -> object:
    if text[:1] in ("[", "{"):
        try:
            return _kfp_json.loads(text)
        except ValueError:
            return text
    return text


def _kfp_write_any(value: object) -> str:
    return value if isinstance(value, str) else _kfp_json.dumps(value, default=str, sort_keys=True)


def _kfp_prepare_airflow() -> None:
    home = _kfp_tempfile.mkdtemp(prefix="airflow-")
    _kfp_os.makedirs(_kfp_os.path.join(home, "dags"))
    # Airflow runs a DAG only if it finds one of this name in its folder.
    with open(_kfp_os.path.join(home, "dags", "component.py"), "w", encoding="utf-8") as file:
        file.write("from airflow.sdk import DAG, BaseOperator\n\n")
        file.write("with DAG('component', schedule=None):\n    BaseOperator(task_id='operator')\n")
    _kfp_os.environ.update(
        AIRFLOW_HOME=home,
        AIRFLOW__API_AUTH__JWT_SECRET=_kfp_os.urandom(32).hex(),
        AIRFLOW__CORE__DAGS_FOLDER=_kfp_os.path.join(home, "dags"),
        AIRFLOW__CORE__LOAD_EXAMPLES="False",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN="sqlite:///" + _kfp_os.path.join(home, "airflow.db"),
    )
    migrate = [_kfp_sys.executable, "-m", "airflow", "db", "migrate"]
    done = _kfp_subprocess.run(migrate, stdout=_kfp_subprocess.PIPE, stderr=_kfp_subprocess.STDOUT, check=False)
    if done.returncode:
        _kfp_sys.stderr.write(done.stdout.decode(errors="replace"))
        _kfp_sys.exit("error: Airflow cannot make its database. Choose a base_image of Airflow 3")


def _kfp_named(names: list[str], values: dict[str, object], kind: str) -> list[object]:
    missing = [name for name in names if name not in values]
    if missing:
        listed = ", ".join(sorted(values)) or "none"
        _kfp_sys.exit("error: the operator made no {} {}, only: {}".format(kind, ", ".join(missing), listed))
    return [values[name] for name in names]


def _kfp_await_api() -> None:
    # Airflow 3.2 asks its API before that has begun, and counts the answer as the task's failure.
    supervisor = _kfp_importlib.import_module("airflow.sdk.execution_time.supervisor")
    api = supervisor.in_process_api_server()
    deadline = _kfp_time.monotonic() + 60
    while api.transport and not hasattr(api.app.state, "svcs_registry") and _kfp_time.monotonic() < deadline:
        _kfp_time.sleep(0.02)
    vars(supervisor)["in_process_api_server"] = lambda: api


def _kfp_operator_runner(operator: Any, variables: list[str], xcoms: list[str]) -> Callable[..., list[object]]:
    def run(**arguments: Any) -> list[object]:
        with _kfp_fetch("airflow.sdk:DAG")("component", schedule=None) as dag:
            operator(task_id="operator", **arguments)
        _kfp_await_api()
        done = dag.test()
        if str(done.state) != "success":
            _kfp_sys.exit(f"error: the operator ended as {done.state}; its log above says why")
        select = _kfp_fetch("sqlalchemy:select")
        with _kfp_fetch("airflow.utils.session:create_session")() as session:
            rows = session.scalars(select(_kfp_fetch("airflow.models.xcom:XComModel")))
            pushed = {row.key: row.value for row in rows}
            rows = session.scalars(select(_kfp_fetch("airflow.models.variable:Variable")))
            kept = {row.key: row.val for row in rows}
        named = _kfp_named(variables, kept, "variable") + _kfp_named(xcoms, pushed, "XCom")
        return [pushed.get("return_value"), kept, pushed, *named]

    return run
