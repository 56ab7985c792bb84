"""From an author's function to the graph (rows PP-05 to PP-07, P-01 to P-11, B-, C-, CO-, L-, EH-, DP-)."""

import gc
import re
import time
from collections.abc import Callable

import pytest

from kfp_airflow import dsl
from kfp_airflow.diagnostics import PipelineError, Where
from kfp_airflow.dsl.build import PipelineWarning, build_graph
from kfp_airflow.dsl.notes import noting
from kfp_airflow.graph import model
from kfp_airflow.graph.check import check
from kfp_airflow.graph.model import (
    Comparison,
    Condition,
    ContainerStep,
    ExitHandler,
    InputFile,
    Loop,
    OutputFile,
    Parameter,
)
from kfp_airflow.graph.text import ItemRef, OutputRef, ParameterRef, RunRef, Struct, resolve_tree, text


def op(name: str = "a", *arguments: object, **options: object) -> dsl.ContainerOp:
    return dsl.ContainerOp(name, "image", arguments=list(arguments) or None, **options)


def made(name: str = "make") -> dsl.ContainerOp:
    return op(name, file_outputs={"o": "/o"})


def only(function: Callable[..., object]) -> model.Member:
    """Return the last member of the graph of a function, which has to be free of errors."""
    graph = build_graph(function)
    assert [str(found) for found in check(graph)] == []
    return graph.members[-1]


def problems(function: Callable[..., object]) -> list[str]:
    """Return what is wrong with a pipeline function: code and problem."""
    with pytest.raises(PipelineError) as refused:
        build_graph(function)
    return [f"{found.code} {found.problem}" for found in refused.value.diagnostics]


def test_a_container_op_becomes_a_step_with_all_that_it_says() -> None:
    def pipeline(lr: float = 0.1) -> None:
        first = made("My Make")
        dsl.ContainerOp(
            name="Train",
            image=f"image:{lr}",
            command=["sh", "-c"],
            arguments=[f"--lr={lr}", first.output, "{{workflow.uid}}"],
            file_outputs={"Model 1": "/m", "mlpipeline-metrics": "/metrics"},
            container_kwargs={"env": [{"name": "LR", "value": 3}], "working_dir": "/w"},
        ).after(first).set_retry(2, backoff_duration=30).set_timeout(60).set_display_name(f"lr {lr}")

    step = only(pipeline)
    assert isinstance(step, ContainerStep)
    assert (step.id, step.name, step.after, step.timeout_s) == ("train", "Train", ("my-make",), 60)
    assert step.container == model.Container(
        image=text("image:", ParameterRef("lr")),
        command=(text("sh"), text("-c")),
        args=(text("--lr=", ParameterRef("lr")), text(OutputRef("my-make", "o")), text(RunRef("uid"))),
        options=Struct(
            (
                (text("env"), (Struct(((text("name"), text("LR")), (text("value"), text("3")))),)),
                (text("workingDir"), text("/w")),
            )
        ),
    )
    assert step.outputs == (
        OutputFile(name="Model 1", path="/m"),
        OutputFile(name="mlpipeline-metrics", path="/metrics"),
    )
    assert step.outputs[1].optional  # DP-10
    assert step.retry == model.Retry(limit=text("2"), backoff_duration="30")
    assert step.display_name == text("lr ", ParameterRef("lr"))
    assert step.where == Where(__file__, pipeline.__code__.co_firstlineno + 2)


