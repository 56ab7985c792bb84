"""Factories: signatures, steps, tasks outside a pipeline (M-06, OP-01 to OP-04, N-12, T-06, T-10, W-14)."""

import inspect
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from kfp_airflow.components import load_component_from_text, structures
from kfp_airflow.components.factory import MissingCommandWarning, TaskFactory
from kfp_airflow.dsl import ContainerOp, Pipeline, PipelineParam
from kfp_airflow.dsl.types import InconsistentTypeException, InconsistentTypeWarning, type_checking


def component(inputs: str = "[]", args: str = "[]", outputs: str = "[]", **more: str) -> TaskFactory:
    extra = "".join(f"{key}: {value}\n" for key, value in more.items())
    return load_component_from_text(
        f"name: Train model\n{extra}inputs: {inputs}\noutputs: {outputs}\n"
        f"implementation:\n  container:\n    image: busybox\n    command: [run]\n    args: {args}\n"
    )


@pytest.fixture
def pipeline() -> Iterator[Pipeline]:
    with Pipeline("p") as being_built:
        yield being_built


def test_the_signature_has_python_names_with_required_inputs_first() -> None:
    factory = component("[{name: Learning rate, type: Float, default: '0.1'}, {name: 1st file, type: CSV}, {name: b}]")
    assert str(inspect.signature(factory)) == "(n1st_file: 'CSV', b, learning_rate: float = '0.1')"
    assert (factory.__name__, factory.__doc__) == ("Train model", "Train model")


@pytest.mark.row("M-06")
def test_the_docstring_is_name_and_description() -> None:
    assert component(description="It trains.").__doc__ == "Train model\nIt trains."


def test_names_that_are_python_names_keep_theirs() -> None:
    factory = component("[{name: A b}, {name: a_b}, {name: a b}]")
    assert list(inspect.signature(factory).parameters) == ["a_b_2", "a_b", "a_b_3"]


