"""Law 1: what we write of a pipeline means what the real SDK's compiler writes of it."""

import copy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from kfp_airflow.catalog.files import PipelineFunctions, load_functions
from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.graph.check import check
from kfp_airflow.package.write import write
from tests.conformance.argo import mended, refusals
from tests.conformance.argo_models import schema_problems
from tests.conformance.corpus import BETTER, NO_SUCH_FILES_IN_ARGO, NOT_YET, ONLY_HERE, REFUSED_HERE, Example, examples
from tests.conformance.judge import Judge, Verdict
from tests.conformance.meaning import differences, meaning

EXAMPLES = examples()
REFUSED_BY_BOTH = [
    pytest.param(example, id=str(example), marks=[pytest.mark.row(*example.rows)] if example.rows else [])
    for example in EXAMPLES
    if example.path.stem == "refused_by_both"
]
COMPILED = tuple(example for example in EXAMPLES if not example.path.stem.startswith("refused_"))

ALL_COMPILED = [
    pytest.param(
        example,
        id=str(example),
        marks=[
            *([pytest.mark.row(*example.rows)] if example.rows else []),
            *(pytest.mark.not_yet(row, reason=reason) for row, reason in [NOT_YET.get(str(example), ("", ""))] if row),
        ],
    )
    for example in COMPILED
]

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.filterwarnings("ignore::kfp_airflow.dsl.build.PipelineWarning"),
]


@cache
def _functions(path: Path) -> PipelineFunctions:
    return load_functions(path)


@cache
def _verdicts(judge: Judge, path: Path) -> dict[str, Verdict]:
    return judge.compile(path)


@cache
def _ours(example: Example) -> dict[str, Any]:
    function = next(found for found in _functions(example.path) if found.function.__name__ == example.function)
    graph = function.build()
    if errors := [found for found in check(graph) if found.severity == "error"]:
        raise PipelineError(errors)
    return write(graph)


def _theirs(judge: Judge, example: Example) -> Verdict:
    return _verdicts(judge, example.path)[example.function]


@pytest.mark.parametrize("example", ALL_COMPILED)
def test_our_package_means_what_the_real_one_means(example: Example, judge: Judge) -> None:
    verdict = _theirs(judge, example)
    ours = _ours(example)
    if str(example) in ONLY_HERE:
        assert verdict.error is not None
        return
    assert verdict.error is None
    found = differences(meaning(ours), meaning(mended(verdict.workflow or {})))
    better = BETTER.get(str(example), {})
    assert [line for line in found if not line.startswith(tuple(better))] == []
    assert [place for place in better if not any(line.startswith(place) for line in found)] == []


@pytest.mark.parametrize("example", ALL_COMPILED)
def test_argo_finds_every_name_in_our_package(example: Example) -> None:
    """There is no Argo here: this is its check before a run, as far as it can be told from the workflow alone."""
    found = refusals(_ours(example))
    assert [line for line in found if "output artifacts" not in line or str(example) not in NO_SUCH_FILES_IN_ARGO] == []


@pytest.mark.parametrize("example", ALL_COMPILED)
def test_argo_knows_every_field_of_our_package(example: Example) -> None:
    """With values of the types that Argo's own description gives them."""
    assert schema_problems(_ours(example)) == []


def test_a_field_that_argo_does_not_know_is_found() -> None:
    right = _ours(next(example for example in EXAMPLES if example.function == "conditions_nested"))
    wrong: list[tuple[Any, str]] = [
        (lambda spec: spec.update(nonsense=3), "/spec/nonsense: Argo knows no such field"),
        (lambda spec: _template(spec, "flip")["container"].update(bogus=1), "/container/bogus: Argo knows no such"),
        (lambda spec: _template(spec, "coin").update(parallelism="x"), "/parallelism: Input should be a valid integer"),
    ]
    assert schema_problems(right) == []
    for change, problem in wrong:
        (found,) = schema_problems(_changed(right, change))
        assert problem in found


@pytest.mark.parametrize("example", REFUSED_BY_BOTH)
def test_what_the_real_compiler_refuses_is_refused_at_the_author_s_line(example: Example, judge: Judge) -> None:
    assert _theirs(judge, example).error
    with pytest.raises(PipelineError) as refused:
        _ours(example)
    places = {diagnostic.where.file for diagnostic in refused.value.diagnostics}
    assert places == {str(example.path)}
    assert all(diagnostic.where.line > 0 for diagnostic in refused.value.diagnostics)


@pytest.mark.parametrize(
    "example", [example for example in EXAMPLES if example.path.stem == "refused_exit_handlers"], ids=str
)
def test_what_the_real_compiler_drops_silently_is_refused_here(example: Example, judge: Judge) -> None:
    """F-01, EH-03, EH-04."""
    code = REFUSED_HERE.get(str(example))
    assert (_theirs(judge, example).error is None) == (code is not None)
    with pytest.raises(PipelineError) as refused:
        _ours(example)
    assert (code or "[KA204]") in str(refused.value)


def test_every_declared_difference_is_of_a_pipeline_that_exists() -> None:
    names = {str(example) for example in EXAMPLES}
    declared = BETTER.keys() | ONLY_HERE.keys() | REFUSED_HERE.keys() | NOT_YET.keys() | NO_SUCH_FILES_IN_ARGO
    assert declared - names == set()


def test_the_judge_finds_a_wrong_package(judge: Judge) -> None:
    """The comparison itself: each change of a package is a difference, and a change of order is none."""
    example = next(example for example in EXAMPLES if example.function == "conditions_nested")
    right: Any = _theirs(judge, example).workflow
    changes: list[Any] = [_changed(right, change) for change in CHANGES]
    assert [differences(meaning(right), meaning(changed)) != [] for changed in changes] == [True] * len(CHANGES)
    shuffled = _changed(right, lambda spec: spec["templates"].reverse())
    assert differences(meaning(right), meaning(shuffled)) == []


def _changed(workflow: Any, change: Any) -> Any:
    changed = copy.deepcopy(workflow)
    change(changed["spec"])
    return changed


def _template(spec: Any, name: str) -> Any:
    return next(template for template in spec["templates"] if template["name"] == name)


CHANGES = [
    lambda spec: _template(spec, "print1")["container"]["args"].pop(),
    lambda spec: _template(spec, "coin")["dag"]["tasks"][0].update(when='"a" == "b"'),
    lambda spec: _template(spec, "coin")["dag"]["tasks"][0].pop("dependencies"),
    lambda spec: _template(spec, "flip")["outputs"].pop("parameters"),
    lambda spec: _template(spec, "flip")["metadata"]["labels"].clear(),
    lambda spec: spec["arguments"]["parameters"][0].pop("value"),
    lambda spec: spec.update(parallelism=3),
    lambda spec: spec.update(onExit="flip"),
]