@pytest.mark.row("B-03", "B-04", "B-05", "B-06", "B-07", "B-08", "B-11", "B-12")
def test_pod_options_are_read_in_kubernetes_spelling_with_parameters_anywhere() -> None:
    """B-03 to B-08, B-11, B-12."""
    client = pytest.importorskip("kubernetes.client")

    def pipeline(tag: str = "1") -> None:
        step = op()
        step.add_volume(client.V1Volume(name="v", empty_dir=client.V1EmptyDirVolumeSource()))
        step.add_toleration(client.V1Toleration(key="k", operator="Exists"))
        step.add_affinity(client.V1Affinity(node_affinity=client.V1NodeAffinity()))
        step.add_node_selector_constraint("disk", tag).add_pod_label(tag, 1).add_pod_annotation("a", True)
        step.add_sidecar(dsl.Sidecar("side", f"image:{tag}", mirror_volume_mounts=True))
        step.add_init_container(dsl.UserContainer("init", "image", "true"))

    pod = only(pipeline).pod
    assert pod.volumes == (Struct(((text("emptyDir"), Struct()), (text("name"), text("v")))),)
    assert pod.tolerations == (Struct(((text("key"), text("k")), (text("operator"), text("Exists")))),)
    assert pod.affinity == Struct(((text("nodeAffinity"), Struct()),))
    assert pod.node_selector == Struct(((text("disk"), text(ParameterRef("tag"))),))
    assert (pod.labels, pod.annotations) == (
        Struct(((text(ParameterRef("tag")), text("1")),)),
        Struct(((text("a"), text("True")),)),
    )
    assert pod.sidecars == (
        model.Container(name=text("side"), image=text("image:", ParameterRef("tag")), mirror_volume_mounts=True),
    )
    assert pod.init_containers[0].command == (text("true"),)


@pytest.mark.row("DP-03", "DP-09")
@pytest.mark.row("D-10")
def test_file_arguments_become_input_files() -> None:
    """D-10, DP-03, DP-09."""

    def pipeline(lr: str = "") -> None:
        first = made()
        op("use", dsl.InputArgumentPath(first.output, "data"), dsl.InputArgumentPath(f"x={lr}", path="/p"))

    step = only(pipeline)
    assert step.inputs == (
        InputFile(name="data", path="/tmp/inputs/data/data", source=text(OutputRef("make", "o"))),
        InputFile(name="input-1", path="/p", source=text("x=", ParameterRef("lr"))),
    )
    assert step.container.args == (text("/tmp/inputs/data/data"), text("/p"))
    assert step.inputs[0].source.sole_output is not None


@pytest.mark.row("CO-01", "CO-03", "CO-06", "CO-08")
def test_conditions_nest_and_keep_the_authors_order() -> None:
    """CO-01, CO-03, CO-06, CO-08."""

    def pipeline(mode: str = "x") -> None:
        flip = made("flip")
        with dsl.Condition(flip.output == True, "Heads up") as group:  # noqa: E712 - an author's comparison
            op("first")
            with dsl.Condition(mode > 10):
                op("second")
            op("third")
        op("last").after(group)

    outer = build_graph(pipeline).members[1]
    assert isinstance(outer, Condition)
    assert (outer.id, outer.name) == ("condition-heads-up-1", "Heads up")
    assert outer.when == Comparison(left=text(OutputRef("flip", "o")), operator="==", right=text("True"))
    assert [member.id for member in outer.members] == ["first", "condition-2", "third"]
    inner = outer.members[1]
    assert isinstance(inner, Condition)
    assert inner.when == Comparison(left=text(ParameterRef("mode")), operator=">", right=text("10"))
    assert only(pipeline).after == ("condition-heads-up-1",)  # B-02


@pytest.mark.row("L-02", "L-03", "L-05", "L-06", "L-12")
def test_static_and_dynamic_loops_hand_their_items_on() -> None:
    """L-02, L-03, L-05, L-06, L-12."""

    def pipeline(rows: list = [1]) -> None:  # noqa: B006 - an author's default
        first = made()
        with dsl.ParallelFor([{"a": f"{first.output}", "b": 1}, {"a": "x", "b": [True, None]}], parallelism=2) as item:
            op("static", item.a, f"{item}")
        with dsl.ParallelFor(rows) as item, dsl.ParallelFor(item.cells) as cell:
            op("inner", item, cell, cell.x)
        with dsl.ParallelFor(rows) as item:
            op("again", item)
        with dsl.ParallelFor(first.output) as item:
            op("dynamic", item.k)

    static, outer, again, dynamic = build_graph(pipeline).members[1:]
    assert isinstance(static, Loop)
    assert isinstance(outer, Loop)
    inner = outer.members[0]
    assert static.items == (
        Struct(((text("a"), text(OutputRef("make", "o"))), (text("b"), 1))),
        Struct(((text("a"), text("x")), (text("b"), (True, None)))),
    )
    assert static.parallelism == 2
    assert static.members[0].container.args == (text(ItemRef(static.id, "a")), text(ItemRef(static.id)))
    assert (outer.items, inner.items) == (ParameterRef("rows"), ItemRef(outer.id, "cells"))
    assert [part.parts[0] for part in inner.members[0].container.args] == [
        ItemRef(outer.id),
        ItemRef(inner.id),
        ItemRef(inner.id, "x"),
    ]
    assert again.members[0].container.args == (text(ItemRef(again.id)),)
    assert (dynamic.items, dynamic.members[0].container.args) == (
        OutputRef("make", "o"),
        (text(ItemRef(dynamic.id, "k")),),
    )
    assert list(check(build_graph(pipeline))) == []