def test_an_input_named_like_a_keyword_can_be_given(pipeline: Pipeline) -> None:  # H3
    factory = component("[{name: in}]", "[{inputValue: in}]")
    assert str(inspect.signature(factory)) == "(in_)"
    assert [factory(**{name: "x"}).arguments for name in ("in", "in_")] == [["x"], ["x"]]


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((), {}, "Train model() missing 2 required positional arguments: 'a' and 'b'"),
        ((1,), {}, "Train model() missing 1 required positional argument: 'b'"),
        ((1, 2, 3, 4), {}, "Train model() takes 3 positional arguments but 4 were given"),
        ((1,), {"a": 2, "b": 1}, "Train model() got multiple values for argument 'a'"),
        ((1, 2), {"rat": 2}, "Train model() got an unexpected keyword argument 'rat'. Did you mean 'rate'?"),
        ((1, 2), {"xyz": 2}, "got an unexpected keyword argument 'xyz'. Its arguments are a, b, rate."),
    ],
)
@pytest.mark.better("OP-01", how="the message names the component, and the argument that was meant")
def test_arguments_are_bound_as_python_binds_them(args: Any, kwargs: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        component("[{name: a}, {name: b}, {name: rate, optional: true}]")(*args, **kwargs)
    assert message in str(caught.value)


@pytest.mark.row("M-06")
def test_inside_a_pipeline_a_call_makes_a_step(pipeline: Pipeline) -> None:  # O-12
    step = component(
        "[{name: Data}, {name: n, type: Integer}]",
        "[--data, {inputPath: Data}, --n, {inputValue: n}, {outputPath: Out 1}]",
        "[{name: Out 1, type: Model}]",
    )("a,b", 3)
    assert isinstance(step, ContainerOp)
    assert (step.name, step.container.image, step.command) == ("train-model", "busybox", ["run"])
    assert step.arguments == ["--data", "/tmp/inputs/Data/data", "--n", "3", "/tmp/outputs/Out_1/data"]
    assert (step.artifact_arguments, step.input_artifact_paths) == ({"Data": "a,b"}, {"Data": "/tmp/inputs/Data/data"})
    assert step.file_outputs == {"Out 1": "/tmp/outputs/Out_1/data"}
    assert step._parameter_arguments == {"n": "3"}


def test_outputs_have_their_names_python_names_and_types(pipeline: Pipeline) -> None:  # N-12, O-05, O-06
    step = component(outputs="[{name: Out 1, type: Model}, {name: out_1}, {name: MLPipeline UI metadata}]")()
    assert list(step.outputs) == ["Out 1", "out_1", "out_1_2"]
    assert step.outputs["out_1_2"] is step.outputs["Out 1"]
    assert step.outputs["Out 1"].param_type == "Model"
    assert step.output_artifact_paths == {"mlpipeline-ui-metadata": "/tmp/outputs/MLPipeline_UI_metadata/data"}


def test_a_single_output_is_the_output(pipeline: Pipeline) -> None:  # O-06
    step = component(outputs="[{name: Out 1}]")()
    assert step.output is step.outputs["Out 1"]


def test_an_input_that_is_on_no_command_line_is_passed_as_a_file(pipeline: Pipeline) -> None:  # as KFP since 1.7.1
    step = component("[{name: a}, {name: b, default: x}]")("1")
    assert step.artifact_arguments == {"a": "1", "b": "x"}


def test_an_input_used_by_value_and_by_path_has_both(pipeline: Pipeline) -> None:  # KFP leaves the file out
    step = component("[{name: a}]", "[{inputValue: a}, {inputPath: a}]")("1")
    assert (step.arguments, step.artifact_arguments) == (["1", "/tmp/inputs/a/data"], {"a": "1"})


@pytest.mark.row("OP-02")
def test_defaults_are_passed_and_an_explicit_none_is_absent(pipeline: Pipeline) -> None:
    factory = component(
        "[{name: a, optional: true, default: '7'}, {name: b, default: true, type: Bool}]",
        "[{if: {cond: {isPresent: a}, then: [--a, {inputValue: a}]}}, {inputValue: b}]",
    )
    assert factory().arguments == ["--a", "7", "True"]
    assert factory(a=None).arguments == ["True"]


@pytest.mark.row("OP-02")
def test_none_for_a_required_input_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(ValueError, match=r"^No value provided for input a of component 'Train model'\. Give"):
        component("[{name: a}]", "[{inputValue: a}]")(None)


@pytest.mark.row("OP-04")
def test_a_parameter_is_always_present(pipeline: Pipeline) -> None:
    factory = component("[{name: a, optional: true}]", "[{if: {cond: {isPresent: a}, then: [{inputValue: a}]}}]")
    assert factory(PipelineParam("x")).arguments == ["{{pipelineparam:op=;name=x}}"]


@pytest.mark.row("W-08")
def test_a_constant_of_another_type_names_input_and_component(pipeline: Pipeline) -> None:
    with pytest.raises(
        ValueError, match=r"^input 'n' of component 'Train model': 'x'|5\.5 \(float\) is no value of type"
    ):
        component("[{name: n, type: Integer}]")(5.5)


def test_a_parameter_of_another_type_is_refused(pipeline: Pipeline) -> None:  # T-01, T-06
    factory = component("[{name: s, type: String}]", "[{inputValue: s}]")
    number = PipelineParam("n", param_type="Integer")
    with pytest.raises(
        InconsistentTypeException,
        match=r'^Incompatible argument passed to the input "s" of component "Train model": Argument type "Integer" is '
        'incompatible with the input type "String"$',
    ):
        factory(number)
    with type_checking(enabled=False), pytest.warns(InconsistentTypeWarning):
        factory(number)
    factory(number.ignore_type())  # T-07


@pytest.mark.row("DP-11")
def test_an_op_is_no_argument(pipeline: Pipeline) -> None:  # DP-11
    step = component(outputs="[{name: o}]")()
    with pytest.raises(
        TypeError,
        match=r"^ContainerOp object was passed to component as an input argument\. Pass a single output instead\.$",
    ):
        component("[{name: a}]")(step)


@pytest.mark.row("W-14")
def test_annotations_and_labels_reach_the_pod(pipeline: Pipeline) -> None:
    step = component(metadata="{annotations: {volatile_component: 'true', a: b}, labels: {l: m}}")()
    assert step.pod_annotations == {"volatile_component": "true", "a": "b"}
    assert step.pod_labels == {"l": "m"}
    assert step.execution_options.caching_strategy.max_cache_staleness == "P0D"


def test_variables_of_the_component_reach_the_container(pipeline: Pipeline) -> None:
    factory = component()
    factory.component_spec.implementation.container.env = {"A": "b"}
    (variable,) = factory().container.env
    assert (variable.name, variable.value) == ("A", "b")


@pytest.mark.row("M-06")
def test_a_changed_name_of_the_specification_holds_for_later_steps(pipeline: Pipeline) -> None:
    factory = component()
    factory.__name__ = "not the component's"
    assert factory().human_name == "Train model"
    factory.component_spec.name = "Second name"
    assert factory().human_name == "Second name"


@pytest.mark.row("OP-02")
@pytest.mark.parametrize(
    ("type_name", "default", "text"),
    [
        ("Integer", "1.0", "1"),
        ("Integer", "1.0e+5", "100000"),
        ("Integer", "true", "1"),
        ("Integer", "'010'", "10"),
        ("Float", "no", "0.0"),
        ("Float", "3", "3.0"),
    ],
)
def test_a_number_that_is_the_default_of_an_optional_input_is_written_anew(
    pipeline: Pipeline, type_name: str, default: str, text: str
) -> None:
    inputs = f"[{{name: a, type: {type_name}, default: {default}, optional: true}}]"
    assert component(inputs, "[{inputValue: a}]")().arguments == [text]


@pytest.mark.better("Y-03", how="inputs and outputs that are spelled alike in paths have files of their own")
def test_names_that_are_spelled_alike_in_paths_have_paths_of_their_own(pipeline: Pipeline) -> None:
    inputs, outputs = "[{name: a b}, {name: a_b}, {name: 名}, {name: 字}]", "[{name: a b}, {name: a_b}]"
    args = ", ".join(f"{{inputPath: {name}}}" for name in ("a b", "a_b", "名", "字"))
    op = component(inputs, f"[{args}, {{outputPath: a b}}, {{outputPath: a_b}}]", outputs)(*"1234")
    assert len(set(op.arguments)) == 6
    assert len({*op.input_artifact_paths.values(), *op.file_outputs.values()}) == 6
    assert op.arguments[0] == "/tmp/inputs/a_b/data"


@pytest.mark.row("Y-04", "O-05")
def test_outputs_stand_in_the_order_of_their_places(pipeline: Pipeline) -> None:
    outputs = "[{name: one}, {name: two}, {name: three}]"
    op = component("[]", "[{outputPath: three}, {outputPath: two}]", outputs)()
    assert list(op.file_outputs) == ["three", "two", "one"]


def test_a_changed_specification_holds_for_later_steps_only(pipeline: Pipeline) -> None:
    factory = component()
    before = factory()
    factory.component_spec.implementation.container.image = "changed"
    after = factory()
    assert (before.container.image, after.container.image) == ("busybox", "changed")
    assert before._metadata.implementation.container.image == "busybox"
    assert factory()._metadata is after._metadata


def test_a_component_of_no_name_is_called_component(pipeline: Pipeline) -> None:
    container = structures.ContainerSpec("busybox", command=["true"])
    factory = TaskFactory(structures.ComponentSpec(implementation=structures.ContainerImplementation(container)))
    assert (factory().name, factory.__name__) == ("component", "Component")


def test_a_component_without_an_implementation_makes_no_step(pipeline: Pipeline) -> None:
    with pytest.raises(TypeError, match="component 'X' has no container"):
        TaskFactory(structures.ComponentSpec(name="X"))()


def test_a_specification_made_in_python_is_checked_when_it_becomes_a_factory() -> None:
    spec = structures.ComponentSpec(name="X", inputs=[structures.InputSpec("a"), structures.InputSpec("a")])
    with pytest.raises(ValueError, match=r"<component 'X'>: inputs\[1\]\.name: the name 'a' is there twice \[KA305\]"):
        TaskFactory(spec)


@pytest.mark.row("Y-09")
def test_an_input_for_the_final_status_is_no_argument() -> None:
    assert str(inspect.signature(component("[{name: a, type: PipelineTaskFinalStatus}, {name: b}]"))) == "(b)"


@pytest.mark.row("M-06")
def test_outside_a_pipeline_a_call_describes_a_task() -> None:
    factory = component("[{name: a, type: Integer}, {name: b, default: x}, {name: c, optional: true}]")
    task = factory(1)
    assert isinstance(task, structures.TaskSpec)
    assert task.arguments == {"b": "x", "a": "1"}
    assert task.component_ref.spec == factory.component_spec


@pytest.mark.row("M-06")
def test_a_task_outside_a_pipeline_can_take_the_output_of_another() -> None:  # T-10
    first = component(outputs="[{name: o, type: Integer}]")()
    taken = component("[{name: a, type: Integer}]")(first.outputs["o"])
    assert taken.arguments["a"].task_output.task is first
    expected = (
        r'^Argument with type "Integer" was passed to the input "s" of component "Train model", which has type "Str'
    )
    with pytest.raises(TypeError, match=expected):
        component("[{name: s, type: String}]")(first.outputs["o"])
    component("[{name: s, type: String}]")(first.outputs["o"].without_type())


def test_a_step_of_a_component_brings_no_advice_to_write_a_component(pipeline: Pipeline) -> None:  # D-09
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        component()()


def test_a_component_without_a_command_is_advised_to_have_one() -> None:  # §1.12
    text = "{name: c, implementation: {container: {image: i}}}"
    with pytest.warns(MissingCommandWarning) as caught:
        load_component_from_text(text)
    (advice,) = caught
    assert (str(advice.message), advice.filename) == (
        (
            "The component 'c' has no command: write the one of its image into it. Without, the step runs the image's "
            "own entrypoint, whose output files are mounted one by one."
        ),
        __file__,
    )
