"""Graphs as Argo workflows, where the real SDK is no judge: what it breaks or drops, and what it cannot express."""

import json
from collections.abc import Iterable
from typing import Any

import pytest
import yaml

from kfp_airflow.diagnostics import PipelineError, Where
from kfp_airflow.graph.model import (
    Call,
    Comparison,
    Condition,
    Container,
    ContainerStep,
    ExitHandler,
    Graph,
    InputFile,
    Loop,
    Member,
    OutputFile,
    Parameter,
    Pipeline,
    ResourceStep,
    Retry,
)
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, ParameterRef, Part, text, tree
from kfp_airflow.package.check import check_package
from kfp_airflow.package.write import write

HERE = Where("digits.py", 7)


def step(
    name: str, *args: Part, after: tuple[str, ...] = (), files: Iterable[Part] = (), outputs: tuple[str, ...] = ("o",)
) -> ContainerStep:
    return ContainerStep(
        id=name,
        name=name,
        container=Container(image=text("alpine"), command=(text("run"),), args=tuple(text(part) for part in args)),
        inputs=tuple(
            InputFile(name=f"in {number}", path=f"/in/{number}", source=text(part)) for number, part in enumerate(files)
        ),
        outputs=tuple(OutputFile(name=output, path=f"/{output}") for output in outputs),
        after=after,
    )


def when(name: str, *members: Member, after: tuple[str, ...] = ()) -> Condition:
    compared = Comparison(left=text(ParameterRef("p")), operator="==", right=text("x"))
    return Condition(id=name, when=compared, members=members, after=after, where=HERE)


def templates(*members: Member, parameters: tuple[str, ...] = ("p",)) -> dict[str, Any]:
    pipeline = Pipeline(
        name="P", members=members, parameters=tuple(Parameter(name=name, default="d") for name in parameters)
    )
    workflow: Any = write(pipeline)
    return {template["name"]: template for template in workflow["spec"]["templates"]}


def tasks(template: dict[str, Any]) -> dict[str, Any]:
    return {task["name"]: task for task in template["dag"]["tasks"]}


def refusal(*members: Member) -> str:
    with pytest.raises(PipelineError) as refused:
        templates(*members)
    return str(refused.value)


@pytest.mark.row("DP-04", "DP-08")
def test_an_output_is_a_parameter_only_where_its_text_is_used() -> None:
    """DP-04, DP-08."""
    written = templates(
        step("a", outputs=("o", "file", "unused")), step("b", OutputRef("a", "o"), files=[OutputRef("a", "file")])
    )
    assert [item["name"] for item in written["a"]["outputs"]["parameters"]] == ["a-o"]
    assert [item["name"] for item in written["a"]["outputs"]["artifacts"]] == ["a-o", "a-file", "a-unused"]
    assert written["b"]["inputs"] == {
        "parameters": [{"name": "a-o"}],
        "artifacts": [{"name": "a-file", "path": "/in/0"}],
    }


@pytest.mark.row("DP-13", "F-02")
def test_the_output_of_a_group_is_a_parameter_of_its_producer() -> None:
    """DP-13, F-02: the SDK drops it when nothing inside the group uses it too."""
    written = templates(when("condition-1", when("condition-2", step("a"))), step("b", OutputRef("a", "o")))
    assert written["a"]["outputs"]["parameters"] == [{"name": "a-o", "valueFrom": {"path": "/o"}}]
    assert written["condition-2"]["outputs"]["parameters"][0]["valueFrom"] == {
        "parameter": "{{tasks.a.outputs.parameters.a-o}}"
    }
    assert written["condition-1"]["outputs"]["parameters"][0]["valueFrom"] == {
        "parameter": "{{tasks.condition-2.outputs.parameters.a-o}}"
    }
    assert tasks(written["p"])["b"]["dependencies"] == ["condition-1"]


