"""Ten of the generated pipelines as pods, by a real scheduler, against the rules of KFP."""

from __future__ import annotations

from pathlib import Path
from pprint import pformat

import pytest

from tests.airflow.generated import drop, make_service, run_all
from tests.dag.compared import differences
from tests.dag.representative import representative
from tests.kubernetes.simulated_pods import make_pod

pytestmark = pytest.mark.kubernetes

PIPELINES = 10


@pytest.mark.row("A-02", "A-03", "L-13", "L-14", "CO-08", "CO-09", "CO-10", "EH-02", "R-05")
def test_pipelines_do_as_pods_what_the_rules_say(tmp_path: Path, namespace: str) -> None:
    chosen = representative(PIPELINES)
    service = make_service(tmp_path / "airflow", AIRFLOW__KFP_AIRFLOW__NAMESPACE=namespace)
    dag_ids = drop(service, chosen, make_pod)
    with service:
        ended = run_all(service, dag_ids, timeout_s=900)
    found = {dag_id: differences(ran, one.expected) for dag_id, ran, one in zip(dag_ids, ended, chosen, strict=True)}
    wrong = [pformat(one.pipeline, width=120) for one, lines in zip(chosen, found.values(), strict=True) if lines]
    assert not any(found.values()), (found, *wrong)
