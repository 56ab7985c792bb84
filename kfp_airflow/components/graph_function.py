"""Pipeline functions as graph components (row M-15)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from kfp_airflow.components import structures as parts
from kfp_airflow.components.factory import TaskFactory, recording_tasks
from kfp_airflow.components.names import unique
from kfp_airflow.components.python_function import interface_of, ports_of
from kfp_airflow.components.shapes import TypeName
from kfp_airflow.dsl.pipeline import Pipeline


def create_graph_component_from_pipeline_func(
    pipeline_func: Callable[..., Any],
    output_component_file: str | None = None,
    embed_component_specs: bool = False,
    annotations: dict[str, Any] | None = None,
) -> TaskFactory:
    """Return the graph component whose tasks are the components that a pipeline function calls (M-15).

    Its inputs are the function's arguments, its outputs the dict or named tuple of task outputs that it returns. A
    component that came from an address is referred to by that, others (with `embed_component_specs`: all) are part of
    the graph. Also written to `output_component_file` where one is given.
    Raises TypeError for a function that returns anything else, ValueError for one that makes ops which are no
    components, groups such as dsl.Condition, or texts of its arguments.
    """
    spec = create_graph_component_spec_from_pipeline_func(pipeline_func, embed_component_specs)
    if annotations:
        spec.metadata = parts.MetadataSpec.from_dict({"annotations": annotations})
    if output_component_file:
        spec.save(output_component_file)
    return TaskFactory(spec)


def create_graph_component_spec_from_pipeline_func(
    pipeline_func: Callable[..., Any], embed_component_specs: bool = False
) -> parts.ComponentSpec:
    """Return the specification of the graph component that a pipeline function is (M-15)."""
    interface = interface_of(pipeline_func)
    spec = ports_of(pipeline_func, interface)
    name = str(spec.name)
    given = {port.name: parts.GraphInputReference(port.name).as_argument() for port in interface.inputs}
    with Pipeline(name) as pipeline, recording_tasks() as made:
        returned = pipeline_func(**given)
    _check_members(pipeline, name)
    tasks = dict(_named(made))
    ids = {id(task): task_id for task_id, task in tasks.items()}
    outputs = {output: _output(output, value, name) for output, value in _fields(returned, name).items()}
    for task_id, task in tasks.items():
        _check_texts(task_id, task, [*given.values(), *(value for other in made for value in other.outputs.values())])
    graph = parts.GraphSpec(
        tasks={task_id: _task(task, ids, embed=embed_component_specs) for task_id, task in tasks.items()},
        output_values={output: _argument(value, ids) for output, value in outputs.items()},
    )
    spec.outputs = [parts.OutputSpec(output, _type(value)) for output, value in outputs.items()] or None
    spec.implementation = parts.GraphImplementation(graph)
    return spec


def _named(tasks: list[parts.TaskSpec]) -> Iterator[tuple[str, parts.TaskSpec]]:
    """Yield the tasks with their ids: the component's name, then `name 2`, `name 3`."""
    taken: set[str] = set()
    for task in tasks:
        spec = task.component_ref.spec
        chosen = unique((spec.name if spec else None) or "Task", taken)
        taken.add(chosen)
        yield chosen, task


def _check_members(pipeline: Pipeline, name: str) -> None:
    """Raise ValueError for what a graph component has no place for."""
    what = [f"op '{op}'" for op in pipeline.ops] or [f"dsl.{type(group).__name__}" for group in pipeline.root.members]
    if what:
        raise ValueError(
            f"graph component '{name}' can have component tasks only, and the function makes {', '.join(what)}. "
            "Call the function inside the other pipeline instead"
        )


def _fields(returned: Any, name: str) -> Mapping[str, Any]:
    match returned:
        case None:
            return {}
        case Mapping():
            return returned
        case tuple() if hasattr(returned, "_asdict"):
            fields: Mapping[str, Any] = returned._asdict()
            return fields
        case _:
            raise TypeError(
                f"the function of graph component '{name}' returns a {type(returned).__name__}: "
                "return a dict or a named tuple of task outputs"
            )


def _output(output: str, value: Any, name: str) -> parts.TaskOutputArgument | parts.GraphInputArgument:
    if isinstance(value, parts.TaskOutputArgument | parts.GraphInputArgument):
        return value
    raise TypeError(
        f"graph component '{name}': output '{output}' is a {type(value).__name__}: give it one output of a task"
    )


def _check_texts(task_id: str, task: parts.TaskSpec, known: list[Any]) -> None:
    """Raise ValueError where a text was made of an argument or an output, which have no value yet."""
    for name, value in (task.arguments or {}).items():
        if isinstance(value, str) and any(str(argument) in value for argument in known):
            raise ValueError(
                f"task '{task_id}': input '{name}' is a text made of an input or an output of a task. "
                "Pass it whole, and put the text together in the component"
            )


def _task(task: parts.TaskSpec, ids: Mapping[int, str], *, embed: bool) -> parts.TaskSpec:
    reference = task.component_ref
    if reference.url and not embed:
        reference = replace(reference, spec=None)
    arguments = {name: _argument(value, ids) for name, value in (task.arguments or {}).items()}
    return replace(task, component_ref=reference, arguments={k: v for k, v in arguments.items() if v is not None})


def _argument(value: Any, ids: Mapping[int, str]) -> Any:
    """Return an argument as it is written in a graph: tasks by their ids, inputs without their types."""
    match value:
        case parts.TaskOutputArgument(task_output=source):
            return parts.TaskOutputArgument(replace(source, task_id=ids[id(source.task)], task=None))
        case parts.GraphInputArgument(graph_input=given):
            return given.without_type().as_argument()
        case _:
            return value


def _type(value: parts.TaskOutputArgument | parts.GraphInputArgument) -> TypeName:
    return value.task_output.type if isinstance(value, parts.TaskOutputArgument) else value.graph_input.type