def test_one_file_at_two_paths_has_two_names() -> None:
    """The SDK declares the same name twice, which Argo refuses."""
    written = templates(step("a"), step("b", files=[OutputRef("a", "o"), OutputRef("a", "o")]))
    assert [item["name"] for item in written["b"]["inputs"]["artifacts"]] == ["a-o", "a-o-2"]
    assert [item["name"] for item in tasks(written["p"])["b"]["arguments"]["artifacts"]] == ["a-o", "a-o-2"]


@pytest.mark.row("L-10", "F-03")
def test_a_loop_over_an_item_of_the_outer_loop_takes_it_from_there() -> None:
    """L-10, F-03: the SDK writes a reference to a parameter that does not exist."""
    inner = Loop(
        id="for-loop-2", items=ItemRef("for-loop-1"), members=(step("a", ItemRef("for-loop-2"), ItemRef("for-loop-1")),)
    )
    written = templates(Loop(id="for-loop-1", items=ParameterRef("p"), members=(inner,)))
    task = tasks(written["for-loop-1"])["for-loop-2"]
    assert task["withParam"] == "{{inputs.parameters.p-loop-item}}"
    assert written["a"]["container"]["args"] == [
        "{{inputs.parameters.p-loop-item-loop-item}}",
        "{{inputs.parameters.p-loop-item}}",
    ]


@pytest.mark.row("L-06")
def test_a_loop_in_a_condition_may_take_a_list_from_outside() -> None:
    """L-06: the SDK ends with a KeyError."""
    loop = Loop(id="for-loop-2", items=OutputRef("a", "o"), members=(step("b", ItemRef("for-loop-2", "k")),))
    written = templates(step("a"), when("condition-1", loop))
    assert tasks(written["p"])["condition-1"]["arguments"]["parameters"] == [
        {"name": "a-o", "value": "{{tasks.a.outputs.parameters.a-o}}"}
    ]
    task = tasks(written["condition-1"])["for-loop-2"]
    assert task["withParam"] == "{{inputs.parameters.a-o}}"
    assert task["arguments"]["parameters"] == [{"name": "a-o-loop-item-subvar-k", "value": "{{item.k}}"}]


def test_loops_in_each_other_over_the_same_list_keep_their_items_apart() -> None:
    inner = Loop(
        id="for-loop-2", items=ParameterRef("p"), members=(step("a", ItemRef("for-loop-1"), ItemRef("for-loop-2")),)
    )
    written = templates(Loop(id="for-loop-1", items=ParameterRef("p"), members=(inner,)))
    assert written["a"]["container"]["args"] == [
        "{{inputs.parameters.p-loop-item}}",
        "{{inputs.parameters.p-loop-item-2}}",
    ]


@pytest.mark.row("CO-09")
def test_after_a_group_waits_for_the_whole_group() -> None:
    """CO-09: dependencies are lifted to the first uncommon ancestors."""
    written = templates(
        when("condition-1", step("a")), when("condition-2", step("b", after=("a",))), step("c", after=("condition-2",))
    )
    assert tasks(written["p"])["condition-2"]["dependencies"] == ["condition-1"]
    assert tasks(written["p"])["c"]["dependencies"] == ["condition-2"]
    assert "dependencies" not in tasks(written["condition-2"])["b"]


def test_amounts_known_at_run_time_are_patched_into_the_pod() -> None:
    """C-05: the SDK leaves other resources than cpu and memory in place, where Argo refuses them."""
    resources = tree({"resources": {"limits": {"x/y": text(ParameterRef("p")), "cpu": "1"}}})
    container = Container(image=text("alpine"), options=resources)  # type: ignore[arg-type]
    written = templates(ContainerStep(id="a", name="a", container=container))
    assert written["a"]["container"] == {"image": "alpine", "resources": {"limits": {"cpu": "1"}}}
    patch = {"containers": [{"name": "main", "resources": {"limits": {"x/y": "{{inputs.parameters.p}}"}}}]}
    assert json.loads(written["a"]["podSpecPatch"]) == patch


