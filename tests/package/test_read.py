"""Workflows as graphs: what the packages of tests/conformance do not hold, such as dialects of old SDKs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.graph.model import (
    Caching,
    Comparison,
    Condition,
    ContainerStep,
    ExitHandler,
    Loop,
    OutputFile,
    Parameter,
    ResourceStep,
    Retry,
    SubGraph,
)
from kfp_airflow.graph.text import ItemRef, OutputRef, ParameterRef, RunRef, text, tree
from tests.package.packages import PREFIX, dag, handed, package, pipeline, step, task, workflow

OUTPUT = {"artifacts": [{"name": "a-o", "path": "/o"}], "parameters": [{"name": "a-o", "valueFrom": {"path": "/o"}}]}
S3 = {"bucket": "mlpipeline", "endpoint": "minio-service.kubeflow:9000", "insecure": True, "key": "runs/x.tgz"}


def container_step(found: object) -> ContainerStep:
    assert isinstance(found, ContainerStep)
    return found


def refusal(document: object) -> str:
    with pytest.raises(PipelineError) as refused:
        package(document)
    return str(refused.value)


def test_what_is_handed_on_is_followed_to_where_it_comes_from() -> None:
    """Whatever the templates on the way call it."""
    first, group = pipeline(
        dag(
            "p",
            task("a"),
            task(
                "g",
                "a",
                when="{{tasks.a.outputs.parameters.a-o}} > 1",
                arguments=handed(x="<{{tasks.a.outputs.parameters.a-o}}>{{workflow.parameters.q}}"),
            ),
        ),
        step("a", outputs=OUTPUT),
        dag("g", task("b", arguments=handed(other_name="{{inputs.parameters.x}}!"))),
        step("b", "{{ inputs.parameters.other-name }}", "{{workflow.name}}", "{{pod.name}}"),
        arguments={"parameters": [{"name": "q", "value": "1"}]},
    ).members
    assert isinstance(group, Condition)
    assert group.when == Comparison(left=text(OutputRef("a", "o")), operator=">", right=text("1"))
    (inner,) = group.members
    assert container_step(inner).container.args == (
        text("<", OutputRef("a", "o"), ">", ParameterRef("q"), "!"),
        text(RunRef("name")),
        text(RunRef("pod.name")),
    )
    assert container_step(first).outputs == (OutputFile(name="o", path="/o"),)


def test_a_value_that_looks_like_a_placeholder_stays_a_text() -> None:
    """F-14: values are never looked at again."""
    (member,) = pipeline(
        dag("p", task("a", arguments=handed(x="{{foo}} {{=1+1}} {{retries}}"))), step("a", "{{inputs.parameters.x}}")
    ).members
    assert container_step(member).container.args == (text("{{foo}} {{=1+1}} {{retries}}"),)


@pytest.mark.row("Z-07")
def test_a_workflow_that_was_taken_from_a_cluster_is_the_one_that_was_sent_there() -> None:
    """Argo adds empty fields to templates, and the state of the run beside the specification."""
    empty: dict[str, Any] = {"arguments": {}, "inputs": {}, "outputs": {}, "metadata": {}, "hostAliases": []}
    sent = workflow(dag("p", task("a"), task("b", "a")), step("a"), step("b"))
    taken = workflow(
        dag("p", task("a", arguments={}), task("b", "a", arguments={}, hooks={}), **empty),
        step("a", **empty, executor={}),
        step("b", **empty, schedulerName=""),
        synchronization={},
    )
    taken["spec"]["templates"][0]["dag"]["failFast"] = False
    taken["status"] = {"phase": "Succeeded", "nodes": {"p-1": {"id": "p-1"}}}
    assert package(taken).pipeline.members == package(sent).pipeline.members


def test_what_comes_after_what_is_kept_beside_the_data() -> None:
    members = {
        member.id: member.after
        for member in pipeline(
            dag(
                "p",
                task("c", "a", "b"),
                task("b", "a", arguments=handed(x="{{tasks.a.outputs.parameters.a-o}}")),
                task("a"),
            ),
            step("a", outputs=OUTPUT),
            step("b", "{{inputs.parameters.x}}"),
            step("c"),
        ).members
    }
    assert members == {"a": (), "b": (), "c": ("a", "b")}
    assert list(members) == ["a", "b", "c"]


@pytest.mark.parametrize("entry", [{}, {"s3": S3}, {"optional": True}, {"archive": {"none": {}}}])
def test_files_of_the_first_sdks_are_read_without_their_store(entry: dict[str, Any]) -> None:
    """SDK 0.1 and 0.2 gave every step the two files of the UI, with KFP's MinIO."""
    files = [{"name": "mlpipeline-ui-metadata", "path": "/mlpipeline-ui-metadata.json", **entry}]
    (member,) = pipeline(dag("p", task("a")), step("a", outputs={**OUTPUT, "artifacts": files})).members
    ui, output = container_step(member).outputs
    assert (ui.name, ui.path, ui.optional) == ("mlpipeline-ui-metadata", "/mlpipeline-ui-metadata.json", True)
    assert output == OutputFile(name="o", path="/o")


