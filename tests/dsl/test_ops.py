"""Ops (rows B-01 to B-16, O-01 to O-14, D-08 to D-11, DP-10, DP-11)."""

import re
import warnings
from collections.abc import Callable

import pytest

from kfp_airflow import dsl
from kfp_airflow.diagnostics import PipelineError, StepError
from kfp_airflow.dsl.build import build_graph
from kfp_airflow.dsl.ops import LEGACY_OUTPUTS
from kfp_airflow.graph.flow import references
from kfp_airflow.graph.resolved import resolve_step
from kfp_airflow.graph.text import OutputRef, ParameterRef, Text, resolve_tree

PARAM = dsl.PipelineParam("x")


def op(name: str = "a", **options: object) -> dsl.ContainerOp:
    return dsl.ContainerOp(name, "image", **options)


@pytest.mark.row("B-03", "B-04", "B-05", "B-06", "B-07", "B-08", "B-09", "B-10", "B-11", "B-12", "B-13", "B-14", "B-16")
def test_methods_of_an_op_return_it_and_set_what_kfp_sets() -> None:
    """B-03 to B-14, B-16."""
    made = op()
    chained = (
        made.add_volume("v")
        .add_toleration("t")
        .add_affinity("first")
        .add_affinity("last")
        .add_node_selector_constraint("disk", PARAM)
        .add_pod_annotation("a", 1)
        .add_pod_label("l", PARAM)
        .set_retry(3, "Always", "1m", 2, "1h")
        .set_timeout(60)
        .add_init_container(dsl.UserContainer("i", "image"))
        .add_sidecar(dsl.Sidecar("s", "image"))
        .set_display_name("A")
        .set_caching_options(False)
    )
    assert chained is made
    assert (made.volumes, made.tolerations, made.affinity, made.node_selector) == (
        ["v"],
        ["t"],
        "last",
        {"disk": PARAM},
    )
    assert (made.pod_annotations, made.pod_labels) == ({"a": 1}, {"l": PARAM})
    assert (made.num_retries, made.retry_policy, made.backoff_duration) == (3, "Always", "1m")
    assert (made.backoff_factor, made.backoff_max_duration, made.timeout) == (2, "1h", 60)
    assert (len(made.init_containers), len(made.sidecars), made.display_name, made.enable_caching) == (1, 1, "A", False)


@pytest.mark.row("B-01")
def test_applying_a_modifier_returns_its_result_or_the_op() -> None:
    """B-01."""
    first, second = op(), op()
    assert first.apply(lambda _: None) is first
    assert first.apply(lambda _: second) is second


@pytest.mark.row("B-02")
def test_an_op_comes_after_ops_and_groups() -> None:
    """B-02."""
    with dsl.Pipeline("p"):
        first = op()
        with dsl.Condition(PARAM == 1) as group:
            op()
        assert op("last").after(first, group).dependent_names == ["a", "condition-1"]


@pytest.mark.better("B-02", how="`after` takes a group that has a name of its own, too")
def test_an_op_comes_after_a_group_with_a_name() -> None:
    def pipeline(mode: str = "a") -> None:
        with dsl.Condition(mode == "a", "My Cond") as group:
            op("inside")
        op("last").after(group)

    condition, last = build_graph(pipeline).members
    assert last.after == (condition.id,) == ("condition-my-cond-1",)


@pytest.mark.better("B-05", how="an affinity may hold parameters and outputs")
def test_a_parameter_in_an_affinity_is_one_of_the_step() -> None:
    def pipeline(zone: str = "a") -> None:
        op().add_affinity({"nodeAffinity": {"zone": zone}})

    (step,) = build_graph(pipeline).members
    assert resolve_tree(step.pod.affinity, str) == {"nodeAffinity": {"zone": str(ParameterRef("zone"))}}
    assert [*references(step)] == [ParameterRef("zone")]


@pytest.mark.better("B-06", "B-07", "B-08", how="a number is taken, and written as a text")
def test_numbers_in_labels_are_texts() -> None:
    def pipeline() -> None:
        op().add_pod_label("a", 1).add_pod_annotation("b", 2).add_node_selector_constraint("c", 3)

    (step,) = build_graph(pipeline).members
    pod = (step.pod.labels, step.pod.annotations, step.pod.node_selector)
    assert [resolve_tree(each, str) for each in pod] == [{"a": "1"}, {"b": "2"}, {"c": "3"}]


