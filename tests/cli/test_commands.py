"""What a person sees who types a command, right or wrong: exit codes and whole messages."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import kfp_airflow

Command = Callable[..., "subprocess.CompletedProcess[str]"]


def test_version_names_the_version(run_command: Command) -> None:
    done = run_command("version")
    assert (done.returncode, done.stdout) == (0, f"kfp-airflow {kfp_airflow.__version__}\n")


@pytest.mark.parametrize("arguments", [["version"], ["check", "words.py"]], ids=lambda words: words[0])
def test_a_command_without_airflow_takes_at_most_a_second(run_command: Command, arguments: list[str]) -> None:
    """Time of the processor, twice what a quiet machine takes: the import of Airflow alone would be more."""
    run_command(*arguments)

    def seconds() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert run_command(*arguments).returncode == 0
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime

    assert min(seconds() for _ in range(3)) <= 1


def test_checking_a_file_imports_no_airflow(pipelines: Path) -> None:
    program = (
        "import sys\nfrom pathlib import Path\n"
        "from kfp_airflow.cli.run import RunOptions, make_request\n"
        f"make_request(RunOptions(file=Path({str(pipelines / 'words.py')!r}), parameters=('times=3',)))\n"
        "print('airflow' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_check_of_sound_files_says_how_many(run_command: Command) -> None:
    done = run_command("check", "words.py", "two.py")
    assert (done.returncode, done.stdout) == (0, "2 files, 3 pipelines: 0 errors, 0 warnings\n")


def test_check_tells_everything_of_all_files(run_command: Command, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(
        "from kfp import dsl\n\n\n"
        "@dsl.pipeline(name='default')\n"
        "def default(count: int = 'many'):\n"
        "    dsl.ContainerOp(name='count', image='alpine', arguments=[count])\n\n\n"
        "@dsl.pipeline(name='wrong')\n"
        "def wrong():\n"
        "    train = dsl.ContainerOp(name='train', image='alpine', file_outputs={'accuracy': '/tmp/a'})\n"
        "    dsl.ContainerOp(name='show', image='alpine', arguments=[train.outputs['acuracy']])\n"
    )
    broken = tmp_path / "broken.py"
    broken.write_text("from kfp import dsl\ndef (:\n")
    done = run_command("check", wrong, "words.py", broken)
    assert done.returncode == 2
    assert f"{wrong}:4: the default of parameter 'count' does not fit its type: 'many' is no integer" in done.stderr
    assert f"{wrong}:12: " in done.stderr
    assert "'acuracy'" in done.stderr
    assert f"{broken}:2" in done.stderr
    assert done.stdout == "3 files, 3 pipelines: 2 errors, 1 warning\n"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("x = 1\n", "no pipeline"),
        ("def (:\n", "bad.py:1"),
        ("import kfp\nkfp.dsl.nothing_of_this_name\n", "bad.py:2"),
        ("from kfp import dsl\n\n@dsl.pipeline(name='bad')\ndef bad():\n    raise ValueError('no luck')\n", "bad.py:5"),
        (None, "bad.py"),
    ],
    ids=["no pipeline", "no Python", "raises while loaded", "raises while built", "no file"],
)
@pytest.mark.parametrize("command", ["run", "graph", "check"])
def test_a_bad_file_is_one_message_and_exit_code_2(
    run_command: Command, tmp_path: Path, command: str, content: str | None, expected: str
) -> None:
    bad = tmp_path / "bad.py"
    if content is not None:
        bad.write_text(content)
    options = ["--home", tmp_path / "home", "--json", tmp_path / "out.json"] if command == "run" else []
    done = run_command(command, bad, *options)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home").exists()
    assert not (tmp_path / "out.json").exists()


A_CYCLE = """
    one = dsl.ContainerOp(name='one', image='alpine')
    one.after(dsl.ContainerOp(name='two', image='alpine').after(one))
