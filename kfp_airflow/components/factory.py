"""Factories: a component as a function that makes a step inside a pipeline, a `TaskSpec` outside (M-06, OP-01 …)."""

from __future__ import annotations

import copy
import difflib
import inspect
import keyword
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from typing_extensions import override

from kfp_airflow.components import structures as parts
from kfp_airflow.components.command_line import expand_command_line
from kfp_airflow.components.graphs import expand_graph
from kfp_airflow.components.names import input_path, own_path, python_names
from kfp_airflow.components.serialization import python_type, serialize, written_type
from kfp_airflow.components.shapes import Problems
from kfp_airflow.dsl.objects import V1EnvVar
from kfp_airflow.dsl.ops import BaseOp, ContainerOp, InputArgumentPath
from kfp_airflow.dsl.params import PipelineParam
from kfp_airflow.dsl.pipeline import Pipeline
from kfp_airflow.dsl.types import verify_type_compatibility
from kfp_airflow.dsl.where import warn_author

DEFAULT_NAME = "Component"
_FINAL_STATUS = "PipelineTaskFinalStatus"
_recorded: ContextVar[list[parts.TaskSpec] | None] = ContextVar("_recorded", default=None)


class MissingCommandWarning(FutureWarning):
    """KFP's advice to write the command into a component (§1.12); the image's own entrypoint runs as well."""


