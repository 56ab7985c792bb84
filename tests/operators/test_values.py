"""What references stand for, where nothing of a run is needed to tell."""

from __future__ import annotations

from pathlib import Path

import pytest

from kfp_airflow.artifacts.store import Store
from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.text import ArgumentRef
from kfp_airflow.operators.placement import Facts, Placement
from kfp_airflow.operators.values import RunValues


def test_an_argument_is_unknown_outside_of_its_graph_component(tmp_path: Path) -> None:
    """R-02."""
    values = RunValues(Placement(facts=Facts(pipeline="digits")), {}, Store(str(tmp_path)))
    with pytest.raises(StepError, match=r"^argument 'a' was asked for outside of a run of its graph component$"):
        values(ArgumentRef("graph-g-1", "a"))
