"""Every example of the README and the documentation runs, page by page, in the order of the page.

- A `python` block has a `title`: the file it is. A file in `dags/` is a DAG file and has to make a DAG; every other
  one, also below `dags/pipelines/`, is a KFP v1 file and has to build.
- A `console` block is a session: its `$` lines are run by bash in the page's folder, and print what follows them; a
  line `...` stands for any lines, `…` within a line for any text.
- A `cfg` block is a part of airflow.cfg; a `shell` block is for the reader's own machine: here, every target and every
  option in it has to exist.
"""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kfp_airflow import config

if TYPE_CHECKING:
    import click

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(?P<kind>[a-z]+)(?P<rest>[^\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
KINDS = {"cfg", "console", "json", "mermaid", "python", "shell", "text", "yaml"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced block: its language, its title, its text, and the line where its text begins."""

    kind: str
    title: str | None
    text: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page in order."""
    source = page.read_text(encoding="utf-8")
    found = []
    for match in FENCE.finditer(source):
        title = re.search(r'title="([^"]+)"', match["rest"])
        line = source.count("\n", 0, match.start()) + 2
        found.append(Block(kind=match["kind"], title=title and title[1], text=match["text"], line=line))
    return found


@pytest.fixture(scope="session")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the commands of this distribution, run by this Python."""
    folder = tmp_path_factory.mktemp("bin")
    for name, module in {"kfp-airflow": "kfp_airflow.cli", "dsl-compile": "kfp_airflow.cli.dsl_compile"}.items():
        program = folder / name
        program.write_text(f"#!{sys.executable}\nfrom {module} import main\nmain()\n", encoding="utf-8")
        program.chmod(0o755)
    return folder


@pytest.fixture(scope="session")
def kfp_airflow_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home for `kfp-airflow run`; the first run makes its database, which takes most of its time."""
    return tmp_path_factory.mktemp("home")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_examples_of_a_page_do_what_the_page_says(
    page: Path, tmp_path: Path, programs: Path, kfp_airflow_home: Path
) -> None:
    environment = {
        **os.environ,
        "PATH": f"{programs}:{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "KFP_AIRFLOW_HOME": str(kfp_airflow_home),
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "COLUMNS": "100",
    }
    folder = tmp_path / "page"
    folder.mkdir()
    for block in blocks(page):
        place = f"{page.relative_to(ROOT)}:{block.line}"
        assert block.kind in KINDS, f"{place}: a block of kind {block.kind} is tested by nothing"
        match block.kind:
            case "python" | "yaml":
                assert block.title is not None, f'{place}: give the block a title="…", the file that it is'
                _write(block, folder)
                if block.kind == "python":
                    _check_python(folder / block.title, folder, environment, place)
            case "console":
                _check_session(block, folder, environment, place)
            case "cfg":
                _check_settings(block, place)
            case "json":
                _check_connection(block, place)
            case "shell":
                _check_commands(block, place)


def _write(block: Block, folder: Path) -> None:
    path = folder / str(block.title)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(block.text, encoding="utf-8")


def _check_python(path: Path, folder: Path, environment: dict[str, str], place: str) -> None:
    """A pipeline file builds; a DAG file makes at least one DAG, and no error."""
    if path.relative_to(folder).parts[0] == "dags" and "pipelines" not in path.relative_to(folder).parts:
        program = (
            "import sys; from pathlib import Path; from kfp_airflow.version_compat import parse_dag_file; "
            "file = Path(sys.argv[1]); "
            "bag = parse_dag_file(file, bundle_path=file.parent, bundle_name='dags-folder'); "
            "print(bag.import_errors or '', end=''); sys.exit(not bag.dags or bool(bag.import_errors))"
        )
        command = [sys.executable, "-c", program, str(path)]
    else:
        command = ["kfp-airflow", "check", str(path)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{place}: {done.stdout}{done.stderr}"


def _check_session(block: Block, folder: Path, environment: dict[str, str], place: str) -> None:
    for command, expected in _sessions(block.text):
        done = subprocess.run(
            ["bash", "-c", command],
            cwd=folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert _pattern(expected).fullmatch(done.stdout), f"{place}: $ {command}\n{done.stdout}"


def _sessions(text: str) -> list[tuple[str, str]]:
    """Return commands and what they print."""
    parts = re.split(r"^\$ (.+)\n", text, flags=re.MULTILINE)
    assert parts[0] == "", "a console block begins with a command"
    return list(zip(parts[1::2], parts[2::2], strict=True))


def _pattern(expected: str) -> re.Pattern[str]:
    """Return what the output has to match: `...` alone is any lines, `…` any text, spaces at line ends do not count."""
    lines = []
    for line in expected.splitlines():
        text = ".*".join(re.escape(part) for part in line.split("…"))
        lines.append(r"(?:.*\n)*" if line.strip() == "..." else rf"{text}[ ]*\n")
    return re.compile("".join(lines))


def _check_connection(block: Block, place: str) -> None:
    from airflow.models.connection import Connection

    assert Connection.from_json(block.text).conn_type, place


def _check_settings(block: Block, place: str) -> None:
    from airflow.configuration import conf

    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(block.text)
    for section in parser.sections():
        for option, value in parser[section].items():
            if section == config.SECTION:
                wrong = config.declared(option).check(value)
                assert wrong is None, (
                    f"{place}: [{section}] {option} = {value}: takes {config.declared(option).allowed}"
                )
            else:
                assert conf.has_option(section, option), f"{place}: Airflow has no [{section}] {option}"


def _check_commands(block: Block, place: str) -> None:
    from kfp_airflow.cli.commands import command as group

    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for line in re.sub(r"\\\n", " ", block.text).splitlines():
        words = line.split()
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            _check_variable(words.pop(0).partition("=")[0], place)
        match words:
            case ["make", *targets]:
                for target in targets:
                    assert "=" in target or f"\n{target}: " in makefile, f"{place}: make has no target {target}"
            case [program, name, *arguments] if program.endswith("kfp-airflow") and name in group.commands:
                _check_options(group.commands[name], arguments, place)
            case ["export", assignment]:
                _check_variable(assignment.partition("=")[0], place)
            case [program, *_] if program.endswith(("kfp-airflow", "dsl-compile")):
                pytest.fail(f"{place}: there is no such command: {line}")
            case ["docker" | "kind" | "kubectl", *arguments]:
                _check_files([word for word in arguments if word.startswith("docker/")], place)


def _check_options(command: click.Command, arguments: list[str], place: str) -> None:
    known = {option for parameter in command.params for option in parameter.opts}
    unknown = [word for word in arguments if word.startswith("-") and word.partition("=")[0] not in known]
    assert not unknown, f"{place}: {command.name} has no option {unknown}"


def _check_variable(name: str, place: str) -> None:
    if name.startswith("AIRFLOW__KFP_AIRFLOW__"):
        assert name in {setting.variable for setting in config.SETTINGS}, f"{place}: there is no setting {name}"


def _check_files(names: list[str], place: str) -> None:
    written = {"docker/kubeconfig"}
    missing = [name for name in names if name not in written and not (ROOT / name).exists()]
    assert not missing, f"{place}: there is no {missing}"


def test_three_dots_stand_for_lines_and_one_sign_for_text() -> None:
    assert _pattern("first\n...\nlast … s\n").fullmatch("first\na\nb\nlast 1.2 s\n")
    assert not _pattern("first\nlast\n").fullmatch("first\nother\nlast\n")


def test_a_session_is_split_at_its_commands() -> None:
    assert _sessions("$ a\n1\n2\n$ b c\n") == [("a", "1\n2\n"), ("b c", "")]
