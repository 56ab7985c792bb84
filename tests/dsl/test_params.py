"""PipelineParam (rows PP-01 to PP-05, D-06, D-07)."""

import re

import pytest

from kfp_airflow import dsl
from kfp_airflow.dsl.build import PipelineWarning, build_graph
from kfp_airflow.dsl.params import ConditionOperator, extract_pipelineparams_from_any

P = dsl.PipelineParam("lr")
O = dsl.PipelineParam("out 1", "train")  # noqa: E741 - an output


@pytest.mark.row("PP-01")
def test_the_text_of_a_parameter_is_its_placeholder() -> None:
    """PP-01."""
    assert str(P) == repr(P) == "{{pipelineparam:op=;name=lr}}"
    assert f"--x={O}" == "--x={{pipelineparam:op=train;name=out 1}}"
    assert f"{[P]}" == "[{{pipelineparam:op=;name=lr}}]"


@pytest.mark.row("PP-02")
def test_arithmetic_and_subscripts_are_type_errors() -> None:
    """PP-02."""
    for use in (lambda: P + "x", lambda: P["a"], lambda: list(P)):
        with pytest.raises(TypeError):
            use()


@pytest.mark.row("PP-03")
@pytest.mark.parametrize(
    ("comparison", "operator", "right"),
    [(P == "x", "==", "x"), (P != 1, "!=", 1), (P < 1, "<", 1), (P <= 1, "<=", 1), (P > 1, ">", 1), (P >= O, ">=", O)],
)
def test_comparing_makes_a_condition(comparison: ConditionOperator, operator: str, right: object) -> None:
    """PP-03."""
    assert comparison.operator == operator
    assert comparison.operand1 is P
    assert comparison.operand2 is right or comparison.operand2 == right


@pytest.mark.row("PP-03")
def test_a_reflected_comparison_turns_its_operator() -> None:
    """PP-03."""
    assert (P > 10).operator == ">"


@pytest.mark.row("PP-04")
def test_parameters_are_told_apart_by_op_and_name() -> None:
    """PP-04."""
    assert hash(P) == hash(dsl.PipelineParam("lr"))
    assert len({P, dsl.PipelineParam("lr"), O}) == 2


@pytest.mark.row("PP-04", "T-07")
def test_ignoring_the_type_returns_the_parameter_without_it() -> None:
    """PP-04, T-07."""
    param = dsl.PipelineParam("a", param_type="Integer")
    assert param.ignore_type() is param
    assert param.param_type is None


@pytest.mark.row("N-06")
def test_a_name_that_kfp_does_not_take_is_refused() -> None:
    """N-06."""
    message = (
        "The name '1a' of a parameter or output has to begin with a letter and to hold letters, digits, "
        "spaces, '_' and '-' only"
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        dsl.PipelineParam("1a")


@pytest.mark.row("D-06")
def test_an_output_has_no_value() -> None:
    """D-06."""
    with pytest.raises(ValueError, match=r"^op_name and value cannot be both set\.$"):
        dsl.PipelineParam("a", "b", "c")


@pytest.mark.row("N-05")
@pytest.mark.row("D-07")
def test_placeholders_are_found_in_order() -> None:
    """D-07, N-05."""
    found = dsl.match_serialized_pipelineparam(f"a{O}b{P}{O}{{{{pipelineparam:op}}}}")
    assert [(each.name, each.op, each.pattern) for each in found] == [
        ("out-1", "train", str(O)),
        ("lr", "", str(P)),
        ("out-1", "train", str(O)),
    ]


@pytest.mark.row("B-15")
def test_parameters_are_found_in_keys_lists_and_objects_of_the_kubernetes_client() -> None:
    """B-15."""
    client = pytest.importorskip("kubernetes.client")
    variable = client.V1EnvVar(name="X", value=O)
    assert [param.full_name for param in extract_pipelineparams_from_any([{str(P): (variable, P)}])] == [
        "lr",
        "train-out 1",
    ]


@pytest.mark.better("PP-03", how="asking for the truth of a comparison warns at its line")
@pytest.mark.better("F-05", how="`if param == 'x'` and `param in […]` stay always true; a warning names file and line")
def test_asking_for_the_truth_of_a_comparison_warns_with_the_line() -> None:
    """F-05, PP-03."""

    def pipeline(mode: str = "a") -> None:
        if mode == "x":
            dsl.ContainerOp("a", "image")

    with pytest.warns(PipelineWarning) as warnings:
        build_graph(pipeline)
    warned = [warning for warning in warnings if warning.category is PipelineWarning]
    line = pipeline.__code__.co_firstlineno + 1
    assert str(warned[0].message) == (
        f"{_here(pipeline)}:{line}: the comparison mode == 'x' is used as a truth value: it is always true, "
        "the value is known at run time only [KA002]\n"
        "  Write `with dsl.Condition(a == b):` around the steps that depend on it, or compare in the program of a step."
    )
    assert (warned[0].filename, warned[0].lineno) == (pipeline.__code__.co_filename, line)


@pytest.mark.better("F-05", how="`if param == 'x'` and `param in […]` stay always true; a warning names file and line")
@pytest.mark.parametrize("ask", ["mode in ['x', 'y']", "mode == 'x' and True", "not mode < 3", "['x'].index(mode)"])
def test_every_way_to_ask_for_the_truth_is_warned_of_and_true_as_in_kfp(ask: str) -> None:
    answers: list[object] = []

    def pipeline(mode: str = "a") -> None:
        answers.append(eval(ask))

    with pytest.warns(PipelineWarning, match=r"the comparison mode (==|<) .* is always true, .* \[KA002\]"):
        build_graph(pipeline)
    assert answers == [{"not mode < 3": False, "['x'].index(mode)": 0}.get(ask, True)]


def test_a_set_of_parameters_is_no_question_for_a_truth_value() -> None:
    """F-05: Python itself compares equal keys."""

    def pipeline(mode: str = "a") -> None:
        dsl.ContainerOp(
            "a", "image", arguments=sorted({str(mode)}) if len({mode, dsl.PipelineParam("mode")}) == 1 else []
        )

    assert len(build_graph(pipeline).members) == 1


def _here(function: object) -> str:
    from kfp_airflow.diagnostics import Where

    return str(Where(function.__code__.co_filename, 0))
