"""The arguments of the pod operator: refused by name where nobody has them, or where a step decides itself."""

from __future__ import annotations

from typing import Any

import pytest

from kfp_airflow.diagnostics import UsageError
from kfp_airflow.graph.model import Container, ContainerStep, Settings
from kfp_airflow.graph.text import text
from kfp_airflow.operators.placement import Facts, Placement
from kfp_airflow.operators.pod import PodStepOperator

STEP = ContainerStep(id="train", name="train", container=Container(image=text("image")))


def make(**operator_args: Any) -> PodStepOperator:
    placement = Placement(facts=Facts(pipeline="digits"))
    return PodStepOperator(task_id="train", step=STEP, settings=Settings(), placement=placement, **operator_args)


def test_an_unknown_argument_is_refused_by_name() -> None:
    with pytest.raises(UsageError, match=r"no argument 'startup_timeout'\. Did you mean 'startup_timeout_seconds'\?"):
        make(startup_timeout=3)


@pytest.mark.parametrize("name", ["image", "deferrable", "do_xcom_push", "durable", "skip_on_exit_code"])
def test_what_a_step_decides_itself_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"operator_args cannot set '{name}': "):
        make(**{name: True})


def test_arguments_of_the_pod_operator_and_of_every_operator_reach_it() -> None:
    operator = make(priority_class_name="high", pool="gpu", on_finish_action="keep_pod")
    assert (operator.priority_class_name, operator.pool, operator.on_finish_action.value) == ("high", "gpu", "keep_pod")


def test_nothing_is_a_template() -> None:
    assert list(make().template_fields) == []
