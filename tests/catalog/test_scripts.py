"""Pipeline files that are scripts, too: they compile and submit their pipelines while they are loaded."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest

from kfp_airflow.catalog.files import load_functions
from kfp_airflow.catalog.loader import load_dags, to_dag
from kfp_airflow.catalog.packages import choose_pipeline
from kfp_airflow.cli.checking import check_file
from kfp_airflow.client import bystander
from kfp_airflow.diagnostics import PipelineWarning

PIPELINE = """\
import kfp
from kfp import dsl
{before}
{decorator}
def training(rate: float = 0.1):
    dsl.ContainerOp(name="a", image="busybox:1.36", command=["echo"], arguments=[rate])
{after}
"""
DECORATOR = "@dsl.pipeline(name='Training')"


def write(folder: Path, *, before: str = "", decorator: str = DECORATOR, after: str = "") -> Path:
    path = folder / "p.py"
    path.write_text(PIPELINE.format(before=before, decorator=decorator, after=after))
    return path


@pytest.mark.better("K-05", "K-06", "K-07", how="a file that is loaded may call it: a warning, nothing else")
@pytest.mark.parametrize(
    ("call", "what"),
    [
        (
            "kfp.Client().create_run_from_pipeline_func(training, arguments={})",
            "kfp.Client().create_run_from_pipeline_",
        ),
        ("kfp.Client(host='http://x').upload_pipeline('p.yaml', 'name')", "kfp.Client().upload_pipeline()"),
        ("kfp.Client().runs.terminate_run('1')", "kfp.Client().runs.terminate_run()"),
        ("kfp.LocalClient().create_run_from_pipeline_func(training, {})", "kfp.LocalClient().create_run_from_pipe"),
        ("kfp.run_pipeline_func_on_cluster(training, {})", "kfp.run_pipeline_func_on_cluster()"),
        ("kfp.run_pipeline_func_locally(training, {})", "kfp.run_pipeline_func_locally()"),
    ],
)
def test_what_a_script_submits_is_left_out_with_a_warning(tmp_path: Path, call: str, what: str) -> None:
    path = write(tmp_path, after=f"run = {call}")
    found = check_file(path, verbose=False)
    assert (found.pipelines, found.errors) == (1, ())
    (warning,) = found.warnings
    assert warning.startswith(f"{path}:7: {what}")
    assert warning.endswith(
        " is left out while the file is loaded [KA353]\n"
        "  Trigger or schedule the pipeline's DAG in Airflow, or run the file with `kfp-airflow run`."
    )


def test_a_whole_script_is_read_to_its_end(tmp_path: Path) -> None:
    before = (
        "client = kfp.Client()\nnamespace = client.get_user_namespace()\nnames = [e for e in client.list_experiments()]"
    )
    after = (
        "experiment = client.create_experiment(f'of {namespace}')\n"
        "run = client.run_pipeline(experiment.id, 'job', 'p.yaml', {'rate': 1})\n"
        "if client.wait_for_run_completion(run.id, 60).run.status == 'Succeeded': raise AssertionError\n"
        "if client.list_runs().runs: raise AssertionError\n"
        "print(len(names), run, experiment['x'])"
    )
    (pipeline,) = load_functions(write(tmp_path, before=before, after=after))
    with pytest.warns(PipelineWarning) as warned:
        pipeline.build()
    assert len(warned) == 6


def test_a_file_may_be_loaded_any_number_of_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What one line may ask is counted per load."""
    monkeypatch.setattr(bystander, "MOST_CALLS", 2)
    path = write(tmp_path, after="kfp.Client().list_runs()")
    for _ in range(4):
        assert len(load_functions(path)) == 1


@pytest.mark.row("D-01")
@pytest.mark.parametrize(
    "after",
    [
        "kfp.compiler.Compiler().compile(training, 'training.yaml')",
        "if __name__ == '__main__':\n    kfp.compiler.Compiler().compile(training, 'training.yaml')",
        "if __name__ == '__main__':\n    kfp.Client().create_run_from_pipeline_func(pipeline_func=training)",
        "def main():\n    client = kfp.Client()\n    client.create_run_from_pipeline_func(training, arguments={})",
        "kfp.run_pipeline_func_on_cluster(training, {})",
    ],
)
def test_a_function_that_is_compiled_or_submitted_is_a_pipeline_without_the_decorator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, decorator="", after=f"import re\nre.compile('training')\n{after}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PipelineWarning)
        assert choose_pipeline(path, None).build().name == "Training"


def test_a_decorated_function_that_is_compiled_is_one_pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, after="kfp.compiler.Compiler().compile(training, __file__ + '.yaml')")
    assert [pipeline.name for pipeline in load_functions(path)] == ["Training"]
    assert (tmp_path / "p.py.yaml").exists()


