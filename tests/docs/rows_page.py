"""`docs/kfp-row-by-row.md`: every row of the KFP v1 reference, and how it behaves here, read off the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from tests.rows import MEANINGLESS, SECTIONS, TITLES, Claim

ROOT: Final = Path(__file__).parents[2]
SHOWN_TESTS: Final = 3
_ORDER: Final = ("refused", "better", "row")


def collected_claims() -> tuple[Claim, ...]:
    """Return what all tests say of rows: pytest collects them in a process of its own, and runs none."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "rows.json"
        command = [sys.executable, "-m", "pytest", "--collect-only", "--quiet", "--rows", str(target), "tests"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env=environment, check=False)
        if done.returncode != 0:
            raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
        return tuple(Claim(**claim) for claim in json.loads(target.read_text(encoding="utf-8")))


def rows_page(claims: Sequence[Claim] | None = None) -> str:
    """Return the page; `claims` None: those of all tests."""
    found = collected_claims() if claims is None else claims
    return "\n".join([*_HEAD, *(line for kind, title in SECTIONS.items() for line in _section(kind, title, found))])


def _section(kind: str, title: str, claims: Sequence[Claim]) -> Iterator[str]:
    yield from (f"## {title}", "", "| row | about | here | tests |", "|---|---|---|---|")
    for row, about in TITLES.items():
        if row.partition("-")[0] == kind:
            own = [claim for claim in claims if claim.row == row]
            yield f"| {row} | {about} | {_state(row, own)} | {_tests(own)} |"
    yield ""


def _state(row: str, claims: Sequence[Claim]) -> str:
    if not claims:
        return f"no meaning on Airflow: {MEANINGLESS[row]}" if row in MEANINGLESS else "**no test**"
    texts = dict.fromkeys(
        (state, claim.text) for state in _ORDER for claim in claims if claim.state == state and claim.text
    )
    words = [f"{state}: {text}" for state, text in texts]
    same = any(claim.state == "row" for claim in claims)
    return "; ".join(["same", *words] if same else words).replace("|", "\\|")


def _tests(claims: Sequence[Claim]) -> str:
    tests = sorted({claim.test.partition("::")[0] for claim in claims})
    more = f" and {len(tests) - SHOWN_TESTS} more" if len(tests) > SHOWN_TESTS else ""
    return ", ".join(f"`{test.removeprefix('tests/')}`" for test in tests[:SHOWN_TESTS]) + more


_HEAD: Final = (
    "# KFP row by row",
    "",
    "How each part of KFP v1 behaves here. The page is made of the tests: a row says *same* where a test holds it as",
    "KFP has it, *better* and *refused* where one holds something else, with what that is. Rows are those of an",
    "inventory of the SDK 1.8.22 and of what its engine does; the tests, the messages and the code quote them.",
    "",
)
