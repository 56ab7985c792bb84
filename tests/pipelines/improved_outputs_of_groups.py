"""Outputs of groups used outside, which the SDK compiles into workflows that Argo refuses (DP-13, F-02)."""

from kfp import components, dsl

cat = components.load_component_from_text("""
name: Cat
inputs:
- {name: one}
- {name: two}
implementation:
  container:
    image: alpine
    command: [cat, {inputPath: one}, {inputPath: two}]
""")


def make(name="make"):
    return dsl.ContainerOp(name=name, image="alpine", command=["sh", "-c", "echo 1 > /o"], file_outputs={"o": "/o"})


def show(name, *texts):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo"], arguments=list(texts))


@dsl.pipeline(name="value out of a condition")
def value_out_of_a_condition(go: str = "yes"):
    with dsl.Condition(go == "yes"):
        made = make()
    show("show", made.output)


@dsl.pipeline(name="value out of a loop")
def value_out_of_a_loop():
    with dsl.ParallelFor([1, 2]):
        made = make()
    show("show", made.output)


@dsl.pipeline(name="file out of two conditions")
def file_out_of_two_conditions(go: str = "yes"):
    with dsl.Condition(go == "yes"):
        with dsl.Condition(go != "no"):
            made = make()
    cat(made.output, "x")


@dsl.pipeline(name="one file twice")
def one_file_twice(word: str = "w"):
    made = make()
    cat(made.output, made.output)
    cat(word, word)
    cat("same", "same")
