"""Thirty steps: fans, joins, a chain, loops and conditions between them."""

from kfp import dsl


def work(name, *texts):
    return dsl.ContainerOp(
        name=name, image="alpine", command=["sh", "-c", "echo $0 > /o"], arguments=list(texts), file_outputs={"o": "/o"}
    )


@dsl.pipeline(name="wide and deep")
def a_wide_and_deep_pipeline(width: int = 8, parts: list = ["a", "b"], go: str = "yes"):
    root = work("root", width)
    fan = [work(f"part {number}", root.output, number) for number in range(8)]
    join = work("join", *[part.output for part in fan])
    step = join
    for number in range(6):
        step = work("chain", step.output, f"{number} of {step.output}")
    with dsl.Condition(join.output == "good"):
        with dsl.ParallelFor(parts) as part:
            trained = work("train", part, join.output)
            with dsl.Condition(trained.output > 0.5):
                work("keep", trained.output, part, go, root.output)
            work("report", trained.output).after(root)
    with dsl.Condition(join.output != "good"):
        again = work("again", join.output)
        for number in range(3):
            again = work("retry", again.output).set_retry(number)
    work("end").after(step, *fan)