@pytest.mark.row("B-09")
def test_an_unknown_retry_policy_is_refused() -> None:
    """B-09."""
    message = "policy must be one of: Always, OnError, OnFailure, OnTransientError. Got: 'x'"
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        op().set_retry(1, "x")


@pytest.mark.row("B-14")
def test_whether_results_are_reused_may_be_a_value_of_the_run() -> None:
    """B-14: a PipelineParam, or a text that is true or false."""

    def pipeline(b: bool = False) -> None:
        for given in (b, "False", "TRUE", None):
            op().set_caching_options(given)

    found = [member.caching.enabled for member in build_graph(pipeline).members]
    assert found == [Text((ParameterRef("b"),)), False, True, False]


@pytest.mark.row("D-12")
def test_whether_a_sidecar_mirrors_volumes_may_be_a_value_of_the_run() -> None:
    """D-12: as for set_caching_options; resolved for each run."""

    def pipeline(b: bool = False) -> None:
        op(sidecars=[dsl.Sidecar("s", "image", mirror_volume_mounts=b)])

    (step,) = build_graph(pipeline).members
    for value, mirrors in (("True", True), ("false", False)):
        assert resolve_step(step, lambda _, value=value: value).sidecars[0].mirror_volume_mounts is mirrors
    with pytest.raises(StepError, match=r"^mirror_volume_mounts of container 's': 'maybe' is neither true nor false$"):
        resolve_step(step, lambda _: "maybe")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda made: made.set_caching_options("perhaps"), "set_caching_options: 'perhaps' is neither true nor false"),
        (
            lambda made: setattr(made.container, "image", ("image:1",)),
            r"the image is a tuple, not a text: \('image:1',\)",
        ),
    ],
)
def test_a_value_that_has_no_meaning_is_refused(change: Callable[[dsl.ContainerOp], object], message: str) -> None:
    with pytest.raises(PipelineError, match=message):
        build_graph(lambda: change(op()))


@pytest.mark.row("B-15")
def test_the_inputs_of_an_op_are_the_parameters_that_it_uses() -> None:
    """B-15."""
    made = op(arguments=[f"{PARAM} {dsl.PipelineParam('o', 'b')}"]).add_pod_label("l", dsl.PipelineParam("y"))
    assert {param.full_name for param in made.inputs} == {"x", "b-o", "y"}


@pytest.mark.row("B-15")
def test_an_input_may_be_named_as_argo_names_it() -> None:
    """B-15: what stands in `inputs` is meant by `{{inputs.parameters.…}}`, as with KFP."""

    def pipeline(my_x: str = "") -> None:
        first = op("My op", file_outputs={"out 1": "/o"})
        texts = ["{{inputs.parameters.my-op-out-1}}", "{{ inputs.parameters.my_x }}", "{{inputs.parameters.other}}"]
        second = op(arguments=texts)
        second.inputs = [first.output, my_x]

    _, second = build_graph(pipeline).members
    assert [content.references for content in second.container.args] == [
        (OutputRef("my-op", "out 1"),),
        (ParameterRef("my_x"),),
        (),
    ]


@pytest.mark.row("B-15", "B-16")
def test_a_class_of_an_author_may_have_further_attributes_with_parameters() -> None:
    """B-15, B-16."""

    class Job(dsl.ContainerOp):
        def __init__(self, name: str, queue: object) -> None:
            super().__init__(name, "image")
            self.queue = queue
            self.attrs_with_pipelineparams = [*self.attrs_with_pipelineparams, "queue"]

    assert [param.full_name for param in Job("a", PARAM).inputs] == ["x"]
    assert isinstance(dsl.BaseOp.attrs_with_pipelineparams, list)


@pytest.mark.row("B-15")
def test_an_op_waits_for_the_makers_of_inputs_that_it_does_not_use() -> None:
    """B-15: `inputs` can be assigned and appended to; what the op uses stays among them."""

    def pipeline(x: str = "") -> None:
        first, second = op(file_outputs={"o": "/o"}), op(file_outputs={"o": "/o"})
        third = op(arguments=[second.output, x])
        third.inputs = [first.output]
        assert {param.full_name for param in third.inputs} == {"a-o", "a-2-o", "x"}
        fourth = op()
        fourth.inputs.append(second.output)

    steps = build_graph(pipeline).members
    assert [step.after for step in steps] == [(), (), ("a",), ("a-2",)]