class TaskFactory:
    """A component as a function with one keyword argument per input, in the author's order, required ones first.

    `component_spec` is the component's specification; a change to it holds for every later call. `python_func` is the
    function that it was made of by `kfp.v2.dsl.component`. Raises PipelineError
    where the specification has duplicate names or references that lead nowhere.
    """

    def __init__(self, spec: parts.ComponentSpec, reference: parts.ComponentReference | None = None) -> None:
        problems = Problems()
        spec.check((), problems)
        problems.raise_all(f"<component '{spec.name or DEFAULT_NAME}'>")
        _advise_a_command(spec)
        self.component_spec = spec
        self.python_func: Callable[..., Any] | None = None
        self.reference = reference or parts.ComponentReference()
        self._snapshot: parts.ComponentSpec | None = None
        inputs = [entry for entry in spec.inputs or () if entry.type != _FINAL_STATUS]
        table = python_names(entry.name for entry in inputs)
        python_name = {name: python for python, name in table.items()}
        ordered = sorted(inputs, key=_is_optional)
        self._arguments = {python_name[entry.name]: entry for entry in ordered}
        self.__name__ = self.__qualname__ = spec.name or DEFAULT_NAME
        self.__doc__ = "\n".join(part for part in (spec.name, spec.description) if part)
        self.__signature__ = inspect.Signature([_parameter(python, entry) for python, entry in self._arguments.items()])

    def __call__(self, /, *args: Any, **kwargs: Any) -> Any:
        """Return a ContainerOp (the outputs of a graph component) inside a pipeline function, a TaskSpec outside one.

        Raises TypeError for arguments that are missing or unknown, or whose value or type the input does not take.
        """
        given = self._bind(args, kwargs)
        recorded = _recorded.get()
        if recorded is not None or Pipeline.get_default_pipeline() is None:
            task = self._task_spec(given)
            if recorded is not None:
                recorded.append(task)
            return task
        entries = {entry.name: entry for entry in self._arguments.values()}
        defaults = {name: entry.default for name, entry in entries.items() if entry.default is not None}
        if isinstance(self.component_spec.implementation, parts.GraphImplementation):
            # The inputs of its tasks say what they take; KFP asks the graph's own for nothing but the names.
            return expand_graph(self.component_spec, self.reference, {**defaults, **given}, TaskFactory)
        values = {**{name: _default(entries[name]) for name in defaults}, **given}
        return self._container_op(
            {name: self._text(entry, values[name]) for name, entry in entries.items() if name in values}
        )

    @override
    def __repr__(self) -> str:
        """Return name and signature."""
        return f"<component {self.__name__}{self.__signature__}>"

    def _bind(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Return input name → value of a call; required inputs that have a default are filled in."""
        names = list(self._arguments)
        if len(args) > len(names):
            raise TypeError(f"{self.__name__}() takes {len(names)} positional arguments but {len(args)} were given")
        given = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            chosen = (
                name.removesuffix("_")
                if name not in self._arguments and keyword.iskeyword(name.removesuffix("_"))
                else name
            )
            if chosen not in self._arguments:
                raise TypeError(f"{self.__name__}() got an unexpected keyword argument '{name}'. {self._advice(name)}")
            if chosen in given:
                raise TypeError(f"{self.__name__}() got multiple values for argument '{name}'")
            given[chosen] = value
        missing = [name for name, entry in self._arguments.items() if name not in given and not _is_optional(entry)]
        if missing:
            listed = " and ".join(repr(name) for name in missing)
            plural = "s" if len(missing) > 1 else ""
            raise TypeError(f"{self.__name__}() missing {len(missing)} required positional argument{plural}: {listed}")
        return {self._arguments[name].name: value for name, value in given.items()}

    def _advice(self, name: str) -> str:
        close = difflib.get_close_matches(name, self._arguments, n=1)
        if close:
            return f"Did you mean '{close[0]}'?"
        return f"Its arguments are {', '.join(self._arguments)}." if self._arguments else "It takes no arguments."

    def _text(self, entry: parts.InputSpec, value: Any) -> str | None:
        """Return an argument as the text that reaches the container; None for one that is explicitly absent."""
        if value is None:
            return None
        where = f'the input "{entry.name}" of component "{self.__name__}"'
        if isinstance(value, PipelineParam):
            verify_type_compatibility(value.param_type, entry.type, f"Incompatible argument passed to {where}: ")
            return str(value)
        if isinstance(value, BaseOp):
            raise TypeError(
                f"{type(value).__name__} object was passed to component as an input argument. "
                "Pass a single output instead."
            )
        return self._serialized(entry, value)

    def _serialized(self, entry: parts.InputSpec, value: Any) -> str:
        try:
            return serialize(value, entry.type)
        except (TypeError, ValueError) as error:
            raise type(error)(f"input '{entry.name}' of component '{self.__name__}': {error}") from error

    def _task_spec(self, given: Mapping[str, Any]) -> parts.TaskSpec:
        entries = {entry.name: entry for entry in self._arguments.values()}
        filled = {
            entry.name: entry.default for entry in entries.values() if entry.default is not None and not entry.optional
        }
        arguments = {name: self._task_argument(entries[name], value) for name, value in {**filled, **given}.items()}
        reference = copy.copy(self.reference)
        reference.spec = self._current_spec()
        return parts.TaskSpec(component_ref=reference, arguments=arguments)

    def _task_argument(self, entry: parts.InputSpec, value: Any) -> Any:
        """Return an argument of a TaskSpec: a reference, or text. Raises TypeError where the types differ (T-10)."""
        match value:
            case parts.TaskOutputArgument(task_output=parts.TaskOutputReference(type=given)):
                pass
            case parts.GraphInputArgument(graph_input=parts.GraphInputReference(type=given)):
                pass
            case PipelineParam(param_type=given):
                pass
            case None if entry.optional:
                return None
            case _:
                return self._serialized(entry, value)
        if given is not None and entry.type is not None and given != entry.type:
            raise TypeError(
                f"Argument with type {written_type(given)} was passed to "
                f'the input "{entry.name}" of component "{self.__name__}", '
                f"which has type {written_type(entry.type)}"
            )
        return value

    def _current_spec(self) -> parts.ComponentSpec:
        """Return a copy of the specification as it is now; the same copy as long as it does not change."""
        if self._snapshot != self.component_spec:
            self._snapshot = copy.deepcopy(self.component_spec)
        assert self._snapshot is not None  # noqa: S101 - for the type checker: a specification never equals None
        return self._snapshot

    def _container_op(self, arguments: Mapping[str, str | None]) -> ContainerOp:
        spec = self._current_spec()
        line = expand_command_line(spec, arguments)
        if not isinstance(spec.implementation, parts.ContainerImplementation):
            raise TypeError(f"component '{self.__name__}' has no implementation")
        container = spec.implementation.container
        for name in arguments:
            if name not in line.values:
                own_path(name, input_path, line.input_paths)
        op = ContainerOp._from_component(  # noqa: SLF001 - the constructor that ContainerOp has for components
            name=spec.name or DEFAULT_NAME,
            image=container.image,
            command=line.command,
            arguments=line.args,
            container_kwargs={"env": [V1EnvVar(name=name, value=str(value)) for name, value in container.env.items()]}
            if container.env
            else None,
            artifact_argument_paths=[
                InputArgumentPath(arguments.get(name), name, path) for name, path in line.input_paths.items()
            ],
            file_outputs=line.output_paths,
        )
        op._metadata = spec  # noqa: SLF001 - KFP's attribute (O-12)
        op._component_ref = self.reference  # noqa: SLF001 - KFP's attribute (O-12)
        op._parameter_arguments = line.values  # noqa: SLF001 - KFP's attribute (O-12)
        _type_outputs(op, spec)
        _apply_metadata(op, spec.metadata)
        return op


@contextmanager
def recording_tasks() -> Iterator[list[parts.TaskSpec]]:
    """Let every call of a factory describe a task, also inside a pipeline, and give the list that collects them."""
    tasks: list[parts.TaskSpec] = []
    token = _recorded.set(tasks)
    try:
        yield tasks
    finally:
        _recorded.reset(token)


def create_task_factory(spec: parts.ComponentSpec, reference: parts.ComponentReference | None = None) -> TaskFactory:
    """Return the factory of a component; `reference` says where the component came from."""
    return TaskFactory(spec, reference)


def _is_optional(entry: parts.InputSpec) -> bool:
    return bool(entry.optional) or entry.default is not None


def _default(entry: parts.InputSpec) -> Any:
    """Return what an input gets that a call leaves out; of an optional one a number, which is then written anew."""
    default = entry.default
    number = {"Integer": int, "Float": float}.get(entry.type) if isinstance(entry.type, str) else None
    if number is None or not entry.optional or default is None:
        return default
    if number is int and isinstance(default, float) and not default.is_integer():
        return default  # KFP cuts it off; here it is refused as any other number that is not whole
    try:
        return number(default)
    except ValueError:
        return default  # KFP ends with this error, also where the program could read the text


def _parameter(python: str, entry: parts.InputSpec) -> inspect.Parameter:
    annotation = python_type(entry.type) or entry.type
    return inspect.Parameter(
        python + "_" if keyword.iskeyword(python) else python,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=entry.default if _is_optional(entry) else inspect.Parameter.empty,
        annotation=inspect.Parameter.empty if annotation is None else annotation,
    )


def _type_outputs(op: ContainerOp, spec: parts.ComponentSpec) -> None:
    """Give the op's outputs their types, and Python names beside the component's (N-12)."""
    types = {output.name: output.type for output in spec.outputs or ()}
    for name, output in op.outputs.items():
        output.param_type = types.get(name)
    for python, name in python_names(types).items():
        if name in op.outputs:
            op.outputs.setdefault(python, op.outputs[name])


def _apply_metadata(op: ContainerOp, metadata: parts.MetadataSpec | None) -> None:
    annotations = (metadata.annotations if metadata else None) or {}
    for name, value in annotations.items():
        op.add_pod_annotation(name, value)
    for name, value in ((metadata.labels if metadata else None) or {}).items():
        op.add_pod_label(name, value)
    if annotations.get("volatile_component") == "true":
        op.execution_options.caching_strategy = parts.CachingStrategySpec(max_cache_staleness="P0D")


def _advise_a_command(spec: parts.ComponentSpec) -> None:
    implementation = spec.implementation
    if isinstance(implementation, parts.ContainerImplementation) and implementation.container.command is None:
        warn_author(
            f"The component '{spec.name or DEFAULT_NAME}' has no command: write the one of its image into it. Without, "
            "the step runs the image's own entrypoint, whose output files are mounted one by one.",
            MissingCommandWarning,
        )
