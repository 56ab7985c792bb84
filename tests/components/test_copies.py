"""Copies of components that were fetched from addresses (M-03, M-17)."""

import functools
import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from kfp_airflow import components, load_dags
from kfp_airflow.components.store import ComponentStore
from kfp_airflow.diagnostics import Diagnostic, PipelineWarning
from kfp_airflow.dsl.loading import as_script_in
from kfp_airflow.dsl.notes import noting

TEXT = "name: {}\nimplementation: {{container: {{image: busybox, command: [echo, hello]}}}}\n"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
ADVICE = (
    "Keep the file beside the pipeline and load it with load_component_from_file, or name a commit in its address: "
    "such a copy serves always."
)

pytestmark = pytest.mark.better(
    "M-03", how="while Airflow reads a file, a copy of at most ten minutes serves; an older one where the server fails"
)


class Web:
    """A server that answers every path with the component `name`, or with `status`, and counts what it is asked."""

    def __init__(self) -> None:
        self.name, self.status = "first", 200
        self.asked: list[tuple[str, str | None]] = []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Handler, self))
        self.address = f"http://127.0.0.1:{self.server.server_port}/"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def stop(self) -> None:
        """Answer nobody any more."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, web: Web, *args: Any) -> None:
        self.web = web
        super().__init__(*args)

    def do_GET(self) -> None:
        self.web.asked.append((self.path, self.headers.get("Authorization")))
        self.send_response(self.web.status)
        self.end_headers()
        self.wfile.write(TEXT.format(self.web.name).encode())

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def web() -> Iterator[Web]:
    made = Web()
    yield made
    made.stop()


@pytest.fixture(autouse=True)
def copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "kfp-airflow" / "components"


def name_at(address: str, auth: Any = None) -> str | None:
    """Return the name of the component at an address, as a file loads it that Airflow reads."""
    with as_script_in(Path.cwd(), component_max_age_s=600):
        return components.load_component_from_url(address, auth).component_spec.name


def made_older(folder: Path, *, by_s: float) -> None:
    for path in folder.iterdir():
        os.utime(path, (time.time() - by_s,) * 2)


def test_an_address_is_asked_once_in_ten_minutes(web: Web, copies: Path) -> None:
    assert [name_at(web.address + "c.yaml") for _ in range(3)] == ["first"] * 3
    made_older(copies, by_s=590)
    web.name = "second"
    assert name_at(web.address + "c.yaml") == "first"
    made_older(copies, by_s=610)
    assert name_at(web.address + "c.yaml") == "second"
    assert len(web.asked) == 2
    assert (copies.stat().st_mode & 0o777, {path.stat().st_mode & 0o777 for path in copies.iterdir()}) == (
        0o700,
        {0o600},
    )


def test_a_copy_of_an_address_that_names_a_commit_serves_always(web: Web, copies: Path) -> None:
    name_at(f"{web.address}{COMMIT}/c.yaml")
    made_older(copies, by_s=1e8)
    web.name = "second"
    assert name_at(f"{web.address}{COMMIT}/c.yaml") == "first"


def test_other_addresses_and_other_users_have_copies_of_their_own(web: Web) -> None:
    for path, auth in (("a.yaml", None), ("b.yaml", None), ("a.yaml", ("me", "x")), ("a.yaml", ("you", "x"))):
        name_at(web.address + path, auth)
    assert len(set(web.asked)) == 4


def test_what_an_object_signs_is_not_kept(web: Web, copies: Path) -> None:
    for _ in range(2):
        name_at(web.address, lambda request: request.add_header("Authorization", "x"))
    assert (len(web.asked), copies.exists()) == (2, False)


def test_a_script_asks_each_time(web: Web, copies: Path) -> None:
    for _ in range(2):
        components.load_component_from_url(web.address)
    assert (len(web.asked), copies.exists()) == (2, False)


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (None, "[Errno 111] Connection refused"),
        (429, "Too Many Requests"),
        (500, "Internal Server Error"),
        (503, "Service Unavailable"),
    ],
)
def test_an_older_copy_serves_where_the_server_has_trouble(
    web: Web, copies: Path, trouble: int | None, reason: str
) -> None:
    name_at(web.address)
    made_older(copies, by_s=3600)
    if trouble is None:
        web.stop()
    web.status = trouble or 200
    with noting() as notes:
        assert name_at(web.address) == "first"
    (found,) = notes
    assert found == Diagnostic(
        code="KA317",
        where=found.where,
        problem=f"the component {web.address} cannot be fetched just now ({reason}): "
        "the copy of 60 minutes ago is used",
        advice=ADVICE,
        row="M-03",
        severity="warning",
    )
    assert found.where.file == __file__


@pytest.mark.parametrize("answer", [403, 404, 410])
def test_a_component_that_is_gone_is_an_error(web: Web, copies: Path, answer: int) -> None:
    name_at(web.address)
    made_older(copies, by_s=3600)
    web.status = answer
    with pytest.raises(OSError, match=f"cannot be fetched: HTTP Error {answer}"):
        name_at(web.address)


def test_without_a_place_for_copies_the_address_is_asked(
    web: Web, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert [name_at(web.address) for _ in range(2)] == ["first"] * 2
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", _homeless)
    assert name_at(web.address) == "first"
    assert len(web.asked) == 3


def _homeless() -> Path:
    raise RuntimeError("Could not determine home directory.")


@pytest.mark.row("M-17")
def test_the_store_has_copies_too(web: Web, tmp_path: Path) -> None:
    store = ComponentStore([str(tmp_path)], [web.address])
    with as_script_in(tmp_path, component_max_age_s=600):
        names = [store.load_component("train").component_spec.name for _ in range(2)]
    assert (names, len(web.asked)) == (["first"] * 2, 1)


@pytest.fixture
def pipelines(web: Web, tmp_path: Path) -> Path:
    folder = tmp_path / "pipelines"
    folder.mkdir()
    (folder / "p.py").write_text(
        "import kfp\n"
        f"fetched = kfp.components.load_component_from_url('{web.address}c.yaml')\n"
        "@kfp.dsl.pipeline(name='of-an-address')\n"
        "def pipeline():\n"
        "    fetched()\n"
    )
    return folder


def test_the_setting_says_how_old_a_copy_may_be(
    web: Web, copies: Path, pipelines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW__KFP_AIRFLOW__COMPONENT_MAX_AGE", "0")
    for _ in range(2):
        load_dags(pipelines)
    assert len(web.asked) == 2
    monkeypatch.setenv("AIRFLOW__KFP_AIRFLOW__COMPONENT_MAX_AGE", "4000")
    made_older(copies, by_s=3900)
    load_dags(pipelines)
    assert len(web.asked) == 2


def test_a_dag_stays_where_the_server_of_its_component_is_gone(web: Web, copies: Path, pipelines: Path) -> None:
    (before,) = load_dags(pipelines)
    web.stop()
    made_older(copies, by_s=3600)
    with pytest.warns(PipelineWarning, match=r"p\.py:2: the component http://.* cannot be fetched just now"):
        (after,) = load_dags(pipelines)
    assert before.task_ids == after.task_ids == ["first"]