def test_volumes_of_the_whole_workflow_go_to_the_steps_that_mount_them() -> None:
    """SDK 0.1; a claim that a step makes may stand in them."""
    claim = {"name": "v", "persistentVolumeClaim": {"claimName": "{{tasks.claim.outputs.parameters.claim-name}}"}}
    resource = {"action": "create", "manifest": "kind: PersistentVolumeClaim\n"}
    outputs = {"parameters": [{"name": "claim-name", "valueFrom": {"jsonPath": "{.metadata.name}"}}]}
    mounting = step("b")
    mounting["container"]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
    found = pipeline(
        dag("p", task("claim"), task("b", "claim"), task("c")),
        {"name": "claim", "resource": resource, "outputs": outputs},
        mounting,
        step("c"),
        volumes=[claim],
    ).members
    by_id: dict[str, Any] = {member.id: member for member in found}
    assert isinstance(by_id["claim"], ResourceStep)
    assert by_id["claim"].attributes == (("name", text("{.metadata.name}")),)
    named = tree({"claimName": text(OutputRef("claim", "name"))})
    assert by_id["b"].pod.volumes[0].get("persistentVolumeClaim") == named
    assert by_id["c"].pod.volumes == ()


@pytest.mark.parametrize(
    ("when", "comparison"),
    [
        (
            '"{{workflow.parameters.q}}" == "heads"',
            Comparison(left=text(ParameterRef("q")), operator="==", right=text("heads")),
        ),
        (
            "{{workflow.parameters.q}} == heads",
            Comparison(left=text(ParameterRef("q")), operator="==", right=text("heads")),
        ),
        (
            "'{{workflow.parameters.q}}'!='a b'",
            Comparison(left=text(ParameterRef("q")), operator="!=", right=text("a b")),
        ),
        (
            '"{{workflow.parameters.q}}" == "say "x" == y"',
            Comparison(left=text(ParameterRef("q")), operator="==", right=text('say "x" == y')),
        ),
        ("10 <= {{workflow.parameters.q}}", Comparison(left=text("10"), operator="<=", right=text(ParameterRef("q")))),
        ("{{workflow.parameters.q}} > ", Comparison(left=text(ParameterRef("q")), operator=">", right=text(""))),
        (
            "{{workflow.parameters.q}} > -1e-05",
            Comparison(left=text(ParameterRef("q")), operator=">", right=text("-1e-05")),
        ),
    ],
)
def test_conditions_of_every_sdk(when: str, comparison: Comparison) -> None:
    """CO-02; SDKs before 0.2 wrote no quotes."""
    (group,) = pipeline(
        dag("p", task("condition-big-1", when=when)),
        dag("condition-big-1", task("a")),
        step("a"),
        arguments={"parameters": [{"name": "q"}]},
    ).members
    assert isinstance(group, Condition)
    assert (group.when, group.name) == (comparison, "big")


@pytest.mark.parametrize(
    "when",
    [
        '"{{workflow.parameters.q}}" == "a" && "{{workflow.parameters.q}}" != "b"',
        "{{workflow.parameters.q}}",
        "!{{workflow.parameters.q}}",
        "({{workflow.parameters.q}} == a) || (1 == 1)",
        "{{workflow.parameters.q}} + 1 > 2",
        "{{workflow.parameters.q}} in (1, 2)",
        "",
    ],
)
def test_other_expressions_are_refused(when: str) -> None:
    found = refusal(
        workflow(
            dag("p", task("c", when=when)), dag("c", task("a")), step("a"), arguments={"parameters": [{"name": "q"}]}
        )
    )
    assert f"p.yaml:11: task 'c' runs when {when!r}, which is not one comparison [KA410]" in found
    assert "a dsl.Condition inside another one is `and`" in found


