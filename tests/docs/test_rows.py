"""Every row of the KFP v1 reference is held by a test, or has a reason why it cannot be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.rows_page import collected_claims, rows_page
from tests.rows import MEANINGLESS, SECTIONS, TITLES, Claim, rows_in

PAGE = "docs/kfp-row-by-row.md"


@pytest.fixture(scope="module")
def claims() -> tuple[Claim, ...]:
    return collected_claims()


@pytest.mark.slow
def test_the_page_says_what_the_tests_say(root: Path, claims: tuple[Claim, ...]) -> None:
    assert (root / PAGE).read_text(encoding="utf-8") == rows_page(claims), "run make snapshots"


def test_every_row_is_held_by_a_test_or_has_no_meaning_on_airflow(claims: tuple[Claim, ...]) -> None:
    held = {claim.row for claim in claims}
    assert sorted(TITLES.keys() - held - MEANINGLESS.keys()) == []
    assert sorted(held & MEANINGLESS.keys()) == []


def test_every_row_has_a_title_and_a_section() -> None:
    assert [row for row, title in TITLES.items() if not title] == []
    assert {row.partition("-")[0] for row in TITLES} == SECTIONS.keys()


def test_a_docstring_names_its_rows_in_brackets() -> None:
    assert rows_in("Retries (B-09, N-01 to N-03).\n\nNot these (P-02).") == ("B-09", "N-01", "N-02", "N-03")
    assert rows_in("Nothing (of interest).") == rows_in(None) == ()


@pytest.mark.parametrize("mark", ['row("B-99")', "row()", 'better("B-09")', 'refused("B-09", how="x")'])
def test_a_mark_that_names_no_row_or_explains_nothing_is_refused(root: Path, tmp_path: Path, mark: str) -> None:
    file = _file(tmp_path, mark)
    options = ["-q", "-c", str(root / "pyproject.toml"), "--rootdir", str(root), "-p", "tests.conftest"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", *options, str(file)],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "with rows of tests/rows.py" in done.stdout + done.stderr


def _file(folder: Path, mark: str) -> Path:
    file = folder / "test_marked.py"
    file.write_text(f"import pytest\n\n\n@pytest.mark.{mark}\ndef test_it(): ...\n", encoding="utf-8")
    return file
