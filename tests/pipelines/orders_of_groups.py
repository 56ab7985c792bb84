"""What waits for what across groups, by data and by after (A-01, B-02, CO-06, CO-08, CO-09, CO-13, L-13)."""

from kfp import dsl


def step(name, *arguments):
    return dsl.ContainerOp(name, "alpine", arguments=list(arguments), file_outputs={"o": "/o"})


@dsl.pipeline(name="Groups that wait")
def groups_that_wait(a: int = 1, b: str = "x"):
    first = step("first")
    with dsl.Condition(first.output >= 0.5) as early:
        inner = step("inner")
        with dsl.Condition(inner.output == "", "deep"):
            step("deep", first.output, b)
    with dsl.Condition("x" == b) as late:
        step("late")
    late.after(early)
    joined = step("joined").after(early, late, first)
    with dsl.Condition(a > 10).after(joined):
        step("last")
    with dsl.ParallelFor([1, 2]) as item:
        step("each", item).after(joined)
    step("after all", b).after(joined)


@dsl.pipeline(name="Values across groups")
def values_across_groups(limit=0.5):
    with dsl.Condition(limit > 0):
        made = step("made")
        step("uses it inside", made.output)
    with dsl.Condition(limit < 1):
        step("uses it in another group", made.output)
        with dsl.Condition(made.output != "x"):
            step("deeper", f"{made.output} {limit}")


@dsl.pipeline(name="Reflected comparisons")
def reflected_comparisons(number: int = 3, flag: bool = True, text="x"):
    """Numbers are compared with texts, too (CO-12)."""
    made = step("made")
    for comparison in (
        0.5 < made.output,
        3 >= number,
        "True" == flag,
        flag != False,  # noqa: E712 - authors write it so
        made.output == text,
        number <= made.output,
        text == None,  # noqa: E711 - authors write it so
        made.output == -1,
        text != 'say "hi"',
    ):
        with dsl.Condition(comparison):
            step("then")


@dsl.pipeline(name="A loop in a condition in a loop")
def a_loop_in_a_condition_in_a_loop(items: list = ["a", "b"], wanted: str = "a"):
    with dsl.ParallelFor(items) as outer:
        made = step("list", outer)
        with dsl.Condition(outer == wanted):
            with dsl.ParallelFor([1, 2]) as inner:
                step("both", outer, inner, wanted)
        with dsl.ParallelFor(made.output) as found:
            with dsl.Condition(found.size > 3):
                step("big", found, found.size)
