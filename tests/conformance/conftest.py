"""One process of the real SDK for the whole session."""

from collections.abc import Iterator

import pytest

from tests.conformance.judge import Judge, NoJudge, judge_python


@pytest.fixture(scope="session")
def judge() -> Iterator[Judge]:
    """Give the real SDK; tests that ask for it are skipped, with the reason, where it cannot be had."""
    try:
        python = judge_python()
    except NoJudge as reason:
        pytest.skip(str(reason))
    with Judge(python) as running:
        yield running
