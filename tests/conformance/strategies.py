"""Generated pipelines: source text of KFP v1 functions, for the real compiler and for ours.

Left out is what the SDK is known to compile wrongly or not at all (`corpus.py` names the rows): loops over the items of
run-time loops or over outputs of other groups, files out of loops, one file for two inputs, two exit handlers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from hypothesis import strategies as st

Value = TypeVar("Value")

HEADER = '''"""Generated."""

from kfp import components, dsl
from kubernetes.client.models import V1EnvVar, V1Toleration, V1Volume, V1VolumeMount, V1EmptyDirVolumeSource


def op(name, arguments, outputs, **options):
    return dsl.ContainerOp(
        name=name, image="alpine", command=["run"], arguments=arguments,
        file_outputs={output: f"/tmp/{output}" for output in outputs}, **options
    )


mixed = components.load_component_from_text("""
name: Mixed inputs
inputs: [{name: A value}, {name: a_file}, {name: Left out, optional: true}, {name: number, type: Integer, default: '7'}]
outputs: [{name: out}, {name: Second one}]
implementation: {container: {image: python, command: [mix, {inputValue: A value}, {inputPath: a_file},
  {if: {cond: {isPresent: Left out}, then: [--left, {inputValue: Left out}], else: [--none]}},
  {concat: [n=, {inputValue: number}]}, {outputPath: out}, {outputPath: Second one}]}}