@pytest.mark.row("L-12")
def test_two_loops_over_one_parameter_inside_each_other_have_items_of_their_own() -> None:
    """L-12: KFP mixes them up."""

    def pipeline(rows: str = "[]") -> None:
        with dsl.ParallelFor(rows) as one, dsl.ParallelFor(rows) as two:
            op("use", one, two, one.a, two.a)

    outer = only(pipeline)
    inner = outer.members[0]
    assert [part.parts[0] for part in inner.members[0].container.args] == [
        ItemRef(outer.id),
        ItemRef(inner.id),
        ItemRef(outer.id, "a"),
        ItemRef(inner.id, "a"),
    ]


@pytest.mark.row("EH-01", "EH-03", "EH-05")
def test_exit_handlers_hold_their_step_wherever_they_stand() -> None:
    """EH-01, EH-03, EH-05."""

    def pipeline(who: str = "me") -> None:
        bye, inner = op("bye", who, "{{workflow.status}}"), op("inner")
        before = op("before")
        with dsl.ExitHandler(bye, name="Cleaning"):
            op("work").after(before)
            with dsl.ExitHandler(inner):
                op("more")

    graph = build_graph(pipeline)
    assert list(check(graph)) == []
    before, group = graph.members
    assert before.id == "before"
    assert isinstance(group, ExitHandler)
    assert (group.id, group.name, group.handler.id) == ("exit-handler-1", "Cleaning", "bye")
    assert group.handler.container.args == (text(ParameterRef("who")), text(RunRef("status")))
    assert group.members[1].handler.id == "inner"


@pytest.mark.row("EH-01")
def test_an_exit_op_that_reads_an_output_is_refused() -> None:
    """EH-01."""

    def pipeline() -> None:
        bye = op("bye", made().output)
        with dsl.ExitHandler(bye):
            op("work")

    (found,) = check(build_graph(pipeline))
    assert (found.code, found.step) == ("KA026", "bye")
    assert found.problem == "is an exit handler and reads output 'o' of step 'make', which may never have run"


@pytest.mark.row("PP-05", "PP-06", "T-03")
def test_arguments_become_typed_parameters_with_kfps_texts() -> None:
    """PP-05, PP-06, T-03, W-12."""

    def pipeline(
        a: int,
        b: dict = {"y": 1, "x": 2},  # noqa: B006 - an author's default
        c: list = (1, 2),
        d: str = None,  # noqa: RUF013 - as authors write it
        e="",
        f: bool = True,
        g: "Custom" = "1",  # noqa: F821 - an author's type
        h: dsl.types.GCSPath() = "gs://x",
        *,
        k: float = 1,
    ) -> None:
        """Do it.

        Args:
          a: the first
          b (dict): the second
            goes on
        """

    validator = Struct(((text("type"), text("string")), (text("pattern"), text("^gs://.*$"))))
    gcs = Struct(((text("GCSPath"), Struct(((text("openapi_schema_validator"), validator),))),))
    graph = build_graph(pipeline)
    assert graph.description == "Do it."
    assert graph.parameters == (
        Parameter(name="a", type=text("Integer"), description="the first"),
        Parameter(
            name="b",
            type=text("JsonObject"),
            default='{"x": 2, "y": 1}',
            optional=True,
            description="the second\ngoes on",
        ),
        Parameter(name="c", type=text("JsonArray"), default="[1, 2]", optional=True),
        Parameter(name="d", type=text("String"), optional=True),
        Parameter(name="e", default="", optional=True),
        Parameter(name="f", type=text("Boolean"), default="True", optional=True),
        Parameter(name="g", type=text("Custom"), default="1", optional=True),
        Parameter(name="h", type=gcs, default="gs://x", optional=True),
        Parameter(name="k", type=text("Float"), default="1", optional=True),
    )


