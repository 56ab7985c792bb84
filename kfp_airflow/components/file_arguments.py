"""Annotations of a Python component's arguments that pass files instead of values (rows M-12, W-10)."""

from __future__ import annotations


class FileAnnotation:
    """An argument that is a file in the container. `type` says what it holds: a name, a class, a dict, or None."""

    def __init__(self, type: object = None) -> None:
        self.type = type


class InputPath(FileAnnotation):
    """The function gets the path of a file that holds the input: `data_path: InputPath('CSV')`."""


class InputTextFile(FileAnnotation):
    """The function gets the input as a file opened for reading text."""


class InputBinaryFile(FileAnnotation):
    """The function gets the input as a file opened for reading bytes."""


class OutputPath(FileAnnotation):
    """The function gets the path where it has to write the output; its folder is there."""


class OutputTextFile(FileAnnotation):
    """The function gets the output as a file opened for writing text."""


class OutputBinaryFile(FileAnnotation):
    """The function gets the output as a file opened for writing bytes."""


class InputArtifact(FileAnnotation):
    """The function gets an object of `kfp.v2.dsl` with the file's `path`: `data: Input[Dataset]` (M-13)."""


class OutputArtifact(FileAnnotation):
    """The function gets an object of `kfp.v2.dsl` with the `path` where it has to write the file (M-13)."""
