"""Files on a volume that all steps share, in packages (D-31, DP-12); more in `tests/pipelines/files_on_a_volume.py`."""

from typing import Any

import pytest

from kfp_airflow.diagnostics import PipelineError, Where
from kfp_airflow.graph.model import (
    Container,
    ContainerStep,
    InputFile,
    OutputFile,
    Parameter,
    Pipeline,
    Settings,
    VolumePassing,
)
from kfp_airflow.graph.text import OutputRef, ParameterRef, Part, text, tree
from kfp_airflow.package.check import check_package
from kfp_airflow.package.write import write

PASSING = VolumePassing(volume=tree({"hostPath": {"path": "/data"}}), path_prefix="files/")


def step(name: str, *, reads: Part | None = None, path: str = "/out/data", output: str = "o") -> ContainerStep:
    return ContainerStep(
        id=name,
        name=name,
        container=Container(image=text("alpine"), command=(text("run"),)),
        inputs=() if reads is None else (InputFile(name="in", path="/in/data", source=text(reads)),),
        outputs=(OutputFile(name=output, path=path),),
        where=Where("digits.py", 7),
    )


def pipeline(*members: ContainerStep) -> Pipeline:
    return Pipeline(
        name="P", members=members, parameters=(Parameter(name="p"),), settings=Settings(volume_passing=PASSING)
    )


@pytest.mark.row("D-31", "DP-12")
def test_a_file_is_mounted_from_the_folder_that_its_maker_wrote() -> None:
    workflow: Any = write(pipeline(step("make"), step("take", reads=OutputRef("make", "o"))))
    templates = {template["name"]: template for template in workflow["spec"]["templates"]}
    folder = "files/{{workflow.uid}}_{{pod.name}}/make-o"
    assert templates["make"]["container"]["volumeMounts"] == [
        {"mountPath": "/out", "name": "data-storage", "subPath": folder}
    ]
    assert templates["make"]["outputs"] == {"parameters": [{"name": "make-o-subpath", "value": folder}]}
    assert templates["take"]["container"]["volumeMounts"][0] == {
        "mountPath": "/in",
        "name": "data-storage",
        "subPath": "{{inputs.parameters.make-o-subpath}}",
        "readOnly": True,
    }
    assert workflow["spec"]["volumes"] == [{"hostPath": {"path": "/data"}, "name": "data-storage"}]
    assert "artifacts" not in str(workflow)


@pytest.mark.refused("DP-12", message="a constant or parameter as a file cannot lie on the volume")
@pytest.mark.parametrize("source", ["constant", ParameterRef("p")])
def test_what_no_step_wrote_cannot_lie_on_the_volume(source: Part) -> None:
    with pytest.raises(PipelineError) as refused:
        write(pipeline(step("take", reads=source)))
    assert str(refused.value) == (
        "digits.py:7: step 'take': input 'in' is no output of a step with a container, and only those lie on the "
        "volume [KA207]\n  Let a step write the file, or take the value itself (inputValue)."
    )


def test_a_file_in_the_root_folder_is_refused() -> None:
    with pytest.raises(PipelineError) as refused:
        write(pipeline(step("make", path="/model")))
    assert str(refused.value) == (
        "digits.py:7: step 'make': 'o' is the file /model, and a volume cannot be mounted at / [KA207]\n"
        "  Put the file into a folder of its own: '/tmp/outputs/model/data'."
    )


@pytest.mark.better("DP-12", how="KFP mounts the volume at / for /mlpipeline-metrics.json; here that stays an artifact")
def test_kfp_s_own_files_may_lie_in_the_root_folder() -> None:
    workflow: Any = write(pipeline(step("make", path="/mlpipeline-metrics.json", output="mlpipeline-metrics")))
    (made,) = (template for template in workflow["spec"]["templates"] if template["name"] == "make")
    assert made["outputs"] == {"artifacts": [{"name": "mlpipeline-metrics", "path": "/mlpipeline-metrics.json"}]}
    assert "volumeMounts" not in made["container"]


@pytest.mark.row("DP-12")
def test_different_names_of_files_are_warned_of() -> None:
    found = list(check_package(pipeline(step("make", path="/out/model"), step("take", reads=OutputRef("make", "o")))))
    assert [(each.code, each.severity, each.step) for each in found] == [("KA208", "warning", "take")]
    assert str(found[0]).startswith(
        "digits.py:7: step 'take': files that travel on a volume have different names ('model', 'data'): each lies "
        "there under its maker's [KA208]\n  Call the file 'data' everywhere; folders may differ."
    )
