"""What is no package of KFP v1: an error that says what it is, and where."""

from __future__ import annotations

import copy
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfp_airflow.diagnostics import KfpAirflowError, PipelineError
from kfp_airflow.graph.check import check
from kfp_airflow.package.calls import MAX_CALLS
from kfp_airflow.package.fields import MAX_PROBLEMS
from kfp_airflow.package.recognize import looks_like_package
from tests.package.packages import PREFIX, dag, handed, package, step, task, workflow

KFP_V2 = {"pipelineInfo": {"name": "p"}, "root": {"dag": {}}, "schemaVersion": "2.1.0", "sdkVersion": "kfp-2.0.1"}
COMPONENT = {"name": "train", "implementation": {"container": {"image": "alpine"}}}


def argo(kind: str) -> dict[str, Any]:
    return {"apiVersion": "argoproj.io/v1alpha1", "kind": kind, "metadata": {"name": "x"}, "spec": {}}


def refusal(document: object) -> str:
    with pytest.raises(PipelineError) as refused:
        package(document)
    return str(refused.value)


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (KFP_V2, "this is a pipeline of KFP v2 (its intermediate representation), not a package of KFP v1"),
        ({"pipelineSpec": KFP_V2}, "this is a pipeline of KFP v2"),
        ({"apiVersion": "tekton.dev/v1beta1", "kind": "PipelineRun"}, "this is a PipelineRun of Tekton, not of Argo"),
        (argo("CronWorkflow"), "this is a CronWorkflow of Argo, and a package of KFP is a Workflow"),
        (argo("WorkflowTemplate"), "this is a WorkflowTemplate of Argo"),
        ({"apiVersion": "argoproj.io/v1alpha1"}, "this object has no kind"),
        ({"apiVersion": "v1", "kind": "Pod"}, "this is a Kubernetes object of kind Pod (v1), not a pipeline"),
        (COMPONENT, "this is a component, not a pipeline [KA404]\n  Load it in a pipeline: kfp.components.load_comp"),
        ({"a": 1}, "this is no package: it has no apiVersion and kind"),
        ([1, 2], "this YAML is a list, not a package"),
        ("text", "this YAML is a single value, not a package"),
        (
            workflow(dag("p")) | {"metadata": {"annotations": {f"{PREFIX}v2_pipeline": "true"}}},
            "this package was compiled in mode V2_COMPATIBLE",
        ),
    ],
)
@pytest.mark.row("Z-07")
def test_what_it_is_instead_is_said(document: object, says: str) -> None:
    found = refusal(document)
    assert found.startswith("p.yaml: ")
    assert says in found
    assert "[KA404]" in found


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ({"name": "a", "steps": []}, "template 'a' uses 'steps'"),
        ({"name": "a", "script": {"source": "x"}}, "template 'a' uses 'script'"),
        ({"name": "a", "suspend": {"duration": "1"}}, "template 'a' uses 'suspend'"),
        ({"name": "a", "http": {"url": "x"}}, "template 'a' uses 'http'"),
        (step("a", daemon=True), "template 'a' uses 'daemon'"),
        (step("a", memoize={"key": "x"}), "template 'a' uses 'memoize'"),
        (step("a", podSpecPatch="{{x}}"), "template 'a' uses a 'podSpecPatch' that is no JSON object"),
        (step("a", podSpecPatch='{"priority": 1}'), "uses 'podSpecPatch' for more than amounts and node selectors"),
        (step("a", retryStrategy={"expression": "1 > 0"}), "template 'a': retryStrategy uses 'expression'"),
        (step("a", outputs={"exitCode": "1"}), "template 'a': outputs uses 'exitCode'"),
        (step("a", outputs={"parameters": [{"name": "o", "valueFrom": {"event": "x"}}]}), "output 'o' uses 'event'"),
        (
            step("a", inputs={"artifacts": [{"name": "f", "path": "/f", "http": {"url": "x"}}]}),
            "input file 'f' uses 'http'",
        ),
        (dag("a") | {"dag": {"tasks": [], "target": "b"}}, "template 'a': dag uses 'target'"),
    ],
)
def test_features_of_argo_are_named_with_their_template(template: dict[str, Any], says: str) -> None:
    found = refusal(workflow(dag("p", task("a")), template))
    assert says in found
    assert (
        "which is Argo's and which KFP's compiler does not write [KA406]\n  Packages of KFP SDK 0.2 to 1.8 are" in found
    )


