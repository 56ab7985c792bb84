"""The parts of a component specification: what a component.yaml holds (rows M-18, Y-01 to Y-09, §1.7.1).

The classes take the positional arguments that authors know from `kfp.components.structures`, and can be changed after
they were made: authors set `component.component_spec.implementation.container.image`, and the next step has that image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, TypeAlias

from typing_extensions import override

from kfp_airflow.components import shapes
from kfp_airflow.components.shapes import Shape, Spec
from kfp_airflow.components.yaml_text import KeyPath, write_yaml
from kfp_airflow.dsl.loading import write_component

VERSION = "google.com/cloud/pipelines/component/v1"

TypeName: TypeAlias = str | dict[str, Any] | list[Any] | None
Primitive: TypeAlias = str | int | float | bool | None
CommandlineArgument: TypeAlias = Any
"""A scalar or one of the placeholder classes below."""


@dataclass
class InputSpec(Spec):
    """One input. `default` is a primitive value; an `optional` input may be left out."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "name": shapes.text,
        "type": shapes.type_name,
        "description": shapes.text,
        "default": shapes.scalar,
        "optional": shapes.flag,
        "annotations": shapes.mapping_of(shapes.anything),
    }
    name: str
    type: TypeName = None
    description: str | None = None
    default: Primitive = None
    optional: bool | None = False
    annotations: dict[str, Any] | None = None


@dataclass
class OutputSpec(Spec):
    """One output."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "name": shapes.text,
        "type": shapes.type_name,
        "description": shapes.text,
        "annotations": shapes.mapping_of(shapes.anything),
    }
    name: str
    type: TypeName = None
    description: str | None = None
    annotations: dict[str, Any] | None = None


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
_ARGUMENTS = shapes.list_of(_ARGUMENT)


def _argument_or_list(value: Any, path: KeyPath, problems: shapes.Problems) -> Any:
    return (_ARGUMENTS if isinstance(value, list) else _ARGUMENT)(value, path, problems)


@dataclass
class ConcatPlaceholder(Spec):
    """`{concat: [a, b]}`: the items side by side, absent ones left out (Y-05)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"items": _ARGUMENTS}
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


@dataclass
class ContainerSpec(Spec):
    """The container of a component. `env` are constants; `file_outputs` maps outputs to paths that cannot be chosen."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "image": shapes.text,
        "command": _ARGUMENTS,
        "args": _ARGUMENTS,
        "env": shapes.mapping_of(shapes.text),
        "file_outputs": shapes.mapping_of(shapes.text),
    }
    image: str
    command: list[CommandlineArgument] | None = None
    args: list[CommandlineArgument] | None = None
    env: Mapping[str, str] | None = None
    file_outputs: Mapping[str, str] | None = None


@dataclass
class ContainerImplementation(Spec):
    """A component that is one container."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"container": shapes.spec_of(lambda: ContainerSpec)}
    container: ContainerSpec


@dataclass
class MetadataSpec(Spec):
    """Annotations and labels of the component, which the step's pod gets (W-14)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "annotations": shapes.mapping_of(shapes.text),
        "labels": shapes.mapping_of(shapes.text),
    }
    annotations: dict[str, str] | None = None
    labels: dict[str, str] | None = None


@dataclass
class ComponentSpec(Spec):
    """A whole component. Names that are there twice and references that lead nowhere are refused when it is used."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "name": shapes.text,
        "description": shapes.text,
        "metadata": shapes.spec_of(lambda: MetadataSpec),
        "inputs": shapes.list_of(shapes.spec_of(lambda: InputSpec)),
        "outputs": shapes.list_of(shapes.spec_of(lambda: OutputSpec)),
        "implementation": shapes.one_of(
            lambda: (ContainerImplementation, GraphImplementation), None, "an implementation"
        ),
        "version": shapes.text,
    }
    name: str | None = None
    description: str | None = None
    metadata: MetadataSpec | None = None
    inputs: list[InputSpec] | None = None
    outputs: list[OutputSpec] | None = None
    implementation: ContainerImplementation | GraphImplementation | None = None
    version: str | None = VERSION

    @override
    def check(self, path: KeyPath, problems: shapes.Problems) -> None:
        """Note every name that is there twice and every reference that leads nowhere."""
        check_names(self, path, problems)

    def save(self, file_path: str) -> None:
        """Write the specification as YAML; while Airflow loads the file that asks, keep it to be loaded there."""
        write_component(file_path, write_yaml(self.to_dict()))


