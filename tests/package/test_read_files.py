"""Packages read from the four kinds of file, and from what pretends to be one (Z-07)."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import time
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfp_airflow.diagnostics import KfpAirflowError, PipelineError, UsageError
from kfp_airflow.package.archives import MAX_BYTES, MAX_MEMBERS, MAX_UNPACKED
from kfp_airflow.package.files import is_meant_as_package, read_package_text, write_package
from kfp_airflow.package.read import read_package
from kfp_airflow.package.yaml_text import yaml_text
from tests.package.packages import dag, step, task, workflow

KINDS = [".yaml", ".yml", ".zip", ".tar.gz", ".tgz"]
WORKFLOW = workflow(dag("p", task("a")), step("a"))
TEXT = yaml_text(WORKFLOW)
COMPONENT = "name: x\nimplementation:\n  container: {image: alpine}\n"


def zipped(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return path


def tarred(path: Path, *members: tarfile.TarInfo, content: bytes = b"") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for member in members:
            member.size = len(content) if member.isfile() else 0
            archive.addfile(member, io.BytesIO(content))
    return path


def refusal(path: Path) -> str:
    before = sorted(path.parent.iterdir())
    with pytest.raises(PipelineError) as refused:
        read_package(path)
    assert sorted(path.parent.iterdir()) == before
    return str(refused.value)


@pytest.mark.row("Z-07")
@pytest.mark.parametrize("suffix", [*KINDS, ".YAML", ".Zip"])
def test_a_package_is_read_from_every_kind_of_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    write_package(WORKFLOW, path)
    found = read_package(path).pipeline
    assert [member.id for member in found.members] == ["a"]
    inside = "" if "ml" in suffix.lower() else "/pipeline.yaml"
    assert found.members[0].where.file == f"{path}{inside}"
    assert is_meant_as_package(path)


@pytest.mark.row("Z-07")
@pytest.mark.parametrize(
    "files",
    [
        {"pipeline.yaml": TEXT, "other.yaml": "a: 1", "README": "x"},
        {"deep/mine.yml": TEXT, "README": "x", "__MACOSX/deep/._mine.yml": "x", ".hidden.yaml": "x"},
        {"./pipeline.yaml": TEXT, "b.yaml": ""},
    ],
)
def test_of_several_files_pipeline_yaml_or_the_only_yaml_is_meant(tmp_path: Path, files: dict[str, str]) -> None:
    path = zipped(tmp_path / "x.zip", files)
    assert read_package_text(path).content == TEXT.encode()
    tar = tmp_path / "x.tgz"
    with tarfile.open(tar, "w:gz") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            archive.addfile(member, io.BytesIO(text.encode()))
    assert read_package_text(tar).content == TEXT.encode()


@pytest.mark.row("Z-07")
def test_several_yaml_files_are_listed(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"b/two.yml": TEXT, "one.yaml": TEXT})
    assert refusal(path) == (
        f"{path}: there are 2 YAML files in this archive: 'b/two.yml', 'one.yaml' [KA402]\n"
        "  Name the pipeline 'pipeline.yaml' in it, or leave it as the only YAML file."
    )
    many = zipped(tmp_path / "y.zip", {f"{number:02}.yaml": "" for number in range(12)})
    assert "there are 12 YAML files in this archive: '00.yaml', '01.yaml', " in refusal(many)
    assert "'09.yaml' and 2 more [KA402]" in refusal(many)


def test_an_archive_without_yaml_is_told(tmp_path: Path) -> None:
    assert "there is no YAML file in this archive [KA402]" in refusal(zipped(tmp_path / "x.zip", {"a.txt": ""}))


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("nowhere.yaml", "there is no such file\n  Check the path."),
        ("a.json", "this is no package: its name ends in none of .yaml, .yml, .zip, .tar.gz, .tgz"),
        ("folder.yaml", "this is a folder, not a package\n  Give the path of a file in it."),
    ],
)
def test_other_files_are_told(tmp_path: Path, name: str, says: str) -> None:
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(UsageError) as refused:
        read_package(tmp_path / name)
    assert str(refused.value) == f"{tmp_path / name}: {says}"


@pytest.mark.parametrize(
    "name", ["../pipeline.yaml", "a/../../pipeline.yaml", "/pipeline.yaml", "..\\pipeline.yaml", "C:\\pipeline.yaml"]
)
def test_names_that_lead_outside_are_refused(tmp_path: Path, name: str) -> None:
    says = f"{name!r} in it would lie outside of the archive's own folder [KA401]".replace("\\\\", "\\")
    assert says in refusal(zipped(tmp_path / "x.zip", {name: TEXT}))
    assert says in refusal(tarred(tmp_path / "x.tgz", tarfile.TarInfo(name)))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    member = tarfile.TarInfo("pipeline.yaml")
    member.type, member.linkname = kind, "/etc/passwd"
    says = "'pipeline.yaml' in it is a link or a device, and a package has plain files only [KA401]"
    assert says in refusal(tarred(tmp_path / "x.tgz", member))
    link = zipfile.ZipInfo("pipeline.yaml")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert says in refusal(tmp_path / "x.zip")


def test_what_is_too_large_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    """A file of 200 MB, and archives that unpack to it."""
    with (tmp_path / "big.yaml").open("wb") as opened:
        opened.truncate(200 << 20)
    zeros = b"0" * (200 << 20)
    (tmp_path / "bomb.tgz").write_bytes(gzip.compress(zeros, 1))
    zipped(tmp_path / "bomb.zip", {"pipeline.yaml": zeros.decode()})
    del zeros
    tracemalloc.start()
    try:
        assert f"the file has 209,715,200 B, a package at most {MAX_BYTES:,} B (32 MiB) [KA401]" in refusal(
            tmp_path / "big.yaml"
        )
        assert f"it unpacks to more than {MAX_UNPACKED:,} B (64 MiB) [KA401]" in refusal(tmp_path / "bomb.tgz")
        assert f"'pipeline.yaml' in it has more than {MAX_BYTES:,} B (32 MiB) [KA401]" in refusal(tmp_path / "bomb.zip")
        assert tracemalloc.get_traced_memory()[1] < 4 * MAX_UNPACKED
    finally:
        tracemalloc.stop()


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    says = f"it holds {MAX_MEMBERS + 1:,} files, at most {MAX_MEMBERS:,} are read [KA401]"
    assert says in refusal(zipped(tmp_path / "x.zip", {str(number): "" for number in range(MAX_MEMBERS + 1)}))
    members = (tarfile.TarInfo(str(number)) for number in range(MAX_MEMBERS + 1))
    assert f"it holds more than {MAX_MEMBERS:,} files [KA401]" in refusal(tarred(tmp_path / "x.tgz", *members))


def test_a_zip_s_table_of_contents_is_bounded_before_it_is_read(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"pipeline.yaml": TEXT})
    content = bytearray(path.read_bytes())
    end = content.rfind(b"PK\x05\x06")
    struct.pack_into("<I", content, end + 12, 1 << 30)
    path.write_bytes(content)
    assert "its table of contents has 1,073,741,824 B, at most 1,048,576 B are read [KA401]" in refusal(path)
    locator = b"PK\x06\x07" + bytes(16)
    path.write_bytes(bytes(content[:end]) + locator + bytes(content[end:]))
    assert "it is a zip64 archive, which is for more than 4 GiB [KA401]" in refusal(path)


def test_encrypted_and_oddly_packed_files_are_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "x.zip", {"pipeline.yaml": TEXT})
    content = bytearray(path.read_bytes())
    entry = content.rfind(b"PK\x01\x02")
    content[entry + 8] |= 1
    path.write_bytes(content)
    assert "'pipeline.yaml' in it is encrypted [KA401]" in refusal(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("pipeline.yaml", TEXT)
    assert "'pipeline.yaml' in it is packed by method 12, not by deflate [KA401]" in refusal(path)


@pytest.mark.parametrize("suffix", [".zip", ".tgz"])
def test_a_truncated_archive_is_refused_and_is_meant(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    write_package(WORKFLOW, path)
    path.write_bytes(path.read_bytes()[:-30])
    assert "it is no whole " in refusal(path)
    assert is_meant_as_package(path)


def test_other_archives_and_files_are_not_meant(tmp_path: Path) -> None:
    zipped(tmp_path / "data.zip", {"a.csv": "1", "settings.yaml": "a: 1", "b.yml": "c: 2"})
    zipped(tmp_path / "component.zip", {"component.yaml": COMPONENT})
    (tmp_path / "component.yaml").write_text(COMPONENT)
    tarred(tmp_path / "data.tgz", tarfile.TarInfo("a.csv"))
    (tmp_path / "odd.zip").write_bytes(b"no zip at all")
    (tmp_path / "odd.tgz").write_bytes(b"no gzip at all")
    with (tmp_path / "big.zip").open("wb") as opened:
        opened.truncate(200 << 20)
    assert [path.name for path in tmp_path.iterdir() if is_meant_as_package(path)] == []
    zipped(tmp_path / "two.zip", {"one.yaml": TEXT, "two.yaml": TEXT})
    assert is_meant_as_package(tmp_path / "two.zip")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([".zip", ".tgz", ".yaml"]), st.data())
def test_damaged_files_are_read_or_refused(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    path = tmp_path / f"x{suffix}"
    write_package(WORKFLOW, path)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content[: data.draw(st.integers(len(content) // 2, len(content)))])
    try:
        read_package(path)
    except KfpAirflowError:
        is_meant_as_package(path)
    assert [item.name for item in tmp_path.iterdir()] == [path.name]
    path.unlink()


def test_reading_a_thousand_templates_is_linear() -> None:
    """Twice as many steps take at most three times as long: no step looks at all others."""
    times = {}
    for steps in (500, 1000):
        chain = [task(f"s{number}", *([f"s{number - 1}"] if number else [])) for number in range(steps)]
        text = yaml_text(workflow(dag("p", *chain), *(step(f"s{number}") for number in range(steps)))).encode()
        times[steps] = min(_seconds(text) for _ in range(3))
    assert times[1000] < 3 * times[500]


def _seconds(text: bytes) -> float:
    from kfp_airflow.package.read import read
    from kfp_airflow.package.yaml_data import read_yaml

    started = time.process_time()
    read(read_yaml(text, "p.yaml"), "p.yaml")
    return time.process_time() - started