def test_an_address_of_a_file_of_sdk_1_2_is_named_as_what_it_is() -> None:
    address = {"name": "a-o-producer-pod-id-", "value": "{{pod.name}}"}
    found = refusal(workflow(dag("p", task("a")), step("a", outputs={"parameters": [address]})))
    assert "output 'a-o-producer-pod-id-' is part of the address of a file (outputUri), of SDK 1.2 [KA406]" in found
    assert found.count("[KA4") == 1


@pytest.mark.parametrize("field", ["withSequence", "depends", "hooks", "continueOn", "onExit", "templateRef", "inline"])
def test_features_of_tasks_are_named_with_their_task(field: str) -> None:
    assert f"task 'a' uses '{field}', which is Argo's" in refusal(
        workflow(dag("p", task("a", **{field: {"x": 1}})), step("a"))
    )


@pytest.mark.parametrize("field", ["hooks", "volumeClaimTemplates", "workflowTemplateRef", "synchronization"])
def test_features_of_workflows_are_named(field: str) -> None:
    assert f"p.yaml:6: the workflow uses '{field}', which" in refusal(
        workflow(dag("p", task("a")), step("a"), **{field: {"x": 1}})
    )


@pytest.mark.parametrize("field", ["when", "withItems", "withParam"])
def test_conditions_and_loops_of_single_steps_are_refused(field: str) -> None:
    found = refusal(workflow(dag("p", task("a", **{field: ["x"] if field == "withItems" else "x"})), step("a")))
    assert f"p.yaml:11: task 'a' uses '{field}' for template 'a', not for a group of its own, which is Argo's" in found


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{{inputs.parameters.x}}", "'{{inputs.parameters.x}}' stands for nothing: nothing hands it to the template"),
        ("{{inputs.artifacts.x.path}}", "the template has no such file in its inputs"),
        ("{{tasks.b.outputs.result}}", "only outputs of tasks in the same DAG template can be used"),
    ],
)
def test_what_stands_for_nothing_is_told(value: str, says: str) -> None:
    found = refusal(workflow(dag("p", task("a")), step("a", value)))
    assert "p.yaml:14: template 'a': " in found
    assert says in found
    assert "[KA407]\n  Compile the pipeline again; Argo would refuse this package, too." in found


@pytest.mark.parametrize(
    ("value", "says"),
    [
        ("{{tasks.b.outputs.parameters.o}}", "template 'p' has no task 'b'"),
        ("{{tasks.a.outputs.parameters.o}}", "template 'a' has no output 'o'"),
        ("{{tasks.a.status}}", "only outputs of tasks"),
    ],
)
def test_outputs_that_nothing_makes_are_told(value: str, says: str) -> None:
    assert says in refusal(workflow(dag("p", task("a", arguments=handed(x=value))), step("a")))


@pytest.mark.parametrize("control", [{"when": '"1" == "1"'}, {"withItems": [1]}])
def test_recursion_of_something_else_than_a_graph_component_is_refused(control: dict[str, Any]) -> None:
    """R-05."""
    again = dag("group", task("again", template="group"))
    found = refusal(workflow(dag("p", task("group", **control)), again))
    assert "template 'group' uses a call of itself, which only graph components have" in found


def test_the_pipeline_itself_cannot_be_called_again() -> None:
    found = refusal(workflow(dag("p", task("again", template="p"))))
    assert "template 'p' uses a call of itself, which only graph components have" in found


def test_a_constant_as_an_argument_of_a_graph_component_is_refused() -> None:
    inputs = {"parameters": [{"name": "x"}]}
    graph = dag("graph-g-1", task("again", template="graph-g-1"), inputs=inputs)
    found = refusal(workflow(dag("p", task("graph-g-1", arguments=handed(x="constant"))), graph))
    assert "argument 'x' of 'graph-g-1' that is not one value, the same as text and as file" in found


def test_outputs_on_a_volume_that_is_not_there_are_refused() -> None:
    """D-31."""
    outputs = {"parameters": [{"name": "a-o-subpath", "value": "artifact_data/x"}]}
    found = refusal(workflow(dag("p", task("a")), step("a", outputs=outputs)))
    assert "template 'a' uses the folder 'artifact_data/x' on a volume for output files" in found


def test_outputs_on_a_volume_that_is_not_mounted_are_refused() -> None:
    """D-31."""
    outputs = {"parameters": [{"name": "a-o-subpath", "value": "f/{{workflow.uid}}_{{pod.name}}/a-o"}]}
    found = refusal(workflow(dag("p", task("a")), step("a", outputs=outputs)))
    assert "template 'a' uses a folder for output 'a-o' that is not mounted" in found
    assert "the workflow uses output files on a volume without having the volume 'data-storage'" in found


