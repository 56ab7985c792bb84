"""A loop in a loop, and recursion, over lists that steps make."""

from typing import Any

import kfp
from kfp import dsl


def bash(name: str, program: str, *texts: Any) -> dsl.ContainerOp:
    return dsl.ContainerOp(
        name=name,
        image="library/bash:4.4.23",
        command=["bash", "-c", program, name],
        arguments=list(texts),
        file_outputs={"out": "/tmp/out"},
    )


@dsl.pipeline(name="nested")
def nested(bad: str = "none", seconds: int = 0, mended: str = "/nowhere"):
    lists = bash("lists", """echo '[["a", "b"], [], ["c"]]' > /tmp/out""")
    with dsl.ParallelFor(lists.output) as outer:
        with dsl.ParallelFor(outer) as inner:
            program = 'echo "begun $1"; sleep "$3"; printf %s "$1!" > /tmp/out; [ "$1" != "$2" ] || [ -e "$4" ]'
            step = bash("shout", program, inner, bad, seconds, mended)
            with dsl.Condition(step.output == "a!", name="is a"):
                bash("only-a", "touch /tmp/out")
    bash("all", 'printf %s "$1" > /tmp/out', step.output)


@dsl.graph_component
def count(number, limit):
    more = bash("more", 'echo "$(($1 + 1))" > /tmp/out', number)
    with dsl.Condition(more.output < limit, name="not enough"):
        count(more.output, limit)
    return {"number": more.output}


@dsl.pipeline(name="counting")
def counting(limit: int = 3):
    zero = bash("zero", "echo 0 > /tmp/out")
    counted = count(zero.output, limit)
    bash("said", 'printf %s "$1" > /tmp/out', counted.outputs["number"])


@dsl.pipeline(name="handled")
def handled(seconds: int = 0):
    bye = bash("bye", 'printf %s "$1" > /tmp/out', "{{workflow.status}}")
    with dsl.ExitHandler(bye):
        with dsl.ParallelFor([["a"], ["b"]]) as outer:
            slow = bash("slow", 'sleep "$1"; touch /tmp/out', seconds)
            never = bash("never", "touch /tmp/out").after(slow)
            with dsl.ParallelFor(outer):
                bash("each", "touch /tmp/out").after(never)


CLOCK = 'begun=$(date +%s.%N); sleep 0.5; echo "[$begun, $(date +%s.%N)]" > /tmp/out'


@dsl.pipeline(name="limited")
def limited():
    dsl.get_pipeline_conf().set_parallelism(2)
    lists = bash("lists", """echo '[["a", "b"], ["c", "d"], ["e", "f"]]' > /tmp/out""")
    with dsl.ParallelFor(lists.output) as outer:
        beside = bash("beside", CLOCK)
        with dsl.ParallelFor(outer):
            inner = bash("inner", CLOCK)
    bash("all", 'printf "[%s, %s]" "$1" "$2" > /tmp/out', beside.output, inner.output)


@dsl.graph_component
def rounds(number):
    more = bash("more", 'echo "$(($1 + 1))" > /tmp/out', number)
    lists = bash("lists", """echo '[["a"], ["b"]]' > /tmp/out""")
    with dsl.ParallelFor(lists.output, parallelism=1) as outer:
        each = bash("each", CLOCK)
        with dsl.ParallelFor(outer):
            bash("inner", "touch /tmp/out").after(each)
        with dsl.Condition(more.output < 2):
            rounds(more.output)


@dsl.pipeline(name="one-by-one")
def one_by_one(number: int = 0):
    rounds(number)
