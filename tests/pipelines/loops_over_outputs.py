"""Loops over lists that steps made (L-06, L-07, L-11, DP-13)."""

from kfp import components, dsl

make_list = components.load_component_from_text("""
name: Make list
outputs:
- {name: items, type: JsonArray}
implementation:
  container:
    image: alpine
    command: [sh, -c, 'mkdir -p "$(dirname "$0")"; echo "[1, 2]" >"$0"', {outputPath: items}]
""")


def echo(name, *texts, **options):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo"], arguments=list(texts), **options)


@dsl.pipeline(name="over outputs")
def loops_over_outputs(word: str = "w"):
    made = make_list()
    with dsl.ParallelFor(made.output) as item:
        inside = echo("inside", item, word, file_outputs={"o": "/o"})
        echo("next", inside.output, made.output)
    with dsl.ParallelFor(made.outputs["items"]) as pair:
        echo("parts", pair.left, pair.right)


@dsl.pipeline(name="condition in a loop")
def condition_in_a_loop(limit: int = 3):
    made = make_list()
    with dsl.ParallelFor(made.output) as item:
        tried = echo("try", item, file_outputs={"o": "/o"})
        with dsl.Condition(item == "2"):
            echo("on the item", item)
        with dsl.Condition(tried.output > limit):
            echo("on an output", tried.output, item)


@dsl.pipeline(name="loop in a condition")
def loop_in_a_condition(go: str = "yes", names: list = ["a"]):
    with dsl.Condition(go == "yes"):
        made = make_list()
        with dsl.ParallelFor(made.output) as item:
            echo("inside", item)
        with dsl.ParallelFor(names) as name:
            echo("named", name, go)
        with dsl.ParallelFor(["a", "b"]) as letter:
            echo("letter", letter)


@dsl.pipeline(name="after a loop")
def after_a_loop():
    made = make_list()
    with dsl.ParallelFor(made.output) as item:
        inside = echo("inside", item, file_outputs={"o": "/o"})
        echo("uses", inside.output)
    echo("collects", inside.output)
    echo("last").after(inside)