FIRST, SECOND = dsl.PipelineParam(name="a", value="x"), dsl.PipelineParam("b", value=2)


@pytest.mark.better("PP-06", how="a default that is a `PipelineParam` has its value, as in the first SDKs")
def test_a_default_may_be_a_parameter_with_a_value() -> None:
    def pipeline(a: dsl.PipelineParam = FIRST, b=SECOND) -> None: ...

    with noting() as notes:
        parameters = build_graph(pipeline).parameters
    assert [(one.name, one.default) for one in parameters] == [("a", "x"), ("b", "2")]
    assert [(found.code, found.severity) for found in notes] == [("KA008", "warning")] * 2
    assert (
        notes[0].problem
        == "the default of argument 'a' is a PipelineParam; its value is taken, which KFP 1.8 leaves out"
    )


@pytest.mark.row("PP-06")
@pytest.mark.row("F-08")
def test_a_default_of_another_type_is_left_out_with_a_warning() -> None:
    """PP-06, F-08."""

    def pipeline(n: int = 2.5) -> None: ...

    with noting() as notes:
        assert build_graph(pipeline).parameters == (Parameter(name="n", type=text("Integer"), optional=True),)
    assert [(found.code, found.severity) for found in notes] == [("KA008", "warning")]
    assert notes[0].problem.startswith("the default of argument 'n' is left out, as in KFP: 2.5 (float)")
    with pytest.warns(PipelineWarning, match="the default of argument 'n' is left out"):
        build_graph(pipeline)


@pytest.mark.row("N-09")
@pytest.mark.row("D-01")
def test_names_and_descriptions_come_from_the_caller_the_decorator_the_function() -> None:
    """D-01, N-09."""

    @dsl.pipeline(name="Decorated", description="By it")
    def my_pipe() -> None:
        """In the docstring."""

    def plain_pipe() -> None:
        """In the docstring."""

    assert (build_graph(my_pipe).name, build_graph(my_pipe).description) == ("Decorated", "By it")
    assert (build_graph(plain_pipe).name, build_graph(plain_pipe).description) == ("Plain pipe", "In the docstring.")
    given = build_graph(my_pipe, name="N", description="D", parameters=[dsl.PipelineParam("x", value=3)])  # Z-03
    assert (given.name, given.description) == ("N", "D")
    assert given.parameters == (Parameter(name="x", default="3", optional=True),)


@pytest.mark.row("D-01")
def test_a_pipeline_inside_a_pipeline_is_inlined() -> None:
    """D-01."""

    @dsl.pipeline(name="inner")
    def inner(x: str = "1") -> None:
        op("a", x)

    def outer(y: str = "2") -> None:
        inner(y)
        inner("3")

    assert [step.container.args for step in build_graph(outer).members] == [(text(ParameterRef("y")),), (text("3"),)]


@pytest.mark.row("P-01", "P-02", "P-03", "P-04", "P-05", "P-06", "P-07", "P-09")
def test_settings_of_the_pipeline_are_read_and_a_given_conf_replaces_them() -> None:
    """P-01 to P-07, P-09."""
    client = pytest.importorskip("kubernetes.client")

    def pipeline() -> None:
        conf = dsl.get_pipeline_conf()
        conf.set_timeout("60").set_parallelism(2).set_ttl_seconds_after_finished(0).set_pod_disruption_budget("50%")
        conf.set_default_pod_node_selector("a", "b").set_image_pull_policy("Always")
        conf.set_image_pull_secrets([client.V1LocalObjectReference(name="s")])
        conf.set_dns_config(client.V1PodDNSConfig(nameservers=["1.1.1.1"]))

    assert build_graph(pipeline).settings == model.Settings(
        timeout_s=60,
        parallelism=2,
        ttl_s=0,
        image_pull_secrets=(Struct(((text("name"), text("s")),)),),
        node_selector=Struct(((text("a"), text("b")),)),
        image_pull_policy="Always",
        dns_config=Struct(((text("nameservers"), (text("1.1.1.1"),)),)),
        disruption_budget=Struct(((text("minAvailable"), text("50%")),)),
    )
    assert build_graph(pipeline, conf=dsl.PipelineConf().set_timeout(5)).settings == model.Settings(timeout_s=5)


