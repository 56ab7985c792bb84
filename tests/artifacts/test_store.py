"""The artifact store on a local disk and on an object store."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from kfp_airflow.artifacts.store import Store, Stored, default_root, local_folder, parse_xcom
from kfp_airflow.diagnostics import StepError

quoted_run = "run%3A 1+00%3A00%2F..%2Fx"


@pytest.fixture(params=["folder", "object storage"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    """A folder, and the same folder by way of Airflow's ObjectStoragePath, as S3 and GCS are reached."""
    store = Store(f"file://{tmp_path}/store")
    if request.param == "object storage":
        store._local = None
        (tmp_path / "store" / "dag" / quoted_run).mkdir(parents=True)
    return store


@pytest.mark.parametrize("content", [b"", b"x", b"no newline", b"a\r\n", bytes(range(256)) * 20_000])
def test_a_file_comes_back_byte_for_byte(store: Store, tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "output"
    source.write_bytes(content)
    stored = store.put(source, "dag", "run: 1+00:00/../x", "output")
    assert (stored.size, stored.kind) == (len(content), "file")
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert store.fetch(stored, tmp_path / "input").read_bytes() == content
    assert store.read(stored, limit_bytes=len(content)) == content


def test_the_first_text_under_a_key_stays(store: Store, tmp_path: Path) -> None:
    (tmp_path / "store" / "dag" / quoted_run).mkdir(parents=True, exist_ok=True)
    assert store.first("begun at 1", "dag", "run: 1+00:00/../x", "attempts") == "begun at 1"
    assert store.first("begun at 2", "dag", "run: 1+00:00/../x", "attempts") == "begun at 1"
    assert store.first("begun at 3", "dag", "run: 1+00:00/../x", "other") == "begun at 3"


@pytest.mark.row("DP-07")
def test_a_directory_comes_back_with_modes_links_and_empty_folders(store: Store, tmp_path: Path) -> None:  # DP-07
    source = tmp_path / "output"
    (source / "empty").mkdir(parents=True)
    (source / "program").write_text("#!/bin/sh\n")
    (source / "program").chmod(0o775)
    (source / "link").symlink_to("program")
    stored = store.put(source, "dag", "run: 1+00:00/../x", "output")
    assert stored.kind == "directory"
    target = store.fetch(stored, tmp_path / "input")
    assert sorted(path.name for path in target.iterdir()) == ["empty", "link", "program"]
    assert (target / "program").stat().st_mode & 0o777 == 0o775
    assert (target / "link").readlink() == Path("program")
    assert (target / "empty").is_dir()


def test_an_object_is_visible_whole_or_not_at_all(tmp_path: Path) -> None:
    store = Store(f"file://{tmp_path}/store")
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "gone").symlink_to("/nowhere")
    os.mkfifo(tmp_path / "output" / "pipe")
    store.put(tmp_path / "output", "a", "b")
    source = tmp_path / "unreadable"
    with pytest.raises(FileNotFoundError):
        store.put(source, "a", "c")
    assert [path.name for path in (tmp_path / "store" / "a").iterdir()] == ["b.tar"]


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "{root}/../secret", "{root}", "{root}/a//b", "s3://other/x"])
def test_a_reference_that_points_out_of_the_store_is_refused(tmp_path: Path, uri: str) -> None:
    store = Store(f"file://{tmp_path}/store")
    stored = Stored(uri=uri.format(root=store.root), size=1, sha256="0" * 64, kind="file")
    with pytest.raises(StepError, match=r"does not lie in the artifact store file://"):
        store.fetch(stored, tmp_path / "input")


def test_changed_bytes_are_noticed(store: Store, tmp_path: Path) -> None:
    (tmp_path / "output").write_text("good")
    stored = store.put(tmp_path / "output", "a")
    other = Stored(uri=stored.uri, size=4, sha256="0" * 64, kind="file")
    with pytest.raises(StepError, match=r"is not what was stored"):
        store.fetch(other, tmp_path / "input")
    with pytest.raises(StepError, match=r"is not what was stored"):
        store.read(other, limit_bytes=100)