""")


@components.create_component_from_func
def function(text, data: components.InputPath(), count: int = 1, flag: bool = False, items: list = [1]) -> str:
    return text
'''

NAMES = ("step", "My step", "step-2", "train_it", "1st", "Step", "a.b", "condition-x")
OUTPUTS = ("out", "Out Two", "second_one", "mlpipeline-metrics")
CONSTANTS = ('"x"', '""', '"a b"', '"{{workflow.uid}}"', '"{{ x }}"', '"$(date)"', "'say \"hi\"'", '"ü\\n"', "3", "0.5")
PARAMETERS = {"text": '"t"', "number": "3", "ratio": "0.5", "items": "[1, 2]", "nothing": "None"}
OPERATORS = ("==", "!=", "<", "<=", ">", ">=")


@dataclass(slots=True)
class Made:
    """An op that was written: its variable, its outputs by name, the groups around it, and whether one is a loop."""

    variable: str
    outputs: tuple[str, ...]
    groups: tuple[int, ...]
    in_loop: bool


@dataclass(slots=True)
class Writer:
    """A function that is being written, with everything that the next line may use."""

    draw: st.DrawFn
    lines: list[str] = field(default_factory=list)
    made: list[Made] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    groups: tuple[int, ...] = ()
    items: tuple[str, ...] = ()
    loops: int = 0
    over: tuple[str, ...] = ()
    count: int = 0
    depth: int = 1

    def chosen(self, options: tuple[Value, ...] | list[Value]) -> Value:
        """Return one of the options."""
        return self.draw(st.sampled_from(options))

    def chance(self, of: int) -> bool:
        """Return True once in so many times."""
        return self.draw(st.integers(1, of)) == 1

    def add(self, line: str) -> None:
        """Add a line at the depth of the block that is open."""
        self.lines.append("    " * self.depth + line)

    def number(self) -> int:
        """Return a new number."""
        self.count += 1
        return self.count

    def output(self, made: Made) -> str:
        """Return one output of an op as an author reads it."""
        names = [name for name in made.outputs if not name.startswith("mlpipeline")]
        return f"{made.variable}.outputs[{self.chosen(names)!r}]"

    def usable(self, *, as_file: bool) -> list[Made]:
        """Return the ops whose outputs may be used here; as files not those of loops that have ended."""
        found = [made for made in self.made if any(not name.startswith("mlpipeline") for name in made.outputs)]
        here = [made for made in found if made.groups == self.groups[: len(made.groups)] or not made.in_loop]
        return here if as_file else found

    def future(self, *, as_file: bool = False) -> str:
        """Return a value that is known at run time only."""
        kind = self.draw(st.integers(0, 5))
        if kind <= 2 and (ops := self.usable(as_file=as_file)):
            return self.output(self.chosen(ops))
        if kind <= 4 and self.items:
            return self.chosen(self.items)
        return self.chosen(tuple(PARAMETERS))

    def value(self) -> str:
        """Return any value of an argument."""
        kind = self.draw(st.integers(0, 6))
        if kind <= 1:
            return self.chosen(CONSTANTS)
        if kind == 2:
            return f'f"a-{{{self.inlined()}}}-{{{self.inlined()}}}"'
        if kind == 3:
            return f'"%s and {{}}".format({self.future()}) % {self.future()}'
        return self.future()

    def inlined(self) -> str:
        return self.future().replace("[", "[").replace('"', "'")

    def source(self) -> str:
        """Return what a file input may hold."""
        kind = self.draw(st.integers(0, 5))
        if kind == 0:
            return self.chosen(CONSTANTS[:8])
        return f'f"<{{{self.inlined()}}}>"' if kind == 1 else self.future(as_file=True)


def write_step(writer: Writer) -> None:
    """Write an op of one of the kinds, with options."""
    variable = f"s{writer.number()}"
    kind = writer.draw(st.integers(0, 4))
    outputs: tuple[str, ...]
    if kind <= 2:
        outputs = tuple(writer.draw(st.lists(st.sampled_from(OUTPUTS), max_size=3, unique=True)))
        arguments = [writer.value() for _ in range(writer.draw(st.integers(0, 3)))]
        if writer.chance(3):
            arguments.append(f"dsl.InputArgumentPath({writer.source()})")
        listed = ", ".join(arguments)
        writer.add(f"{variable} = op({writer.chosen(NAMES)!r}, [{listed}], {list(outputs)})")
    elif kind == 3:
        outputs = ("out", "Second one", "second_one")
        more = "".join(
            (
                f", left_out={writer.value()}" if writer.chance(2) else "",
                f", number={writer.chosen(('1', 'number'))}" if writer.chance(2) else "",
            )
        )
        writer.add(f"{variable} = mixed({_text(writer.value())}, a_file={_text(writer.source())}{more})")
    else:
        outputs = ("Output", "output")
        more = "".join((", count=number" if writer.chance(2) else "", ", flag=True" if writer.chance(3) else ""))
        writer.add(f"{variable} = function({_text(writer.value())}, {_text(writer.source())}{more})")
    write_options(writer, variable)
    writer.made.append(Made(variable, outputs, writer.groups, bool(writer.loops)))


def _text(value: str) -> str:
    """Return the value as components without types take it: no numbers."""
    return f'"{value}"' if value[0].isdigit() else value


def write_options(writer: Writer, variable: str) -> None:
    """Write some of the calls that configure an op."""
    options = (
        lambda: f".set_retry({writer.chosen(('2', 'number'))}, 'Always', '10', 2.0)",
        lambda: ".set_timeout(60)",
        lambda: f".add_pod_annotation('note', {writer.future()})",
        lambda: f".add_pod_label({writer.chosen(('text', repr('l')))}, 'x')",
        lambda: f".add_node_selector_constraint('pool', {writer.chosen(('text', repr('cpu')))})",
        lambda: ".add_toleration(V1Toleration(key='gpu', operator='Exists'))",
        # As a text: a loop's item itself, not a text with it, is called as a function by the SDK.
        lambda: f".add_env_variable(V1EnvVar(name='E', value=str({writer.future()})))",
        lambda: f".set_memory_limit({writer.chosen(('text', repr('1Gi')))})",
        lambda: ".set_caching_options(False)",
        lambda: ".set_display_name('A name')",
        lambda: f".add_sidecar(dsl.Sidecar('side', 'nginx', args=[{writer.future()}]))",
        lambda: (
            ".add_volume(V1Volume(name='v', empty_dir=V1EmptyDirVolumeSource()))"
            ".add_volume_mount(V1VolumeMount(name='v', mount_path='/v'))"
        ),
    )
    for option in writer.draw(st.lists(st.sampled_from(range(len(options))), max_size=2, unique=True)):
        writer.add(f"{variable}{options[option]()}")
    before = [made.variable for made in writer.made] + writer.closed
    if before and writer.chance(3):
        writer.add(f"{variable}.after({writer.chosen(before)})")


def write_group(writer: Writer) -> None:
    """Write a condition, loop or limit with what is in it."""
    kind = writer.draw(st.integers(0, 4))
    number = writer.number()
    group, items, over, name = f"g{number}", writer.items, writer.over, ""
    if kind <= 1:
        left, right = writer.future(), writer.chosen((*CONSTANTS[:3], "3", "0.5", "True", "None", writer.future()))
        # A name of its own: the SDK takes two conditions of one name, one in the other, for recursion.
        name = f", '{writer.chosen(('good', 'Bad', 'not-so-good'))}-{number}'" if writer.chance(3) else ""
        writer.add(f"with dsl.Condition({left} {writer.chosen(OPERATORS)} {right}{name}) as {group}:")
    elif kind == 2:
        writer.add(f"with dsl.SubGraph({writer.draw(st.integers(1, 3))}) as {group}:")
    else:
        item = f"i{number}"
        listed, keys = write_list(writer)
        limit = ", parallelism=2" if writer.chance(3) else ""
        writer.add(f"{group} = dsl.ParallelFor({listed}{limit})")
        writer.add(f"with {group} as {item}:")
        writer.items = (*items, item, *(f"{item}.{key}" for key in keys))
        writer.loops += 1
    writer.groups, writer.depth = (*writer.groups, number), writer.depth + 1
    write_block(writer, most=3)
    writer.groups, writer.depth = writer.groups[:-1], writer.depth - 1
    if kind > 2:
        writer.loops -= 1
    writer.items, writer.over = items, over
    if kind > 1 or "'Bad" not in name:  # the SDK finds no group with a capital in its name
        writer.closed.append(group)


def write_list(writer: Writer) -> tuple[str, tuple[str, ...]]:
    """Return what a loop goes over, and the keys of its items."""
    kind = writer.draw(st.integers(0, 4))
    here = [made for made in writer.usable(as_file=True) if made.groups == writer.groups]
    if kind == 0 and here:
        return writer.output(writer.chosen(here)), writer.chosen(((), ("key",)))
    if kind == 1 and "over items" not in writer.over:  # the SDK mixes up the items of two such loops
        writer.over = (*writer.over, "over items")
        return "items", writer.chosen(((), ("key",)))
    if kind == 2:
        return "[{'a': 1, 'b_c': text}, {'a': 'x', 'b_c': [1, None]}]", ("a", "b_c")
    return writer.chosen(
        ("['x', 'y']", "(1, 2.5, True, None)", "['x', text, f'{number}-{ratio}']", "[[1], {'k': 'v'}]")
    ), ()


def write_block(writer: Writer, *, most: int) -> None:
    """Write some steps and groups."""
    for _ in range(writer.draw(st.integers(1, most))):
        if writer.depth < 5 and writer.chance(4):
            write_group(writer)
        else:
            write_step(writer)


@st.composite
def functions(draw: st.DrawFn) -> str:
    """Give the source of one pipeline function, without its name: `@dsl.pipeline … def {name}(…): …`."""
    writer = Writer(draw)
    if handler := writer.chance(5):
        writer.add(f'bye = op("bye", ["{{{{workflow.status}}}}", {writer.chosen(tuple(PARAMETERS))}], [])')
        writer.add("with dsl.ExitHandler(bye):")
        writer.groups, writer.depth = (0,), 2
    write_block(writer, most=6)
    if handler:
        writer.depth = 1
    if writer.chance(4):
        writer.add("dsl.get_pipeline_conf().set_timeout(60).set_parallelism(3).set_image_pull_policy('Never')")
    signature = ", ".join(f"{name}={default}" for name, default in PARAMETERS.items())
    return "\n".join(["@dsl.pipeline(name='Generated')", f"def NAME({signature}):", *writer.lines])


def files(functions_each: int) -> st.SearchStrategy[str]:
    """Give the source of a file with some pipeline functions, `p0`, `p1`, …"""
    several = st.lists(functions(), min_size=functions_each, max_size=functions_each)
    return several.map(
        lambda sources: (
            "\n\n\n".join(
                [HEADER.rstrip(), *(source.replace("NAME", f"p{number}", 1) for number, source in enumerate(sources))]
            )
            + "\n"
        )
    )
