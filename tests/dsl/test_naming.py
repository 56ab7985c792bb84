"""The names that KFP gives (rows N-01 to N-09)."""

import pytest

from kfp_airflow import dsl
from kfp_airflow.dsl import naming


@pytest.mark.row("N-01", "N-03")
@pytest.mark.parametrize(
    ("human_name", "op_id"),
    [
        ("My Op", "my-op"),
        ("my  op!", "my-op"),
        ("MY_OP", "my-op"),
        ("1st step", "n1st-step"),
        ("", "task"),
        ("###", "task"),
        ("a.b/c", "a-b-c"),
        ("x" * 80, "x" * 80),
        ("ünï", "ünï"),
    ],
)
def test_an_op_id_is_the_name_in_lower_case_words(human_name: str, op_id: str) -> None:
    """N-01, N-03."""
    assert naming.op_name(human_name) == op_id


@pytest.mark.row("N-02", "N-03")
def test_the_same_name_gets_a_number_in_the_order_of_creation() -> None:
    """N-02, N-03."""
    with dsl.Pipeline("p") as pipeline:
        for name in ("My Op", "my-op", "MY_OP", "my  op!", "", "###", "my op 2"):
            dsl.ContainerOp(name, "image")
    assert list(pipeline.ops) == ["my-op", "my-op-2", "my-op-3", "my-op-4", "task", "task-2", "my-op-2-2"]


@pytest.mark.row("N-04")
def test_a_label_has_only_ascii_letters_digits_and_single_hyphens() -> None:
    """N-04."""
    assert naming.label_name("ünï-cødé") == "n-c-d"
    assert naming.label_name("--A..b__c--") == "a-b-c"


@pytest.mark.row("N-05")
def test_a_parameter_name_keeps_case_and_underscores() -> None:
    """N-05."""
    assert naming.parameter_name("Out 1_x!") == "Out-1_x"


@pytest.mark.row("N-06")
@pytest.mark.parametrize(
    ("name", "is_taken"), [("Out 1", True), ("a_b-c", True), ("1a", False), ("_a", False), ("a(b)", False)]
)
def test_parameter_names_begin_with_a_letter(name: str, is_taken: bool) -> None:
    """N-06."""
    assert naming.is_parameter_name(name) is is_taken


@pytest.mark.row("N-08")
def test_groups_share_one_counter_and_static_loops_take_two_numbers() -> None:
    """N-08."""
    with dsl.Pipeline("p") as pipeline:
        op = dsl.ContainerOp("a", "image", file_outputs={"o": "/o"})
        with dsl.Condition(op.output == "x") as first, dsl.ParallelFor([1, 2]), dsl.ParallelFor(op.output):
            pass
        with dsl.Condition(op.output == "x", name="My_Cond") as named, dsl.SubGraph(2):
            pass
        with dsl.ExitHandler(dsl.ContainerOp("bye", "image")) as handler:
            pass
    loop = pipeline.root.groups[0].groups[0]
    assert [group.name for group in (first, loop, loop.groups[0], named, named.groups[0], handler)] == [
        "condition-1",
        "for-loop-3",
        "for-loop-4",
        "condition-My-Cond-5",
        "subgraph-6",
        "exit-handler-7",
    ]


@pytest.mark.row("N-09")
def test_a_function_name_becomes_words_with_a_capital() -> None:
    """N-09."""
    assert naming.component_name("my_add") == "My add"


@pytest.mark.better("N-04", how="names that lose their letters still get ids of their own")
def test_names_that_lose_their_letters_still_get_different_ids() -> None:
    """N-04: `ünï` and `ñnï` both end as `n` in KFP, silently."""
    from kfp_airflow.dsl.build import build_graph

    def pipeline() -> None:
        dsl.ContainerOp("ünï", "image")
        dsl.ContainerOp("ñnï", "image")
        dsl.ContainerOp("日本", "image")

    assert [step.id for step in build_graph(pipeline).members] == ["n", "n-2", "task"]
