"""Functions that read and write files, in every form that KFP has for it (W-10, N-10, W-02)."""

from typing import NamedTuple

from kfp import dsl
from kfp.components import (
    InputBinaryFile,
    InputPath,
    InputTextFile,
    OutputBinaryFile,
    OutputPath,
    OutputTextFile,
    create_component_from_func,
)


@create_component_from_func
def write_all(
    lines_path: OutputPath(str),
    text_file: OutputTextFile(),
    bytes_file: OutputBinaryFile("Bytes"),
    count: int = 3,
):
    with open(lines_path, "w") as lines:
        lines.write("line\n" * count)
    text_file.write("text")
    bytes_file.write(b"bytes")


@create_component_from_func
def read_all(
    lines_path: InputPath(str),
    text_file: InputTextFile(),
    bytes_file: InputBinaryFile("Bytes"),
    maybe_path: InputPath() = None,
) -> NamedTuple("Lengths", [("lines", int), ("text", int), ("mlpipeline_metrics", "Metrics")]):
    lengths = len(open(lines_path).read()), len(text_file.read())
    return (*lengths, '{"metrics": []}')


@dsl.pipeline(name="files of functions")
def functions_with_files(count: int = 2):
    made = write_all(count)
    read = read_all(made.outputs["lines"], made.outputs["text"], made.outputs["bytes"])
    read_all(lines="inline\n", text=made.outputs["text"], bytes="b", maybe=made.outputs["lines"])
    write_all(read.outputs["lines"])
