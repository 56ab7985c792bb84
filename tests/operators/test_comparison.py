"""The comparison rules of conditions (CO-02 to CO-05)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfp_airflow.diagnostics import StepError
from kfp_airflow.operators.comparison import holds


@pytest.mark.better("CO-05", how="Quotes and backslashes in a value are part of it.")
@pytest.mark.parametrize(
    "text", ["3", "", "a b", "two\nlines", "ü☃", "$HOME", "{{x}}", 'it"s', "it's", "back\\", '{"a": 1}']
)
def test_a_text_equals_itself_whatever_is_in_it(text: str) -> None:  # CO-02, CO-05
    assert holds(text, "==", text)
    assert not holds(text, "!=", text)


@pytest.mark.row("CO-02", "CO-03")
@pytest.mark.parametrize(
    ("left", "right"),
    [("3", "3.0"), ("true", "True"), ("1e5", "100000"), ("a", "a\n"), ("a\\b", "ab"), ('" || "1"=="1', "x")],
)
def test_different_texts_differ_even_where_they_mean_the_same_number(left: str, right: str) -> None:  # CO-02, CO-03
    assert not holds(left, "==", right)
    assert holds(left, "!=", right)


@pytest.mark.row("CO-04")
@pytest.mark.parametrize(
    ("larger", "smaller"),
    [
        ("3", "2"),
        ("10", "9"),
        ("-1", "-2"),
        (".5", "0.4"),
        ("5.", "4"),
        (" 3\n", "2"),
        ("0x10", "5"),
        ("12345678901234567891", "12345678901234567890"),
        ("1e5", "99999"),
        ("+1", "0"),
        ("b", "a"),
        ("a", "B"),
        ("v2", "v10"),
        ("ü", "a"),
        ("2020-01-02", "2020-01-01"),
        ("a b", ""),
    ],
)
def test_numbers_compare_as_numbers_and_texts_by_code_point(larger: str, smaller: str) -> None:  # CO-04
    assert holds(larger, ">", smaller)
    assert holds(larger, ">=", smaller)
    assert holds(smaller, "<", larger)
    assert not holds(smaller, ">=", larger)


@pytest.mark.row("CO-04")
@pytest.mark.parametrize("text", ["abc", "", "None", "true", "NaN", "inf", "1_000", "1,000", "1+1", "5 || true"])
def test_a_number_against_a_text_is_an_error_that_shows_the_text(text: str) -> None:  # CO-04
    with pytest.raises(StepError, match=r"cannot be used with '>': it is not a number, the other side is") as raised:
        holds(text, ">", "3")
    assert str(raised.value).startswith(f"'{text}' ")


@pytest.mark.better("CO-04", how="Numbers compare exactly, dates and words as texts; nothing is evaluated.")
@given(st.integers(), st.integers())
def test_whole_numbers_compare_exactly(left: int, right: int) -> None:  # CO-04
    assert holds(str(left), "<", str(right)) == (left < right)
    assert holds(str(left), ">=", str(right)) == (left >= right)