def test_templates_that_call_each_other_without_end_stop_at_a_limit() -> None:
    doubled = [dag(f"t{n}", *(task(f"x{m}", template=f"t{n + 1}") for m in range(2))) for n in range(20)]
    found = refusal(workflow(*doubled, step("t20")))
    assert f"the package has more than {MAX_CALLS:,} tasks, or 100 DAG templates inside each other [KA411]" in found
    deep = [dag(f"t{n}", task("x", template=f"t{n + 1}")) for n in range(150)]
    assert "100 DAG templates inside each other" in refusal(workflow(*deep, step("t150")))


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (workflow(dag("p", task("a"))), "task 'a' calls the template 'a', which the package does not have"),
        (workflow(dag("p"), dag("p")), "1 of 2 templates have a name that another one has, or none"),
        (workflow(dag("p", task("a"), task("a")), step("a")), "template 'p' has two tasks 'a'"),
        (workflow(dag("p", task("a", "b")), step("a")), "a dependency of task 'a' is 'b', not a task beside it"),
        (workflow({"name": "p"}), "template 'p' has none of dag, container and resource"),
        (workflow(dag("p"), entrypoint=None), "the workflow has no 'entrypoint'"),
        (workflow(dag("p"), templates="x"), "the workflow: 'templates' is 'x', not a list"),
        (workflow(dag("p"), templates=[1]), "the workflow: an item of 'templates' is 1, not an object"),
        (workflow(dag("p"), parallelism="many"), "the workflow: 'parallelism' is 'many', not a whole number"),
        (workflow(dag("p", task("a")), step("a", volumes={})), "template 'a': 'volumes' is an object, not a list"),
        (workflow(dag("p", task("a")), step("a", metadata=[])), "template 'a': 'metadata' is a list, not an object"),
        (workflow(dag("p", task("a")), step("a", nodeSelector={"x": []})), "nodeSelector 'x' is a list, not a text"),
        (
            workflow(dag("p", task("a")), step("a", retryStrategy={"retryPolicy": "Sometimes"})),
            "retryStrategy: 'retryPolicy' is 'Sometimes', not one of Always, OnError",
        ),
        (
            workflow(dag("p", task("a")), step("a", retryStrategy={"backoff": {"factor": "x"}})),
            "retryStrategy: 'factor' is 'x', not a number",
        ),
        (
            workflow(dag("p", task("a")), {"name": "a", "resource": {"action": "get", "manifest": "a: 1"}}),
            "template 'a': 'action' is 'get', not one of create, apply, patch, delete",
        ),
        (workflow(dag("p", task("a")), {"name": "a", "resource": {"action": "create"}}), "resource has no 'manifest'"),
        (
            workflow(dag("p", task("a")), {"name": "a", "resource": {"action": "create", "manifest": "a: {{x}}"}}),
            "template 'a': the manifest in it: a key is an object, a list or an alias; only texts can be keys",
        ),
        (
            workflow(dag("p", task("a")), {"name": "a", "container": {"mirrorVolumeMounts": "{{x}}"}}),
            "'mirrorVolumeMounts' is '{{x}}', not true or false",
        ),
        (
            workflow(
                dag("p", task("a")),
                step(
                    "a",
                    outputs={
                        "artifacts": [{"name": "a-o", "path": "/1"}],
                        "parameters": [{"name": "a-o", "valueFrom": {"path": "/2"}}],
                    },
                ),
            ),
            "the path of output 'a-o' is '/1' and '/2'",
        ),
    ],
)
def test_wrong_shapes_are_told_with_what_was_found(document: object, says: str) -> None:
    found = refusal(document)
    assert says in found
    assert "[KA405]" in found


def test_several_tasks_as_handler_are_refused() -> None:
    found = refusal(workflow(dag("p", task("a")), step("a"), dag("bye", task("b")), step("b"), onExit="bye"))
    assert "template 'bye' uses several tasks as 'onExit'" in found


def test_everything_that_is_wrong_is_told_at_once_up_to_a_limit() -> None:
    found = refusal(workflow(dag("p", task("a"), task("b")), step("a", daemon=True), step("b", memoize={"a": 1})))
    assert found.count("[KA406]") == 2
    many = [step(f"s{n}", daemon=True) for n in range(500)]
    assert refusal(workflow(dag("p", *(task(f"s{n}") for n in range(500))), *many)).count("[KA406]") == MAX_PROBLEMS


