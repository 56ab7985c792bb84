"""The reference says what the code says."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from tests.docs.generate import PAGES

CODE = re.compile(r"\bKA\d{3}\b")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_made_from_the_code_is_in_step_with_it(root: Path, path: str) -> None:
    assert (root / path).read_text(encoding="utf-8") == PAGES[path](), "run make snapshots"


def test_every_code_of_a_diagnostic_has_its_paragraph(root: Path) -> None:
    raised = {code for file in (root / "kfp_airflow").rglob("*.py") for code in CODE.findall(file.read_text("utf-8"))}
    page = (root / "docs/reference/errors.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| (KA\d{3}) \|", page, flags=re.MULTILINE)
    assert described == sorted(raised)


def test_every_rule_of_the_graph_has_its_row_on_the_page(root: Path) -> None:
    from kfp_airflow.graph.rules import RULES

    page = (root / "docs/reference/errors.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (KA\d{3}) \| .+ \| ?([A-Z]+-\d+)? ?\|$", page, flags=re.MULTILINE))
    assert {code: rows[code] for code in RULES} == {code: rule.row or "" for code, rule in RULES.items()}


def test_every_option_of_to_dag_is_described(root: Path) -> None:
    from kfp_airflow.dag.options import DagOptions

    page = (root / "docs/reference/dag.md").read_text(encoding="utf-8")
    described = re.findall(r"^\| `(\w+)` \|", page.partition("## Options")[2], flags=re.MULTILINE)
    assert described == [field.name for field in fields(DagOptions)]


def test_every_room_has_its_line_in_the_architecture(root: Path) -> None:
    rooms = {file.parent.name for file in (root / "kfp_airflow").glob("*/__init__.py")}
    page = (root / "docs/architecture.md").read_text(encoding="utf-8")
    assert {room for room in rooms if f"| `{room}/` |" not in page} == set()


def test_every_page_is_in_the_navigation(root: Path) -> None:
    navigation = re.findall(r": (\S+\.md)$", (root / "mkdocs.yml").read_text(encoding="utf-8"), flags=re.MULTILINE)
    pages = {page.relative_to(root / "docs").as_posix() for page in (root / "docs").rglob("*.md")}
    assert pages == set(navigation)


def test_every_link_between_pages_leads_somewhere(root: Path) -> None:
    links = [
        (page, target)
        for page in [root / "README.md", root / "CONTRIBUTING.md", *(root / "docs").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    ]
    assert links
    assert [(page.name, target) for page, target in links if not (page.parent / target).exists()] == []
