"""The artifact store on a real S3 server."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kfp_airflow.artifacts.store import Store, Stored
from kfp_airflow.diagnostics import StepError

pytestmark = pytest.mark.s3

MIB = 1 << 20


@pytest.fixture
def store(s3: str) -> Store:
    return Store(s3)


@pytest.fixture
def client(s3: str) -> Any:
    """The server's own view, by another client than the store's."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    return S3Hook("s3_test").get_conn()


def bucket_and_prefix(store: Store) -> dict[str, str]:
    bucket, _, prefix = store.root.partition("@")[2].partition("/")
    return {"Bucket": bucket, "Prefix": prefix}


def visible(client: Any, store: Store) -> list[str]:
    return [entry["Key"] for entry in client.list_objects_v2(**bucket_and_prefix(store)).get("Contents", [])]


@pytest.mark.parametrize("content", [b"", b"x", b"no newline", b"a\r\n", bytes(range(256)) * 20_000])
def test_a_file_comes_back_byte_for_byte(store: Store, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "output").write_bytes(content)
    stored = store.put(tmp_path / "output", "digits", "manual__2026-01-01T00:00:00+00:00", "train", "1", "model")
    assert (stored.size, stored.kind) == (len(content), "file")
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert store.fetch(stored, tmp_path / "input").read_bytes() == content
    assert store.read(stored, limit_bytes=len(content)) == content


def test_names_of_every_kind_are_objects_of_their_own(store: Store, tmp_path: Path) -> None:
    names = ["größe", "日本語", "🎲", "a b", "a+b", "a%20b", "a/b", "../a", "a?b#c", "[*]", "_"]
    stored = {}
    for name in names:
        (tmp_path / "output").write_text(f"content of {name}")
        stored[name] = store.put(tmp_path / "output", "run", name, "output")
    texts = {name: store.read(one, limit_bytes=100).decode() for name, one in stored.items()}
    assert texts == {name: f"content of {name}" for name in names}


def test_the_first_text_under_a_key_stays(store: Store) -> None:
    assert [store.first(text, "run", "größe", "attempts") for text in ("begun at 1", "begun at 2")] == [
        "begun at 1"
    ] * 2


def test_a_directory_comes_back_with_modes_and_links(store: Store, tmp_path: Path) -> None:  # DP-07
    source = tmp_path / "output"
    (source / "größe").mkdir(parents=True)
    (source / "größe" / "🎲").write_bytes(b"\0" * MIB)
    (source / "program").write_text("#!/bin/sh\n")
    (source / "program").chmod(0o775)
    (source / "link").symlink_to("program")
    target = store.fetch(store.put(source, "run", "output"), tmp_path / "input")
    assert (target / "größe" / "🎲").read_bytes() == b"\0" * MIB
    assert (target / "program").stat().st_mode & 0o777 == 0o775
    assert (target / "link").readlink() == Path("program")


LARGE = """
import resource, sys
from pathlib import Path
from kfp_airflow.artifacts.store import Store

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

store, folder = Store(sys.argv[1]), Path(sys.argv[2])
(folder / "small").write_bytes(b"x")
store.fetch(store.put(folder / "small", "small"), folder / "small again")
before = peak()
stored = store.put(folder / "large", "large")
written = peak()
store.fetch(stored, folder / "large again")
print(stored.size, stored.sha256, written - before, peak() - before)
"""


