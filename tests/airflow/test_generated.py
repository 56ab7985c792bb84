"""Thirty generated pipelines by a real scheduler, a LocalExecutor and a triggerer, against the rules of KFP."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pprint import pformat

import pytest

from tests.airflow.generated import drop, make_service, run_all
from tests.dag.compared import differences
from tests.dag.representative import Chosen, representative
from tests.dag.running import Ran
from tests.dag.simulated import make_simulated

pytestmark = [pytest.mark.airflow, pytest.mark.xdist_group("airflow")]

PIPELINES = 30


@pytest.fixture(scope="module")
def chosen() -> Sequence[Chosen]:
    return representative(PIPELINES)


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory, chosen: Sequence[Chosen]) -> Iterator[list[Ran]]:
    """The runs of all pipelines; how they differ is a test of each."""
    service = make_service(tmp_path_factory.mktemp("airflow") / "home")
    dag_ids = drop(service, chosen, make_simulated)
    with service:
        yield run_all(service, dag_ids, timeout_s=1200)


@pytest.mark.row("A-02", "A-03", "L-13", "L-14", "CO-08", "CO-09", "CO-10", "EH-02", "R-05")
@pytest.mark.parametrize("number", range(PIPELINES))
def test_a_pipeline_does_in_a_real_airflow_what_the_rules_say(
    number: int, chosen: Sequence[Chosen], ended: list[Ran]
) -> None:
    one = chosen[number]
    assert differences(ended[number], one.expected) == [], pformat(one.pipeline, width=120)
