"""Scripts whose main part submits the pipeline, or makes what it uses (Z-02, Z-06)."""

from pathlib import Path

import pytest

from kfp_airflow.catalog.files import load_functions
from kfp_airflow.diagnostics import PipelineError


@pytest.mark.row("M-15", "Z-02")
@pytest.mark.parametrize(
    "use",
    [
        "if __name__ == '__main__':\n    kfp.Client().create_run_from_pipeline_func(say, arguments={})",
        "pipeline = kfp.dsl.pipeline(name='Say')(say)",
        "kfp.compiler.Compiler().compile(say, None)",
    ],
)
def test_a_component_may_be_the_pipeline(tmp_path: Path, use: str) -> None:
    path = tmp_path / "p.py"
    text = "name: Say\ninputs: [{name: a b}]\nimplementation: {container: {image: i, command: [{inputValue: a b}]}}"
    path.write_text(f"import kfp\nsay = kfp.components.load_component_from_text({text!r})\n{use}\n")
    (pipeline,) = load_functions(path)
    graph = pipeline.build()
    assert (graph.name, [parameter.name for parameter in graph.parameters]) == ("Say", ["a_b"])
    assert [step.id for step in graph.members] == ["say"]


OF_MAIN_PART = """
from kfp import dsl

def training():
    kfp.dsl.get_pipeline_conf().set_parallelism(limit)
    dsl.ContainerOp(name="a", image="b")

if __name__ == "__main__":
    import kfp
    limit = 2
    kfp.Client().create_run_from_pipeline_func(training, arguments={})
"""


@pytest.mark.row("Z-06")
@pytest.mark.filterwarnings("ignore::kfp_airflow.diagnostics.PipelineWarning")
def test_a_pipeline_may_use_what_the_main_part_makes(tmp_path: Path) -> None:
    path = tmp_path / "p.py"
    path.write_text(OF_MAIN_PART)
    (pipeline,) = load_functions(path, main_part=True)
    assert pipeline.build().settings.parallelism == 2
    (pipeline,) = load_functions(path)
    with pytest.raises(PipelineError) as caught:
        pipeline.build()
    assert str(caught.value).endswith(
        "p.py:5: the pipeline function 'training' raised NameError: name 'kfp' is not defined [KA001]\n"
        "  'kfp' is made under `if __name__ == '__main__':` only, which is not executed: make it above."
    )


@pytest.mark.filterwarnings("ignore::kfp_airflow.diagnostics.PipelineWarning")
def test_a_main_part_that_wants_arguments_takes_nothing_from_a_pipeline(tmp_path: Path) -> None:
    """The pipeline below names what is nowhere, in a branch that it does not take."""
    path = tmp_path / "p.py"
    path.write_text(
        OF_MAIN_PART.replace(
            "    kfp.dsl.get_pipeline_conf().set_parallelism(limit)", "    if 0 == len('x'): nowhere()"
        ).replace("    limit = 2", "    import sys; sys.exit('usage: p.py NAME')")
    )
    (pipeline,) = load_functions(path, main_part=True)
    assert [step.id for step in pipeline.build().members] == ["a"]