@pytest.mark.row("O-04")
def test_command_and_arguments_are_lists_of_texts() -> None:
    """O-04."""
    made = op(command="run", arguments=[1, None, PARAM, ["x"]])
    assert (made.command, made.arguments) == (["run"], ["1", "None", str(PARAM), "['x']"])
    made.command, made.arguments = ["a", 2], "b"
    assert (made.command, made.arguments) == (["a", "2"], ["b"])
    assert op().command is None


@pytest.mark.row("O-02")
def test_methods_of_the_container_work_on_the_op_with_a_warning() -> None:
    """O-02."""
    client = pytest.importorskip("kubernetes.client")
    made = op()
    with pytest.warns(
        PendingDeprecationWarning, match=r"Use `dsl\.ContainerOp\.container\.set_memory_limit` instead\.$"
    ):
        assert made.set_memory_limit("1Gi") is made
    with pytest.warns(PendingDeprecationWarning):
        assert made.add_env_variable(client.V1EnvVar(name="a")).add_toleration("t") is made
    assert made.container.get_resource_limit("memory") == "1Gi"
    assert not hasattr(made, "nothing_of_the_kind")
    with pytest.raises(AttributeError, match=r"^'ContainerOp' object has no attribute 'to_dict'$"):
        made.to_dict()


@pytest.mark.row("O-03")
def test_image_and_variables_are_still_on_the_op_with_a_warning() -> None:
    """O-03."""
    made = op()
    with pytest.warns(PendingDeprecationWarning, match="container.image"):
        made.image = "other"
    with pytest.warns(PendingDeprecationWarning, match="container.env"):
        made.env_variables = ["v"]
    assert (made.container.image, made.container.env) == ("other", ["v"])
    assert (made.is_v2, made.container_spec) == (False, None)  # O-11


@pytest.mark.row("O-05", "O-06", "O-07")
def test_outputs_are_found_by_name_and_the_only_one_by_output() -> None:
    """O-05 to O-07."""
    made = op(file_outputs={"Out 1": "/o"})
    assert made.outputs["Out 1"] is made.output
    assert made.output.full_name == f"{made.name}-Out 1"
    assert made.file_outputs == {"Out 1": "/o"}


@pytest.mark.row("O-06")
@pytest.mark.parametrize("outputs", [{}, {"a": "/a", "b": "/b"}])
def test_output_is_refused_where_there_is_no_single_one(outputs: dict[str, str]) -> None:
    """O-06."""
    message = (
        "This task has multiple outputs. Use `task.outputs[<output name>]` dictionary to refer to the one you need."
    )
    for use in (str, lambda output: output.name):
        with pytest.raises(RuntimeError, match=f"^{re.escape(message)}$"):
            use(op(file_outputs=outputs).output)


@pytest.mark.better("O-05", how="an output that is not there is refused with those that are")
def test_an_unknown_output_is_refused_with_those_that_there_are() -> None:
    """O-05."""
    with dsl.Pipeline("p"):
        made = op("train", file_outputs={"accuracy": "/a", "model": "/m"})
    with pytest.raises(KeyError, match="'train' has no output 'acuracy': it has 'accuracy' and 'model'"):
        made.outputs["acuracy"]


@pytest.mark.row("O-08")
@pytest.mark.row("DP-10")
@pytest.mark.parametrize("name", ["mlpipeline-ui-metadata", "MLPipeline_UI_metadata", "mlpipeline metrics"])
def test_metrics_and_viewers_are_no_outputs_of_the_op(name: str) -> None:
    """DP-10, O-08."""
    made = op(file_outputs={name: "/m", "model": "/o"})
    assert list(made.outputs) == ["model"]
    assert made.output.name == "model"
    assert set(made.output_artifact_paths) <= set(LEGACY_OUTPUTS)


