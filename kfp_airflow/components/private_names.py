"""Private names of `kfp.components` that public projects import, under their own names and signatures (M-18).

Here are those that public repositories were found to use; what they do is done by the modules of this package.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, NamedTuple

from typing_extensions import override

from kfp_airflow.components import structures as parts
from kfp_airflow.components.command_line import expand_command_line
from kfp_airflow.components.factory import DEFAULT_NAME, TaskFactory
from kfp_airflow.components.lightweight import func_to_component_text
from kfp_airflow.components.loading import load_component_from_text
from kfp_airflow.components.names import python_name, unique
from kfp_airflow.components.python_function import interface_of, ports_of
from kfp_airflow.components.serialization import serialize, type_name
from kfp_airflow.components.shapes import plain
from kfp_airflow.components.yaml_text import read_yaml, write_yaml
from kfp_airflow.dsl.naming import op_name
from kfp_airflow.dsl.ops import file_name

_default_component_name = DEFAULT_NAME
_inputs_dir = "/tmp/inputs"  # noqa: S108 - a path in the container
_outputs_dir = "/tmp/outputs"  # noqa: S108 - as above
_sanitize_python_function_name = python_name
_sanitize_file_name = file_name
_sanitize_kubernetes_resource_name = op_name
get_canonical_type_name_for_type = type_name
dump_yaml = write_yaml


class ModelBase:
    """What the classes of specifications derive from in KFP: `super().__init__(locals())` makes fields of arguments."""

    _serialized_names: ClassVar[Mapping[str, str]] = {}

    def __init__(self, args: Mapping[str, Any]) -> None:
        self._fields = tuple(name for name in inspect.signature(type(self).__init__).parameters if name != "self")
        for name in self._fields:
            setattr(self, name, args[name])

    @override
    def __eq__(self, other: object) -> bool:
        """Tell whether the other is of the same class and has the same fields."""
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment] # fields can be changed

    @override
    def __repr__(self) -> str:
        """Return the class and its fields."""
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._fields)})"

    def to_dict(self) -> dict[str, Any]:
        """Return plain data with the names of `_serialized_names`; what is None is left out."""
        values = {name: getattr(self, name) for name in self._fields}
        return {
            self._serialized_names.get(name, name): plain(value) for name, value in values.items() if value is not None
        }


def serialize_value(value: object, type_name: Any) -> str:
    """Return a value as the text that an argument of that type is."""
    return serialize(value, type_name)


class _ResolvedCommandLineAndPaths(NamedTuple):
    """A command line with its placeholders replaced."""

    command: Sequence[str]
    args: Sequence[str]
    input_paths: Mapping[str, str]
    output_paths: Mapping[str, str]
    inputs_consumed_by_value: Mapping[str, str]


def _resolve_command_line_and_paths(
    component_spec: parts.ComponentSpec, arguments: Mapping[str, Any]
) -> _ResolvedCommandLineAndPaths:
    """Return the command line of a container component for arguments by the names of its inputs."""
    types = {entry.name: entry.type for entry in component_spec.inputs or ()}
    texts = {name: None if value is None else serialize(value, types.get(name)) for name, value in arguments.items()}
    line = expand_command_line(component_spec, texts)
    return _ResolvedCommandLineAndPaths(
        list(line.command), list(line.args), line.input_paths, line.output_paths, line.values
    )


def _create_task_factory_from_component_spec(
    component_spec: parts.ComponentSpec,
    component_filename: str | None = None,  # noqa: ARG001 - a name in tracebacks of KFP, which makes code of it
    component_ref: parts.ComponentReference | None = None,
) -> TaskFactory:
    """Return the factory of a component."""
    return TaskFactory(component_spec, component_ref)


def _load_component_spec_from_component_text(text: str) -> parts.ComponentSpec:
    """Return the specification in a component file's text."""
    return load_component_from_text(text).component_spec


def _func_to_component_spec(func: Callable[..., Any], *args: Any, **options: Any) -> parts.ComponentSpec:
    """Return the component that runs a function; options as of `func_to_component_text`."""
    return _load_component_spec_from_component_text(func_to_component_text(func, *args, **options))


def _func_to_component_dict(func: Callable[..., Any], *args: Any, **options: Any) -> dict[str, Any]:
    """Return the component that runs a function as plain data."""
    return _func_to_component_spec(func, *args, **options).to_dict()


def _extract_component_interface(func: Callable[..., Any]) -> parts.ComponentSpec:
    """Return name, description, inputs and outputs of a function as a component without an implementation."""
    return ports_of(func, interface_of(func))


_extract_pipeline_metadata = _extract_component_interface


def generate_unique_name_conversion_table(
    names: Sequence[str], conversion_func: Callable[[str], str]
) -> Mapping[str, str]:
    """Return converted name → name; a name that the conversion leaves alone keeps it, others get numbers."""
    table = {name: name for name in names if conversion_func(name) == name}
    for name in names:
        if name not in table.values():
            table[unique(name, table, conversion_func)] = name
    return table


def _make_name_unique_by_adding_index(name: str, collection: Sequence[str], delimiter: str) -> str:
    """Return the name, with the first number behind the delimiter that makes it a new one where it is taken."""
    return unique(name, collection, lambda text: delimiter.join(text.rsplit(" ", 1)) if text != name else text)


def load_yaml(stream: Any) -> Any:
    """Return the data of a YAML text or of an open file."""
    text = stream.read() if hasattr(stream, "read") else stream
    return read_yaml(text.decode() if isinstance(text, bytes) else text, name="<YAML>")