def test_a_package_that_cannot_be_written_is_a_warning_in_a_file_that_is_loaded(tmp_path: Path) -> None:
    path = write(tmp_path, after="kfp.compiler.Compiler().compile(training, '/nowhere/p.yaml')")
    found = check_file(path, verbose=False)
    assert found.errors == ()
    (warning,) = found.warnings
    assert warning.startswith(
        f"{path}:7: the package /nowhere/p.yaml cannot be written: No such file or directory [KA354]"
    )


COMPONENT = (
    "name: Pre\ninputs: [{name: X}]\nimplementation: {container: {image: i, command: [echo, {inputValue: X}]}}\n"
)
USES_FILES = """\
import kfp
from kfp import components, dsl

pre = components.load_component_from_file("parts/component.yaml")
stored = components.ComponentStore(local_search_paths=["."]).load_component("parts")

@dsl.pipeline(name="files")
def files(x: str = "x"):
    pre(x)
    stored(x)
"""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository with a pipeline file in a folder; the current folder is another one."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    (tmp_path / "repository" / "pipelines").mkdir(parents=True)
    (tmp_path / "repository" / "parts").mkdir()
    (tmp_path / "repository" / "parts" / "component.yaml").write_text(COMPONENT)
    return tmp_path / "repository"


@pytest.mark.better("M-02", how="a relative path leads also from the file's own folder, and from those around it")
@pytest.mark.parametrize("folder", ["", "pipelines"])
def test_component_files_are_found_from_the_folders_of_the_pipeline_file(repository: Path, folder: str) -> None:
    (repository / folder / "p.py").write_text(USES_FILES)
    assert check_file(repository / folder / "p.py", verbose=False).errors == ()


def test_the_current_folder_comes_first_as_for_kfp(repository: Path) -> None:
    (repository / "p.py").write_text(USES_FILES)
    Path("parts").mkdir()
    Path("parts/component.yaml").write_text(COMPONENT.replace("Pre", "Other"))
    names = [step.name for step in choose_pipeline(repository / "p.py", None).build().members if hasattr(step, "name")]
    assert names == ["Other", "Other"]


READS = """\
import json
from pathlib import Path
import kfp
from kfp import dsl

with open("settings.json") as file:
    settings = json.load(file)

def f(x: int) -> int:
    return x

made = kfp.components.create_component_from_func(f, output_component_file="made.yaml")

@dsl.pipeline(name="reads")
def reads():
    made(json.loads(Path("settings.json").read_text())["x"])

kfp.compiler.Compiler().compile(reads, "reads.yaml")
"""


def test_in_airflow_a_file_is_a_script_in_its_folder_that_writes_no_packages(repository: Path) -> None:
    """Airflow is started anywhere, reads the file again and again, and would take a package for a further pipeline."""
    folder = repository / "pipelines"
    (folder / "p.py").write_text(READS)
    (folder / "settings.json").write_text('{"x": 3}')
    assert [dag.dag_id for dag in load_dags(str(folder), runtime="process")] == ["reads"]
    assert to_dag(str(folder / "p.py"), runtime="process").dag_id == "reads"
    assert sorted(path.name for path in folder.iterdir() if path.is_file()) == ["p.py", "settings.json"]
    assert not list(Path.cwd().iterdir())


LOADS_WHAT_IT_WROTE = """\
import kfp
from kfp import components, dsl

def double(x: int) -> int:
    return 2 * x

components.func_to_container_op(double, output_component_file="made.yaml")
made = components.load_component_from_file("made.yaml")

@dsl.pipeline(name="loads")
def loads():
    again = components.load_component("made.yaml")
    again(made(2).output)
"""


@pytest.mark.row("M-02", "M-07")
def test_a_file_can_load_the_component_file_that_it_wrote(repository: Path) -> None:
    """Airflow lets it write none, and an old one that lies there is not the one that was meant."""
    folder = repository / "pipelines"
    (folder / "p.py").write_text(LOADS_WHAT_IT_WROTE)
    assert to_dag(str(folder / "p.py"), runtime="process").task_ids == ["double", "double-2"]
    (folder / "made.yaml").write_text(COMPONENT)
    assert to_dag(str(folder / "p.py"), runtime="process").task_ids == ["double", "double-2"]
    assert (folder / "made.yaml").read_text() == COMPONENT


def test_on_the_command_line_the_current_folder_counts_and_the_message_says_so(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = repository / "pipelines"
    (folder / "p.py").write_text(READS)
    (folder / "settings.json").write_text('{"x": 3}')
    (error,) = check_file(folder / "p.py", verbose=False).errors
    assert error.startswith(f"{folder}/p.py:6: loading the file raised FileNotFoundError")
    assert error.endswith(
        f"The path is taken from the current folder: start the command in {folder}, as Airflow would."
    )
    monkeypatch.chdir(folder)
    assert check_file(folder / "p.py", verbose=False).errors == ()
    assert (folder / "reads.yaml").exists()
    assert (folder / "made.yaml").exists()
