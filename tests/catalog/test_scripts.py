"""Pipeline files that are scripts, too: they compile and submit their pipelines while they are loaded."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest
import yaml

from kfp_airflow.catalog.files import load_functions
from kfp_airflow.catalog.loader import load_dags, to_dag
from kfp_airflow.catalog.packages import choose_pipeline
from kfp_airflow.cli.checking import check_file
from kfp_airflow.cli.packages import write_package
from kfp_airflow.client import bystander
from kfp_airflow.compiler import of_v2
from kfp_airflow.diagnostics import PipelineWarning
from kfp_airflow.graph.model import ContainerStep
from kfp_airflow.graph.text import text

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


@pytest.mark.refused("D-26", message="dsl.importer is of KFP v2")
def test_what_only_the_second_version_runs_loads_and_is_refused_as_a_step(tmp_path: Path) -> None:
    before = (
        "from kfp.v2.dsl import Dataset, Input, Output, component, importer\n"
        "@component\ndef make(n: int, out: Output[Dataset]): ...\n"
        "@component(base_image='x')\ndef take(n: int, data: Input[Dataset]): ..."
    )
    path = write(tmp_path, before=before)
    path.write_text(path.read_text() + "    take(2, make(1).outputs['out'])\n")
    assert check_file(path, verbose=False).errors == ()
    path.write_text(path.read_text() + "    importer('gs://x', Dataset)\n")
    (error,) = check_file(path, verbose=False).errors
    assert error.startswith(
        f"{path}:13: dsl.importer is of KFP v2 [KA316]\n  Make the component with kfp.components.cr"
    )


@pytest.mark.row("K-05")
def test_what_is_asked_of_google_s_platform_is_left_out(tmp_path: Path) -> None:
    after = "from kfp.v2.google.client import AIPlatformClient as C\nC('p', 'r').create_run_from_job_spec('x')"
    found = check_file(write(tmp_path, after=after), verbose=False)
    assert (found.pipelines, found.errors) == (1, ())
    (warning,) = found.warnings
    assert "kfp.AIPlatformClient().create_run_from_job_spec() is left out while the file is loaded [KA353]" in warning


@pytest.mark.row("D-03", "Z-01", "Z-04")
@pytest.mark.parametrize(
    ("after", "code", "what"),
    [
        (
            "kfp.compiler.Compiler(mode=dsl.PipelineExecutionMode.V2_COMPATIBLE).compile(training, 'p.yaml')",
            "KA356",
            "mode V2_COMPATIBLE is for KFP's own engine: the package is V1_LEGACY",
        ),
        (
            "from kfp.v2 import compiler; compiler.Compiler().compile(pipeline_func=training, package_path='p.json')",
            "KA357",
            "the package p.json is for an engine of KFP v2 and is not written",
        ),
        (
            "from kfp_tekton.compiler import TektonCompiler; TektonCompiler().compile(training, 'p.yaml')",
            "KA357",
            "the package p.yaml is for Tekton and is not written",
        ),
        (
            "import kfp_tekton; kfp_tekton.TektonClient(host='x').create_run_from_pipeline_func(training, {})",
            "KA353",
            "kfp.TektonClient().create_run_from_pipeline_func() is left out while the file is loaded",
        ),
    ],
)
def test_a_package_for_another_engine_is_a_warning_in_a_file_that_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: str, code: str, what: str
) -> None:
    monkeypatch.chdir(tmp_path)
    found = check_file(write(tmp_path, decorator="", after=after), verbose=False)
    assert (found.pipelines, found.errors) == (1, ())
    (warning,) = found.warnings
    assert warning.startswith(f"p.py:7: {what} [{code}]\n")


def test_names_of_tekton_that_mean_the_same_here_are_there_and_others_say_what_to_use(tmp_path: Path) -> None:
    before = (
        "from kfp_tekton.compiler.pipeline_utils import TektonPipelineConf\n"
        "from kfp_tekton.k8s_client_helper import env_from_secret\n"
        "conf = TektonPipelineConf().add_pipeline_label('a', 'b')\n"
        "secret = env_from_secret('A', 'name', 'key').value_from.secret_key_ref\n"
        "assert (secret.name, secret.key) == ('name', 'key')"
    )
    assert check_file(write(tmp_path, before=before), verbose=False).errors == ()
    (error,) = check_file(write(tmp_path, before="from kfp_tekton.tekton import Loop"), verbose=False).errors
    assert "use dsl.Condition, dsl.ParallelFor and dsl.ExitHandler." in error


LATER = "@dsl.pipeline(name='later')\ndef later(): pass"
SUBMITTED = "def other(): pass\nif __name__ == '__main__': kfp.Client().create_run_from_pipeline_func(other, {})"


@pytest.mark.parametrize(
    ("rest", "what"),
    [
        ("1 / 0\nprint('not reached')", "ZeroDivisionError: division by zero"),
        ("import nowhere_at_all", "ModuleNotFoundError: No module named 'nowhere_at_all'"),
        ("def main():\n    raise OSError('no server')\nmain()", "OSError: no server"),
    ],
)
def test_a_script_part_that_goes_wrong_after_the_pipelines_is_a_warning(tmp_path: Path, rest: str, what: str) -> None:
    path = write(tmp_path, after=rest)
    found = check_file(path, verbose=False)
    assert (found.pipelines, found.errors) == (1, ())
    (warning,) = found.warnings
    line = 8 if "raise" in rest else 7
    assert warning.startswith(f"{path}:{line}: loading the file raised {what}, after the file's pipelines")
    assert "what follows this line is left out [KA358]" in warning


@pytest.mark.parametrize(
    "rest",
    [
        f"1 / 0\n{LATER}",
        f"if 1 / 0:\n    {LATER.replace(chr(10), chr(10) + '    ')}",
        f"1 / 0\n{SUBMITTED}",
    ],
    ids=["decorated", "in the statement itself", "submitted"],
)
def test_a_file_that_goes_wrong_before_its_last_pipeline_is_an_error(tmp_path: Path, rest: str) -> None:
    (error,) = check_file(write(tmp_path, after=rest), verbose=False).errors
    assert "ZeroDivisionError: division by zero [KA352]" in error


def test_what_a_pipeline_misses_of_the_part_that_was_left_out_is_an_error(tmp_path: Path) -> None:
    after = "    dsl.ContainerOp(name='b', image=IMAGE)\n1 / 0\nIMAGE = 'bash'"
    found = check_file(write(tmp_path, after=after), verbose=False)
    assert any("NameError" in error for error in found.errors)


@pytest.mark.parametrize("end", ["sys.exit()", "sys.exit(0)", "raise SystemExit"])
def test_a_script_may_end_after_its_pipelines(tmp_path: Path, end: str) -> None:
    found = check_file(write(tmp_path, before="import sys", after=f"{end}\n1 / 0"), verbose=False)
    assert (found.pipelines, found.errors, found.warnings) == (1, (), ())


def test_what_a_server_would_have_answered_can_be_used_as_a_value(tmp_path: Path) -> None:
    after = (
        "import kfp_server_api\n"
        "with kfp_server_api.ApiClient(kfp_server_api.Configuration(host='x'), cookie='c') as api:\n"
        "    runs = kfp_server_api.RunServiceApi(api).list_runs()\n"
        "client = kfp.Client()\n"
        "client._context_setting['namespace'] = 'mine'\n"
        "client._pipelines_api.list_pipelines()\n"
        "load = kfp.Client._load_config\n"
        "assert not runs.total_size > 0 and list(range(runs.total_size)) == []\n"
        "assert 'http://x/' + runs.id == f'http://x/{runs.id}' and f'{runs.id:>60}'.startswith(' ')"
    )
    found = check_file(write(tmp_path, after=after), verbose=False)
    assert (found.pipelines, found.errors) == (1, ())
    assert {warning.split("[")[1][:5] for warning in found.warnings} == {"KA353"}


def test_a_file_that_sleeps_until_a_run_has_ended_is_loaded_in_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bystander, "PATIENCE_S", 0.02)
    after = (
        "import time\nclient = kfp.Client()\n"
        "while client.get_run('1').run.status not in ('Succeeded', 'Failed'): time.sleep(0.01)"
    )
    found = check_file(write(tmp_path, after=after), verbose=False)
    assert (found.pipelines, found.errors) == (1, ())
    (late,) = [warning for warning in found.warnings if "KA358" in warning]
    assert "times by one line, which waits for a run that is not made" in late


def test_elsewhere_the_compiler_of_the_second_version_refuses() -> None:
    with pytest.raises(ValueError, match=r"^the package p\.json is for an engine of KFP v2 and is not written\. Write"):
        of_v2.Compiler().compile(test_elsewhere_the_compiler_of_the_second_version_refuses, "p.json")


@pytest.mark.row("Z-04")
def test_a_script_may_change_the_workflow_and_write_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    after = (
        "compiler = kfp.compiler.Compiler\nworkflow = compiler()._create_workflow(training)\n"
        "workflow['metadata']['namespace'] = 'argo'\ncompiler._write_workflow(workflow, 'changed.yaml')\n"
        "assert 'namespace: argo' in compiler._write_workflow(workflow)\n"
        "compiler()._create_and_write_workflow(pipeline_func=training, pipeline_name='other', package_path='o.yaml')"
    )
    path = write(tmp_path, decorator="", after=after)
    assert [pipeline.name for pipeline in load_functions(path)] == ["other"]
    assert yaml.safe_load(Path("changed.yaml").read_text())["metadata"]["namespace"] == "argo"
    assert yaml.safe_load(Path("o.yaml").read_text())["metadata"]["generateName"] == "other-"


@pytest.mark.row("Z-03", "Z-04")
@pytest.mark.parametrize("method", ["create_workflow", "_create_workflow"])
def test_a_pipeline_is_called_as_it_was_compiled_and_has_the_parameters_from_outside(
    tmp_path: Path, method: str
) -> None:
    after = (
        "compiler = kfp.compiler.Compiler()\n"
        f"compiler.{method}(training, 'my name', 'what it does', [dsl.PipelineParam('root', value='gs://x')])\n"
        "compiler.compile(training, None)"
    )
    (pipeline,) = load_functions(write(tmp_path, decorator="", after=after))
    graph = pipeline.build()
    assert (pipeline.name, graph.name, graph.description) == ("my name", "my name", "what it does")
    assert ("root", "gs://x") in {(parameter.name, parameter.default) for parameter in graph.parameters}


def test_the_commands_of_an_exported_notebook_are_left_out_with_a_warning(tmp_path: Path) -> None:
    before = "get_ipython().system('pip install kfp')\nlines = get_ipython().getoutput('ls')\nassert not lines"
    found = check_file(write(tmp_path, before=before), verbose=False)
    assert (found.pipelines, found.errors) == (1, ())
    first, second = found.warnings
    assert first == (
        f"{tmp_path}/p.py:3: the notebook's command get_ipython().system() is left out [KA355]\n"
        "  Remove it. What steps need is in their images, or in packages_to_install."
    )
    assert "get_ipython().getoutput()" in second


IN_A_PROJECT = """\
import sys
from pathlib import Path
sys.path.append(str(Path(__file__).parent.parent / "lib"))
import shared
from pipelines.parts import PART
from . import parts
from .parts import PART as SAME
from ..settings import IMAGE
from kfp import dsl

