"""Step ids from odd names (N-01 to N-04)."""

from kfp import dsl


@dsl.pipeline(name="Names: made unique!", description='Ünïcode & "quotes"')
def names_are_made_unique():
    for name in ["My Op", "my-op", "MY_OP", "my  op!", "1st step", "", "###", "a.b/c", "x" * 80]:
        dsl.ContainerOp(name=name, image="alpine", command=["true"])


@dsl.pipeline()
def named_by_its_function():
    dsl.ContainerOp(name="only", image="alpine", command=["true"])


@dsl.pipeline(name="same")
def a_step_has_the_name_of_the_pipeline():
    dsl.ContainerOp(name="same", image="alpine", command=["true"])
