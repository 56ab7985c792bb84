"""The parts of a component specification: what a component.yaml holds (rows M-18, Y-01 to Y-09, §1.7.1).

The classes take the positional arguments that authors know from `kfp.components.structures`, and can be changed after
they were made: authors set `component.component_spec.implementation.container.image`, and the next step has that image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

from typing_extensions import override

from kfp_airflow.components import shapes
from kfp_airflow.components.graph_arguments import (
    GRAPH_ARGUMENT,
    PREDICATE,
    operands_of,
)
from kfp_airflow.components.graph_arguments import (
    AndPredicate as AndPredicate,
)
from kfp_airflow.components.graph_arguments import (
    BinaryPredicate as BinaryPredicate,
)
from kfp_airflow.components.graph_arguments import (
    EqualsPredicate as EqualsPredicate,
)
from kfp_airflow.components.graph_arguments import (
    GraphInputArgument as GraphInputArgument,
)
from kfp_airflow.components.graph_arguments import (
    GraphInputReference as GraphInputReference,
)
from kfp_airflow.components.graph_arguments import (
    GreaterThanOrEqualPredicate as GreaterThanOrEqualPredicate,
)
from kfp_airflow.components.graph_arguments import (
    GreaterThanPredicate as GreaterThanPredicate,
)
from kfp_airflow.components.graph_arguments import (
    LessThenOrEqualPredicate as LessThenOrEqualPredicate,
)
from kfp_airflow.components.graph_arguments import (
    LessThenPredicate as LessThenPredicate,
)
from kfp_airflow.components.graph_arguments import (
    NotEqualsPredicate as NotEqualsPredicate,
)
from kfp_airflow.components.graph_arguments import (
    NotPredicate as NotPredicate,
)
from kfp_airflow.components.graph_arguments import (
    OrPredicate as OrPredicate,
)
from kfp_airflow.components.graph_arguments import (
    TaskOutputArgument as TaskOutputArgument,
)
from kfp_airflow.components.graph_arguments import (
    TaskOutputReference as TaskOutputReference,
)
from kfp_airflow.components.graph_arguments import (
    TwoBooleanOperands as TwoBooleanOperands,
)
from kfp_airflow.components.graph_arguments import (
    TwoOperands as TwoOperands,
)
from kfp_airflow.components.placeholders import (
    ARGUMENTS,
    CommandlineArgument,
    references_in,
)
from kfp_airflow.components.placeholders import (
    ConcatPlaceholder as ConcatPlaceholder,
)
from kfp_airflow.components.placeholders import (
    ExecutorInputPlaceholder as ExecutorInputPlaceholder,
)
from kfp_airflow.components.placeholders import (
    IfPlaceholder as IfPlaceholder,
)
from kfp_airflow.components.placeholders import (
    IfPlaceholderStructure as IfPlaceholderStructure,
)
from kfp_airflow.components.placeholders import (
    InputMetadataPlaceholder as InputMetadataPlaceholder,
)
from kfp_airflow.components.placeholders import (
    InputOutputPortNamePlaceholder as InputOutputPortNamePlaceholder,
)
from kfp_airflow.components.placeholders import (
    InputPathPlaceholder as InputPathPlaceholder,
)
from kfp_airflow.components.placeholders import (
    InputUriPlaceholder as InputUriPlaceholder,
)
from kfp_airflow.components.placeholders import (
    InputValuePlaceholder as InputValuePlaceholder,
)
from kfp_airflow.components.placeholders import (
    IsPresentPlaceholder as IsPresentPlaceholder,
)
from kfp_airflow.components.placeholders import (
    OutputMetadataPlaceholder as OutputMetadataPlaceholder,
)
from kfp_airflow.components.placeholders import (
    OutputPathPlaceholder as OutputPathPlaceholder,
)
from kfp_airflow.components.placeholders import (
    OutputUriPlaceholder as OutputUriPlaceholder,
)
from kfp_airflow.components.shapes import Shape, Spec, TypeName
from kfp_airflow.components.yaml_text import KeyPath, write_yaml
from kfp_airflow.dsl.loading import write_component

VERSION = "google.com/cloud/pipelines/component/v1"

Primitive: TypeAlias = str | int | float | bool | None


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
class ContainerSpec(Spec):
    """The container of a component. `env` are constants; `file_outputs` maps outputs to paths that cannot be chosen."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "image": shapes.text,
        "command": ARGUMENTS,
        "args": ARGUMENTS,
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
        "arguments": shapes.mapping_of(GRAPH_ARGUMENT),
        "is_enabled": PREDICATE,
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

    @property
    def output(self) -> TaskOutputArgument:
        """Return the only output; raises AttributeError, as KFP does, where there is none or another."""
        outputs = list(self.outputs.values())
        if len(outputs) != 1:
            raise AttributeError(f"a task has 'output' where it has one output, this one has {len(outputs)}")
        return outputs[0]


@dataclass
class GraphSpec(Spec):
    """The tasks of a graph component by id, and which of their outputs are its own."""

    SHAPES: ClassVar[Mapping[str, Shape]] = {
        "tasks": shapes.mapping_of(shapes.spec_of(lambda: TaskSpec)),
        "output_values": shapes.mapping_of(GRAPH_ARGUMENT),
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
            for kind, name in references_in(argument):
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


def task_dependencies(task: TaskSpec) -> tuple[str, ...]:
    """Return the ids of the tasks whose outputs a task of a graph component takes, or is enabled by."""
    values = [*(task.arguments or {}).values(), *operands_of(task.is_enabled)]
    references = [value.task_output for value in values if isinstance(value, TaskOutputArgument)]
    return tuple(reference.task_id for reference in references if reference.task_id is not None)


def task_order(tasks: Mapping[str, TaskSpec]) -> tuple[str, ...] | None:
    """Return the ids of a graph's tasks, each after those it depends on; None for a cycle.

    As in KFP, a task comes right after the last of those that it depends on; otherwise they stand as written.
    """
    missing = {name: {other for other in task_dependencies(task) if other in tasks} for name, task in tasks.items()}
    dependents = {name: [other for other in tasks if name in missing[other]] for name in tasks}
    order: list[str] = []
    waiting = [iter([(name, name) for name in tasks if not missing[name]])]
    while waiting:
        made, name = next(waiting[-1], (None, None))
        if made is None or name is None:
            waiting.pop()
            continue
        missing[name].discard(made)
        if not missing[name]:
            order.append(name)
            waiting.append(iter([(name, other) for other in dependents[name]]))
    return tuple(order) if len(order) == len(tasks) else None


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
