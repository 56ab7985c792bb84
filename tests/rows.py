"""The rows of the KFP v1 reference: what each is about, and what the tests say of it.

A test names the rows that it holds by marks, and so do the docstrings of the pipelines in `tests/pipelines` and `dags`:

    @pytest.mark.row("B-09", "B-10")                                     as in KFP
    @pytest.mark.better("CO-04", how="numbers are compared exactly")     not as in KFP: what is better
    @pytest.mark.refused("Y-08", message="is of KFP v2")                 an error that says so

`docs/kfp-row-by-row.md` is made of these marks; a row without any is missing there, and a test says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Final

import pytest

ROW: Final = re.compile(r"\b[A-Z]{1,2}-\d{2}\b")
STATES: Final[Mapping[str, str | None]] = {"row": None, "better": "how", "refused": "message"}
"""The marks, and the keyword that each one takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one test says of one row: `state` is the mark's name, `text` its explanation."""

    row: str
    state: str
    text: str
    test: str

    def as_json(self) -> dict[str, str]:
        """Return the claim as JSON data."""
        return asdict(self)


def claims(item: pytest.Item) -> Iterator[Claim]:
    """Yield what a test says of rows. Raises UsageError for a mark that names no row or explains nothing."""
    for state, keyword in STATES.items():
        for mark in item.iter_markers(state):
            text = mark.kwargs.get(keyword, "") if keyword else ""
            wrong = [row for row in mark.args if not isinstance(row, str) or row not in TITLES]
            if wrong or not mark.args or (keyword and not text) or mark.kwargs.keys() - {keyword}:
                example = f"{state}('DP-05'{f', {keyword}=…' if keyword else ''})"
                raise pytest.UsageError(f"{item.nodeid}: {wrong or mark}: write {example}, with rows of tests/rows.py")
            for row in mark.args:
                yield Claim(row=row, state=state, text=text, test=item.nodeid.partition("[")[0])


def rows_in(docstring: str | None) -> tuple[str, ...]:
    """Return the rows that a docstring's first line names in brackets: `(B-09, N-01 to N-03)`."""
    first = (docstring or "").strip().partition("\n")[0]
    found: list[str] = []
    for brackets in re.findall(r"\(([^()]*)\)", first):
        ends = re.sub(rf"({ROW.pattern}) to ({ROW.pattern})", _spelled_out, brackets)
        found += ROW.findall(ends)
    return tuple(dict.fromkeys(found))


def _spelled_out(span: re.Match[str]) -> str:
    kind, first = span.group(1).split("-")
    last = span.group(2).split("-")[1]
    return ", ".join(f"{kind}-{number:02d}" for number in range(int(first), int(last) + 1))


