"""Pipeline parameters as Airflow params (PP-06, PP-07)."""

from __future__ import annotations

import pytest

from kfp_airflow.dag.params import build_params, check_defaults, parse_value
from kfp_airflow.diagnostics import Where
from kfp_airflow.graph.model import Parameter, Pipeline
from kfp_airflow.graph.text import Struct, Text, Tree, text


def named(name: str) -> Text:
    return text(name)


@pytest.mark.parametrize(
    ("kind", "default", "value", "schema"),
    [
        (named("String"), "x", "x", "string"),
        (named("Integer"), "3", 3, "integer"),
        (named("Float"), "0.5", 0.5, "number"),
        (named("Float"), "1", 1, "number"),
        (named("Bool"), "True", True, "boolean"),
        (named("Boolean"), "False", False, "boolean"),
        (named("JsonArray"), "[1, 2]", [1, 2], "array"),
        (named("JsonObject"), '{"a": 1}', {"a": 1}, "object"),
        (named("typing.List[int]"), "[1]", [1], "array"),
        (named("GCSPath"), "gs://b/x", "gs://b/x", "string"),
        (Struct(((text("GCSPath"), Struct()),)), "gs://b/x", "gs://b/x", "string"),
    ],
)
def test_a_default_becomes_a_value_of_the_parameters_type(kind: Tree, default: str, value: object, schema: str) -> None:
    parameter = Parameter(name="p", type=kind, default=default, description="What it is for.")
    param = build_params(Pipeline(name="x", parameters=(parameter,)))["p"]
    assert param.resolve() == value
    assert param.schema["type"] == schema
    assert param.schema["description_md"] == "What it is for."


@pytest.mark.parametrize(
    ("default", "lines"), [('["a", "b"]', True), ('[{"a": 1}]', False), ("[]", False), (None, False)]
)
def test_the_trigger_form_takes_json_for_lists_that_hold_more_than_text(default: str | None, lines: bool) -> None:
    parameter = Parameter(name="p", type=named("JsonArray"), default=default)
    param = build_params(Pipeline(name="x", parameters=(parameter,)))["p"]
    assert ("items" not in param.schema) is lines


def test_a_parameter_without_default_has_to_be_given_and_none_may_stay_empty() -> None:  # PP-07
    required = Parameter(name="r", type=named("Integer"))
    optional = Parameter(name="o", type=named("Integer"), optional=True)
    params = build_params(Pipeline(name="x", parameters=(required, optional)))
    assert not params["r"].has_value
    assert params["o"].resolve() is None
    assert params["o"].schema["type"] == ["integer", "null"]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("Integer", "x"),
        ("Integer", "1.5"),
        ("Integer", "true"),
        ("Bool", "1"),
        ("JsonArray", "{}"),
        ("JsonObject", "[]"),
        ("Float", "[1]"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, value: str) -> None:
    with pytest.raises(ValueError, match=r"' is no (integer|boolean|array|object|number)$"):
        parse_value(Parameter(name="p", type=named(kind)), value)


@pytest.mark.row("PP-06")
def test_a_parameter_whose_default_is_of_another_type_takes_any_text_with_a_warning() -> None:
    """KFP accepts it, and hands on what it is given; old SDKs spelled dicts as Python does."""
    count = Parameter(name="count", type=named("Integer"), default="", where=Where("digits.py", 7))
    table = Parameter(name="table", type=named("JsonObject"), default="{'a': 1}", where=Where("digits.py", 8))
    pipeline = Pipeline(name="x", parameters=(count, table))
    found = list(check_defaults(pipeline))
    assert [str(diagnostic) for diagnostic in found] == [
        (
            "digits.py:7: the default of parameter 'count' does not fit its type: '' is no integer [KA110]\n"
            "  The parameter takes any text. Change the default, or annotate it with the type it has."
        ),
        (
            "digits.py:8: the default of parameter 'table' does not fit its type: \"{'a': 1}\" is no object [KA110]\n"
            "  The parameter takes any text. Change the default, or annotate it with the type it has."
        ),
    ]
    assert {diagnostic.severity for diagnostic in found} == {"warning"}
    params = build_params(pipeline)
    assert [params["count"].resolve(), params["table"].resolve()] == ["", "{'a': 1}"]
    assert params["count"].schema["type"] == ["integer", "string"]
    assert (parse_value(count, "5"), parse_value(count, "five")) == (5, "five")
