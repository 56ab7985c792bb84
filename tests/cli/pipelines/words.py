"""Says a word, measures it, and repeats it."""

import kfp
from kfp import dsl


def bash(name, program, *texts, **outputs):
    return dsl.ContainerOp(
        name=name,
        image="library/bash:4.4.23",
        command=["bash", "-c", program, name],
        arguments=list(texts),
        file_outputs={output: f"/tmp/{output}" for output in outputs},
    )


@dsl.pipeline(name="Words in a row", description="Says a word and measures it.")
def words(word: str = "hello", times: int = 2, quiet: bool = False):
    say = bash("say", 'printf %s "$1" > /tmp/word; head -c 40000 /dev/zero > /tmp/bytes', word, word=1, bytes=1)
    measure = bash("measure", 'echo "${#1}" > /tmp/length', say.outputs["word"], length=1)
    with dsl.Condition(measure.output > 100):
        bash("shout", 'echo "$1"', say.outputs["word"])
    with dsl.ParallelFor(["a", "b", "c"]) as item:
        bash("repeat", 'printf %s "$1$2" > /tmp/text', say.outputs["word"], item, text=1)
