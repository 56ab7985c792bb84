"""How values that authors give are read (rows PP-01, PP-10, L-07, F-14)."""

import datetime

import pytest

from kfp_airflow import dsl
from kfp_airflow.dsl.values import Reader, literal_tree
from kfp_airflow.graph.text import EMPTY, ItemRef, OutputRef, ParameterRef, RunRef, Struct, Text, text

READER = Reader(
    {"train": "train", "ünï": "n"}, {("", "loop-item-param-1"): "for-loop-2", ("train", "o-loop-item"): "for-loop-3"}
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", text("plain")),
        ("", EMPTY),
        (None, EMPTY),
        (3, text("3")),
        (True, text("True")),
        (dsl.PipelineParam("lr"), text(ParameterRef("lr"))),
        (f"a{dsl.PipelineParam('o', 'train')}b", text("a", OutputRef("train", "o"), "b")),
        (f"{dsl.PipelineParam('o', 'ünï')}", text(OutputRef("n", "o"))),
        ("{{workflow.uid}}-{{pod.name}}", text(RunRef("uid"), "-", RunRef("pod.name"))),
        ("{{ workflow.name }}", text(RunRef("name"))),
        ("{{workflow.parameters.lr}}", text(ParameterRef("lr"))),
        ("{{ foo }} {% if x %} {# y #} {{=1+1}}", text("{{ foo }} {% if x %} {# y #} {{=1+1}}")),
        ("{{workflow.priority}}", text("{{workflow.priority}}")),
        ("{{pipelineparam:op=;name=loop-item-param-1}}", text(ItemRef("for-loop-2"))),
        ("{{pipelineparam:op=;name=loop-item-param-1-subvar-a_b}}", text(ItemRef("for-loop-2", "a_b"))),
        ("{{pipelineparam:op=train;name=o-loop-item-subvar-x}}", text(ItemRef("for-loop-3", "x"))),
    ],
)
def test_placeholders_become_references_and_everything_else_stays_text(value: object, expected: Text) -> None:
    assert READER.text(value) == expected


def test_kubernetes_objects_become_trees_in_kubernetes_spelling() -> None:
    client = pytest.importorskip("kubernetes.client")
    source = client.V1EnvVarSource(secret_key_ref=client.V1SecretKeySelector(name=dsl.PipelineParam("secret"), key="k"))
    assert READER.tree(client.V1EnvVar(name="X", value_from=source)) == Struct(
        (
            (text("name"), text("X")),
            (
                text("valueFrom"),
                Struct(
                    (
                        (
                            text("secretKeyRef"),
                            Struct(((text("key"), text("k")), (text("name"), text(ParameterRef("secret"))))),
                        ),
                    )
                ),
            ),
        )
    )


def test_dicts_lists_and_dates_become_trees() -> None:
    value = {"a": [1, None, True, 2.5], dsl.PipelineParam("lr"): datetime.date(2026, 1, 2)}
    assert READER.tree(value) == Struct(
        ((text("a"), (1, None, True, 2.5)), (text(ParameterRef("lr")), text("2026-01-02")))
    )


def test_what_has_no_place_in_a_specification_is_refused_with_its_type() -> None:
    with pytest.raises(TypeError, match=r"^b'x' of type bytes has no place in a pod's or resource's specification$"):
        READER.tree({"a": b"x"})


def test_a_literal_tree_holds_no_references() -> None:
    assert literal_tree({"a": ["{{workflow.uid}}"]}) == Struct(((text("a"), (text("{{workflow.uid}}"),)),))
