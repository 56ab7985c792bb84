"""Macros in the values of parameters (PP-09)."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfp_airflow.diagnostics import StepError
from kfp_airflow.operators.macros import RunFacts, expand_macros, format_by_layout

FACTS = RunFacts(
    run_id="0b0b",
    current=datetime(2023, 2, 4, 5, 6, 7, 999_999, tzinfo=timezone(timedelta(hours=2))),
    scheduled=datetime(2024, 12, 31, 23, 59, 58, tzinfo=timezone.utc),
)


def expanded(value: str) -> str:
    return expand_macros(value, FACTS, whose="parameter 'p'")


@pytest.mark.row("PP-09")
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("[[RunUUID]]", "0b0b"),
        ("{{workflow.uid}}", "0b0b"),
        ("[[CurrentTime]]", "20230204030607"),
        ("[[ScheduledTime]]", "20241231235958"),
        ("[[CurrentTime.2006-01-02]]", "2023-02-04"),
        ("[[ScheduledTime.Mon Jan _2 15:04:05 MST 2006]]", "Tue Dec 31 23:59:58 UTC 2024"),
        ("{{$.currentTime.strftime('%Y-%m-%d')}}", "2023-02-04"),
        ("{{$.scheduledTime.strftime('%A %j %H:%M 100%%')}}", "Tuesday 366 23:59 100%"),
        ("gs://b/[[ScheduledTime.2006]]/[[ScheduledTime.01]]/x", "gs://b/2024/12/x"),
        ("[[RunUUID]][[RunUUID]]", "0b0b0b0b"),
    ],
)
def test_a_macro_stands_for_what_it_names(value: str, text: str) -> None:
    assert expanded(value) == text


@pytest.mark.row("PP-09", "F-14")
@pytest.mark.parametrize(
    "value",
    [
        "[[Other]]", "[[ RunUUID ]]", "[RunUUID]", "[[runuuid]]", "{{ ds }}", "{{workflow.name}}", "{{$.other}}",
        "{{$.currentTime.strftime('%Y'')}}", "[[CurrentTime", "[[1, 2], [3]]", "",
    ],
)  # fmt: skip
def test_other_text_is_not_touched(value: str) -> None:
    assert expanded(value) == value
    assert expanded(f"{value} [[RunUUID]] {value}") == f"{value} 0b0b {value}"


@pytest.mark.row("F-14")
def test_what_a_macro_stands_for_is_not_looked_at_again() -> None:
    assert expanded("[[CurrentTime.{{workflow.uid}}]]") == "{{workflow.uid}}"


@given(st.text(alphabet="[]{}.$'%CurentTimRUID0129 \n"))
@settings(max_examples=200)
def test_any_text_without_a_macro_stays(value: str) -> None:
    macros = ("[[RunUUID]]", "[[CurrentTime", "{{workflow.uid}}", "{{$.currentTime", "[[Index]]")
    assert expanded(value) == value or any(macro in value for macro in macros)


@pytest.mark.refused("PP-09", message="`[[Index]]`: Airflow does not count the runs of a schedule")
def test_the_number_of_the_run_is_refused_by_name() -> None:
    with pytest.raises(StepError) as refused:
        expanded("run [[Index]]")
    assert str(refused.value) == (
        "parameter 'p' asks for [[Index]], the number of the run in its schedule, which Airflow does not count. "
        "Use [[ScheduledTime]] or [[RunUUID]]"
    )


@pytest.mark.row("PP-09")
@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("20060102150405", "20230204030607"),
        ("Monday, 02-Jan-06 15:04:05 MST", "Saturday, 04-Feb-23 03:06:07 UTC"),
        ("Mon, 2 January 2006 3:4:5 PM pm", "Sat, 4 February 2023 3:6:7 AM am"),
        ("2006-01-02T15:04:05Z07:00", "2023-02-04T03:06:07Z"),
        ("2006-01-02T15:04:05.999-07:00", "2023-02-04T03:06:07+00:00"),
        ("15:04:05.000 -0700", "03:06:07.000 +0000"),
        ("_2/1 002 __2 03h", " 4/2 035  35 03h"),
        ("Janet Monet _2006", "Janet Monet _2023"),
        ("nothing", "nothing"),
    ],
)
def test_a_layout_shows_a_time_as_go_does(layout: str, text: str) -> None:
    moment = datetime(2023, 2, 4, 3, 6, 7, 999_999, tzinfo=timezone.utc)
    assert format_by_layout(moment, layout) == text
