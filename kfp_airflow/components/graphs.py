"""Graph components: expanded in place into the steps of their tasks (§1.7.1)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Final, NamedTuple

from kfp_airflow.components import structures as parts
from kfp_airflow.components.names import python_names
from kfp_airflow.components.serialization import boolean
from kfp_airflow.dsl.groups import Condition
from kfp_airflow.dsl.ops import BaseOp, ContainerOp
from kfp_airflow.dsl.params import ConditionOperator, PipelineParam
from kfp_airflow.dsl.pipeline import Pipeline

_OPPOSITE: Final = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}

MakeFactory = Callable[[parts.ComponentSpec, parts.ComponentReference], Callable[..., Any]]


class ResolvedGraphTask(NamedTuple):
    """What the factory of a graph component returns inside a pipeline: no op, but its `outputs`."""

    component_spec: parts.ComponentSpec
    component_ref: parts.ComponentReference
    outputs: dict[str, Any]
    task_arguments: dict[str, Any]


def expand_graph(
    spec: parts.ComponentSpec,
    reference: parts.ComponentReference,
    arguments: Mapping[str, Any],
    make_factory: MakeFactory,
) -> ResolvedGraphTask:
    """Return the outputs of a graph component for `arguments` (input name → value), making its tasks into steps.

    An output is what the graph says: an output of a step, an argument, or a constant. A task that `isEnabled` switches
    off at run time is skipped, and `executionOptions` hold for its steps, where KFP reads both without effect. Raises
    ValueError for tasks without a component, outputs that a task does not have, and predicates that need an `or`.
    """
    if not isinstance(spec.implementation, parts.GraphImplementation):
        raise TypeError(f"component '{spec.name}' is no graph")
    graph = spec.implementation.graph
    outputs: dict[str, Mapping[str, Any]] = {}

    def resolve(argument: Any) -> Any:
        match argument:
            case parts.GraphInputArgument(graph_input=source):
                return arguments.get(source.input_name)
            case parts.TaskOutputArgument(task_output=source):
                return _output(outputs[str(source.task_id)], source)
            case _:
                return argument

    for task_id in parts.task_order(graph.tasks) or ():
        task = graph.tasks[task_id]
        component = _component_of(task, task_id)
        given = {name: resolve(argument) for name, argument in (task.arguments or {}).items()}
        # A specification that stands in the reference is not repeated there: the step has it as its component.
        factory = make_factory(component, replace(task.component_ref, spec=None))
        with ExitStack() as groups:
            for comparison in _comparisons(task.is_enabled, task_id, resolve):
                groups.enter_context(Condition(comparison))
            with _new_ops() as ops:
                outputs[task_id] = factory(**_pythonic(component, given)).outputs
        _apply_options(ops, task.execution_options)
    values = {name: resolve(argument) for name, argument in (graph.output_values or {}).items()}
    return ResolvedGraphTask(spec, replace(reference, spec=spec), values, dict(arguments))


def _output(outputs: Mapping[str, Any], source: parts.TaskOutputReference) -> Any:
    if source.output_name not in outputs:
        has = ", ".join(map(repr, outputs)) or "none"
        raise ValueError(f"task '{source.task_id}' has no output '{source.output_name}': its outputs are {has}")
    return outputs[source.output_name]


def _comparisons(
    predicate: Any, task_id: str, resolve: Callable[[Any], Any], *, holds: bool = True
) -> Iterator[ConditionOperator]:
    """Yield comparisons that all hold exactly if the predicate does (with `holds=False`: if it does not)."""
    match predicate:
        case None:
            return
        case parts.BinaryPredicate(operands=sides):
            operator = type(predicate).KEYS["operands"]
            chosen = operator if holds else _OPPOSITE[operator]
            yield ConditionOperator(chosen, resolve(sides.op1), resolve(sides.op2))
        case parts.NotPredicate(operand=inner):
            yield from _comparisons(inner, task_id, resolve, holds=not holds)
        case parts.AndPredicate() | parts.OrPredicate():
            if isinstance(predicate, parts.AndPredicate) is not holds:
                raise ValueError(
                    f"isEnabled of task '{task_id}' holds if one of two things does, and conditions are ands only. "
                    "Make two tasks, or compute the answer in a task and compare it"
                )
            for side in (predicate.operands.op1, predicate.operands.op2):
                yield from _comparisons(side, task_id, resolve, holds=holds)
        case _:
            yield _constant(resolve(predicate), task_id, holds=holds)


def _constant(value: Any, task_id: str, *, holds: bool) -> ConditionOperator:
    """Return the comparison that a constant `isEnabled` is. Raises ValueError for a value of the run, and no truth."""
    if isinstance(value, PipelineParam):
        raise ValueError(
            f"isEnabled of task '{task_id}' is a value of the run, and no comparison. "
            "Write {'==': {op1: …, op2: 'True'}}, with the text that the value has"
        )
    try:
        return ConditionOperator("==" if holds else "!=", str(boolean(str(value))), str(True))
    except ValueError as error:
        raise ValueError(f"isEnabled of task '{task_id}': {error}") from error


@contextmanager
def _new_ops() -> Iterator[list[BaseOp]]:
    """Give a list that has, after the block, the ops that were made in it."""
    pipeline, made = Pipeline.current(), list[BaseOp]()
    before = set(pipeline.ops)
    yield made
    made += [op for name, op in pipeline.ops.items() if name not in before]


def _apply_options(ops: list[BaseOp], options: parts.ExecutionOptionsSpec | None) -> None:
    """Set the retries and the cache staleness of a task on its ops, except those that have their own."""
    retry = options.retry_strategy if options else None
    caching = options.caching_strategy if options else None
    for op in ops:
        if retry is not None and not op.num_retries:
            op.set_retry(retry.max_retries)
        if caching is not None and isinstance(op, ContainerOp):
            strategy = op.execution_options.caching_strategy or parts.CachingStrategySpec()
            op.execution_options.caching_strategy = strategy
            strategy.max_cache_staleness = strategy.max_cache_staleness or caching.max_cache_staleness


def _component_of(task: parts.TaskSpec, task_id: str) -> parts.ComponentSpec:
    if task.component_ref.spec is not None:
        return task.component_ref.spec
    if task.component_ref.url:
        from kfp_airflow.components.loading import load_component_from_url

        return load_component_from_url(task.component_ref.url).component_spec
    if task.component_ref.name:
        from kfp_airflow.components.store import ComponentStore

        name, digest, tag = task.component_ref.name, task.component_ref.digest, task.component_ref.tag
        return ComponentStore.default_store.load_component(name, digest, tag).component_spec
    raise ValueError(f"task '{task_id}' has no component: its componentRef needs a 'spec', a 'url' or a 'name'")


def _pythonic(component: parts.ComponentSpec, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments by the names that the factory takes; an absent one of an optional input is left out."""
    optional = {entry.name for entry in component.inputs or () if entry.optional or entry.default is not None}
    python = {name: chosen for chosen, name in python_names(entry.name for entry in component.inputs or ()).items()}
    given = {name: value for name, value in arguments.items() if value is not None or name not in optional}
    return {python.get(name, name): value for name, value in given.items()}