@pytest.mark.row("P-08")
def test_transformers_see_every_op_in_the_order_of_definition() -> None:
    """P-08."""
    seen: list[str] = []

    def pipeline() -> None:
        dsl.get_pipeline_conf().add_op_transformer(lambda each: seen.append(each.name))
        dsl.get_pipeline_conf().add_op_transformer(lambda each: each.add_pod_label("team", "a") and None)
        bye = op("bye")
        with dsl.ExitHandler(bye):
            op("work")
        dsl.ResourceOp(name="make", k8s_resource={"kind": "ConfigMap"})

    group, resource = build_graph(pipeline).members
    assert seen == ["bye", "work", "make"]
    labels = Struct(((text("team"), text("a")),))
    assert [step.pod.labels for step in (group.handler, *group.members, resource)] == [labels] * 3


def test_the_label_add_pod_env_shows_the_pods_fields_as_variables() -> None:
    """§1.3: KFP's own transformer."""
    step = only(lambda: op().add_pod_label("add-pod-env", "true"))
    names = [variable.get("name").constant for variable in step.container.options.get("env")]
    assert names == ["KFP_POD_NAME", "KFP_POD_UID", "KFP_NAMESPACE", "WORKFLOW_ID", "KFP_RUN_ID", "ENABLE_CACHING"]


@pytest.mark.row("B-14", "O-09")
def test_caching_options_reach_the_step() -> None:
    """B-14, O-09."""

    def pipeline() -> None:
        op("a").set_caching_options(False)
        op("b").execution_options.caching_strategy.max_cache_staleness = "P30D"
        op("c")

    assert [step.caching for step in build_graph(pipeline).members] == [
        model.Caching(enabled=False),
        model.Caching(max_staleness="P30D"),
        model.Caching(),
    ]


@pytest.mark.row("B-09")
def test_a_policy_without_a_number_retries_without_end_and_warns() -> None:
    """B-09."""
    with noting() as notes:
        step = build_graph(lambda: op().set_retry(0, "Always")).members[0]
    assert step.retry == model.Retry(limit=None, policy="Always")
    assert [(found.code, found.step) for found in notes] == [("KA010", "a")]


@pytest.mark.row("B-09")
def test_retries_may_be_a_parameter() -> None:
    """B-09."""

    def pipeline(n: int = 3) -> None:
        op().set_retry(n)

    assert only(pipeline).retry == model.Retry(limit=text(ParameterRef("n")))


@pytest.mark.row("PP-05")
def test_an_authors_exception_names_the_authors_line() -> None:
    """R13, PP-05."""

    def helper() -> None:
        {}["lr"]

    def pipeline() -> None:
        helper()

    with pytest.raises(PipelineError) as refused:
        build_graph(pipeline)
    line = helper.__code__.co_firstlineno + 1
    assert str(refused.value) == (
        f"{Where(__file__, line)}: the pipeline function 'pipeline' raised KeyError: lr [KA001]\n"
        "  The function runs once, when the pipeline is built; its arguments stand for values of the run."
    )
    assert isinstance(refused.value.__cause__, KeyError)


def test_an_error_of_the_dsl_names_the_authors_line() -> None:
    def pipeline() -> None:
        op().set_retry(1, "x")

    assert problems(pipeline) == [
        (
            "KA001 the pipeline function 'pipeline' raised ValueError: policy must be one of: "
            "Always, OnError, OnFailure, OnTransientError. Got: 'x'"
        )
    ]