def test_keys_of_a_manifest_that_go_reads_as_booleans_are_quoted() -> None:
    """D-13."""
    written = templates(ResourceStep(id="r", name="r", action="create", manifest=tree({"data": {"y": "1", "on": "n"}})))
    assert written["r"]["resource"]["manifest"] == "data:\n  'y': '1'\n  'on': 'n'\n"


@pytest.mark.parametrize(
    ("retry", "expected"),
    [
        (Retry(limit=text("0")), None),
        (Retry(limit=text("3")), {"limit": 3}),
        (Retry(limit=text(ParameterRef("p"))), {"limit": "{{inputs.parameters.p}}"}),
        (Retry(policy="Always"), {"retryPolicy": "Always"}),
        (
            Retry(limit=text("1"), backoff_factor=2.0, backoff_duration="3"),
            {"limit": 1, "backoff": {"duration": "3", "factor": 2.0}},
        ),
    ],
    ids=str,
)
def test_retries(retry: Retry, expected: object) -> None:
    """B-09."""
    failing = ContainerStep(id="a", name="a", container=Container(image=text("alpine")), retry=retry)
    assert templates(failing)["a"].get("retryStrategy") == expected


def test_a_package_of_the_same_pipeline_is_the_same() -> None:
    pipeline = Pipeline(name="数字", members=(step("a"),))
    assert write(pipeline) == write(pipeline)
    assert yaml.safe_dump(write(pipeline)).count("generateName: pipeline-") == 1


EXIT = step("bye", outputs=())


@pytest.mark.refused("F-01", "EH-03", message="A package holds one exit handler; as a DAG the pipeline runs as it is.")
def test_several_exit_handlers_are_refused() -> None:
    """EH-03, F-01."""
    two = (
        ExitHandler(id="exit-handler-1", handler=EXIT, where=HERE),
        ExitHandler(id="exit-handler-2", handler=step("bye-2"), where=HERE),
    )
    assert refusal(*two) == (
        "digits.py:7: step 'bye-2': exit handler 'exit-handler-2' cannot be written into a package: "
        "a package holds one exit handler, and 'exit-handler-1' is one already [KA201]\n"
        "  Put everything that the handler is to follow into one `with dsl.ExitHandler(…)`; "
        "as a DAG the pipeline runs as it is."
    )


@pytest.mark.refused(
    "EH-04", message="A package's exit handler runs at the end of the run; as a DAG a nested one works."
)
def test_a_nested_exit_handler_is_refused() -> None:
    """EH-04: the SDK drops it silently."""
    message = refusal(when("condition-1", ExitHandler(id="exit-handler-2", handler=EXIT, where=HERE)))
    assert (
        "it is inside another group, and a package's exit handler runs at the end of the whole run [KA202]" in message
    )


@pytest.mark.row("EH-03")
def test_an_exit_handler_after_another_group_is_refused() -> None:
    """EH-03: the SDK drops it silently."""
    message = refusal(when("condition-1"), ExitHandler(id="exit-handler-2", handler=EXIT, where=HERE))
    assert (
        "group 'condition-1' stands before it, and KFP drops an exit handler that is not the first group [KA203]"
        in message
    )


@pytest.mark.row("EH-04")
def test_an_exit_handler_with_two_steps_outside_is_refused() -> None:
    """EH-04."""
    message = refusal(step("a"), step("b"), ExitHandler(id="exit-handler-1", handler=EXIT, where=HERE))
    assert "2 steps stand outside of it (a, b), and KFP takes one at most [KA204]" in message


@pytest.mark.row("EH-01")
def test_an_exit_handler_that_uses_an_output_is_refused() -> None:
    """EH-01."""
    message = refusal(
        ExitHandler(id="exit-handler-1", handler=step("bye", OutputRef("a", "o")), members=(step("a"),), where=HERE)
    )
    assert message == (
        "digits.py:7: template 'bye' uses 'a-o', which nothing around it makes [KA206]\n"
        "  Use outputs of steps that are in the pipeline, items inside their own loop, "
        "and only pipeline parameters in an exit handler."
    )


