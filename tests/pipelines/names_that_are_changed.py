"""Names of pipelines, parameters, ops and groups that Kubernetes would not take (N-01 to N-05, N-08)."""

from kfp import dsl


def step(name, *arguments):
    return dsl.ContainerOp(
        name, "alpine", arguments=list(arguments), file_outputs={"Out Put": "/o", "second_one": "/p"}
    )


@dsl.pipeline(name="My Pipeline_With.Strange Name 1!")
def names_that_are_changed(Param_A="1", paramB: int = 2, PARAM=3.5):
    first = step("Step_One", Param_A)
    step("Step.Two", paramB, first.outputs["Out Put"])
    step("3 Step", PARAM, first.outputs["second_one"])
    step("stepÜ", "x")
    step("  many   spaces -- and-dashes  ")
    step("a/b\\c:d")


@dsl.pipeline(name="Groups with capitals")
def groups_with_capitals(value: int = 1):
    with dsl.Condition(value == 1, name="Upper"):
        step("x")
        with dsl.Condition(value != 2, name="MiXed-1"):
            step("x")


@dsl.pipeline(name="step")
def a_pipeline_called_like_its_step():
    step("step")
    step("step")


@dsl.pipeline(name="Ops called like others of a series")
def ops_called_like_others():
    step("a")
    step("a-2")
    step("a")
    step("a-2")