@dsl.pipeline(name="p")
def p():
    from pipelines import later
    from .parts import PART as again
    dsl.ContainerOp(name="a", image=IMAGE, command=[shared.NAME, PART, SAME, parts.PART, later.PART, again])
"""


@pytest.mark.parametrize("package", [False, True])
def test_a_file_of_a_project_imports_from_around_it_as_a_module_does(tmp_path: Path, *, package: bool) -> None:
    """What was imported, and the file's own search path, go with the file: another project has the same names."""
    modules, search = set(sys.modules), list(sys.path)
    for number in (1, 2):
        root = tmp_path / f"{number}" / "repository"
        (root / "pipelines").mkdir(parents=True)
        (root / "lib").mkdir()
        (root / "requirements.txt").touch()
        (root / "lib" / "shared.py").write_text(f"NAME = 'shared-{number}'")
        (root / "settings.py").write_text(f"IMAGE = 'image-{number}'")
        (root / "pipelines" / "parts.py").write_text(f"PART = 'part-{number}'")
        (root / "pipelines" / "later.py").write_text("from pipelines.parts import PART")
        (root / "pipelines" / "p.py").write_text(IN_A_PROJECT)
        if package:
            (root / "pipelines" / "__init__.py").write_text("from .parts import PART")
            (root / "__init__.py").touch()
    pipelines = [load_functions(tmp_path / f"{number}" / "repository" / "pipelines" / "p.py") for number in (1, 2)]
    for number, (pipeline,) in enumerate(pipelines, start=1):
        (step,) = pipeline.build().members
        assert isinstance(step, ContainerStep)
        assert step.container.image == text(f"image-{number}")
        assert step.container.command == (text(f"shared-{number}"), *(text(f"part-{number}"),) * 5)
    assert sys.path == search
    ours = ("shared", "pipelines", "settings", "later", "parts", "_kfp_airflow_pipeline")
    assert [name for name in set(sys.modules) - modules if name.startswith(ours)] == []


