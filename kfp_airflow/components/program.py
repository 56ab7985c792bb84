"""The program that a lightweight component runs in its container: the author's function, called (W-01 to W-11)."""

from __future__ import annotations

import ast
import inspect
from dataclasses import dataclass
from functools import lru_cache

from kfp_airflow.components import operator_program, step_artifacts, step_program
from kfp_airflow.components.function_source import without_hints
from kfp_airflow.components.serialization import Form

_RUN_PROGRAM = 'program_path=$(mktemp)\nprintf "%s" "$0" > "$program_path"\npython3 -u "$program_path" "$@"\n'
_INSTALL = "PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install --quiet --no-warn-script-location"
_COPIED_FROM_HERE = "# --- copied into programs from here\n"
ARTIFACT_CLASSES = frozenset(
    name
    for name, kind in vars(step_artifacts).items()
    if isinstance(kind, type) and issubclass(kind, step_artifacts.Artifact)
)
"""Names of the classes of files that programs know (`artifact_code`)."""
_RUNNER = ("_kfp_refuse", "_kfp_split_command_line", "_kfp_read_arguments")

READERS = {
    Form.TEXT: "str",
    Form.INTEGER: "int",
    Form.FLOAT: "float",
    Form.BOOLEAN: "_kfp_read_boolean",
    Form.JSON: "_kfp_read_json",
    Form.PICKLE: "_kfp_read_pickle",
    Form.FUNCTION: "_kfp_read_function",
}
WRITERS = {
    Form.TEXT: "_kfp_write_str",
    Form.INTEGER: "_kfp_write_int",
    Form.FLOAT: "_kfp_write_float",
    Form.BOOLEAN: "_kfp_write_boolean",
    Form.JSON: "_kfp_write_json",
    Form.PICKLE: "_kfp_write_pickle",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramInput:
    """A flag of the program, the function's argument that its value goes to, and the function that reads the value."""

    flag: str
    argument: str
    reader: str
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramOutput:
    """A value that the function returns, and the function that makes it a text."""

    name: str
    writer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """The source of a function, code before it, its inputs and outputs; `single`: it returns one value, no tuple.

    `function` is its name, or an expression that makes it of `parts`, functions of the step's program that the source
    or this expression calls: the source stands after them then.
    """

    function: str
    source: str
    parts: frozenset[str] = frozenset()
    extra_code: str = ""
    inputs: tuple[ProgramInput, ...] = ()
    outputs: tuple[ProgramOutput, ...] = ()
    single: bool = False

    def text(self) -> str:
        """Return the program as Python source, for Python 3.6 and later."""
        used = self.parts | {entry.reader for entry in self.inputs} | {output.writer for output in self.outputs}
        inputs = [
            f"            ({entry.flag!r}, {entry.argument!r}, {entry.reader}, {entry.required}),\n"
            for entry in self.inputs
        ]
        outputs = [f"            ({output.name!r}, {output.writer}),\n" for output in self.outputs]
        call = (
            'if __name__ == "__main__":\n'
            f"    _kfp_run(\n        {self.function},\n"
            f"        inputs={_listed(inputs)},\n        outputs={_listed(outputs)},\n"
            f"        single={self.single},\n    )\n"
        )
        parts = _parts(frozenset(used), writes=bool(outputs))
        body = (parts, self.source) if self.parts else (self.source, parts)
        return "\n\n\n".join(text for part in (self.extra_code, *body, call) if (text := part.rstrip())) + "\n"


@lru_cache(maxsize=1)
def artifact_code() -> str:
    """Return the classes of files, and what programs do with them, as source."""
    return inspect.getsource(step_artifacts).partition(_COPIED_FROM_HERE)[2] + "\n\n"


def command(program: str, packages: tuple[str, ...] = (), index_urls: tuple[str, ...] = ()) -> list[str]:
    """Return a container's command that installs the packages (W-02) and runs the program with its arguments.

    pip looks for them at the first of `index_urls`, then at the others, where there are any.
    """
    run = ["sh", "-ec", _RUN_PROGRAM, program]
    if not packages:
        return run
    options = [
        f"{'--extra-index-url' if number else '--index-url'} {_quoted(url)} --trusted-host {_quoted(url)}"
        for number, url in enumerate(index_urls)
    ]
    install = " ".join([_INSTALL, *options, *(_quoted(package) for package in packages)])
    return ["sh", "-c", f'({install} || {install} --user) && "$0" "$@"', *run]


def _quoted(package: str) -> str:
    """Return a requirement as one word of a shell line, always in quotes, as KFP writes it."""
    return "'" + package.replace("'", "'\"'\"'") + "'"


def _listed(lines: list[str]) -> str:
    return "[\n" + "".join(lines) + "        ]" if lines else "[]"


@lru_cache(maxsize=256)
def _parts(used: frozenset[str], *, writes: bool) -> str:
    """Return the source of the parts that a program needs: those it names, and those that these name."""
    sources, imports = _sources()
    wanted = {name for name in used if name in sources} | {
        *_RUNNER,
        "_kfp_run",
        *(("_kfp_write_outputs",) if writes else ()),
    }
    while more := {
        name for name in sources.keys() - wanted if any(name in sources[known] for known in wanted - {"_kfp_run"})
    }:
        wanted |= more
    texts = [source for name, source in sources.items() if name in wanted]
    needed = [line for name, line in imports.items() if any(f"{name}." in text for text in texts)]
    return "\n".join(needed) + "\n\n\n" + "\n\n\n".join(texts)


@lru_cache(maxsize=1)
def _sources() -> tuple[dict[str, str], dict[str, str]]:
    """Return name → source of the program's parts, and name → line of the imports they use."""
    sources: dict[str, str] = {}
    imports: dict[str, str] = {}
    for text in map(inspect.getsource, (step_program, operator_program)):
        for node in ast.parse(text).body:
            segment = ast.get_source_segment(text, node) or ""
            if isinstance(node, ast.FunctionDef):
                sources[node.name] = _without_hints(segment)
            elif isinstance(node, ast.Import):
                imports[str(node.names[0].asname)] = segment
    return sources, imports


def _without_hints(segment: str) -> str:
    function = ast.parse(segment).body[0]
    return without_hints(segment, function) if isinstance(function, ast.FunctionDef) else segment
