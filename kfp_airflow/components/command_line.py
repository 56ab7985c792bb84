"""A component's command line with its placeholders replaced (rows Y-01 to Y-08, OP-02 to OP-04)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from kfp_airflow.components import structures as parts
from kfp_airflow.components.names import input_path, output_path, own_path
from kfp_airflow.components.serialization import boolean

_FINAL_STATUS: Final = "PipelineTaskFinalStatus"
_METADATA_PATH: Final = "/tmp/outputs/executor_output.json"  # noqa: S108 - in a container, and nobody writes it


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandLine:
    """What a container is started with, and how the arguments reach it.

    `values` are the arguments that stand in the command line as text, `input_paths` those that it expects as files, by
    name of the input; `output_paths` where it writes every output.
    """

    command: tuple[str, ...]
    args: tuple[str, ...]
    input_paths: dict[str, str]
    output_paths: dict[str, str]
    values: dict[str, str]


def expand_command_line(spec: parts.ComponentSpec, arguments: Mapping[str, str | None]) -> CommandLine:
    """Return the command line of a container component for `arguments`: input name → text; None or no entry: absent.

    Raises ValueError for a required input without a value, for a condition that is neither true nor false, and for an
    output with two paths.
    """
    if not isinstance(spec.implementation, parts.ContainerImplementation):
        raise TypeError(f"component '{spec.name}' has no container: it has no command line")
    container = spec.implementation.container
    expansion = _Expansion(spec, arguments)
    for name, path in (container.file_outputs or {}).items():
        expansion.set_output_path(name, path)
    command, args = expansion.expand_all(container.command), expansion.expand_all(container.args)
    for output in spec.outputs or ():
        if output.name not in expansion.output_paths:
            expansion.output_path(output.name)
    return CommandLine(
        command=tuple(command),
        args=tuple(args),
        input_paths=expansion.input_paths,
        output_paths=expansion.output_paths,
        values=expansion.values,
    )


@dataclass
class _Expansion:
    """The placeholders of one command line on their way to texts."""

    spec: parts.ComponentSpec
    arguments: Mapping[str, str | None]
    input_paths: dict[str, str] = field(default_factory=dict)
    output_paths: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    fixed_paths: set[str] = field(default_factory=set)

    def expand_all(self, arguments: Sequence[Any] | None) -> list[str]:
        """Return the texts that a list of arguments becomes, absent ones left out."""
        return [text for argument in arguments or () for text in self.expand(argument)]

    def expand(self, argument: Any) -> list[str]:
        """Return the texts that one argument becomes: none, one, or several."""
        match argument:
            case None:
                return []
            case str() | int() | float():
                return [str(argument)]
            case list() | tuple():
                return self.expand_all(argument)
            case parts.ConcatPlaceholder():
                return ["".join(self.expand_all(argument.items))]
            case parts.IfPlaceholder(if_structure=choice):
                return self.expand(choice.then_value if self._holds(choice.condition) else choice.else_value)
            case _:
                return self._port(argument)

    def _port(self, placeholder: Any) -> list[str]:
        match placeholder:
            case parts.InputValuePlaceholder(input_name=name):
                return self._value(name)
            case parts.InputPathPlaceholder(input_name=name):
                return self._path(name)
            case parts.OutputPathPlaceholder(output_name=name):
                return [self.output_path(name)]
            case _:
                return [self._of_v2(placeholder)]

    def _of_v2(self, placeholder: Any) -> str:
        """Return what KFP v1 writes for a placeholder of v2: a text that nothing replaces (Y-08, KA049)."""
        match placeholder:
            case parts.InputUriPlaceholder(input_name=name):
                return f"{{{{$.inputs.artifacts['{self._given(name)}'].uri}}}}"
            case parts.OutputUriPlaceholder(output_name=name):
                return f"{{{{$.outputs.artifacts['{name}'].uri}}}}"
            case parts.InputOutputPortNamePlaceholder(input_name=name):
                return f"{{{{kfp.input-output-name.{self._given(name)}}}}}"
            case parts.InputMetadataPlaceholder(input_name=name):
                self._given(name)
                return _METADATA_PATH
            case parts.OutputMetadataPlaceholder():
                return _METADATA_PATH
            case parts.ExecutorInputPlaceholder():
                return "{{$}}"
            case _:
                raise TypeError(
                    f"component '{self.spec.name}': {placeholder!r} has no place in a command line: "
                    "write a text or one of the placeholders"
                )

    def _given(self, name: str) -> str:
        """Return the name of an input that has to have a value."""
        if self.arguments.get(name) is None and not self._absent(name):
            raise ValueError(
                f"No value provided for input {name} of component '{self.spec.name}', which asks for its address. "
                "Give it one"
            )
        return name

    def set_output_path(self, name: str, path: str) -> None:
        """Note the path that `fileOutputs` says of an output."""
        self.fixed_paths.add(name)
        self.output_paths[name] = path

    def output_path(self, name: str) -> str:
        """Return the path of an output; raises ValueError where `fileOutputs` says another one."""
        path = output_path(name)
        if name in self.fixed_paths and self.output_paths[name] != path:
            raise ValueError(
                f"component '{self.spec.name}': output '{name}' has two paths: {self.output_paths[name]} in "
                f"fileOutputs, and {path} by its outputPath. Remove one of them"
            )
        return own_path(name, output_path, self.output_paths)

    def input_path(self, name: str) -> str:
        """Return the path of an input that is a file."""
        return own_path(name, input_path, self.input_paths)

    def _value(self, name: str) -> list[str]:
        argument = self.arguments.get(name)
        if argument is None:
            return self._absent(name)
        self.values[name] = argument
        return [argument]

    def _path(self, name: str) -> list[str]:
        if self.arguments.get(name) is None:
            return self._absent(name)
        return [self.input_path(name)]

    def _absent(self, name: str) -> list[str]:
        ports = [port for port in self.spec.inputs or () if port.name == name]
        if any(port.type == _FINAL_STATUS for port in ports):
            raise ValueError(
                f"input '{name}' of component '{self.spec.name}' is the final status of a task, which KFP v2 fills in. "
                "Make it a text, and pass '{{workflow.status}}' to it in an exit handler"
            )
        if any(port.optional for port in ports):
            return []
        raise ValueError(
            f"No value provided for input {name} of component '{self.spec.name}'. "
            "Give it one, or declare it 'optional: true'"
        )

    def _holds(self, condition: Any) -> bool:
        if isinstance(condition, parts.IsPresentPlaceholder):
            return self.arguments.get(condition.input_name) is not None
        if condition == "":
            return False
        texts = self.expand(condition)
        text = "".join(texts)
        try:
            return bool(texts) and boolean(text)
        except ValueError as error:
            late = " (a value of the run: it is not known when the pipeline is built)" if "{{" in text else ""
            raise ValueError(f"component '{self.spec.name}': the condition of an 'if': {error}{late}") from error