def test_a_package_that_imports_its_pipeline_file_has_the_pipeline_once(tmp_path: Path) -> None:
    (tmp_path / "__init__.py").write_text("from .p import training")
    (tmp_path / "other.py").touch()
    path = write(tmp_path, before="from . import other")
    assert [pipeline.name for pipeline in load_functions(path)] == ["Training"]


def test_folders_around_are_searched_up_to_the_root_of_the_project(tmp_path: Path) -> None:
    (tmp_path / "beyond.py").touch()
    (tmp_path / "project" / "deep").mkdir(parents=True)
    (tmp_path / "project" / ".git").mkdir()
    path = write(tmp_path / "project" / "deep", before="import beyond")
    (error,) = check_file(path, verbose=False).errors
    assert "ModuleNotFoundError: No module named 'beyond'" in error
    (tmp_path / "project" / ".git").rmdir()
    assert check_file(path, verbose=False).errors == ()


def test_what_comes_with_kfp_may_be_imported_where_it_is_not_installed(tmp_path: Path) -> None:
    before = (
        "import fire\nfrom absl import app, flags\nfrom google.cloud import storage\nimport google.auth\n"
        "def bucket(client: storage.Client): ...\nflags.DEFINE_string('x', 'y', 'help')"
    )
    path = write(tmp_path, before=before, after="if __name__ == '__main__': fire.Fire(training)")
    assert check_file(path, verbose=False).errors == ()
    for use, name in [
        ("storage.Client()", "google.cloud.storage.Client"),
        ("str(flags.FLAGS.x)", "absl.flags.FLAGS.x"),
    ]:
        (error,) = check_file(write(tmp_path, before=f"{before}\n{use}"), verbose=False).errors
        assert error.startswith(
            f"{tmp_path}/p.py:9: loading the file raised ImportError: {name} is not installed here, "
            "where the pipeline is built [KA352]\n  Install it where Airflow runs"
        )
    (error,) = check_file(write(tmp_path, before="from google.cloud import bigtable"), verbose=False).errors
    assert "bigtable" in error
    assert not {"fire", "absl", "google.cloud.storage"} & sys.modules.keys()


