"""Pipelines → DAGs from a DAG file: `to_dag` and `load_dags`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kfp_airflow import dsl, load_dags, to_dag
from kfp_airflow.catalog import loader
from kfp_airflow.diagnostics import KfpAirflowError, PipelineError, UsageError
from kfp_airflow.dsl.build import PipelineWarning
from kfp_airflow.graph.model import Container, ContainerStep, Pipeline
from kfp_airflow.graph.text import text
from kfp_airflow.package.files import write_package
from kfp_airflow.package.write import write

PIPELINE = """
from kfp import dsl

@dsl.pipeline(name="{name}")
def pipeline():
    {body}
"""
STEP = 'dsl.ContainerOp(name="say", image="bash", command=["echo"]).set_timeout(5)'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with two pipelines, a module without one, and what is not to be read."""
    (tmp_path / "deep").mkdir()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / "one.py").write_text(PIPELINE.format(name="one", body=STEP))
    (tmp_path / "deep" / "two.py").write_text(PIPELINE.format(name="two", body=STEP))
    (tmp_path / "module.py").write_text("raise RuntimeError('this is no such file')\n")
    (tmp_path / ".hidden" / "three.py").write_text(PIPELINE.format(name="three", body=STEP))
    (tmp_path / "train.component.yaml").write_text("name: train\n")
    return tmp_path


