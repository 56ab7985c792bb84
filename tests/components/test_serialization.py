"""Constants as text, and types of annotations (W-07, W-08, T-03)."""
# ruff: noqa: UP006, UP045 - the annotations that KFP authors write

import typing
from typing import Any, Optional

import pytest

from kfp_airflow.components.serialization import Form, boolean, form_of, serialize, type_name
from kfp_airflow.dsl import PipelineParam, types


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("anything", "Integer", "anything"),  # a text is taken to be serialized
        (5, "Integer", "5"),
        (True, "Integer", "True"),  # as KFP: bool is an int
        (4, "Float", "4"),
        (0.5, "Float", "0.5"),
        (float("nan"), "Float", "nan"),
        (False, "Boolean", "False"),
        (True, "Bool", "True"),
        ([1, {"b": 2, "a": None}], "JsonArray", '[1, {"a": null, "b": 2}]'),
        ((1, 2), "List", "[1, 2]"),
        ([1], "typing.List[int]", "[1]"),
        ({"x": 1}, {"JsonObject": {"data_type": "x"}}, '{"x": 1}'),
        (None, "Json", "null"),
        (5, None, "5"),
        ([True], None, "[true]"),
        ({1, 2}, "Base64Pickle", None),
    ],
)
@pytest.mark.row("W-08")
def test_a_constant_becomes_the_text_of_its_type(value: Any, kind: Any, text: str | None) -> None:
    assert text is None or serialize(value, kind) == text


@pytest.mark.row("W-08")
def test_parameters_inside_a_list_become_quoted_placeholders() -> None:
    assert serialize([PipelineParam("x"), 1], "JsonArray") == '["{{pipelineparam:op=;name=x}}", 1]'


@pytest.mark.parametrize(
    ("value", "kind", "message"),
    [
        (5, "String", '5 (int) is no value of type "String": it takes texts only'),
        (5.5, "Integer", '5.5 (float) is no value of type "Integer": it takes whole numbers only'),
        (1, "Bool", '1 (int) is no value of type "Bool": it takes True and False only'),
        (b"x", "Float", "b'x' (bytes) is no value of type \"Float\": it takes numbers only"),
        ({1, 2}, "JsonArray", "has no JSON form and no method to_struct()"),
    ],
)
@pytest.mark.row("W-08")
def test_a_value_of_another_type_is_refused(value: Any, kind: str, message: str) -> None:
    with pytest.raises(ValueError, match=r".") as caught:
        serialize(value, kind)
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", [None, "Model"])
@pytest.mark.row("W-08")
def test_a_value_without_a_text_form_is_refused(kind: str | None) -> None:
    with pytest.raises(TypeError, match=r"^\(1, 2\) \(tuple\) cannot be written as a text for "):
        serialize((1, 2), kind)


@pytest.mark.parametrize(
    ("kind", "form"),
    [
        ("String", Form.TEXT), ("str", Form.TEXT), ("int", Form.INTEGER), ("Float", Form.FLOAT), ("bool", Form.BOOLEAN),
        ("Dictionary", Form.JSON), ("typing.Dict[str, int]", Form.JSON), ("List[int]", Form.JSON), ("CSV", None),
        ({"Integer": {}}, Form.INTEGER), (None, None), ("Base64Pickle", Form.PICKLE), ("typing.Sequence", None),
        ("int | None", Form.INTEGER), ("List of texts", Form.JSON), ("Bool (yes or no)", Form.BOOLEAN),
        ("Optional[int]", None), ("Integers", None), ("", None),
    ],
)  # fmt: skip
@pytest.mark.row("W-07")
def test_the_text_form_follows_the_short_name_of_a_type(kind: Any, form: Form | None) -> None:
    assert form_of(kind) is form


class Digits:
    """A class of an author."""


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [
        (str, "String"), (int, "Integer"), (float, "Float"), (bool, "Boolean"), (list, "JsonArray"),
        (dict, "JsonObject"), (typing.List[str], "typing.List[str]"), (Optional[int], "Integer"),
        (Optional[typing.List[str]], "typing.List[str]"), (int | None, "Integer"), (list[int], "list"), ("CSV", "CSV"),
        (Digits, "Digits"), ({"CSV": {"a": 1}}, {"CSV": {"a": 1}}), (None, None), (bytes, "bytes"),
        (types.GCSPath, types.GCSPath().to_dict()), (types.GCSPath(), types.GCSPath().to_dict()),
    ],
)  # fmt: skip
def test_an_annotation_has_the_type_name_of_kfp(annotation: Any, kind: Any) -> None:  # T-03
    assert type_name(annotation) == kind


@pytest.mark.row("Y-06", "F-12")
def test_truth_words_are_those_of_distutils() -> None:
    assert [boolean(word) for word in ("y", "YES", "t", "true", "on", "1")] == [True] * 6
    assert [boolean(word) for word in ("n", "no", "f", "false", "off", "0")] == [False] * 6
    with pytest.raises(ValueError, match="'maybe' is neither true nor false: write one of 0, 1, f, false"):
        boolean("maybe")