@pytest.mark.row("O-08")
@pytest.mark.row("D-08", "D-09")
def test_old_arguments_still_work_with_a_warning() -> None:
    """D-08, D-09, O-08."""
    with pytest.warns(DeprecationWarning, match=r"^is_exit_handler=True is no longer needed\.$"):
        assert op(is_exit_handler=True).is_exit_handler is True
    with pytest.warns(DeprecationWarning, match="output_artifact_paths parameter is deprecated since SDK v0.1.32"):
        assert op(output_artifact_paths={"x": "/x"}).output_artifact_paths == {"x": "/x"}


@pytest.mark.row("DP-03")
@pytest.mark.row("D-10")
def test_file_arguments_stand_in_the_command_line_as_paths() -> None:
    """D-10, DP-03."""
    made = op(
        command=dsl.InputArgumentPath("first"),
        arguments=[dsl.InputArgumentPath(PARAM, "My in"), dsl.InputArgumentPath(3, path="/z"), "text"],
        artifact_argument_paths=[dsl.InputArgumentPath("hidden")],
    )
    assert made.command == ["/tmp/inputs/input-1/data"]
    assert made.arguments == ["/tmp/inputs/My_in/data", "/z", "text"]
    assert made.artifact_arguments == {"input-0": "hidden", "input-1": "first", "My in": str(PARAM), "input-3": "3"}
    assert made.input_artifact_paths["input-3"] == "/z"


@pytest.mark.row("DP-11")
@pytest.mark.parametrize("wrap", [lambda value: value, dsl.InputArgumentPath])
def test_an_op_is_no_value(wrap: type[dsl.InputArgumentPath]) -> None:
    """DP-11."""
    message = (
        "ContainerOp object was passed to component as an input argument. Pass a single output instead. The op is 'a'."
    )
    with dsl.Pipeline("p"), pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        op("b", arguments=[wrap(op())])


@pytest.mark.row("O-09")
def test_execution_options_are_there_to_be_set() -> None:
    """O-09."""
    made = op()
    made.execution_options.caching_strategy.max_cache_staleness = "P0D"
    assert made.execution_options.caching_strategy.max_cache_staleness == "P0D"
    assert op().execution_options.caching_strategy.max_cache_staleness is None
    other = op()
    other.execution_options = made.execution_options
    assert other.execution_options.to_dict() == {"cachingStrategy": {"maxCacheStaleness": "P0D"}}


@pytest.mark.row("O-14")
def test_a_subclass_is_an_op_like_any_other() -> None:
    """O-14."""

    class Train(dsl.ContainerOp):
        def __init__(self, data: object) -> None:
            super().__init__(name="train", image="image", arguments=["--data", data], file_outputs={"model": "/m"})
            self.data = data

    with dsl.Pipeline("p") as pipeline:
        made = Train(PARAM).set_retry(1)
    assert pipeline.ops == {"train": made}
    assert made.where.line == _line_of(test_a_subclass_is_an_op_like_any_other) + 6


@pytest.mark.row("D-09")
def test_writing_a_container_op_warns_at_the_authors_line_unless_switched_off() -> None:
    """D-09."""
    with pytest.warns(
        FutureWarning, match="^Please create reusable components instead of constructing ContainerOp"
    ) as warned:
        dsl.ContainerOp("a", "image")
    assert warned[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        dsl.ContainerOp("a", "image", arguments=["--component_launcher_class_path", "x"])
        dsl.ContainerOp._from_component(name="a", image="image")


@pytest.mark.row("N-01")
@pytest.mark.parametrize("name", [None, 5])
def test_a_name_that_is_no_text_is_refused(name: object) -> None:
    """D-08, N-01."""
    with pytest.raises(TypeError, match=f"^the name of a step has to be a text, not {name}$"):
        op(name)


@pytest.mark.row("O-02", "B-16")
def test_an_op_shows_its_own_names_and_its_containers_methods() -> None:
    """O-02, B-16."""
    names = dir(op())
    assert {"set_memory_limit", "add_env_variable", "pod_labels", "human_name", "apply"} <= {*names}
    assert {"to_dict", "to_str"} & {*names} == set()


@pytest.mark.row("D-08")
def test_an_op_outside_a_pipeline_has_a_name_of_its_own() -> None:
    """D-08."""
    assert op("My Op").name.startswith("My Op ")


def _line_of(function: object) -> int:
    return function.__code__.co_firstlineno