READS_ARGUMENTS = """\
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--image", {option})
image = parser.parse_args().image
"""


def test_a_file_that_reads_its_command_line_is_loaded_without_arguments(tmp_path: Path) -> None:
    after = "    dsl.ContainerOp(name='b', image=image)"
    path = write(tmp_path, before=READS_ARGUMENTS.format(option="default='busybox'"), after=after)
    assert check_file(path, verbose=False).errors == ()
    path = write(tmp_path, before=READS_ARGUMENTS.format(option="required=True"), after=after)
    (error,) = check_file(path, verbose=False).errors
    assert error == (
        f"{path}:6: the file ended the program while it was loaded: SystemExit(2) [KA352]\n"
        "  It is loaded without arguments of a command line: give each argument a default."
    )


MAKES_IN_MAIN = """\
import argparse
import sys
from kfp import compiler, dsl

def make(image):
    @dsl.pipeline(name="made")
    def made(rate: float = 0.1):
        dsl.ContainerOp(name="a", image=image, arguments=[rate])
    return made

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--image", default="busybox")
    conf = dsl.PipelineConf().set_timeout(7)
    compiler.Compiler().compile(make(parser.parse_args().image), "made.yaml", pipeline_conf=conf)
    return {code}

if __name__ == "__main__":
    sys.exit(main())
"""


