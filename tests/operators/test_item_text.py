"""How the items of loops look as text (L-05 to L-08)."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfp_airflow.diagnostics import StepError
from kfp_airflow.operators.item_text import frozen_item, item_text, parse_item, read_items


@pytest.mark.better("L-05", "L-08", how="Items keep their spelling; texts are not escaped.")
@pytest.mark.parametrize(
    ("document", "texts"),
    [
        ("[1234567890123456789, 1.0, 1E3, -0]", ["1234567890123456789", "1.0", "1E3", "-0"]),  # L-08
        ("[true, false, null]", ["true", "false", "null"]),  # L-05
        (r'["q\"q", "a\\b", "new\nline", "{{foo}}", ""]', ['q"q', "a\\b", "new\nline", "{{foo}}", ""]),
        ('[{"b": 1, "a": {"d": 1, "c": 2.50}}, [1, [2]]]', ['{"a":{"d":1,"c":2.50},"b":1}', "[1,[2]]"]),
        (" [ ] ", []),  # L-06
        ("null", []),
    ],
)
def test_items_keep_their_spelling(document: str, texts: list[str]) -> None:
    assert [item_text(item) for item in read_items(document)] == texts


@pytest.mark.row("L-06")
@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ("abc", "Expecting value"),
        ('"str"', "it is a JSON string"),
        ("5", "it is a number"),
        ("true", "it is a truth value"),
        ('{"a": 1}', "it is a JSON object"),
        ("['a']", "Expecting value"),
        ("[1,]", "Expecting value|Illegal trailing comma"),
        ("[NaN]", "NaN is no JSON"),
        ("[1] [2]", "Extra data"),
        ("", "Expecting value"),
        ("[" * 100_000, "it is nested too deeply"),
    ],
)
def test_what_is_no_list_is_refused_with_its_kind(document: str, problem: str) -> None:  # L-06
    with pytest.raises(ValueError, match=problem):
        read_items(document)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=6,
        )
    )
)
def test_an_item_survives_the_way_through_the_xcom(items: list[object]) -> None:
    document = json.dumps(items)
    xcom = json.loads(json.dumps([frozen_item(item) for item in read_items(document)]))
    for index, item in enumerate(items):
        back = parse_item(xcom, index)
        if isinstance(item, dict):
            assert json.loads(back["item"]) == item  # type: ignore[index]
            assert set(back["keys"]) == set(item)  # type: ignore[index]
        else:
            assert back == (item if isinstance(item, str) else item_text(item))


@pytest.mark.parametrize("xcom", [None, "abc", [], [5], [{"item": "x"}], [{"item": "x", "keys": {"a": 1}}]])
def test_a_list_that_somebody_else_wrote_is_refused(xcom: object) -> None:
    with pytest.raises(StepError, match=r"the loop's list has no item 0; clear the task that makes the list"):
        parse_item(xcom, 0)
