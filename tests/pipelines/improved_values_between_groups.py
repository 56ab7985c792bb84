"""A value that leaves three groups at once; the SDK declares it on the outermost only (CO-09, DP-13)."""

from kfp import dsl


def make(name, *texts):
    return dsl.ContainerOp(
        name=name, image="alpine", command=["sh", "-c", "echo 1 > /o"], arguments=list(texts), file_outputs={"o": "/o"}
    )


@dsl.pipeline(name="out of three")
def value_out_of_three_groups(go: str = "yes", deep: str = "d"):
    root = make("root")
    with dsl.Condition(go == "yes"):
        one = make("one", root.output)
        with dsl.Condition(one.output == "1"):
            two = make("two", deep)
            with dsl.Condition(two.output == "1"):
                three = make("three", root.output, one.output, two.output)
                make("four", three.output, go)
    with dsl.Condition(go == "no"):
        make("five", three.output).after(two)
    make("six").after(three)


@dsl.pipeline(name="label")
def parameter_in_a_display_name_only(who: str = "Ann"):
    make("step").set_display_name(f"Step of {who}")
