"""A pipeline file that cannot be loaded, as an import error of its own in Airflow's list.

Airflow keys import errors by DAG file and stops every DAG of a file that has one. A loader file with many pipelines
would be stopped by one broken pipeline; so the error is raised while a DAG object that names the pipeline's own file is
serialized, which Airflow records under that name (`_serialize_dags` in its dag_processing/processor.py).
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

from airflow.sdk import DAG
from typing_extensions import override

from kfp_airflow.dag.build import dag_id_of
from kfp_airflow.diagnostics import KfpAirflowError
from kfp_airflow.version_compat import AIRFLOW_V_3_2_PLUS


class BrokenDag(DAG):
    """A DAG that cannot be serialized, because `problem` stands in the way; it never reaches Airflow's database."""

    def __init__(self, *, path: Path, problem: KfpAirflowError) -> None:
        self._path = path
        self._problem: KfpAirflowError | None = None
        self._loader: str | None = None
        digest = hashlib.sha256(str(path).encode()).hexdigest()[:8]
        super().__init__(dag_id=f"{dag_id_of(path.stem)}.{digest}", schedule=None)
        self._problem = problem

    @property  # type: ignore[explicit-override] # as below
    def fileloc(self) -> str:
        """The loader's file; with Airflow 3.1, which keys errors of serialization by this name, the pipeline's own."""
        own = self.relative_fileloc if self._loader is not None and not AIRFLOW_V_3_2_PLUS else None
        return own or self._fileloc

    @fileloc.setter
    def fileloc(self, value: str) -> None:
        self._fileloc = value

    @property  # type: ignore[explicit-override] # mypy does not see it on a property with a setter
    def relative_fileloc(self) -> str | None:
        """The pipeline's own file, relative to the bundle where it lies in it."""
        if self._loader is None:
            return None
        loader = Path(self._loader)
        bundle = Path(self._fileloc).parents[len(loader.parts) - 1]
        return str(self._path.relative_to(bundle) if self._path.is_relative_to(bundle) else self._path)

    @relative_fileloc.setter
    def relative_fileloc(self, value: str | None) -> None:
        self._loader = value

    @property  # type: ignore[explicit-override] # as above
    def deadline(self) -> Any:
        """Read when the DAG is serialized."""
        self._raise()

    @deadline.setter
    def deadline(self, value: object) -> None:
        """Accept what the constructor sets."""

    @override
    def validate(self) -> None:
        """Fail where nothing keys serialization errors by file.

        Outside of the dag processor, that is: there the loader's file has the error.
        """
        if os.environ.get("_AIRFLOW_PROCESS_CONTEXT") != "client":
            self._raise()

    def _raise(self) -> None:
        if self._problem is not None:
            raise KfpAirflowError(
                str(self._problem)
            ) from None  # the list shows tracebacks; the author needs the message


def broken_dag(path: Path, problem: KfpAirflowError) -> None:
    """Make Airflow list `problem` as an import error of the pipeline file `path`."""
    with BrokenDag(path=path, problem=problem):
        pass
