"""Law 1 for pipelines that nobody wrote: what Hypothesis generates means the same in both packages."""

import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from kfp_airflow.catalog.files import load_functions
from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.graph.check import check
from kfp_airflow.graph.model import Pipeline
from kfp_airflow.package.write import write
from tests.conformance.argo import mended, refusals
from tests.conformance.judge import Judge
from tests.conformance.meaning import differences, meaning
from tests.conformance.strategies import files

EXAMPLES = int(os.environ.get("KFP_AIRFLOW_EXAMPLES", "200"))
"""How many pipelines to compare; `make conformance-search` wants thousands, and other ones each time."""
PER_FILE = 4

COUNTED: Counter[str] = Counter()
"""How many pipelines the SDK compiled, and how many it could not."""

pytestmark = [
    pytest.mark.xdist_group("generated"),
    pytest.mark.conformance,
    pytest.mark.filterwarnings("ignore::kfp_airflow.dsl.build.PipelineWarning"),
    pytest.mark.filterwarnings("ignore::kfp_airflow.dsl.ops.ContainerOpWarning"),
    pytest.mark.filterwarnings("ignore::PendingDeprecationWarning"),
]


@settings(
    max_examples=EXAMPLES // PER_FILE,
    derandomize=EXAMPLES <= 200,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    print_blob=False,
)
@given(source=files(PER_FILE))
def test_generated_pipelines_mean_the_same(source: str, judge: Judge, tmp_path: Path) -> None:
    path = tmp_path / "generated.py"
    path.write_text(source, encoding="utf-8")
    verdicts = judge.compile(path)
    for function in load_functions(path):
        name = function.function.__name__
        verdict = verdicts[name]
        ours = write(_right(function.build()))
        COUNTED["compared" if verdict.error is None else "crashed"] += 1
        if verdict.error is not None:
            continue  # the SDK ends with an error of its own here and there; that it is rare is tested below
        found = differences(meaning(ours), meaning(mended(verdict.workflow or {})))
        assert found == [], f"{name}\n{source}"
        assert refusals(ours) == [], f"{name}\n{source}"


def test_nearly_all_generated_pipelines_were_compared() -> None:
    """Runs after the law, in the same process."""
    assert COUNTED["crashed"] <= 0.02 * COUNTED["compared"]
    assert COUNTED["compared"] >= 0.9 * EXAMPLES


def _right(graph: Pipeline) -> Pipeline:
    if errors := [found for found in check(graph) if found.severity == "error"]:
        raise PipelineError(errors)
    return graph
