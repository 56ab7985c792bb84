"""A Python function as a component: signature, docstring and source become a specification (W-01 to W-14)."""

from __future__ import annotations
import __future__

import inspect
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from kfp_airflow.components import file_arguments as hints
from kfp_airflow.components import structures as parts
from kfp_airflow.components.function_source import function_source
from kfp_airflow.components.names import unique
from kfp_airflow.components.pickling import pickled
from kfp_airflow.components.program import (
    ARTIFACT_CLASSES,
    READERS,
    WRITERS,
    Program,
    ProgramInput,
    ProgramOutput,
    artifact_code,
    command,
)
from kfp_airflow.components.serialization import Form, form_of, serialize, type_name
from kfp_airflow.diagnostics import Diagnostic, PipelineError, Where
from kfp_airflow.dsl.where import author_place

if TYPE_CHECKING:
    from docstring_parser import Docstring

SINGLE_OUTPUT: Final = "Output"
MAX_PROGRAM_BYTES: Final = 128 * 1024 - 1
"""What Linux takes as one word of a command, its final NUL left out."""
_PICKLED_FUNCTION: Final = "_kfp_function"

_FILE_READERS: Final[dict[type, str]] = {
    hints.InputPath: "str",
    hints.InputTextFile: "_kfp_open_text_input",
    hints.InputBinaryFile: "_kfp_open_binary_input",
    hints.OutputPath: "_kfp_with_folder",
    hints.OutputTextFile: "_kfp_open_text_output",
    hints.OutputBinaryFile: "_kfp_open_binary_output",
}
_ARTIFACTS: Final = (hints.InputArtifact, hints.OutputArtifact)
_OUTPUTS: Final = (hints.OutputPath, hints.OutputTextFile, hints.OutputBinaryFile, hints.OutputArtifact)
_PATHS: Final = (hints.InputPath, hints.OutputPath)
_ROWS: Final = {"KA312": "W-06", "KA313": "W-10", "KA314": "W-01"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """An argument or a return value of the function: its name and type as a port, and its way through the program.

    `argument` is None for a return value; `file` is the class of its annotation where it is passed as a file.
    """

    name: str
    type: Any = None
    argument: str | None = None
    file: type | None = None
    default: str | None = None
    optional: bool = False

    @property
    def flag(self) -> str:
        """Return the program's flag for this argument (W-06)."""
        return "--" + self.name.replace("_", "-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What a program runs: `source`, and the name or expression that gives the function; `parts` as in `Program`."""

    function: str
    source: str
    parts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """What a function takes and gives as a component. `single`: it returns one value, not a tuple of values."""

    inputs: tuple[Port, ...]
    output_files: tuple[Port, ...]
    returned: tuple[Port, ...]
    single: bool


def function_to_spec(
    function: Callable[..., Any],
    *,
    base_image: str,
    packages: Sequence[str] = (),
    index_urls: Sequence[str] = (),
    extra_code: str = "",
    code: Code | None = None,
    annotations: dict[str, Any] | None = None,
    keep_names: bool = False,
) -> parts.ComponentSpec:
    """Return the component that runs `function` in a container of `base_image`.

    `packages` are requirements that pip installs first (W-02), of `index_urls`; `extra_code` stands before the function
    (W-05); `code` is what runs, by default the function's source; `keep_names` as in `interface_of`. Raises
    PipelineError for a function that cannot become a component.
    """
    interface = interface_of(function, keep_names=keep_names)
    program = program_of(interface, code or source_code(function), extra_code)
    check_size(program, human_name(function), _where(function))
    container = parts.ContainerSpec(
        image=base_image,
        command=command(program, tuple(packages), tuple(index_urls)),
        args=arguments_of(interface) or None,
    )
    spec = ports_of(function, interface)
    spec.metadata = parts.MetadataSpec.from_dict({"annotations": annotations}) if annotations else None
    spec.implementation = parts.ContainerImplementation(container)
    return spec


def ports_of(function: Callable[..., Any], interface: Interface) -> parts.ComponentSpec:
    """Return name, description, inputs and outputs of a function as a component without an implementation (W-12)."""
    docstring = docstring_of(function)
    described = {entry.arg_name: (entry.description or "").strip() or None for entry in docstring.params}
    inputs = [
        parts.InputSpec(port.name, port.type, described.get(str(port.argument)), port.default, port.optional)
        for port in interface.inputs
    ]
    outputs = [
        parts.OutputSpec(port.name, port.type, described.get(str(port.argument)))
        for port in (*interface.output_files, *interface.returned)
    ]
    return parts.ComponentSpec(
        name=human_name(function),
        description=getattr(function, "_component_description", None) or docstring.short_description or None,
        inputs=inputs or None,
        outputs=outputs or None,
    )


def source_code(function: Callable[..., Any]) -> Code:
    """Return the function's source as the code of a program (W-03)."""
    return Code(function=inspect.unwrap(function).__name__, source=function_source(function))


def pickled_code(function: Callable[..., Any], modules_to_capture: Sequence[str] | None) -> Code:
    """Return the function, pickled with what it uses of some modules, as the code of a program (W-04)."""
    source = f"{_PICKLED_FUNCTION} = {pickled(inspect.unwrap(function), modules_to_capture).loading()}"
    return Code(function=_PICKLED_FUNCTION, source=source, parts=frozenset({"_kfp_unpickle"}))


def program_of(interface: Interface, code: Code, extra_code: str = "") -> str:
    """Return the program that calls the code's function with the arguments of a command line."""
    with_artifacts = any(port.file in _ARTIFACTS for port in (*interface.inputs, *interface.output_files))
    return Program(
        function=f"_kfp_keeping_files({code.function})" if with_artifacts else code.function,
        source=code.source,
        parts=code.parts,
        extra_code=artifact_code() + extra_code if with_artifacts else extra_code,
        inputs=tuple(
            ProgramInput(flag=port.flag, argument=str(port.argument), reader=_reader(port), required=not port.optional)
            for port in (*interface.inputs, *interface.output_files)
        ),
        outputs=tuple(ProgramOutput(name=port.name, writer=_writer(port)) for port in interface.returned),
        single=interface.single,
    ).text()


def check_size(program: str, component: str, where: Where) -> None:
    """Raise PipelineError for a program that no container can be started with: it is one word of the command."""
    size_bytes = len(program.encode())
    if size_bytes > MAX_PROGRAM_BYTES:
        problem = f"the program of component '{component}' has {size_bytes:,} B, at most {MAX_PROGRAM_BYTES:,} B fit "
        advice = "Put large parts into the image or a package, or pass data as an input."
        raise _refused("KA314", where, problem + "into the command of a container", advice)


def human_name(function: Callable[..., Any]) -> str:
    """Return the component's name: what the author set, or the function's in words, `my_add` → `My add` (N-09)."""
    words = " ".join(function.__name__.replace("_", " ").split())
    return str(getattr(function, "_component_human_name", None) or words[:1].upper() + words[1:])


def interface_of(function: Callable[..., Any], *, keep_names: bool = False) -> Interface:
    """Return the inputs and outputs of a function, named as KFP names them (N-10, N-11).

    `keep_names`: files are called like their arguments, as in components of `kfp.v2.dsl`. Raises PipelineError for
    arguments that a command line cannot give: `*args`, `**kwargs`, files with defaults.
    """
    where = _where(function)
    inputs: list[Port] = []
    output_files: list[Port] = []
    for parameter in inspect.signature(function).parameters.values():
        annotation = evaluated(parameter.annotation, function)
        _check_parameter(parameter, annotation, function.__name__, where)
        side = output_files if isinstance(annotation, _OUTPUTS) else inputs
        wanted = parameter.name if keep_names else _port_name(parameter.name, annotation)
        name = unique(wanted, {port.name for port in side}, _with_underscore)
        side.append(_port(name, parameter, annotation, where))
    returned, single = _returned(function, {port.name for port in output_files})
    return Interface(inputs=tuple(inputs), output_files=tuple(output_files), returned=returned, single=single)


def _port(name: str, parameter: inspect.Parameter, annotation: Any, where: Where) -> Port:
    file = next((kind for kind in (*_FILE_READERS, *_ARTIFACTS) if isinstance(annotation, kind)), None)
    kind = type_name(annotation.type if isinstance(annotation, hints.FileAnnotation) else annotation)
    optional = parameter.default is not inspect.Parameter.empty
    default = _default(parameter, kind, where) if optional and parameter.default is not None else None
    return Port(name=name, type=kind, argument=parameter.name, file=file, default=default, optional=optional)


def _default(parameter: inspect.Parameter, kind: Any, where: Where) -> str | None:
    """Return a default as text, None with a warning where it has none: the function's own applies then (W-06)."""
    try:
        return serialize(parameter.default, kind)
    except (TypeError, ValueError) as error:
        warnings.warn_explicit(
            f"the default of '{parameter.name}' is not part of the component, the function's own is used: {error}",
            UserWarning,
            where.file,
            where.line,
        )
        return None


def _check_parameter(parameter: inspect.Parameter, annotation: Any, function: str, where: Where) -> None:
    if parameter.kind in {inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD}:
        stars = "*" if parameter.kind is inspect.Parameter.VAR_POSITIONAL else "**"
        problem = f"function '{function}' takes '{stars}{parameter.name}', and a component's inputs have names"
        raise _refused("KA312", where, problem, "Give every input an argument of its own.")
    if parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
        problem = f"argument '{parameter.name}' of function '{function}' is positional only, components pass by name"
        raise _refused("KA312", where, problem, "Remove the '/' from the signature.")
    _check_file(parameter, annotation, where)
    default = parameter.default
    if not isinstance(annotation, hints.FileAnnotation) or default is inspect.Parameter.empty:
        return
    if not (default is None and isinstance(annotation, hints.InputPath)):
        problem = f"argument '{parameter.name}' of function '{function}' is a file, and its default is {default!r}"
        raise _refused(
            "KA313",
            where,
            problem,
            "Path inputs only support default values of None. Default values for outputs are not supported.",
        )


def _check_file(parameter: inspect.Parameter, annotation: Any, where: Where) -> None:
    """Warn of a class without parentheses: it passes no file (M-12)."""
    if isinstance(annotation, type) and issubclass(annotation, hints.FileAnnotation):
        message = f"argument '{parameter.name}' gets a value, not a file: write {annotation.__name__}() for a file"
        warnings.warn_explicit(message, UserWarning, where.file, where.line)


def _returned(function: Callable[..., Any], taken: set[str]) -> tuple[tuple[Port, ...], bool]:
    """Return the outputs that the function returns, and whether it returns a single value (W-09, N-11)."""
    annotation = evaluated(inspect.signature(function).return_annotation, function)
    if annotation is None:
        return (), False
    fields = getattr(annotation, "_fields", None)
    if fields is not None:
        types = getattr(annotation, "__annotations__", {})
        named = [(field, evaluated(_of_forward_reference(types.get(field)), function)) for field in fields]
    elif isinstance(annotation, dict):
        named = list(annotation.items())
    else:
        return (Port(name=unique(SINGLE_OUTPUT, taken, _with_underscore), type=_return_type(annotation)),), True
    ports: list[Port] = []
    for name, field_type in named:
        chosen = unique(name, taken | {port.name for port in ports}, _with_underscore)
        ports.append(Port(name=chosen, type=_return_type(field_type)))
    return tuple(ports), False


def _return_type(annotation: Any) -> Any:
    """Return the type of a returned value: unlike an argument's, `Optional[X]` stays what it is (T-03)."""
    is_optional = annotation is not None and type(None) in getattr(annotation, "__args__", ())
    return str(annotation) if is_optional else type_name(annotation)


def _of_forward_reference(annotation: Any) -> Any:
    return getattr(annotation, "__forward_arg__", annotation)


def _with_underscore(name: str) -> str:
    """Return `name 2` as `name_2`."""
    return name.replace(" ", "_")


def _port_name(argument: str, annotation: Any) -> str:
    """Return an argument's name without `_path` and `_file` where it is passed as a file (N-10)."""
    if isinstance(annotation, _PATHS):
        argument = argument.removesuffix("_path")
    return argument.removesuffix("_file") if isinstance(annotation, tuple(_FILE_READERS)) else argument


def evaluated(annotation: Any, function: Callable[..., Any]) -> Any:
    """Return an annotation as an object; a text stays one, unless a `__future__` import made it a text."""
    if annotation is inspect.Parameter.empty:
        return None
    target = inspect.unwrap(function)
    if not isinstance(annotation, str) or not target.__code__.co_flags & __future__.annotations.compiler_flag:
        return annotation
    try:
        names = inspect.getclosurevars(target).nonlocals | target.__globals__
        return eval(annotation, names)  # noqa: S307 - the author's own code, which Python runs without that import
    except NameError:
        return annotation


def _reader(port: Port) -> str:
    if port.file in _FILE_READERS:
        return _FILE_READERS[port.file]
    if port.file in _ARTIFACTS:
        begin = "_kfp_output_file" if port.file is hints.OutputArtifact else "_kfp_input_file"
        return f"{begin}({port.type if port.type in ARTIFACT_CLASSES else 'Artifact'})"
    form = _form(port)
    return READERS[form] if form else "str"


def _writer(port: Port) -> str:
    form = _form(port)
    return WRITERS.get(form, "str") if form else "str"


def _form(port: Port) -> Form | None:
    """Return the form in which the function has a value; of a type with properties the text, as in KFP (W-07)."""
    return form_of(port.type) if isinstance(port.type, str) else None


def arguments_of(interface: Interface) -> list[Any]:
    """Return the command line that gives the program its arguments (W-06)."""
    line: list[Any] = []
    for port in interface.inputs:
        value = parts.InputPathPlaceholder(port.name) if port.file else parts.InputValuePlaceholder(port.name)
        if port.optional:
            present = parts.IfPlaceholderStructure(parts.IsPresentPlaceholder(port.name), [port.flag, value])
            line.append(parts.IfPlaceholder(present))
        else:
            line += [port.flag, value]
    for port in interface.output_files:
        line += [port.flag, parts.OutputPathPlaceholder(port.name)]
    if interface.returned:
        line += ["----output-paths", *(parts.OutputPathPlaceholder(port.name) for port in interface.returned)]
    return line


def docstring_of(function: Callable[..., Any]) -> Docstring:
    """Return what a function's docstring says, nothing where it has none or one that cannot be read (W-12)."""
    import docstring_parser

    try:
        return docstring_parser.parse(inspect.getdoc(function) or "")
    except docstring_parser.ParseError:
        return docstring_parser.Docstring()


def _where(function: Callable[..., Any]) -> Where:
    code = getattr(inspect.unwrap(function), "__code__", None)
    return Where(code.co_filename, code.co_firstlineno) if code else author_place()


def _refused(code: str, where: Where, problem: str, advice: str) -> PipelineError:
    return PipelineError([Diagnostic(code=code, where=where, problem=problem, advice=advice, row=_ROWS[code])])
