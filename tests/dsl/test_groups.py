"""Groups (rows D-18 to D-23, L-01, L-03, L-07, L-09, EH-01, CO-13)."""

import re
from collections.abc import Iterator

import pytest

from kfp_airflow import dsl


@pytest.fixture(autouse=True)
def pipeline() -> Iterator[dsl.Pipeline]:
    with dsl.Pipeline("p") as made:
        yield made


def op(name: str = "a", **options: object) -> dsl.ContainerOp:
    return dsl.ContainerOp(name, "image", **options)


@pytest.mark.row("D-02", "D-18")
def test_ops_belong_to_the_innermost_open_group_in_the_authors_order(pipeline: dsl.Pipeline) -> None:
    """D-02, D-18."""
    first = op()
    with dsl.Condition(first.name == "x") as outer:
        with dsl.SubGraph(1) as inner:
            inside = op()
        last = op()
    assert pipeline.root.members == [first, outer]
    assert (outer.members, outer.ops, outer.groups, inner.members) == ([inner, last], [last], [inner], [inside])


@pytest.mark.row("CO-13")
@pytest.mark.row("D-18", "D-20")
def test_a_group_comes_after_ops_and_groups_and_is_returned() -> None:
    """CO-13."""
    first = op()
    group = dsl.Condition(dsl.PipelineParam("x") == 1)
    assert group.after(first) is group
    assert group.dependencies == [first]


@pytest.mark.row("L-01", "F-08")
@pytest.mark.parametrize(
    ("items", "kind", "message"),
    [
        ("x", TypeError, "Expected list, tuple, or PipelineParam, got str: 'x'"),
        ({"a": 1}, TypeError, "Expected list, tuple, or PipelineParam, got dict: {'a': 1}"),
        ([], IndexError, "ParallelFor got an empty list: there is nothing to loop over"),
        (
            [{"a": 1}, {"b": 1}],
            ValueError,
            "the dicts of a loop's list should all have the same keys. Got: [{'a': 1}, {'b': 1}]",
        ),
        ([{"a b": 1}], ValueError, "Keys of a loop's dicts have to be names such as 'learning_rate'. Got: 'a b'"),
    ],
)
def test_a_loop_over_something_else_is_refused(items: object, kind: type[Exception], message: str) -> None:
    """L-01, L-03."""
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        dsl.ParallelFor(items)


@pytest.mark.row("L-07", "L-03")
@pytest.mark.row("D-21")
def test_items_have_kfps_names() -> None:
    """L-07, L-03."""
    made = op(file_outputs={"o": "/o"})
    with dsl.ParallelFor([{"a": 1}]) as item:
        assert (str(item), str(item.a)) == (
            "{{pipelineparam:op=;name=loop-item-param-1}}",
            "{{pipelineparam:op=;name=loop-item-param-1-subvar-a}}",
        )
        assert str(item.unknown) == "{{pipelineparam:op=;name=loop-item-param-1-subvar-unknown}}"
    with dsl.ParallelFor(made.output) as item:
        assert str(item.x) == "{{pipelineparam:op=a;name=o-loop-item-subvar-x}}"
    with dsl.ParallelFor(dsl.PipelineParam("ps")) as item:
        assert str(item) == "{{pipelineparam:op=;name=ps-loop-item}}"


@pytest.mark.row("L-04")
def test_an_item_cannot_be_subscripted() -> None:
    """L-04."""
    with dsl.ParallelFor([{"a": 1}]) as item, pytest.raises(TypeError, match="not subscriptable"):
        item["a"]


@pytest.mark.row("L-09")
@pytest.mark.row("D-22")
def test_limits_are_checked() -> None:
    """L-09, D-22."""
    with pytest.raises(ValueError, match=r"^ParallelFor parallelism must be >= 0\. Got: -1\.$"):
        dsl.ParallelFor([1], parallelism=-1)
    with pytest.raises(ValueError, match=r"^SubGraph parallelism set to < 1, allowed values are > 0\. Got: 0$"):
        dsl.SubGraph(0)


@pytest.mark.row("EH-01")
@pytest.mark.row("D-19")
def test_an_exit_op_is_taken_out_of_its_group(pipeline: dsl.Pipeline) -> None:
    """EH-01."""
    bye = op("bye")
    with dsl.ExitHandler(bye, name="Cleaning") as group:
        op()
    assert bye.is_exit_handler
    assert pipeline.root.members == [group]
    assert group.display_name == "Cleaning"  # D-19


@pytest.mark.row("EH-01")
def test_an_exit_op_that_comes_after_another_is_refused() -> None:
    """EH-01."""
    bye = op("bye").after(op())
    with pytest.raises(
        ValueError,
        match=r"^exit_op cannot depend on any other ops\. 'bye' comes after a: it runs after everything",
    ):
        dsl.ExitHandler(bye)


@pytest.mark.row("L-03")
def test_keys_of_items_may_be_called_as_attributes_of_a_parameter() -> None:
    """L-03: KFP loses the item's own text then."""
    with dsl.ParallelFor([{"name": 1, "value": 2, "pattern": 3, "op_name": 4, "to_struct": 5}]) as item:
        assert str(item) == "{{pipelineparam:op=;name=loop-item-param-1}}"
        assert [str(variable).rpartition("-subvar-")[2] for variable in (item.name, item.value, item.pattern)] == [
            "name}}",
            "value}}",
            "pattern}}",
        ]
