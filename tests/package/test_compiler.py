"""`kfp.compiler` as authors and tools call it (Z-01 to Z-05)."""

import inspect
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfp_airflow import dsl
from kfp_airflow.compiler import Compiler, build_docker_image, build_python_component, compile_function, create_workflow
from kfp_airflow.components import load_component_from_text
from kfp_airflow.diagnostics import PipelineError, UsageError
from kfp_airflow.dsl.build import PipelineWarning
from kfp_airflow.dsl.pipeline import PipelineExecutionMode
from kfp_airflow.dsl.types import InconsistentTypeException

OF_TYPE = "name: C\n{0}: [{{name: x, type: {2}}}]\nimplementation: {{container: {{image: i, command: [{{{1}: x}}]}}}}"

pytestmark = pytest.mark.filterwarnings("ignore:Please create reusable components:FutureWarning")


@dsl.pipeline(name="Hello: world", description="Says hello.")
def hello(who: str = "Ann") -> None:
    dsl.ContainerOp(name="say", image="alpine", command=["echo", who])
    dsl.get_pipeline_conf().set_timeout(60)


@dsl.pipeline(name="broken")
def broken(who: str = "Ann") -> None:
    dsl.ContainerOp(name="say", image="alpine", command=["echo", who.nothing])  # type: ignore[attr-defined]


def undecorated() -> None:
    dsl.ContainerOp(name="say", image="alpine", command=["echo", OUTSIDE])


OUTSIDE = dsl.PipelineParam("outside", value="x")


@pytest.mark.row("Z-02")
def test_a_package_is_written_where_it_is_asked_for(tmp_path: Path) -> None:
    """Z-02."""
    Compiler().compile(hello, str(tmp_path / "hello.yaml"))  # type: ignore[func-returns-value]
    written = yaml.safe_load((tmp_path / "hello.yaml").read_text())
    assert written == create_workflow(hello)
    assert written["metadata"]["generateName"] == "hello-world-"
    assert written["spec"]["activeDeadlineSeconds"] == 60


@pytest.mark.row("Z-06")
def test_dsl_compile_has_a_function_to_call(tmp_path: Path) -> None:
    """Z-06."""
    compile_function(hello, tmp_path / "hello.zip")
    assert (tmp_path / "hello.zip").read_bytes()[:2] == b"PK"


@pytest.mark.row("Z-02")
def test_without_a_path_the_pipeline_is_checked_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Z-02."""
    monkeypatch.chdir(tmp_path)
    Compiler().compile(hello, None)
    with pytest.raises(AttributeError, match="nothing"):
        Compiler().compile(broken, None)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_pipeline_leaves_no_package(tmp_path: Path) -> None:
    with pytest.raises(AttributeError):
        Compiler().compile(broken, tmp_path / "broken.yaml")
    with pytest.raises(PipelineError, match=r"test_compiler\.py:\d+: the pipeline function 'broken' raised Attribute"):
        compile_function(broken, tmp_path / "broken.yaml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.row("Z-02")
def test_what_a_pipeline_function_raises_reaches_the_author_s_except() -> None:
    """Wrong types first of all: a well-known example of KFP compiles a pipeline and prints the exception."""

    @dsl.pipeline(name="wrong-types")
    def wrong_types() -> None:
        taken(made().output)

    made = load_component_from_text(OF_TYPE.format("outputs", "outputPath", "GCSPath"))
    taken = load_component_from_text(OF_TYPE.format("inputs", "inputValue", "Integer"))
    for compiled in (lambda: Compiler().compile(wrong_types, None), lambda: Compiler()._create_workflow(wrong_types)):
        with pytest.raises(InconsistentTypeException, match="GCSPath"):
            compiled()
    with pytest.raises(PipelineError, match="InconsistentTypeException"):
        create_workflow(wrong_types)


def test_a_wrong_file_name_is_refused_before_the_function_runs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"ends in \.yaml, \.yml, \.zip, \.tar\.gz, \.tgz"):
        Compiler().compile(broken, tmp_path / "broken.json")


@pytest.mark.row("Z-04")
def test_a_conf_that_is_given_replaces_the_function_s_own() -> None:
    """§1.3: all of it, not field by field."""
    spec: Any = Compiler()._create_workflow(hello, pipeline_conf=dsl.PipelineConf().set_parallelism(3))["spec"]
    assert (spec["parallelism"], spec.get("activeDeadlineSeconds")) == (3, None)


@pytest.mark.row("Z-03")
def test_parameters_may_stand_outside_of_the_function() -> None:
    """Z-03: as in the SDK's own test without a decorator."""
    with pytest.warns(DeprecationWarning, match=r"use Compiler\(\)\.compile\(\)"):
        workflow: Any = Compiler().create_workflow(undecorated, "My name", "My description", [OUTSIDE])
    assert workflow["metadata"]["generateName"] == "my-name-"
    assert workflow["spec"]["arguments"] == {"parameters": [{"name": "outside", "value": "x"}]}
    assert '"description": "My description"' in str(workflow["metadata"]["annotations"])


@pytest.mark.row("DP-13")
def test_files_out_of_loops_are_warned_of() -> None:
    """DP-13."""

    @dsl.pipeline(name="files")
    def files() -> None:
        with dsl.ParallelFor([1, 2]):
            made = dsl.ContainerOp(name="make", image="alpine", command=["sh"], file_outputs={"o": "/o"})
        dsl.ContainerOp(name="cat", image="alpine", command=["cat", dsl.InputArgumentPath(made.output)])

    with pytest.warns(PipelineWarning, match=r"file input 'input-0' is output 'o' of step 'make'.*\[KA205\]"):
        create_workflow(files)


@pytest.mark.refused("Z-01", message="The other modes are for KFP's own engines; packages are V1_LEGACY.")
@pytest.mark.refused("D-03", message="mode V2_ENGINE or V2_COMPATIBLE is for KFP's own engines; leave it out")
@pytest.mark.parametrize("mode", [PipelineExecutionMode.V2_COMPATIBLE, PipelineExecutionMode.V2_ENGINE])
def test_other_modes_are_refused(mode: PipelineExecutionMode) -> None:
    """D-03."""
    with pytest.raises(ValueError, match=rf"^mode {mode.name} is for KFP's own engines\. Leave it out"):
        Compiler(mode=mode)


@pytest.mark.refused("Z-05", message="Images are built elsewhere and named in the pipeline.")
@pytest.mark.parametrize("build", [build_python_component, build_docker_image])
def test_image_builders_say_what_to_use_instead(build: Any) -> None:
    """Z-05."""
    with pytest.raises(UsageError, match=f"^{build.__name__} builds images on Google Cloud\\. "):
        build(lambda: None, "image")


def test_the_signatures_are_those_of_kfp() -> None:
    assert str(inspect.signature(Compiler.compile)).startswith("(self, pipeline_func:")
    for method, names in {
        Compiler.compile: ["self", "pipeline_func", "package_path", "type_check", "pipeline_conf"],
        Compiler.create_workflow: [
            "self",
            "pipeline_func",
            "pipeline_name",
            "pipeline_description",
            "params_list",
            "pipeline_conf",
        ],
        Compiler.__init__: ["self", "mode", "launcher_image"],
    }.items():
        assert list(inspect.signature(method).parameters) == names  # type: ignore[arg-type]
