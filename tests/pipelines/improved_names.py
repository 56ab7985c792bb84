"""Names that the SDK leaves as Argo does not take them (N-04, N-08)."""

from kfp import dsl


@dsl.pipeline(name="Names of other scripts")
def names_of_other_scripts():
    dsl.ContainerOp("数字", "alpine", file_outputs={"a": "/x"})


@dsl.pipeline(name="A condition with a space")
def a_condition_with_a_space(value: int = 1):
    with dsl.Condition(value == 1, "My condition"):
        dsl.ContainerOp("x", "alpine")


@dsl.pipeline(name="An amount of something else")
def an_amount_of_something_else(value: int = 1):
    """The SDK leaves the parameter where Argo reads a number (C-05)."""
    dsl.ContainerOp("x", "alpine").container.add_resource_request("example.com/device", value)


@dsl.pipeline(name="An op with the name of a group")
def an_op_with_the_name_of_a_group(value: int = 1):
    """The SDK writes two templates of one name (N-02)."""
    with dsl.Condition(value == 1):
        dsl.ContainerOp("condition-1", "alpine")
