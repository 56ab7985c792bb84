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
    "Z-01": "`Compiler(mode, launcher_image)`: V1_LEGACY",
    "Z-02": "`Compiler.compile`: YAML, zip and tar packages",
    "Z-03": "`create_workflow` with parameters from outside",
    "Z-04": "`_create_workflow`, which tools call",
    "Z-05": "Building images on Google Cloud",
    "Z-06": "`dsl-compile`",
    "Z-07": "",
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
    "DP-01": "`file_outputs`: files that a step has to write",
    "DP-02": "Where components write their outputs",
    "DP-03": "Where components find their input files",
    "DP-04": "By value or by file: each consumer decides",
    "DP-05": "An output by value loses one final newline",
    "DP-06": "How large a value may be",
    "DP-07": "Directories as outputs",
    "DP-08": "Outputs used many times, or never",
    "DP-09": "Texts with values in them as file inputs",
    "DP-10": "`mlpipeline-ui-metadata` and `mlpipeline-metrics`",
    "DP-11": "An op in the place of one of its outputs",
    "DP-12": "Files through a volume of the cluster",
    "DP-13": "Outputs of loops and conditions used outside of them",
    "CO-01": "Conditions are comparisons",
    "CO-02": "`==` and `!=` compare texts, the others numbers",
    "CO-03": "Constants in conditions",
    "CO-04": "Ordering: numbers, words, dates",
    "CO-05": "Quotes in compared values",
    "CO-06": "Any two values compared",
    "CO-07": "No else: the opposite condition",
    "CO-08": "Conditions in conditions",
    "CO-09": "What waits for what across groups",
    "CO-10": "What follows a condition that does not hold",
    "CO-11": "Outputs of skipped steps",
    "CO-12": "Conditions are not type-checked",
    "CO-13": "`with dsl.Condition(…) as c`, and `.after` on groups",
    "L-01": "What a loop takes",
    "L-02": "Loops over lists in the file",
    "L-03": "Items that are dicts",
    "L-04": "Items are not subscriptable",
    "L-05": "How an item looks as a text",
    "L-06": "Loops over outputs and parameters",
    "L-07": "Names of items",
    "L-08": "Large numbers as items",
    "L-09": "`parallelism` of a loop",
    "L-10": "Loops in loops",
    "L-11": "Conditions in loops, loops in conditions",
    "L-12": "Two loops over the same list",
    "L-13": "What comes after a loop",
    "L-14": "A failing iteration",
    "L-15": "`SubGraph` around loops",
    "EH-01": "What an exit handler may be",
    "EH-02": "When an exit handler runs",
    "EH-03": "Exit handlers that KFP drops",
    "EH-04": "Several and nested exit handlers",
    "EH-05": "Status, failures and duration of the run",
    "EH-06": "How an exit handler is shown",
    "R-01": "Arguments of graph components",
    "R-02": "A call inside is a call at run time",
    "R-03": "What graph components return",
    "R-04": "Names of their arguments",
    "R-05": "While and do-while",
    "R-06": "Graph components without recursion",
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
    "A-01": "The order of steps; cycles",
    "A-02": "A failure stops what depends on it",
    "A-03": "Skipped is not failed",
    "A-04": "Time limits of steps and of the run",
    "A-05": "Every retry is a new pod",
    "A-06": "How many run at a time",
    "A-07": "The service account of pods",
    "A-08": "Containers and labels of a pod",
    "A-09": "Steps without a command",
    "A-10": "Logs are kept",
    "A-11": "Where artifacts are kept",
    "F-01": "Exit handlers that are dropped",
    "F-02": "Outputs of groups used outside",
    "F-03": "Loops over items, and over outer outputs",
    "F-04": "Outputs and arguments of graph components",
    "F-05": "",
    "F-06": "Caching options without effect",
    "F-07": "",
    "F-08": "Empty lists, lost defaults, `None`",
    "F-09": "",
    "F-10": "Failures and skips, said explicitly",
    "F-11": "",
    "F-12": "",
    "F-13": "Cron with seconds, concurrency, catch-up",
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