@dataclass
class ComponentReference(Spec):
    """Where a component came from, or the component itself (`spec`)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "name": shapes.text,
        "digest": shapes.text,
        "tag": shapes.text,
        "url": shapes.text,
        "spec": shapes.spec_of(lambda: ComponentSpec),
    }
    name: str | None = None
    digest: str | None = None
    tag: str | None = None
    url: str | None = None
    spec: ComponentSpec | None = None


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


_GRAPH_ARGUMENT = shapes.one_of(lambda: (GraphInputArgument, TaskOutputArgument), shapes.scalar, "a text")


_PREDICATE = shapes.one_of(
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

    SHAPES: ClassVar[Mapping[str, Shape]] = {"op1": _GRAPH_ARGUMENT, "op2": _GRAPH_ARGUMENT}
    op1: Any
    op2: Any


@dataclass
class TwoBooleanOperands(Spec):
    """The two predicates of an `and` or an `or`."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"op1": _PREDICATE, "op2": _PREDICATE}
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

    SHAPES: ClassVar[Mapping[str, Shape]] = {"operand": _PREDICATE}
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


@dataclass
class RetryStrategySpec(Spec):
    """`retryStrategy: {maxRetries: N}`."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"max_retries": shapes.count}
    max_retries: int


@dataclass
class CachingStrategySpec(Spec):
    """`cachingStrategy: {maxCacheStaleness: P30D}`: how old a reused result may be (O-09)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"max_cache_staleness": shapes.text}
    max_cache_staleness: str | None = None


@dataclass
class ExecutionOptionsSpec(Spec):
    """How a task is run: retries and caching (O-09)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "retry_strategy": shapes.spec_of(lambda: RetryStrategySpec),
        "caching_strategy": shapes.spec_of(lambda: CachingStrategySpec),
    }
    retry_strategy: RetryStrategySpec | None = None
    caching_strategy: CachingStrategySpec | None = None


@dataclass
class TaskSpec(Spec):
    """A component with arguments: a task of a graph component, and what a factory returns outside a pipeline (M-06)."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "component_ref": shapes.spec_of(lambda: ComponentReference),
        "arguments": shapes.mapping_of(_GRAPH_ARGUMENT),
        "is_enabled": _PREDICATE,
        "execution_options": shapes.spec_of(lambda: ExecutionOptionsSpec),
        "annotations": shapes.mapping_of(shapes.anything),
    }
    component_ref: ComponentReference
    arguments: Mapping[str, Any] | None = None
    is_enabled: Any = None
    execution_options: ExecutionOptionsSpec | None = None
    annotations: dict[str, Any] | None = None

    @property
    def outputs(self) -> dict[str, TaskOutputArgument]:
        """Return the outputs by name, to be given to other factories as arguments."""
        spec = self.component_ref.spec
        return {
            output.name: TaskOutputArgument(TaskOutputReference(output.name, task=self, type=output.type))
            for output in (spec.outputs if spec else None) or ()
        }


@dataclass
class GraphSpec(Spec):
    """The tasks of a graph component by id, and which of their outputs are its own."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "tasks": shapes.mapping_of(shapes.spec_of(lambda: TaskSpec)),
        "output_values": shapes.mapping_of(_GRAPH_ARGUMENT),
    }
    tasks: Mapping[str, TaskSpec]
    output_values: Mapping[str, Any] | None = None


@dataclass
class GraphImplementation(Spec):
    """A component that is made of other components."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"graph": shapes.spec_of(lambda: GraphSpec)}
    graph: GraphSpec