def test_loops_over_lists_parameters_and_texts_of_lists() -> None:
    loops = pipeline(
        dag(
            "p",
            task("one", withItems=[1, {"a": "{{workflow.parameters.q}}"}], arguments=handed(x="{{item}}")),
            task("two", withParam="{{workflow.parameters.q}}", arguments=handed(x="{{item.k}}")),
            task("three", withParam='["x", 2]'),
        ),
        dag("one", task("a", arguments=handed(y="{{inputs.parameters.x}}")), parallelism=0),
        dag("two", task("b", arguments=handed(y="{{inputs.parameters.x}}")), parallelism=3),
        dag("three", task("c")),
        step("a", "{{inputs.parameters.y}}"),
        step("b", "{{inputs.parameters.y}}"),
        step("c"),
        arguments={"parameters": [{"name": "q", "value": "[]"}]},
    ).members
    one, two, three = (member for member in loops if isinstance(member, Loop))
    assert one.items == (1, tree({"a": text(ParameterRef("q"))}))
    assert (one.parallelism, two.parallelism) == (None, 3)
    assert two.items == ParameterRef("q")
    assert three.items == (text("x"), 2)
    assert container_step(one.members[0]).container.args == (text(ItemRef("one")),)
    assert container_step(two.members[0]).container.args == (text(ItemRef("two", "k")),)


def test_a_loop_over_a_text_is_refused() -> None:
    found = refusal(workflow(dag("p", task("l", withParam="a{{workflow.name}}")), dag("l", task("a")), step("a")))
    assert (
        "p.yaml:11: task 'l' loops over 'a{{workflow.name}}', which is no list [KA410]\n  Argo takes a list there"
        in found
    )


def test_groups_without_meaning_are_their_members() -> None:
    """What `graph_component` without recursion becomes (R-06): the order of the group is that of its members."""
    members = pipeline(
        dag("p", task("a"), task("group-g-1", "a"), task("d", "group-g-1")),
        dag("group-g-1", task("b"), task("c", "b")),
        *(step(name) for name in "abcd"),
    ).members
    assert {member.id: member.after for member in members} == {
        "a": (),
        "b": ("a",),
        "c": ("b", "a"),
        "d": ("b", "c"),
    }


def test_a_group_of_limited_width() -> None:
    (group,) = pipeline(dag("p", task("subgraph-1")), dag("subgraph-1", task("a"), parallelism=2), step("a")).members
    assert isinstance(group, SubGraph)
    assert (group.id, group.parallelism, group.where.line) == ("subgraph-1", 2, 11)


def test_a_handler_comes_after_everything_whoever_wrote_it() -> None:
    (group,) = pipeline(dag("p", task("a"), task("b")), step("a"), step("b"), step("bye"), onExit="bye").members
    assert isinstance(group, ExitHandler)
    assert (group.id, group.handler.id, len(group.members)) == ("exit-handler-1", "bye", 2)


def test_a_template_that_is_called_twice_is_two_steps() -> None:
    one, two = pipeline(
        dag(
            "p", task("one", template="a", arguments=handed(x="1")), task("two", template="a", arguments=handed(x="2"))
        ),
        step(
            "a",
            "{{inputs.parameters.x}}",
            "{{inputs.parameters.y}}",
            inputs={"parameters": [{"name": "x"}, {"name": "y", "value": "d"}]},
        ),
    ).members
    assert [(found.id, container_step(found).container.args) for found in (one, two)] == [
        ("one", (text("1"), text("d"))),
        ("two", (text("2"), text("d"))),
    ]


