"""`file_outputs`, `InputArgumentPath`, `artifact_argument_paths` of a plain ContainerOp (D-09, D-10, DP-01, N-05)."""

from kfp import dsl


@dsl.pipeline(name="files")
def container_op_files(message: str = "hello"):
    write = dsl.ContainerOp(
        name="write",
        image="alpine",
        command=["sh", "-c"],
        arguments=["echo %s > /tmp/a; echo b > /tmp/b" % message],
        file_outputs={"a": "/tmp/a", "b_B": "/tmp/b"},
    )
    dsl.ContainerOp(
        name="read",
        image="alpine",
        command=["cat"],
        arguments=[
            dsl.InputArgumentPath(write.outputs["a"]),
            dsl.InputArgumentPath("constant", input="const", path="/data/const"),
            dsl.InputArgumentPath(message),
        ],
        artifact_argument_paths=[dsl.InputArgumentPath(write.outputs["b_B"], path="/data/b")],
    )


@dsl.pipeline(name="sole-output")
def sole_output():
    write = dsl.ContainerOp(
        name="write", image="alpine", command=["sh", "-c", "echo 1 > /out"], file_outputs={"result": "/out"}
    )
    dsl.ContainerOp(
        name="read", image="alpine", command=["echo", write.output], arguments=["%s-%s" % (write.output, write.output)]
    )