@pytest.mark.better("D-01", how="pipelines that only a script's main part makes are found in a file that is named")
def test_a_pipeline_that_only_the_main_part_makes_is_found_where_the_file_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "files").mkdir()
    path = tmp_path / "files" / "p.py"
    path.write_text(MAKES_IN_MAIN.format(code=0))
    pipeline = choose_pipeline(path, None).build()
    assert (pipeline.name, pipeline.settings.timeout_s) == ("made", 7)
    assert check_file(path, verbose=False).pipelines == 1
    assert load_dags(str(path.parent)) == [], "Airflow does not run the main parts of all files that it finds"
    path.write_text(MAKES_IN_MAIN.format(code=3))
    (error,) = check_file(path, verbose=False).errors
    assert error.startswith("files/p.py:19: the file ended the program while it was loaded: SystemExit(3)")


def test_the_main_part_of_a_file_with_pipelines_is_not_executed(tmp_path: Path) -> None:
    path = write(
        tmp_path, after="if __name__ == '__main__':\n    raise AssertionError(kfp.compiler.Compiler().compile)"
    )
    assert check_file(path, verbose=False).errors == ()


def test_a_script_that_submits_a_pipeline_that_it_imports_has_that_pipeline(tmp_path: Path) -> None:
    write(tmp_path)
    script = tmp_path / "script.py"
    script.write_text(
        "import kfp\nfrom p import training\n"
        "if __name__ == '__main__':\n    kfp.Client().create_run_from_pipeline_func(training, arguments={})"
    )
    assert choose_pipeline(script, None).build().name == "Training"
    assert check_file(script, verbose=False).pipelines == 1
    assert len(load_functions(script)) == 0


@pytest.mark.row("P-01", "P-02")
@pytest.mark.parametrize(
    "call",
    [
        "kfp.Client().create_run_from_pipeline_func(training, arguments={}, pipeline_conf=conf)",
        "kfp.run_pipeline_func_on_cluster(training, {}, pipeline_conf=conf)",
        "kfp.compiler.Compiler().compile(training, 'p.yaml', pipeline_conf=conf)",
        "kfp.compiler.Compiler()._create_workflow(training, pipeline_conf=conf)",
    ],
)
def test_settings_that_a_file_compiles_or_submits_with_hold_for_the_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write(tmp_path, after=f"conf = dsl.PipelineConf().set_timeout(7)\n{call}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", PipelineWarning)
        assert choose_pipeline(path, None).build().settings.timeout_s == 7
        write_package(path, None, Path("again.yaml"), type_check=True)
    assert yaml.safe_load(Path("again.yaml").read_text())["spec"]["activeDeadlineSeconds"] == 7


@pytest.mark.row("M-03")
def test_a_component_whose_address_leads_nowhere_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, before="make = kfp.components.load_component_from_url('http://127.0.0.1:1/c.yaml')")
    (error,) = check_file(path, verbose=False).errors
    assert error.startswith(
        f"{path}:3: loading the file raised NotFetched: the component http://127.0.0.1:1/c.yaml cannot be fetched: "
    )
    assert error.endswith(
        "\n  Save it beside the file, load_component_from_file(…), or let Airflow's machines reach the address."
    )


def test_a_file_may_go_to_another_folder_and_stays_there_for_itself(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "image.txt").write_text("image:1")
    after = "import os\nos.chdir(os.path.join(os.path.dirname(__file__), 'elsewhere'))"
    path = write(tmp_path, before=after)
    before = Path.cwd()
    (pipeline,) = load_functions(path)
    assert Path.cwd() == before
    with pipeline.file.open():
        assert Path("image.txt").read_text() == "image:1"
    assert Path.cwd() == before


def test_what_is_misleading_in_a_file_is_told_once(tmp_path: Path) -> None:
    path = write(
        tmp_path, after="@dsl.pipeline(name='b')\ndef b():\n    dsl.ContainerOp('c', 'd')\nkfp.Client().list_runs()"
    )
    found = check_file(path, verbose=False)
    assert (found.pipelines, len(found.warnings)) == (2, 1)