@dataclass
class PipelineRunSpec(Spec):
    """A task to be run alone: the root of a run."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {"root_task": shapes.spec_of(lambda: TaskSpec)}
    root_task: TaskSpec


def check_names(spec: ComponentSpec, path: KeyPath, problems: shapes.Problems) -> None:
    """Note every input or output name that is there twice, and every placeholder for one that does not exist."""
    inputs = _unique_names(spec.inputs, (*path, "inputs"), problems)
    outputs = _unique_names(spec.outputs, (*path, "outputs"), problems)
    if isinstance(spec.implementation, GraphImplementation):
        _check_graph(spec.implementation.graph, inputs, outputs, (*path, "implementation", "graph"), problems)
    if not isinstance(spec.implementation, ContainerImplementation):
        return
    container, path = spec.implementation.container, (*path, "implementation", "container")
    for key in ("command", "args"):
        for index, argument in enumerate(getattr(container, key) or ()):
            for kind, name in _references(argument):
                _check_reference(name, kind, inputs if kind == "input" else outputs, (*path, key, index), problems)
    for name in container.file_outputs or ():
        _check_reference(name, "output", outputs, (*path, "fileOutputs", name), problems)


def _unique_names(ports: list[Any] | None, path: KeyPath, problems: shapes.Problems) -> tuple[str, ...]:
    names: list[str] = []
    for index, port in enumerate(ports or ()):
        if port.name in names:
            advice = f"Give each of the {path[-1]} a name of its own."
            problems.add((*path, index, "name"), "KA305", f"the name '{port.name}' is there twice", advice)
        names.append(port.name)
    return tuple(names)


def _check_reference(name: str, kind: str, known: tuple[str, ...], path: KeyPath, problems: shapes.Problems) -> None:
    if name not in known:
        has = ", ".join(f"'{other}'" for other in known)
        advice = f"The {kind}s of this component are {has}." if known else f"Declare '{name}' under '{kind}s:'."
        problems.add(path, "KA306", f"there is no {kind} '{name}'", advice)


def _references(argument: Any) -> list[tuple[str, str]]:
    """Return ("input" or "output", name) of every placeholder inside a command-line argument."""
    match argument:
        case list():
            return [reference for item in argument for reference in _references(item)]
        case ConcatPlaceholder():
            return _references(argument.items)
        case IfPlaceholder():
            structure = argument.if_structure
            return _references([structure.condition, structure.then_value, structure.else_value])
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


def task_dependencies(task: TaskSpec) -> tuple[str, ...]:
    """Return the ids of the tasks whose outputs a task of a graph component takes, or is enabled by."""
    values = [*(task.arguments or {}).values(), *operands_of(task.is_enabled)]
    references = [value.task_output for value in values if isinstance(value, TaskOutputArgument)]
    return tuple(reference.task_id for reference in references if reference.task_id is not None)


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


def task_order(tasks: Mapping[str, TaskSpec]) -> tuple[str, ...] | None:
    """Return the ids of a graph's tasks, each after those it depends on, otherwise as written; None for a cycle."""
    order: list[str] = []
    waiting = list(tasks)
    while waiting:
        ready = next(
            (name for name in waiting if all(other not in waiting for other in task_dependencies(tasks[name]))), None
        )
        if ready is None:
            return None
        waiting.remove(ready)
        order.append(ready)
    return tuple(order)


def _check_graph(
    graph: GraphSpec, inputs: tuple[str, ...], outputs: tuple[str, ...], path: KeyPath, problems: shapes.Problems
) -> None:
    places: list[tuple[KeyPath, Any]] = [
        ((*path, "outputValues", name), value) for name, value in (graph.output_values or {}).items()
    ]
    for task_id, task in graph.tasks.items():
        places += [
            ((*path, "tasks", task_id, "arguments", name), value) for name, value in (task.arguments or {}).items()
        ]
        places += [((*path, "tasks", task_id, "isEnabled"), value) for value in operands_of(task.is_enabled)]
    for place, value in places:
        if isinstance(value, GraphInputArgument):
            _check_reference(value.graph_input.input_name, "input", inputs, place, problems)
        elif isinstance(value, TaskOutputArgument):
            _check_reference(str(value.task_output.task_id), "task", tuple(graph.tasks), place, problems)
    for name in graph.output_values or ():
        _check_reference(name, "output", outputs, (*path, "outputValues", name), problems)
    if task_order(graph.tasks) is None:
        problems.add(
            (*path, "tasks"),
            "KA307",
            "the tasks of this graph wait for each other in a circle",
            "Remove one of the taskOutput references.",
        )
