"""An Airflow home of its own for every test process, and the marks that declare gaps and rows (R21)."""

from __future__ import annotations

import atexit
import json
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import rows

ROOT = Path(__file__).parent.parent

for variable in [name for name in os.environ if name.startswith("AIRFLOW_") or name == "PYTHONDONTWRITEBYTECODE"]:
    del os.environ[variable]
# Before any import of Airflow, which reads them once; each xdist worker gets a home of its own.
_HOME = tempfile.mkdtemp(prefix="kfp-airflow-tests-")
atexit.register(shutil.rmtree, _HOME, ignore_errors=True)
os.environ["AIRFLOW_HOME"] = _HOME
os.environ["AIRFLOW__API_AUTH__JWT_SECRET"] = "of tests only, longer than thirty-two bytes"
os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
os.environ["AIRFLOW__LOGGING__LOGGING_LEVEL"] = "WARNING"

_ROW = re.compile(r"[A-Z]{1,3}-\d{2}[a-z]?")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--snapshots", action="store_true", help="write golden files instead of comparing them; never in CI"
    )
    parser.addoption("--rows", metavar="FILE", help="write what the collected tests say of rows, as JSON, to FILE")


def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("--snapshots") and os.environ.get("CI"):
        raise pytest.UsageError("--snapshots writes what the tests compare; it does not run where CI is set")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make strict expected failures of `not_yet` and `never`, skip what this machine cannot run, read the rows."""
    claims = [claim.as_json() for item in items for claim in rows.claims(item)]
    if items and (target := items[0].config.getoption("--rows")):
        Path(target).write_text(json.dumps(claims), encoding="utf-8")
    for item in items:
        for gap in ("not_yet", "never"):
            for mark in item.iter_markers(gap):
                item.add_marker(pytest.mark.xfail(reason=_gap_reason(item, mark), strict=True))
        if item.get_closest_marker("s3") and not os.environ.get("KFP_AIRFLOW_TEST_S3_ENDPOINT"):
            item.add_marker(pytest.mark.skip(reason="KFP_AIRFLOW_TEST_S3_ENDPOINT names no S3 server"))
        if item.get_closest_marker("kubernetes") and not os.environ.get("KUBECONFIG"):
            item.add_marker(pytest.mark.skip(reason="KUBECONFIG names no cluster"))


def _gap_reason(item: pytest.Item, mark: pytest.Mark) -> str:
    row, reason = (*mark.args, None)[0], mark.kwargs.get("reason")
    if not isinstance(row, str) or not _ROW.fullmatch(row) or not reason:
        raise pytest.UsageError(f"{item.nodeid}: write {mark.name}('DP-05', reason='…')")
    return f"{mark.name} {row}: {reason}"


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the repository."""
    return ROOT


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Return the URL of a test's own artifact store, by the Airflow connection `s3_test`; emptied at the end."""
    bucket = os.environ.get("KFP_AIRFLOW_TEST_S3_BUCKET", "kfp")
    connection = {
        "conn_type": "aws",
        "login": os.environ["AWS_ACCESS_KEY_ID"],
        "password": os.environ["AWS_SECRET_ACCESS_KEY"],
        "extra": {
            "endpoint_url": os.environ["KFP_AIRFLOW_TEST_S3_ENDPOINT"],
            "region_name": os.environ.get("AWS_DEFAULT_REGION", "us-east-1"),
        },
    }
    monkeypatch.setenv("AIRFLOW_CONN_S3_TEST", json.dumps(connection))
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(variable)  # what the connection does not say is not known
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    root = f"s3://s3_test@{bucket}/tests-{uuid.uuid4().hex[:8]}"
    yield root
    from airflow.sdk import ObjectStoragePath

    written = ObjectStoragePath(root)
    written.fs.invalidate_cache()
    if written.fs.exists(written.path):
        written.fs.rm(written.path, recursive=True)


@pytest.fixture
def snapshots(request: pytest.FixtureRequest) -> bool:
    """Return whether golden files are to be written (`make snapshots`)."""
    return bool(request.config.getoption("--snapshots"))