"""
CYCLE_REFUSED = """:6: these wait for each other without end: 'one' → 'two' → 'one' [KA025]
  Take one of the dependencies away: an .after(), or an output that is used.
"""
LONG = "a" * 251
A_LONG_NAME = f"""
    dsl.ContainerOp(name='{LONG}', image='alpine')
"""
NAME_REFUSED = f""":6: the id '{LONG}' of a step has 251 characters; \
Airflow takes 1 to 250 ASCII letters, digits, '-' and '_' [KA021]
  Give it a shorter name of such characters; set_display_name takes any text.
"""


@pytest.mark.parametrize(
    ("steps", "message"),
    [(A_CYCLE, CYCLE_REFUSED), (A_LONG_NAME, NAME_REFUSED)],
    ids=["a cycle", "a name that Airflow refuses"],
)
@pytest.mark.parametrize("runtime", ["process", "kubernetes"])
def test_what_cannot_be_a_dag_is_refused_before_anything_is_registered(
    run_command: Command, tmp_path: Path, steps: str, message: str, runtime: str
) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text(f"from kfp import dsl\n\n\n@dsl.pipeline(name='wrong')\ndef wrong():{steps}")
    done = run_command("run", wrong, "--home", tmp_path / "home", "--runtime", runtime)
    assert (done.returncode, done.stderr) == (2, f"{wrong}{message}")
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "notes.txt",
            b"x = 1\n",
            (
                ": this is no Python file: its name ends in '.txt'\n"
                "  Give a .py file with a pipeline, or a package: .yaml, .yml, .zip, .tar.gz or .tgz.\n"
            ),
        ),
        ("folder.py", None, ": this is a folder, not a pipeline file\n  Give the path of a .py file in it.\n"),
        ("zip.py", b"PK\x03\x04\x00", ": source code string cannot contain null bytes [KA351]\n"),
        ("latin.py", b"x = 'caf\xe9'\n", ":1: (unicode error) 'utf-8' codec can't decode byte 0xe9"),
    ],
    ids=["a text", "a folder", "a zip file", "Latin-1"],
)
def test_what_is_no_python_file_is_named(
    run_command: Command, tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    path = tmp_path / name
    path.mkdir() if content is None else path.write_bytes(content)
    done = run_command("run", path, "--home", tmp_path / "home")
    assert (done.returncode, (tmp_path / "home").exists()) == (2, False)
    assert done.stderr.startswith(f"{path}{message}")
    assert "Traceback" not in done.stderr


def test_verbose_shows_the_traceback(run_command: Command, tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text("from kfp import dsl\n\n@dsl.pipeline(name='bad')\ndef bad():\n    raise ValueError('no luck')\n")
    done = run_command("--verbose", "graph", bad)
    assert done.returncode == 2
    assert "Traceback (most recent call last)" in done.stderr
    assert done.stderr.rstrip().splitlines()[-2].startswith(f"{bad}:5: ")


@pytest.mark.parametrize("command", ["run", "graph"])
def test_two_pipelines_need_a_function(run_command: Command, tmp_path: Path, command: str) -> None:
    done = run_command(command, "two.py", KFP_AIRFLOW_HOME=str(tmp_path / "home"))
    assert (done.returncode, (tmp_path / "home").exists()) == (2, False)
    assert done.stderr == (
        "two.py: there are 2 pipelines in this file\n"
        "  Choose one by its function's name (--function): 'one' (line 13), 'other' (line 18).\n"
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["-p", "wort=x"], "-p wort=…: the pipeline of words.py:17 has no parameter 'wort'; did you mean 'word'?\n"),
        (["-p", "zzz=x"], "has no parameter 'zzz'; it has 'word', 'times', 'quiet'\n"),
        (["-p", "times=two"], "-p times=two: parameter 'times' at words.py:17: 'two' is no integer\n"),
        (["-p", "quiet=perhaps"], "-p quiet=perhaps: parameter 'quiet' at words.py:17: 'perhaps' is no boolean\n"),
        (["-p", "times"], "-p times: write NAME=VALUE\n"),
        (["-p", "times=1", "-p", "times=2"], "-p times=2: parameter 'times' is given twice\n"),
    ],
)
def test_a_wrong_parameter_is_refused_by_name(
    run_command: Command, tmp_path: Path, given: list[str], message: str
) -> None:
    done = run_command("run", "words.py", *given, "--home", tmp_path / "home")
    assert (done.returncode, (tmp_path / "home").exists()) == (2, False)
    assert done.stderr.endswith(message)


def test_a_missing_parameter_is_asked_for(run_command: Command, tmp_path: Path) -> None:
    done = run_command("run", "fails.py", "--home", tmp_path / "home")
    assert done.returncode == 2
    assert done.stderr.endswith(": parameter 'code' has no default; give it with -p code=VALUE\n")


def test_a_report_that_cannot_be_written_is_refused_before_the_run(run_command: Command, tmp_path: Path) -> None:
    done = run_command("run", "words.py", "--home", tmp_path / "home", "--json", tmp_path / "no" / "out.json")
    assert done.returncode == 2
    assert done.stderr.endswith(f"--json {tmp_path}/no/out.json: there is no folder {tmp_path}/no\n")
    assert not (tmp_path / "home").exists()


def test_images_that_processes_cannot_stand_in_for_are_refused_before_the_run(
    run_command: Command, tmp_path: Path
) -> None:
    path = tmp_path / "images.py"
    path.write_text(
        "from kfp import dsl\n\n\n"
        "@dsl.pipeline(name='images')\n"
        "def images(flag: str = 'x'):\n"
        "    dsl.ContainerOp(name='train', image='example.com/train:1')\n"
        "    with dsl.Condition(flag == 'y'):\n"
        "        dsl.ContainerOp(name='deploy', image='example.com/deploy:1')\n"
    )
    done = run_command("run", path, "--runtime", "process", "--home", tmp_path / "home")
    assert (done.returncode, (tmp_path / "home").exists()) == (2, False)
    assert f"{path}:6: step 'train': processes of this machine cannot stand in for the image" in done.stderr
    assert "step 'deploy'" not in done.stderr


def test_containers_need_an_engine(run_command: Command, tmp_path: Path) -> None:
    done = run_command("run", "words.py", "--runtime", "container", "--home", tmp_path / "home", PATH=str(tmp_path))
    assert (done.returncode, (tmp_path / "home").exists()) == (2, False)
    assert done.stderr.endswith(
        "--runtime container: neither docker nor podman answers on this machine. "
        "Start one of them, or leave --runtime out to run the steps as processes\n"
    )


def test_the_tree_says_what_runs_when(run_command: Command) -> None:
    done = run_command("graph", "two.py", "--function", "other")
    assert done.returncode == 0
    assert done.stdout == (
        "other\n"
        "  parameter text = y\n"
        "├── always followed by goodbye\n"
        "│   ├── first\n"
        "│   └── if said == 'y'  ← first\n"
        "│       └── for each item of a list of 2, at most 1 at a time\n"
        "│           └── second  ← first\n"
        "└── goodbye  ← exit-handler-1\n"
    )


def test_the_mermaid_text_has_a_subgraph_per_group(run_command: Command) -> None:
    done = run_command("graph", "two.py", "--function", "other", "--format", "mermaid")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "flowchart TD"
    assert sum(line.strip().startswith("subgraph") for line in lines) == 3
    assert sum(line.strip() == "end" for line in lines) == 3
    assert "  n1 -.-> n2" in lines


def test_the_json_graph_has_ids_kinds_and_edges(run_command: Command) -> None:
    done = run_command("graph", "two.py", "--function", "other", "--format", "json")
    graph = json.loads(done.stdout)
    kinds = [(node["id"], node["kind"], node["parent"]) for node in graph["nodes"]]
    assert kinds == [
        ("exit-handler-1", "exit-handler", None),
        ("first", "step", "exit-handler-1"),
        ("condition-is-y-2", "condition", "exit-handler-1"),
        ("for-loop-4", "loop", "condition-is-y-2"),
        ("second", "step", "for-loop-4"),
        ("goodbye", "step", None),
    ]
    assert graph["parameters"] == [
        {"name": "text", "type": "String", "default": "y", "required": False, "description": None}
    ]
    assert {"from": "first", "to": "condition-is-y-2", "kind": "condition"} in graph["edges"]
    assert {"from": "first", "to": "second", "kind": "data"} in graph["edges"]


@pytest.mark.row("Z-06")
def test_compile_and_dsl_compile_write_the_same_package(run_command: Command, tmp_path: Path, pipelines: Path) -> None:
    """Z-06."""
    assert run_command("compile", "--py", "words.py", "--output", tmp_path / "a.yaml").returncode == 0
    words = [sys.executable, "-c", "from kfp_airflow.cli.dsl_compile import main; main()"]
    subprocess.run([*words, "--py", pipelines / "words.py", "--output", tmp_path / "b.yaml"], check=True)
    first, second = ((tmp_path / name).read_text() for name in ("a.yaml", "b.yaml"))
    assert "generateName: words-in-a-row-" in first

    def timeless(package: str) -> list[str]:
        return [line for line in package.splitlines() if "pipeline_compilation_time" not in line]

    assert timeless(first) == timeless(second)


def test_compile_refuses_another_kind_of_file(run_command: Command, tmp_path: Path) -> None:
    done = run_command("compile", "--py", "words.py", "--output", tmp_path / "a.txt")
    assert (done.returncode, (tmp_path / "a.txt").exists()) == (2, False)
    assert "a.txt" in done.stderr
    assert ".tar.gz" in done.stderr
    assert "Traceback" not in done.stderr


def test_add_writes_one_dag_file_per_pipeline_once(run_command: Command, tmp_path: Path, pipelines: Path) -> None:
    folder = tmp_path / "dags"
    done = run_command("add", "words.py", "two.py", "--dags-folder", folder, "--experiment", "digits")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["one.py", "other.py", "words_in_a_row.py"]
    assert (folder / "one.py").read_text() == (
        f'from kfp_airflow import to_dag\n\nto_dag("{pipelines}/two.py", function="one", experiments=["digits"])\n'
    )
    again = run_command("add", "words.py", "two.py", "--dags-folder", folder, "--experiment", "digits")
    assert again.stdout == "".join(
        f"{folder / name} is there already\n" for name in ("words_in_a_row.py", "one.py", "other.py")
    )


def test_add_registers_nothing_where_one_file_is_wrong(run_command: Command, tmp_path: Path) -> None:
    done = run_command("add", "words.py", tmp_path / "missing.py", "--dags-folder", tmp_path / "dags")
    assert (done.returncode, (tmp_path / "dags").exists()) == (2, False)
    assert "missing.py" in done.stderr


def test_add_does_not_replace_what_it_did_not_write(run_command: Command, tmp_path: Path) -> None:
    folder = tmp_path / "dags"
    folder.mkdir()
    (folder / "words_in_a_row.py").write_text("mine = 1\n")
    done = run_command("add", "words.py", "--dags-folder", folder)
    assert done.returncode == 2
    assert f"{folder / 'words_in_a_row.py'} is there already and is not a DAG file of words.py" in done.stderr
    assert (folder / "words_in_a_row.py").read_text() == "mine = 1\n"


def test_add_finds_the_dags_folder_of_airflow(run_command: Command, tmp_path: Path) -> None:
    (tmp_path / "airflow.cfg").write_text("[core]\ndags_folder = {AIRFLOW_HOME}/my%20dags\n")
    done = run_command("add", "words.py", AIRFLOW_HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "my%20dags" / "words_in_a_row.py").is_file()