@pytest.mark.row("B-10")
@pytest.mark.row("CO-01", "EH-01")
def test_all_problems_are_told_at_once() -> None:
    """R13, CO-01, B-10, EH-01."""

    def pipeline(_bad: str = "", seconds: int = 1) -> None:
        with dsl.Condition(True):
            op("a").set_timeout(seconds)
        op("b").add_volume(object)
        op("c").after(op("d", dsl.PipelineParam("o", "nobody")))
        dsl.ContainerOp("e", "")

    pipeline.__defaults__ = ("", 1)
    assert problems(lambda _bad="": None) == ["KA009 KFP takes no argument named '_bad'"]

    def rest(seconds: int = 1) -> None:
        pipeline("", seconds)

    assert [re.sub(r"<class 'object'>.*type type", "X", problem) for problem in problems(rest)] == [
        "KA005 dsl.Condition got True, which is no comparison of a run-time value",
        "KA007 set_timeout got the parameter seconds, which is no number",
        "KA004 a volume: X has no place in a pod's or resource's specification",
        "KA023 reads output 'o' of step 'nobody', which this pipeline does not have",
        "KA035 has no image",
    ]


@pytest.mark.row("DP-11", "CO-06")
def test_a_condition_on_a_step_instead_of_its_output_is_refused() -> None:
    """DP-11, CO-06."""

    def pipeline(x: str = "") -> None:
        with dsl.Condition(x == made()):
            op()

    assert problems(pipeline) == ["KA005 dsl.Condition compares the step 'make' itself"]


@pytest.mark.row("EH-01")
def test_an_exit_handler_of_nothing_is_refused() -> None:
    """EH-01: KFP drops it."""
    with pytest.warns(DeprecationWarning, match="no longer needed"):
        assert problems(lambda: op("bye", is_exit_handler=True)) == [
            "KA012 it is an exit handler of no steps, so it would never run"
        ]


@pytest.mark.row("D-31", "P-10", "DP-12")
def test_a_volume_for_files_is_a_setting_of_the_graph() -> None:
    def pipeline() -> None:
        volume = {"name": "v", "hostPath": {"path": "/data"}}
        dsl.get_pipeline_conf().data_passing_method = dsl.data_passing_methods.KubernetesVolume(volume)

    with noting() as notes:
        passing = build_graph(pipeline).settings.volume_passing
    assert notes == []
    assert passing is not None
    assert passing.path_prefix == "artifact_data/"
    assert resolve_tree(passing.volume, str) == {"name": "v", "hostPath": {"path": "/data"}}


@pytest.mark.refused("P-10", message="anything but a KubernetesVolume is named")
def test_another_way_of_passing_data_is_refused() -> None:
    def pipeline() -> None:
        dsl.get_pipeline_conf().data_passing_method = "s3"

    assert problems(pipeline) == [
        "KA013 the data_passing_method of the pipeline's settings, 's3', is no KubernetesVolume"
    ]


@pytest.mark.row("D-31")
def test_what_is_no_volume_is_refused() -> None:
    with pytest.raises(TypeError, match=r"^volume must be either V1Volume or dict\. Got: 'claim'$"):
        dsl.data_passing_methods.KubernetesVolume("claim")
    assert dsl.data_passing_methods.KubernetesVolume(dsl.PipelineVolume(pvc="claim")).path_prefix == "artifact_data/"


@pytest.mark.row("D-02")
def test_a_pipeline_that_failed_leaves_nothing_open() -> None:
    """D-02."""
    problems(lambda: 1 / 0)
    assert dsl.Pipeline.get_default_pipeline() is None
    assert build_graph(lambda: None).members == ()


def test_the_same_function_gives_the_same_graph() -> None:
    def pipeline(x: str = "") -> None:
        with dsl.ParallelFor([1, 2]) as item, dsl.Condition(item == x):
            op("a", item)

    assert build_graph(pipeline) == build_graph(pipeline)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_the_time_for_a_step_does_not_grow_with_the_number_of_steps() -> None:
    def pipeline_of(count: int) -> Callable[[], None]:
        def pipeline() -> None:
            for _ in range(count):
                op("same name", made("same").output)

        return pipeline

    def seconds_per_step(count: int) -> float:
        gc.collect()
        gc.disable()  # it would look through what all tests before this one left
        started = time.process_time()
        build_graph(pipeline_of(count))
        gc.enable()
        return (time.process_time() - started) / count

    few = min(seconds_per_step(50) for _ in range(3))
    many = min(seconds_per_step(1000) for _ in range(2))
    assert many < few * 3