@pytest.mark.slow
def test_a_large_object_passes_through_in_bounded_memory(store: Store, tmp_path: Path) -> None:
    digest = hashlib.sha256()
    with (tmp_path / "large").open("wb") as stream:
        for number in range(300):
            piece = number.to_bytes(4, "big") * (MIB // 4)
            digest.update(piece)
            stream.write(piece)
    done = subprocess.run(
        [sys.executable, "-c", LARGE, store.root, str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    size, sha256, writing_mib, both_mib = done.stdout.split()
    assert (int(size), sha256) == (300 * MIB, digest.hexdigest())
    again = hashlib.sha256((tmp_path / "large again").read_bytes())
    assert again.hexdigest() == sha256
    assert int(writing_mib) < 150, "MiB more than a small object takes"
    assert int(both_mib) < 150


def test_writers_side_by_side_write_whole_objects(store: Store, tmp_path: Path) -> None:
    """Objects of their own, and one that all of them write: it is the content of one of them."""

    def write(number: int) -> tuple[Stored, Stored]:
        source = tmp_path / str(number)
        source.write_bytes(bytes([number]) * MIB)
        return store.put(source, "run", str(number), "output"), store.put(source, "run", "shared")

    with ThreadPoolExecutor(8) as pool:
        written = list(pool.map(write, range(16)))
    for number, (own, _) in enumerate(written):
        assert store.read(own, limit_bytes=MIB) == bytes([number]) * MIB
    uri = written[0][1].uri
    seen = [Stored(uri=uri, size=MIB, sha256=shared.sha256, kind="file") for _, shared in written]
    matching = [stored for stored in seen if readable(store, stored)]
    assert len(matching) == 1


def readable(store: Store, stored: Stored) -> bool:
    try:
        store.read(stored, limit_bytes=MIB)
    except StepError as error:
        if "is not what was stored" not in str(error):
            raise
        return False
    return True


KILLED = """
import sys
from pathlib import Path
from kfp_airflow.artifacts.store import Store
Store(sys.argv[1]).put(Path(sys.argv[2]), "killed")
"""


@pytest.mark.slow
def test_a_writer_that_is_killed_leaves_no_object(store: Store, client: Any, tmp_path: Path) -> None:
    """No XCom can point at a half of it: there is none to see."""
    with (tmp_path / "output").open("wb") as stream:
        stream.truncate(2 << 30)
    writer = subprocess.Popen([sys.executable, "-c", KILLED, store.root, str(tmp_path / "output")])
    where = bucket_and_prefix(store)
    uploads: list[dict[str, str]] = []
    while not uploads:
        assert writer.poll() is None, "it ended before its upload was seen"
        time.sleep(0.02)
        uploads = client.list_multipart_uploads(**where).get("Uploads", [])
    writer.send_signal(signal.SIGKILL)
    writer.wait()
    assert visible(client, store) == []
    for upload in uploads:
        client.abort_multipart_upload(Bucket=where["Bucket"], Key=upload["Key"], UploadId=upload["UploadId"])


def test_a_lost_object_says_what_to_do(store: Store, tmp_path: Path) -> None:
    lost = Stored(uri=f"{store.root}/lost", size=1, sha256="0" * 64, kind="file")
    message = r"/lost is not in the artifact store any more\. Clear the step that wrote it and run it again$"
    with pytest.raises(StepError, match=message):
        store.fetch(lost, tmp_path / "input")


def connect(monkeypatch: pytest.MonkeyPatch, name: str, **changes: str | None) -> None:
    """Make the connection `name`: as `s3_test`, changed."""
    connection = {**json.loads(os.environ["AIRFLOW_CONN_S3_TEST"]), **changes}
    monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", json.dumps(connection))


@pytest.mark.parametrize(
    ("connection", "changes", "bucket", "message"),
    [
        ("s3_test", None, "kfp-no-such-bucket", r"FileNotFoundError: The specified bucket does not exist"),
        ("s3_nobody", {"login": None, "password": None}, None, r"PermissionError: Access Denied\. Check"),
        ("s3_wrong", {"password": "wrong"}, None, r"PermissionError: "),
    ],
    ids=["no bucket", "no credentials", "wrong credentials"],
)
def test_a_store_that_takes_nothing_says_why(
    s3: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    connection: str,
    changes: dict[str, str | None] | None,
    bucket: str | None,
    message: str,
) -> None:
    if changes is not None:
        connect(monkeypatch, connection, **changes)
    own_bucket, _, prefix = s3.partition("@")[2].partition("/")
    root = f"s3://{connection}@{bucket or own_bucket}/{prefix}"
    (tmp_path / "output").write_text("x")
    with pytest.raises(StepError, match=message) as error:
        Store(root).put(tmp_path / "output", "a", "output")
    assert str(error.value).startswith(f"{root}/a/output cannot be written: ")
    assert str(error.value).endswith(f". Check [kfp_airflow] artifacts, {root}, and the connection in it")
    assert "kfpairflow-secret" not in str(error.value)
