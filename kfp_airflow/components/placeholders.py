"""The placeholders of a component's command line (rows Y-01 to Y-08), and what may stand between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from typing_extensions import override

from kfp_airflow.components import shapes
from kfp_airflow.components.shapes import Shape, Spec
from kfp_airflow.components.yaml_text import KeyPath

CommandlineArgument: TypeAlias = Any
"""A scalar or one of the placeholder classes below."""


@dataclass
class InputValuePlaceholder(Spec):
    """`{inputValue: N}`: the argument as text (Y-02)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"input_name": shapes.text}
    KEYS: ClassVar[Mapping[str, str]] = {"input_name": "inputValue"}
    input_name: str


@dataclass
class InputPathPlaceholder(Spec):
    """`{inputPath: N}`: the path of a file that holds the argument (Y-03)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"input_name": shapes.text}
    KEYS: ClassVar[Mapping[str, str]] = {"input_name": "inputPath"}
    input_name: str


@dataclass
class OutputPathPlaceholder(Spec):
    """`{outputPath: N}`: the path where the program has to write the output (Y-04)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"output_name": shapes.text}
    KEYS: ClassVar[Mapping[str, str]] = {"output_name": "outputPath"}
    output_name: str


@dataclass
class InputUriPlaceholder(Spec):
    """`{inputUri: N}`: of KFP v2 only (Y-08)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"input_name": shapes.text}
    KEYS: ClassVar[Mapping[str, str]] = {"input_name": "inputUri"}
    input_name: str


@dataclass
class OutputUriPlaceholder(Spec):
    """`{outputUri: N}`: of KFP v2 only (Y-08)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"output_name": shapes.text}
    KEYS: ClassVar[Mapping[str, str]] = {"output_name": "outputUri"}
    output_name: str


@dataclass
class InputMetadataPlaceholder(Spec):
    """`{inputMetadata: N}`: of KFP v2 only (Y-08)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"input_name": shapes.text}
    KEYS: ClassVar[Mapping[str, str]] = {"input_name": "inputMetadata"}
    input_name: str


@dataclass
class InputOutputPortNamePlaceholder(Spec):
    """`{inputOutputPortName: N}`: of KFP v2 only (Y-08)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"input_name": shapes.text}
    KEYS: ClassVar[Mapping[str, str]] = {"input_name": "inputOutputPortName"}
    input_name: str


@dataclass
class OutputMetadataPlaceholder(Spec):
    """`{outputMetadata: null}`: of KFP v2 only (Y-08)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"output_metadata": shapes.anything}
    output_metadata: None = None

    @override
    def to_dict(self) -> dict[str, Any]:
        """Return the key with no value."""
        return {"outputMetadata": None}


@dataclass
class ExecutorInputPlaceholder(Spec):
    """`{executorInput: null}`: of KFP v2 only (Y-08)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"executor_input": shapes.anything}
    executor_input: None = None

    @override
    def to_dict(self) -> dict[str, Any]:
        """Return the key with no value."""
        return {"executorInput": None}


_ARGUMENT = shapes.one_of(
    lambda: (
        InputValuePlaceholder,
        InputPathPlaceholder,
        OutputPathPlaceholder,
        ConcatPlaceholder,
        IfPlaceholder,
        InputUriPlaceholder,
        OutputUriPlaceholder,
        InputMetadataPlaceholder,
        InputOutputPortNamePlaceholder,
        OutputMetadataPlaceholder,
        ExecutorInputPlaceholder,
    ),
    shapes.text,
    "a text",
)
ARGUMENTS = shapes.list_of(_ARGUMENT)


def _argument_or_list(value: Any, path: KeyPath, problems: shapes.Problems) -> Any:
    return (ARGUMENTS if isinstance(value, list) else _ARGUMENT)(value, path, problems)


@dataclass
class ConcatPlaceholder(Spec):
    """`{concat: [a, b]}`: the items side by side, absent ones left out (Y-05)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"items": ARGUMENTS}
    KEYS: ClassVar[Mapping[str, str]] = {"items": "concat"}
    items: list[CommandlineArgument]


@dataclass
class IsPresentPlaceholder(Spec):
    """`{isPresent: N}`: whether an argument was given when the pipeline was built (Y-07)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"input_name": shapes.text}
    KEYS: ClassVar[Mapping[str, str]] = {"input_name": "isPresent"}
    input_name: str


@dataclass
class IfPlaceholderStructure(Spec):
    """What an `{if: …}` holds: condition, what stands there when it is true, and otherwise (Y-06)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "condition": shapes.one_of(
            lambda: (IsPresentPlaceholder, InputValuePlaceholder),
            shapes.of_type(bool, str, wanted="true, false or a text"),
            "true, false or a text",
        ),
        "then_value": _argument_or_list,
        "else_value": _argument_or_list,
    }
    KEYS: ClassVar[Mapping[str, str]] = {"condition": "cond", "then_value": "then", "else_value": "else"}
    condition: bool | str | IsPresentPlaceholder | InputValuePlaceholder
    then_value: CommandlineArgument
    else_value: CommandlineArgument = None


@dataclass
class IfPlaceholder(Spec):
    """`{if: {cond: …, then: …, else: …}}`: decided when the pipeline is built (Y-06)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"if_structure": shapes.spec_of(lambda: IfPlaceholderStructure)}
    KEYS: ClassVar[Mapping[str, str]] = {"if_structure": "if"}
    if_structure: IfPlaceholderStructure


def references_in(argument: Any) -> list[tuple[str, str]]:
    """Return ("input" or "output", name) of every placeholder inside a command-line argument."""
    match argument:
        case list():
            return [reference for item in argument for reference in references_in(item)]
        case ConcatPlaceholder():
            return references_in(argument.items)
        case IfPlaceholder():
            structure = argument.if_structure
            return references_in([structure.condition, structure.then_value, structure.else_value])
        case OutputPathPlaceholder() | OutputUriPlaceholder():
            return [("output", argument.output_name)]
        case (
            InputValuePlaceholder()
            | InputPathPlaceholder()
            | IsPresentPlaceholder()
            | InputUriPlaceholder()
            | InputMetadataPlaceholder()
        ):
            return [("input", argument.input_name)]
        case _:
            return []