TITLES: Final[Mapping[str, str]] = {
    "K-01": "",
    "K-02": "",
    "K-03": "",
    "K-04": "",
    "K-05": "",
    "K-06": "",
    "K-07": "",
    "D-01": "",
    "D-02": "",
    "D-03": "",
    "D-04": "",
    "D-05": "",
    "D-06": "",
    "D-07": "",
    "D-08": "",
    "D-09": "",
    "D-10": "",
    "D-11": "",
    "D-12": "",
    "D-13": "",
    "D-14": "",
    "D-15": "",
    "D-16": "",
    "D-17": "",
    "D-18": "",
    "D-19": "",
    "D-20": "",
    "D-21": "",
    "D-22": "",
    "D-23": "",
    "D-24": "",
    "D-25": "",
    "D-26": "",
    "D-27": "",
    "D-28": "",
    "D-29": "",
    "D-30": "",
    "D-31": "",
    "D-32": "",
    "D-33": "",
    "P-01": "",
    "P-02": "",
    "P-03": "",
    "P-04": "",
    "P-05": "",
    "P-06": "",
    "P-07": "",
    "P-08": "",
    "P-09": "",
    "P-10": "",
    "P-11": "",
    "B-01": "",
    "B-02": "",
    "B-03": "",
    "B-04": "",
    "B-05": "",
    "B-06": "",
    "B-07": "",
    "B-08": "",
    "B-09": "",
    "B-10": "",
    "B-11": "",
    "B-12": "",
    "B-13": "",
    "B-14": "",
    "B-15": "",
    "B-16": "",
    "O-01": "",
    "O-02": "",
    "O-03": "",
    "O-04": "",
    "O-05": "",
    "O-06": "",
    "O-07": "",
    "O-08": "",
    "O-09": "",
    "O-10": "",
    "O-11": "",
    "O-12": "",
    "O-13": "",
    "O-14": "",
    "C-01": "",
    "C-02": "",
    "C-03": "",
    "C-04": "",
    "C-05": "",
    "C-06": "",
    "C-07": "",
    "C-08": "",
    "C-09": "",
    "C-10": "",
    "C-11": "",
    "C-12": "",
    "C-13": "",
    "X-01": "",
    "X-02": "",
    "X-03": "",
    "X-04": "",
    "X-05": "",
    "X-06": "",
    "X-07": "",
    "X-08": "",
    "X-09": "",
    "X-10": "",
    "M-01": "",
    "M-02": "",
    "M-03": "",
    "M-04": "",
    "M-05": "",
    "M-06": "",
    "M-07": "",
    "M-08": "",
    "M-09": "",
    "M-10": "",
    "M-11": "",
    "M-12": "",
    "M-13": "",
    "M-14": "",
    "M-15": "",
    "M-16": "",
    "M-17": "",
    "M-18": "",
    "Y-01": "",
    "Y-02": "",
    "Y-03": "",
    "Y-04": "",
    "Y-05": "",
    "Y-06": "",
    "Y-07": "",
    "Y-08": "",
    "Y-09": "",
    "Z-01": "",
    "Z-02": "",
    "Z-03": "",
    "Z-04": "",
    "Z-05": "",
    "Z-06": "",
    "Z-07": "reading packages: `pipeline.yaml`, else the only YAML",
    "N-01": "",
    "N-02": "",
    "N-03": "",
    "N-04": "",
    "N-05": "",
    "N-06": "",
    "N-07": "",
    "N-08": "",
    "N-09": "",
    "N-10": "",
    "N-11": "",
    "N-12": "",
    "PP-01": "",
    "PP-02": "",
    "PP-03": "",
    "PP-04": "",
    "PP-05": "",
    "PP-06": "",
    "PP-07": "",
    "PP-08": "",
    "PP-09": "",
    "PP-10": "",
    "DP-01": "",
    "DP-02": "",
    "DP-03": "",
    "DP-04": "",
    "DP-05": "",
    "DP-06": "",
    "DP-07": "",
    "DP-08": "",
    "DP-09": "",
    "DP-10": "",
    "DP-11": "",
    "DP-12": "",
    "DP-13": "",
    "CO-01": "",
    "CO-02": "",
    "CO-03": "",
    "CO-04": "",
    "CO-05": "",
    "CO-06": "",
    "CO-07": "",
    "CO-08": "",
    "CO-09": "",
    "CO-10": "",
    "CO-11": "",
    "CO-12": "",
    "CO-13": "",
    "L-01": "",
    "L-02": "",
    "L-03": "",
    "L-04": "",
    "L-05": "",
    "L-06": "",
    "L-07": "",
    "L-08": "",
    "L-09": "",
    "L-10": "",
    "L-11": "",
    "L-12": "",
    "L-13": "",
    "L-14": "",
    "L-15": "",
    "EH-01": "",
    "EH-02": "",
    "EH-03": "",
    "EH-04": "",
    "EH-05": "",
    "EH-06": "",
    "R-01": "",
    "R-02": "",
    "R-03": "",
    "R-04": "",
    "R-05": "",
    "R-06": "",
    "T-01": "",
    "T-02": "",
    "T-03": "",
    "T-04": "",
    "T-05": "",
    "T-06": "",
    "T-07": "",
    "T-08": "",
    "T-09": "",
    "T-10": "",
    "W-01": "",
    "W-02": "",
    "W-03": "",
    "W-04": "",
    "W-05": "",
    "W-06": "",
    "W-07": "",
    "W-08": "",
    "W-09": "",
    "W-10": "",
    "W-11": "",
    "W-12": "",
    "W-13": "",
    "W-14": "",
    "W-15": "",
    "OP-01": "",
    "OP-02": "",
    "OP-03": "",
    "OP-04": "",
    "A-01": "",
    "A-02": "",
    "A-03": "",
    "A-04": "",
    "A-05": "",
    "A-06": "",
    "A-07": "",
    "A-08": "",
    "A-09": "",
    "A-10": "",
    "A-11": "",
    "F-01": "",
    "F-02": "",
    "F-03": "",
    "F-04": "",
    "F-05": "",
    "F-06": "",
    "F-07": "",
    "F-08": "",
    "F-09": "",
    "F-10": "",
    "F-11": "",
    "F-12": "",
    "F-13": "",
    "F-14": "",
}
"""Row → what it is about, in a few words."""

MEANINGLESS: Final[Mapping[str, str]] = {}
"""Row → why it has no meaning on Airflow, so that no test can hold it."""

SECTIONS: Final[Mapping[str, str]] = {
    "K": "The package `kfp`",
    "D": "Names of `kfp.dsl`",
    "P": "Settings of a pipeline",
    "B": "Ops",
    "O": "ContainerOp",
    "C": "Containers",
    "X": "Modifiers",
    "M": "Components",
    "Y": "Placeholders of component files",
    "Z": "The compiler",
    "N": "Names",
    "PP": "Parameters",
    "DP": "Data between steps",
    "CO": "Conditions",
    "L": "Loops",
    "EH": "Exit handlers",
    "R": "Recursion",
    "T": "Types",
    "W": "Python functions as components",
    "OP": "Optional inputs",
    "A": "What the engine does",
    "F": "Where KFP is broken or surprising",
}
"""Kind of row → its section of the page, in the page's order."""