def test_a_lost_object_says_what_to_do(store: Store, tmp_path: Path) -> None:
    stored = Stored(uri=f"{store.root}/gone", size=1, sha256="0" * 64, kind="file")
    with pytest.raises(
        StepError, match=r"gone is not in the artifact store any more\. Clear the step that wrote it and run it again"
    ):
        store.fetch(stored, tmp_path / "input")


def test_a_text_is_read_only_up_to_its_limit(store: Store, tmp_path: Path) -> None:
    (tmp_path / "output").write_text("12345")
    stored = store.put(tmp_path / "output", "a")
    with pytest.raises(StepError, match=r"has 5 B, the limit is 4 B"):
        store.read(stored, limit_bytes=4)


def hostile(member: tarfile.TarInfo, content: bytes = b"") -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as tar:
        member.size = len(content)
        tar.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def made(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, link
    return member


@pytest.mark.parametrize(
    "member",
    [
        made("../evil"),
        made("hard", tarfile.LNKTYPE, "../../secret"),
        made("device", tarfile.CHRTYPE),
        made("pipe", tarfile.FIFOTYPE),
    ],
)
def test_nothing_of_a_hostile_archive_lands_outside(tmp_path: Path, member: tarfile.TarInfo) -> None:
    store = Store(f"file://{tmp_path}/store")
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "work").mkdir()
    archive = hostile(member)
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "a.tar").write_bytes(archive)
    stored = Stored(
        uri=f"{store.root}/a.tar", size=len(archive), sha256=hashlib.sha256(archive).hexdigest(), kind="directory"
    )
    with pytest.raises((StepError, tarfile.FilterError)):
        store.fetch(stored, tmp_path / "work" / "input")
    assert not (tmp_path / "work" / "evil").exists()


def test_a_setuid_bit_does_not_come_back(tmp_path: Path) -> None:
    store = Store(f"file://{tmp_path}/store")
    member = made("program")
    member.mode = 0o4755
    archive = hostile(member, b"x")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "a.tar").write_bytes(archive)
    stored = Stored(
        uri=f"{store.root}/a.tar", size=len(archive), sha256=hashlib.sha256(archive).hexdigest(), kind="directory"
    )
    assert (store.fetch(stored, tmp_path / "input") / "program").stat().st_mode & 0o7777 == 0o755


@pytest.mark.parametrize("value", [None, 3, ["x"], {"uri": "x"}, {"uri": 1, "size": 1, "sha256": "", "kind": "file"}])
def test_an_xcom_that_is_no_output_is_refused_by_its_type(value: object) -> None:
    with pytest.raises(
        StepError,
        match=r"the XCom of output 'o' of step 's' is neither a text nor a reference into the artifact store: ",
    ):
        parse_xcom(value, whose="output 'o' of step 's'")


def test_the_default_store_lies_beside_the_airflow_home(tmp_path: Path) -> None:
    assert local_folder(default_root(str(tmp_path / "a home"))) == tmp_path / "a home" / "kfp_artifacts"


def test_a_store_that_refuses_what_it_is_asked_says_why(tmp_path: Path) -> None:
    store = Store(f"file://{tmp_path}/store")
    store._local = None  # by way of Airflow's ObjectStoragePath
    (tmp_path / "output").write_text("x")
    with pytest.raises(StepError) as error:
        store.put(tmp_path / "output", "no folder", "x")
    assert str(error.value).startswith(f"{store.root}/no folder/x cannot be written: FileNotFoundError: ")
    assert str(error.value).endswith(f". Check [kfp_airflow] artifacts, {store.root}, and the connection in it")
    (tmp_path / "store" / "folder").mkdir(parents=True)
    with pytest.raises(StepError, match=r"/store/folder cannot be read: IsADirectoryError: .*\. Check \[kfp_airflow\]"):
        store.fetch(Stored(uri=f"{store.root}/folder", size=1, sha256="0" * 64, kind="file"), tmp_path / "input")
