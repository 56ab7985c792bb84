"""The arguments of a graph component's tasks, and the predicates that enable them (§1.7.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from kfp_airflow.components import shapes
from kfp_airflow.components.shapes import Shape, Spec, TypeName

if TYPE_CHECKING:
    from kfp_airflow.components.structures import TaskSpec


@dataclass
class GraphInputReference(Spec):
    """The input of a graph component that an argument comes from."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"input_name": shapes.text, "type": shapes.type_name}
    input_name: str
    type: TypeName = None

    def as_argument(self) -> GraphInputArgument:
        """Return the argument that is this input."""
        return GraphInputArgument(self)

    def with_type(self, type_spec: TypeName) -> GraphInputReference:
        """Return the same input with another type."""
        return replace(self, type=type_spec)

    def without_type(self) -> GraphInputReference:
        """Return the same input without a type, so that it fits every input."""
        return self.with_type(None)


@dataclass
class GraphInputArgument(Spec):
    """`{graphInput: {inputName: N}}`: an argument that is an input of the graph component."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"graph_input": shapes.spec_of(lambda: GraphInputReference)}
    graph_input: GraphInputReference


@dataclass
class TaskOutputReference(Spec):
    """The output of a task: of the one with `task_id` in a graph, of `task` itself outside."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "output_name": shapes.text,
        "task_id": shapes.text,
        "type": shapes.type_name,
    }
    output_name: str
    task_id: str | None = None
    task: TaskSpec | None = None
    type: TypeName = None

    def with_type(self, type_spec: TypeName) -> TaskOutputReference:
        """Return the same output with another type."""
        return replace(self, type=type_spec)

    def without_type(self) -> TaskOutputReference:
        """Return the same output without a type, so that it fits every input."""
        return self.with_type(None)


@dataclass
class TaskOutputArgument(Spec):
    """`{taskOutput: {outputName: N, taskId: T}}`: an argument that is the output of another task."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"task_output": shapes.spec_of(lambda: TaskOutputReference)}
    task_output: TaskOutputReference

    @staticmethod
    def construct(task_id: str, output_name: str) -> TaskOutputArgument:
        """Return the argument that is an output of the task with this id."""
        return TaskOutputArgument(TaskOutputReference(output_name, task_id))

    def with_type(self, type_spec: TypeName) -> TaskOutputArgument:
        """Return the same output with another type."""
        return TaskOutputArgument(self.task_output.with_type(type_spec))

    def without_type(self) -> TaskOutputArgument:
        """Return the same output without a type, so that it fits every input."""
        return self.with_type(None)


GRAPH_ARGUMENT = shapes.one_of(lambda: (GraphInputArgument, TaskOutputArgument), shapes.scalar, "a text")


PREDICATE = shapes.one_of(
    lambda: (
        EqualsPredicate,
        NotEqualsPredicate,
        GreaterThanPredicate,
        GreaterThanOrEqualPredicate,
        LessThenPredicate,
        LessThenOrEqualPredicate,
        NotPredicate,
        AndPredicate,
        OrPredicate,
        GraphInputArgument,
        TaskOutputArgument,
    ),
    shapes.scalar,
    "a text, a number, true or false",
)


@dataclass
class TwoOperands(Spec):
    """The two sides of a comparison: constants, inputs of the graph, or outputs of tasks."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"op1": GRAPH_ARGUMENT, "op2": GRAPH_ARGUMENT}
    op1: Any
    op2: Any


@dataclass
class TwoBooleanOperands(Spec):
    """The two predicates of an `and` or an `or`."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"op1": PREDICATE, "op2": PREDICATE}
    op1: Any
    op2: Any


@dataclass
class BinaryPredicate(Spec):
    """A comparison."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"operands": shapes.spec_of(lambda: TwoOperands)}
    operands: TwoOperands


@dataclass
class EqualsPredicate(BinaryPredicate):
    """`{'==': {op1: …, op2: …}}`."""

    KEYS: ClassVar[Mapping[str, str]] = {"operands": "=="}


@dataclass
class NotEqualsPredicate(BinaryPredicate):
    """`{'!=': {op1: …, op2: …}}`."""

    KEYS: ClassVar[Mapping[str, str]] = {"operands": "!="}


@dataclass
class GreaterThanPredicate(BinaryPredicate):
    """`{'>': {op1: …, op2: …}}`."""

    KEYS: ClassVar[Mapping[str, str]] = {"operands": ">"}


@dataclass
class GreaterThanOrEqualPredicate(BinaryPredicate):
    """`{'>=': {op1: …, op2: …}}`."""

    KEYS: ClassVar[Mapping[str, str]] = {"operands": ">="}


@dataclass
class LessThenPredicate(BinaryPredicate):
    """`{'<': {op1: …, op2: …}}`."""

    KEYS: ClassVar[Mapping[str, str]] = {"operands": "<"}


@dataclass
class LessThenOrEqualPredicate(BinaryPredicate):
    """`{'<=': {op1: …, op2: …}}`."""

    KEYS: ClassVar[Mapping[str, str]] = {"operands": "<="}


@dataclass
class NotPredicate(Spec):
    """`{not: …}`."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"operand": PREDICATE}
    KEYS: ClassVar[Mapping[str, str]] = {"operand": "not"}
    operand: Any


@dataclass
class AndPredicate(Spec):
    """`{and: {op1: …, op2: …}}`."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"operands": shapes.spec_of(lambda: TwoBooleanOperands)}
    KEYS: ClassVar[Mapping[str, str]] = {"operands": "and"}
    operands: TwoBooleanOperands


@dataclass
class OrPredicate(Spec):
    """`{or: {op1: …, op2: …}}`."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"operands": shapes.spec_of(lambda: TwoBooleanOperands)}
    KEYS: ClassVar[Mapping[str, str]] = {"operands": "or"}
    operands: TwoBooleanOperands


def operands_of(predicate: Any) -> tuple[Any, ...]:
    """Return the values that a predicate compares."""
    match predicate:
        case BinaryPredicate(operands=sides):
            return (sides.op1, sides.op2)
        case NotPredicate(operand=inner):
            return operands_of(inner)
        case AndPredicate(operands=sides) | OrPredicate(operands=sides):
            return (*operands_of(sides.op1), *operands_of(sides.op2))
        case _:
            return (predicate,)