def test_files_go_from_step_to_step_and_from_texts() -> None:
    artifacts = [
        {"name": "in", "from": "{{tasks.a.outputs.artifacts.a-o}}"},
        {"name": "raw", "raw": {"data": "n={{workflow.name}}"}},
    ]
    inputs = {
        "artifacts": [
            {"name": "in", "path": "/tmp/inputs/Some_name/data"},
            {"name": "raw", "path": "/raw"},
            {"name": "const", "path": "/c", "raw": {"data": "c"}},
        ]
    }
    _, member = pipeline(
        dag("p", task("a"), task("b", "a", arguments={"artifacts": artifacts})),
        step("a", outputs=OUTPUT),
        step("b", "{{inputs.artifacts.raw.path}}", inputs=inputs),
    ).members
    assert [(file.name, file.path, file.source) for file in container_step(member).inputs] == [
        ("Some_name", "/tmp/inputs/Some_name/data", text(OutputRef("a", "o"))),
        ("raw", "/raw", text("n=", RunRef("name"))),
        ("const", "/c", text("c")),
    ]
    assert container_step(member).container.args == (text("/raw"),)
    assert container_step(member).after == ()


def test_names_and_types_come_from_the_component() -> None:
    """O-12, N-05: packages spell them otherwise."""
    spec = {"name": "Train it", "inputs": [{"name": "The data"}], "outputs": [{"name": "The model", "type": "Model"}]}
    annotations = {f"{PREFIX}component_spec": json.dumps(spec), f"{PREFIX}component_ref": "{}", "mine": "x"}
    labels = {f"{PREFIX}enable_caching": "false", f"{PREFIX}pipeline-sdk-type": "kfp", "team": 1}
    (member,) = pipeline(
        dag("p", task("train-it-2", arguments={"artifacts": [{"name": "d", "raw": {"data": "x"}}]})),
        step(
            "train-it-2",
            inputs={"artifacts": [{"name": "d", "path": "/tmp/inputs/The_data/data"}]},
            outputs={"artifacts": [{"name": "train-it-2-The-model", "path": "/tmp/outputs/The_model/data"}]},
            metadata={"annotations": annotations, "labels": labels},
        ),
    ).members
    found = container_step(member)
    assert (found.id, found.name, found.inputs[0].name) == ("train-it-2", "Train it", "The data")
    assert found.outputs == (OutputFile(name="The model", path="/tmp/outputs/The_model/data", type=text("Model")),)
    assert found.component is not None
    assert found.component.spec == tree(spec)
    assert found.caching == Caching(enabled=False)
    assert found.pod.annotations == tree({"mine": "x"})
    assert found.pod.labels == tree({"team": "1"})


def test_parameters_without_the_annotation_have_their_values() -> None:
    """SDKs before 0.1.32 described no parameters."""
    found = pipeline(
        dag("p", task("a")), step("a"), arguments={"parameters": [{"name": "n", "value": 3}, {"name": "m"}]}
    )
    assert found.parameters == (
        Parameter(name="n", default="3", optional=True),
        Parameter(name="m"),
    )
    assert found.name == "p"


@pytest.mark.parametrize("limit", [2, "2"])
def test_retries_of_every_spelling(limit: object) -> None:
    retry = {"limit": limit, "retryPolicy": "Always", "backoff": {"duration": 3, "factor": "2", "maxDuration": "1h"}}
    (member,) = pipeline(dag("p", task("a")), step("a", retryStrategy=retry, activeDeadlineSeconds="30")).members
    found = container_step(member)
    assert found.retry == Retry(
        limit=text("2"), policy="Always", backoff_duration="3", backoff_factor=2.0, backoff_max_duration="1h"
    )
    assert found.timeout_s == 30


def test_a_service_account_is_warned_of() -> None:
    found = package(workflow(dag("p", task("a")), step("a"), serviceAccountName="mine"))
    (warning,) = found.warnings
    assert str(warning) == (
        "p.yaml:6: the package asks for the service account 'mine', which is left out [KA412]\n"
        "  Give it to the DAG: to_dag(…, operator_args={'service_account_name': 'mine'})."
    )
    assert package(workflow(dag("p", task("a")), step("a"), serviceAccountName="pipeline-runner")).warnings == ()


def test_a_template_that_nothing_calls_is_warned_of() -> None:
    """EH-03, F-01: so the SDK drops exit handlers."""
    (warning,) = package(workflow(dag("p", task("a")), step("a"), step("bye"))).warnings
    assert (warning.severity, warning.code) == ("warning", "KA413")
    assert "nothing calls the template 'bye': left out, as Argo does [KA413]\n  KFP's compiler drops an exit" in str(
        warning
    )