@pytest.mark.parametrize(
    ("content", "meant"),
    [
        ("apiVersion: argoproj.io/v1alpha1\nkind: Workflow\n", True),
        ("# c\nkind: CronWorkflow\napiVersion: 'argoproj.io/v1alpha1'\n", True),
        ("apiVersion: argoproj.io/v1alpha1\n", True),
        ('"apiVersion": |-\n  argoproj.io/v1alpha1\n"kind": |-\n  Workflow\n', True),
        ('"apiVersion": |-\n  argoproj.io/v1alpha1\n"kind": |-\n  Application\n', False),
        ("\ufeffapiVersion: argoproj.io/v1alpha1\r\nkind: Workflow\r\n", True),
        ("\ufeffkind: Application\napiVersion: argoproj.io/v1alpha1\n", False),
        ('{"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow"}', True),
        ("pipelineInfo:\n  name: x\n", True),
        ("apiVersion: tekton.dev/v1beta1\nkind: PipelineRun\n", True),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Application\n", False),
        ("apiVersion: v1\nkind: Pod\n", False),
        ("name: x\nimplementation:\n  container:\n    args: |\n      apiVersion: argoproj.io/v1alpha1\n", False),
        ("", False),
    ],
)
def test_what_is_meant_to_be_a_package_is_told_by_its_top(content: str, meant: bool) -> None:
    assert looks_like_package(content.encode()) is meant


WHOLE = workflow(
    dag(
        "p",
        task("a"),
        task(
            "c",
            "a",
            when='"{{tasks.a.outputs.parameters.a-o}}" == "x"',
            arguments=handed(y="{{tasks.a.outputs.parameters.a-o}}"),
        ),
        task("l", withItems=[{"k": 1}], arguments=handed(z="{{item.k}}")),
        inputs={"parameters": [{"name": "q"}]},
    ),
    dag("c", task("b", arguments=handed(y="{{inputs.parameters.y}}"))),
    dag("l", task("r", arguments=handed(z="{{inputs.parameters.z}}")), parallelism=1),
    step(
        "a",
        "{{workflow.parameters.q}}",
        outputs={
            "artifacts": [{"name": "a-o", "path": "/o"}],
            "parameters": [{"name": "a-o", "valueFrom": {"path": "/o"}}],
        },
        metadata={
            "annotations": {f"{PREFIX}component_spec": json.dumps({"name": "a", "outputs": [{"name": "o"}]}), "x": "y"},
            "labels": {"l": "m"},
        },
        volumes=[{"name": "v"}],
        sidecars=[{"name": "s", "image": "x"}],
        retryStrategy={"limit": 1, "backoff": {"duration": "1"}},
        nodeSelector={"a": "b"},
        podSpecPatch='{"containers": [{"name": "main", "resources": {"limits": {"cpu": "1"}}}]}',
    ),
    step(
        "b",
        "{{inputs.parameters.y}}",
        inputs={"parameters": [{"name": "y"}], "artifacts": [{"name": "f", "path": "/f", "raw": {"data": "d"}}]},
    ),
    {
        "name": "r",
        "resource": {"action": "create", "manifest": "kind: X\nname: '{{inputs.parameters.z}}'\n"},
        "outputs": {"parameters": [{"name": "r-n", "valueFrom": {"jsonPath": "{.x}"}}]},
    },
    arguments={"parameters": [{"name": "q", "value": "1"}]},
    parallelism=2,
    imagePullSecrets=[{"name": "s"}],
)

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(
        ["{{item}}", "{{inputs.parameters.y}}", "{{tasks.a.outputs.parameters.a-o}}", "a", "p", "c", "{", "[1]"]
    )
)
TREES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["name", "template", "dag", "tasks", "container", "inputs", "parameters", "value", "raw", "when"]
            )
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def places(value: object, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to everything in a document."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(place for key, item in entries for place in places(item, (*at, key)))]


PLACES = [place for place in places(WHOLE) if place]


def changed(document: Any, place: tuple[Any, ...], value: Any) -> Any:
    copied = copy.deepcopy(document)
    inner = copied
    for key in place[:-1]:
        inner = inner[key]
    if value is DELETED:
        del inner[place[-1]]
    else:
        inner[place[-1]] = value
    return copied


DELETED = object()


def read_or_refused(document: object) -> None:
    """Read a document; anything but a graph, which can be checked, or an error of ours fails the test."""
    with suppress(KfpAirflowError):
        pipeline = package(document).pipeline
        tuple(check(pipeline))
        hash(pipeline)


def test_the_package_that_is_changed_below_is_right() -> None:
    assert [found for found in check(package(WHOLE).pipeline) if found.severity == "error"] == []


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(PLACES), TREES | st.just(DELETED))
def test_a_changed_package_is_a_graph_or_an_error(place: tuple[Any, ...], value: object) -> None:
    read_or_refused(changed(WHOLE, place, value))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TREES)
def test_any_document_is_a_graph_or_an_error(document: object) -> None:
    read_or_refused(document)
    read_or_refused({"apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "spec": document})