def broken(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Return what becomes import errors, by file name; how Airflow lists them is seen in tests/airflow."""
    found: dict[str, str] = {}

    def note(path: Path, problem: KfpAirflowError) -> None:
        found[path.name] = str(problem)

    monkeypatch.setattr(loader, "broken_dag", note)
    return found


def test_a_folder_of_unmodified_files_becomes_dags(folder: Path) -> None:
    dags = load_dags(folder, runtime="process", experiments=["a", "b"])
    assert [dag.dag_id for dag in dags] == ["two", "one"]
    assert dags[0].tags == {"a", "b"}


def test_only_the_pipeline_that_a_worker_wants_is_built(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "one.py").write_text(PIPELINE.format(name="one", body="raise RuntimeError('built')"))
    found = broken(monkeypatch)
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "two")  # as a worker does around its parse
    assert [dag.dag_id for dag in load_dags(folder, runtime="process")] == ["two"]
    assert found == {}


@pytest.mark.parametrize(
    ("name", "others"), [("'My  Pipeline: 2'", False), ("'{1}-{0}'.format('pipeline-2', 'my')", True)]
)
def test_a_worker_executes_few_other_files(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, others: bool
) -> None:
    """A name that is written in a file leads to it; one that is made is looked for in all of them."""
    note = "\nfrom pathlib import Path\nPath(__file__).with_suffix('.executed').touch()\n"
    (folder / "a.py").write_text(PIPELINE.format(name="other", body=STEP) + note)
    (folder / "b.py").write_text(PIPELINE.replace('"{name}"', name).replace("{body}", STEP))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "my-pipeline-2")
    assert [dag.dag_id for dag in load_dags(folder, runtime="process")] == ["my-pipeline-2"]
    assert (folder / "a.executed").exists() == others


def test_a_worker_is_told_why_the_pipeline_that_it_wants_is_not_there(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "one.py").write_text(PIPELINE.format(name="one", body="raise RuntimeError('not today')"))
    monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "one")
    found = broken(monkeypatch)
    assert load_dags(folder, runtime="process") == [], "another folder that the DAG file loads may have it"
    assert list(found) == ["one.py"]
    assert "not today" in found["one.py"]


def test_a_broken_file_and_a_twin_are_named_and_the_rest_loads(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = broken(monkeypatch)
    (folder / "bad.py").write_text(PIPELINE.format(name="bad", body="raise RuntimeError('not today')"))
    (folder / "worse.py").write_text("import kfp  # pipeline\nif:\n")
    (folder / "twin.py").write_text(PIPELINE.format(name="One", body=STEP))
    (folder / "package.yaml").write_text("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n")
    dags = load_dags(folder, runtime="process")
    assert sorted(found) == ["bad.py", "package.yaml", "twin.py", "worse.py"]
    assert [dag.dag_id for dag in dags] == ["two", "one"]
    assert "bad.py:6: the pipeline function 'pipeline' raised RuntimeError: not today [KA001]" in found["bad.py"]
    assert "worse.py:2" in found["worse.py"]
    assert "twin.py:4: pipeline 'One' would be DAG 'one', which another pipeline of the folder is." in found["twin.py"]
    assert "package.yaml: the workflow has no 'entrypoint' [KA405]" in found["package.yaml"]


COMPONENT = "name: train\nimplementation:\n  container:\n    image: alpine\n    args: ['apiVersion: argoproj.io/v1']\n"


@pytest.mark.row("Z-07")
def test_packages_become_dags_and_what_is_none_is_let_be(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN 6.2: only what is meant to be a pipeline is loaded, and what is broken is an error of its own."""
    found = broken(monkeypatch)
    for suffix in (".yaml", ".yml", ".zip", ".tar.gz", ".tgz", ".YAML"):
        graph = to_dag_graph(f"from {suffix[1:].replace('.', ' ')}")
        write_package(write(graph), folder / f"package{suffix}")
    (folder / "component.yaml").write_text(COMPONENT)
    (folder / "values.yml").write_text("a: 1\n")
    (folder / "v2.yaml").write_text("pipelineInfo:\n  name: x\n")
    (folder / "cut.zip").write_bytes((folder / "package.zip").read_bytes()[:-9])
    dags = load_dags(folder, runtime="process")
    assert sorted(dag.dag_id for dag in dags) == [
        "from-tar-gz",
        "from-tgz",
        "from-yaml",
        "from-yml",
        "from-zip",
        "one",
        "two",
    ]
    assert sorted(found) == ["cut.zip", "package.yaml", "v2.yaml"]
    assert "this is a pipeline of KFP v2" in found["v2.yaml"]
    assert "cut.zip: it is no whole zip archive" in found["cut.zip"]
    assert "pipeline 'from yaml' would be DAG 'from-yaml', which another pipeline" in found["package.yaml"]


@pytest.mark.parametrize("suffix", [".yaml", ".zip", ".tar.gz"])
def test_to_dag_takes_a_package(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"package{suffix}"
    write_package(write(to_dag_graph("packaged")), path)
    dag = to_dag(path, runtime="process", experiments=["a"])
    assert (dag.dag_id, list(dag.task_dict), dag.tags) == ("packaged", ["say"], {"a"})
    with pytest.raises(UsageError, match=r"a package holds one pipeline and no functions\n  Leave 'x' out\."):
        to_dag(path, function="x", runtime="process")


def test_what_is_misleading_in_a_package_is_a_warning(tmp_path: Path) -> None:
    workflow = write(to_dag_graph("packaged"))
    spec: Any = workflow["spec"]
    spec["serviceAccountName"] = "mine"
    write_package(workflow, tmp_path / "p.yaml")
    with pytest.warns(PipelineWarning, match="the package asks for the service account 'mine'"):
        to_dag(tmp_path / "p.yaml", runtime="process")


def to_dag_graph(name: str) -> Pipeline:
    container = Container(image=text("bash"), command=(text("echo"),))
    return Pipeline(name=name, members=(ContainerStep(id="say", name="say", container=container),))


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"load_dags\('.*nowhere'\): there is no folder .*nowhere"):
        load_dags(tmp_path / "nowhere")


def test_a_relative_path_is_taken_from_the_calling_file() -> None:
    dag = to_dag("../../dags/first_steps/hello.py", runtime="process")
    assert dag.dag_id == "my-first-pipeline"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shedule": "@daily"}, r"to_dag\(\) has no option 'shedule'\. Did you mean 'schedule'\?"),
        ({"colour": 1}, r"to_dag\(\) has no option 'colour'\. It has dag_id, experiments, schedule"),
        ({"experiments": "digits"}, r"to_dag\(experiments=…\) takes a list of names"),
    ],
)
def test_an_unknown_option_is_refused_with_the_nearest_one(options: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        to_dag(dsl.pipeline(name="x")(lambda: None), **options)


def test_what_is_no_pipeline_is_refused_by_its_type() -> None:
    with pytest.raises(TypeError, match=r"to_dag\(\) takes a pipeline function, a graph or a path, not int"):
        to_dag(3)  # type: ignore[arg-type]


def test_load_dags_gives_no_two_dags_one_id(folder: Path) -> None:
    with pytest.raises(TypeError, match=r"load_dags\(\) makes many DAGs; give a dag_id to to_dag\(\)"):
        load_dags(folder, dag_id="x")


def test_a_wrong_pipeline_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "wrong.py"
    path.write_text(PIPELINE.format(name="wrong", body=f"{STEP}.set_retry(1, policy='Sometimes')"))
    with pytest.raises((PipelineError, ValueError), match=r"Sometimes"):
        to_dag(path, runtime="process")