@pytest.mark.row("DP-13")
def test_a_file_made_in_a_loop_and_used_outside_is_warned_of() -> None:
    """DP-13: the SDK writes a reference that Argo cannot resolve; so do we, because as a DAG the package works."""
    loop = Loop(id="for-loop-2", items=(1, 2), members=(step("a"), step("c", files=[OutputRef("a", "o")])))
    members = (loop, step("b", files=[OutputRef("a", "o")]))
    (warning,) = check_package(Pipeline(name="p", members=members))
    assert warning.severity == "warning"
    assert str(warning) == (
        "<unknown>: step 'b': file input 'in 0' is output 'o' of step 'a', which is made once per item of "
        "'for-loop-2': Argo cannot run that, as it knows lists of values only [KA205]\n"
        "  As a DAG it works: the file holds the JSON list. For Argo, take it by value (inputValue)."
    )
    written = templates(*members)
    source = "{{tasks.for-loop-2.outputs.artifacts.a-o}}"
    assert tasks(written["p"])["b"]["arguments"]["artifacts"] == [{"name": "a-o", "from": source}]


@pytest.mark.row("DP-13", "F-02")
def test_the_values_of_a_loop_are_a_list_outside() -> None:
    """DP-13, F-02."""
    written = templates(Loop(id="for-loop-2", items=(1, 2), members=(step("a"),)), step("b", OutputRef("a", "o")))
    assert tasks(written["p"])["b"]["arguments"]["parameters"] == [
        {"name": "a-o", "value": "{{tasks.for-loop-2.outputs.parameters.a-o}}"}
    ]
    assert written["for-loop-2"]["outputs"]["parameters"][0]["valueFrom"] == {
        "parameter": "{{tasks.a.outputs.parameters.a-o}}"
    }


def recursive(*members: Member) -> Graph:
    call = Call(id="again", graph="graph-g-1", name="g", arguments=(("a", OutputRef("s", "o")),))
    body = (step("s", ArgumentRef("graph-g-1", "a")), when("condition-2", call, *members))
    returned = (("out", OutputRef("s", "o")),)
    return Graph(
        id="graph-g-1", name="g", arguments=(("a", ParameterRef("p")),), outputs=returned, members=body, where=HERE
    )


@pytest.mark.better("R-04", how="A call hands over everything that its graph component takes, under its own name.")
def test_a_call_hands_over_what_the_component_takes_from_around() -> None:
    made = templates(recursive(step("t", ParameterRef("q"))), parameters=("p", "q"))
    assert made["graph-g-1"]["inputs"]["parameters"] == [{"name": "p"}, {"name": "p-2"}, {"name": "q"}]
    (task,) = (task for task in made["condition-2"]["dag"]["tasks"] if task["name"] == "graph-g-1")
    assert task["arguments"]["parameters"] == [
        {"name": "p", "value": "{{inputs.parameters.p}}"},
        {"name": "p-2", "value": "{{inputs.parameters.s-o}}"},
        {"name": "q", "value": "{{inputs.parameters.q}}"},
    ]


@pytest.mark.parametrize("source", [OutputRef("graph-g-1", "out"), OutputRef("again", "out")])
def test_what_a_recursive_component_returns_is_refused(source: OutputRef) -> None:
    """R-03: KFP knows no such outputs."""
    members = (recursive(step("use", source)),) if source.step == "again" else (recursive(), step("use", source))
    assert (
        "'use' uses what the graph component 'g' returns, and that one calls itself: KFP knows no such outputs [KA209]"
    ) in refusal(*members)


@pytest.mark.row("A-07")
def test_pods_run_under_kfps_service_account() -> None:
    workflow: Any = write(Pipeline(name="p", members=(step("a"),)))
    assert workflow["spec"]["serviceAccountName"] == "pipeline-runner"
