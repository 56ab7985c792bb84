"""Graph components: expanded in place into the steps of their tasks (§1.7.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from kfp_airflow.components import structures as parts
from kfp_airflow.components.names import python_names

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

    An output is what the graph says: an output of a step, an argument, or a constant. `isEnabled` and
    `executionOptions` of its tasks have no effect, as in KFP. Raises ValueError for tasks without a component.
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
                return outputs[str(source.task_id)][source.output_name]
            case _:
                return argument

    for task_id in parts.task_order(graph.tasks) or ():
        task = graph.tasks[task_id]
        component = _component_of(task, task_id)
        given = {name: resolve(argument) for name, argument in (task.arguments or {}).items()}
        # A specification that stands in the reference is not repeated there: the step has it as its component.
        factory = make_factory(component, replace(task.component_ref, spec=None))
        outputs[task_id] = factory(**_pythonic(component, given)).outputs
    values = {name: resolve(argument) for name, argument in (graph.output_values or {}).items()}
    aliases = {python: values[name] for python, name in python_names(values).items() if python not in values}
    return ResolvedGraphTask(spec, reference, {**values, **aliases}, dict(arguments))


def _component_of(task: parts.TaskSpec, task_id: str) -> parts.ComponentSpec:
    if task.component_ref.spec is not None:
        return task.component_ref.spec
    if task.component_ref.url:
        from kfp_airflow.components.loading import load_component_from_url

        return load_component_from_url(task.component_ref.url).component_spec
    raise ValueError(f"task '{task_id}' has no component: its componentRef needs a 'spec' or a 'url'")


def _pythonic(component: parts.ComponentSpec, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return arguments by the names that the factory takes; an absent one of an optional input is left out."""
    optional = {entry.name for entry in component.inputs or () if entry.optional or entry.default is not None}
    python = {name: chosen for chosen, name in python_names(entry.name for entry in component.inputs or ()).items()}
    given = {name: value for name, value in arguments.items() if value is not None or name not in optional}
    return {python.get(name, name): value for name, value in given.items()}
