"""Airflow operators as components (row M-16)."""

from __future__ import annotations

import builtins
import inspect
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from importlib import metadata
from typing import Any, Final, get_args, get_origin

import docstring_parser

from kfp_airflow.components import structures as parts
from kfp_airflow.components.factory import TaskFactory
from kfp_airflow.components.pickling import PYTHON, pickled
from kfp_airflow.components.program import READERS, Program, ProgramInput, ProgramOutput, command
from kfp_airflow.components.python_function import Interface, Port, arguments_of, check_size
from kfp_airflow.components.serialization import form_of
from kfp_airflow.diagnostics import Where

FIXED_OUTPUTS: Final = ("Result", "Variables", "XComs")
_AIRFLOW: Final = "airflow"
_SET_HERE: Final = frozenset({"self", "task_id", "dag"})
_PARTS: Final = frozenset({"_kfp_fetch", "_kfp_prepare_airflow", "_kfp_operator_runner"})
_STARRED: Final = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def create_component_from_airflow_op(
    op_class: type,
    base_image: str | None = None,
    variable_output_names: Sequence[str] | None = None,
    xcom_output_names: Sequence[str] | None = None,
    modules_to_capture: Sequence[str] | None = None,
) -> TaskFactory:
    """Return the component that runs an Airflow operator in an image of Airflow 3, with a database of its own (M-16).

    Its inputs are the arguments of the operator's constructor; its outputs what `execute` returned (`Result`), the
    variables and the XComs that it set as JSON (`Variables`, `XComs`), and one more for every named variable and XCom.
    `base_image` is by default the image of the Airflow and the Python that run now. An operator of Airflow or its
    providers is imported in the image; others are pickled, with what they use of `modules_to_capture` (by default:
    of their own module). A function as an argument is pickled too. Raises ValueError for two outputs of one name.
    """
    if not isinstance(op_class, type) or not callable(getattr(op_class, "execute", None)):
        raise TypeError(f"create_component_from_airflow_op() takes the class of an operator, got {op_class!r}")
    variables, xcoms = list(variable_output_names or ()), list(xcom_output_names or ())
    outputs = (*FIXED_OUTPUTS, *variables, *xcoms)
    if twice := sorted({name for name in outputs if outputs.count(name) > 1}):
        raise ValueError(f"component '{op_class.__name__}' would have several outputs {', '.join(map(repr, twice))}")
    interface = Interface(
        inputs=_inputs(op_class), output_files=(), returned=tuple(Port(name=name) for name in outputs), single=False
    )
    loading, needed = _loading(op_class, modules_to_capture)
    program = _program(interface, f"_kfp_operator_runner(\n{loading}, {variables!r}, {xcoms!r}\n)", needed)
    check_size(program, op_class.__name__, Where(op_class.__module__, 0))
    container = parts.ContainerSpec(
        image=base_image or default_image(), command=[*command(program)], args=arguments_of(interface)
    )
    return TaskFactory(_spec(op_class, interface, container))


def default_image() -> str:
    """Return Airflow's own image of the version and the Python that run now."""
    return f"apache/airflow:{metadata.version('apache-airflow')}-python{PYTHON}"


def _spec(op_class: type, interface: Interface, container: parts.ContainerSpec) -> parts.ComponentSpec:
    docstring = docstring_parser.parse(inspect.cleandoc(op_class.__doc__ or ""))
    described = {entry.arg_name: (entry.description or "").strip() or None for entry in docstring.params}
    return parts.ComponentSpec(
        name=op_class.__name__,
        description=docstring.short_description or None,
        inputs=[
            parts.InputSpec(port.name, port.type, described.get(port.name), optional=port.optional)
            for port in interface.inputs
        ]
        or None,
        outputs=[parts.OutputSpec(port.name) for port in interface.returned],
        implementation=parts.ContainerImplementation(container),
    )


def _loading(op_class: type, modules_to_capture: Sequence[str] | None) -> tuple[str, frozenset[str]]:
    """Return the expression that gives the class in the program, and the parts that it needs."""
    if modules_to_capture is None and op_class.__module__.partition(".")[0] == _AIRFLOW:
        return f'_kfp_fetch("{op_class.__module__}:{op_class.__qualname__}")', frozenset()
    return pickled(op_class, modules_to_capture).loading(), frozenset({"_kfp_unpickle"})


def _program(interface: Interface, runner: str, needed: frozenset[str]) -> str:
    # Before any argument is read: a pickled one may import Airflow, which reads its configuration then.
    source = f'if __name__ == "__main__":\n    _kfp_prepare_airflow()\n    _kfp_function = {runner}'
    return Program(
        function="_kfp_function",
        source=source,
        parts=_PARTS | needed,
        inputs=tuple(
            ProgramInput(flag=port.flag, argument=port.name, reader=_reader(port), required=not port.optional)
            for port in interface.inputs
        ),
        outputs=tuple(ProgramOutput(name=port.name, writer="_kfp_write_any") for port in interface.returned),
    ).text()


def _reader(port: Port) -> str:
    form = form_of(port.type)
    return READERS[form] if form else "_kfp_read_any"


def _inputs(op_class: type) -> tuple[Port, ...]:
    constructor = inspect.unwrap(vars(op_class).get("__init__") or op_class.__init__)  # type: ignore[misc]
    return tuple(
        Port(
            name=parameter.name,
            type=_type_name(parameter.annotation, constructor),
            argument=parameter.name,
            optional=parameter.default is not inspect.Parameter.empty,
        )
        for parameter in inspect.signature(constructor).parameters.values()
        if parameter.name not in _SET_HERE and parameter.kind not in _STARRED
    )


class _Unknown:
    """Stands in a hint for a name that is there for type checkers only."""

    def __class_getitem__(cls, _item: object) -> type[_Unknown]:
        return cls


class _Names(dict[str, Any]):
    """The names of a module, and `_Unknown` for those that it imports for type checkers only."""

    def __missing__(self, _name: str) -> type[_Unknown]:
        return _Unknown


def _type_name(annotation: Any, constructor: Callable[..., Any]) -> str | None:
    """Return the type of an argument, by what its hint lets in; None for nothing known, or for too many things."""
    if isinstance(annotation, str):
        names = _Names({**vars(builtins), **getattr(constructor, "__globals__", {})})
        try:
            annotation = eval(annotation, {"__builtins__": {}}, names)  # noqa: S307 - a hint of the operator's own code
        except (AttributeError, TypeError):  # of a name that is there for type checkers only
            return None
    members = {_kind(member) for member in (get_args(annotation) if _is_union(annotation) else (annotation,))}
    members -= {None}
    if members == {"Integer", "Float"}:
        return "Float"
    if len(members) == 1:
        return members.pop()
    return "Json" if members and not members & {"String", "PickledFunction"} else None


def _is_union(annotation: Any) -> bool:
    return type(annotation).__name__ in {"Union", "UnionType", "_UnionGenericAlias"}


_KINDS: Final[tuple[tuple[type, str], ...]] = (
    (str, "String"),
    (bool, "Boolean"),
    (int, "Integer"),
    (float, "Float"),
    (Mapping, "JsonObject"),
    (Container, "JsonArray"),
    (Iterable, "JsonArray"),
)


def _kind(member: Any) -> str | None:
    kind = get_origin(member) or member
    if kind is Callable:
        return "PickledFunction"
    if not isinstance(kind, type) or kind in {type(None), _Unknown, inspect.Parameter.empty}:
        return None
    return next((name for base, name in _KINDS if issubclass(kind, base)), None)
