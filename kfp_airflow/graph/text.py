"""Text with references in it, and JSON trees with such texts as leaves.

A `Text` is what an author wrote with the places marked where run-time values go. It is resolved once, at run time, into
a plain string; a resolved value is never looked at again (rows PP-01, F-14).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias, get_args


@dataclass(frozen=True, slots=True)
class ParameterRef:
    """The value of a pipeline parameter, as text (rows PP-06 to PP-09).

    `spelled_out`: the author wrote `{{workflow.parameters.<name>}}`, which a package keeps (PP-10).
    """

    name: str
    spelled_out: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OutputRef:
    """An output of a step, or what a graph component returned under that name (R-03).

    It goes as text in a `Text` of several parts, byte for byte where it is the whole of a file input (DP-04).
    """

    step: str
    output: str


@dataclass(frozen=True, slots=True)
class ItemRef:
    """The current item of a loop, or the value under `key` of an item that is a dict (rows L-03, L-05)."""

    loop: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class ArgumentRef:
    """What the current run of a graph component was given for one of its arguments, by the function's name for it.

    That is what the outermost call hands in, or the call in it that runs it again (rows R-02, R-04).
    """

    graph: str
    name: str


RunField: TypeAlias = Literal[
    "uid",
    "name",
    "namespace",
    "serviceAccountName",
    "creationTimestamp",
    "status",
    "failures",
    "duration",
    "pod.name",
    "node.name",
]
RUN_FIELDS: frozenset[str] = frozenset(get_args(RunField))


@dataclass(frozen=True, slots=True)
class RunRef:
    """Something of the run itself (PP-10, EH-05).

    It is what `{{workflow.<field>}}`, `{{pod.name}}` and `{{node.name}}` stand for.
    """

    field: RunField


Reference: TypeAlias = ParameterRef | OutputRef | ItemRef | ArgumentRef | RunRef
Part: TypeAlias = str | Reference
Resolver: TypeAlias = Callable[[Reference], str]


@dataclass(frozen=True, slots=True)
class Text:
    """Literal strings and references in the order in which they stand; no two literals side by side, none empty."""

    parts: tuple[Part, ...] = ()

    @property
    def references(self) -> tuple[Reference, ...]:
        """Return the references in order, repeated where the author repeated them."""
        return tuple(part for part in self.parts if not isinstance(part, str))

    @property
    def constant(self) -> str | None:
        """Return the string where there is no reference in it, else None."""
        if not self.parts:
            return ""
        first = self.parts[0]
        return first if len(self.parts) == 1 and isinstance(first, str) else None

    @property
    def sole_output(self) -> OutputRef | None:
        """Return the output that is the whole text, else None: only such a text can be passed byte for byte."""
        return self.parts[0] if len(self.parts) == 1 and isinstance(self.parts[0], OutputRef) else None

    @property
    def sole_reference(self) -> Reference | None:
        """Return the reference that is the whole text, else None."""
        return None if len(self.parts) != 1 or isinstance(self.parts[0], str) else self.parts[0]

    def resolve(self, resolve: Resolver) -> str:
        """Return the plain string, each reference replaced by `resolve(reference)`."""
        if (constant := self.constant) is not None:
            return constant
        return "".join(part if isinstance(part, str) else resolve(part) for part in self.parts)


EMPTY = Text()


def text(*parts: Part | Text) -> Text:
    """Return a `Text` of the parts: neighbouring literals joined, empty ones left out, texts spliced in."""
    joined: list[Part] = []
    for part in parts:
        for piece in part.parts if isinstance(part, Text) else (part,):
            if isinstance(piece, str) and joined and isinstance(joined[-1], str):
                joined[-1] += piece
            elif piece != "":
                joined.append(piece)
    return Text(tuple(joined))


@dataclass(frozen=True, slots=True)
class Struct:
    """A frozen JSON object: entries in the author's order; keys may hold references (rows B-06 to B-08)."""

    entries: tuple[tuple[Text, Tree], ...] = ()

    def get(self, key: str) -> Tree:
        """Return the value under a constant key, or None."""
        return next((value for name, value in self.entries if name.constant == key), None)


Tree: TypeAlias = bool | int | float | Text | tuple["Tree", ...] | Struct | None
Json: TypeAlias = bool | int | float | str | list["Json"] | dict[str, "Json"] | None

EMPTY_STRUCT = Struct()

Switch: TypeAlias = bool | Text
"""A yes or no; as a text it is known at run time only."""


def is_on(switch: Switch, resolve: Resolver) -> bool:
    """Return a yes or no, as a text spelled `true` or `false`; raises ValueError for any other text."""
    if isinstance(switch, bool):
        return switch
    spelled = switch.resolve(resolve).strip().lower()
    if spelled not in {"true", "false"}:
        raise ValueError(f"{spelled[:80]!r} is neither true nor false")
    return spelled == "true"


def tree(value: object, convert: Callable[[str], Text] = text) -> Tree:
    """Return plain JSON data (dicts, lists, tuples, scalars, `Text`) as a frozen tree.

    Each string is passed through `convert`. Raises TypeError, naming the type, for anything else.
    """
    match value:
        case None | bool() | int() | float() | Text() | Struct():
            return value
        case str():
            return convert(value)
        case Mapping():
            return Struct(
                tuple(
                    (key if isinstance(key, Text) else convert(str(key)), tree(item, convert))
                    for key, item in value.items()
                )
            )
        case Sequence():
            return tuple(tree(item, convert) for item in value)
        case _:
            raise TypeError(f"a value of type {type(value).__name__} has no place in JSON data: {value!r}")


def resolve_tree(value: Tree, resolve: Resolver) -> Json:
    """Return the tree as plain JSON data, every text resolved."""
    match value:
        case Text():
            return value.resolve(resolve)
        case Struct():
            return {key.resolve(resolve): resolve_tree(item, resolve) for key, item in value.entries}
        case tuple():
            return [resolve_tree(item, resolve) for item in value]
        case _:
            return value


def walk_texts(value: Tree) -> Iterator[Text]:
    """Yield every text of a tree, keys included, in order."""
    match value:
        case Text():
            yield value
        case Struct():
            for key, item in value.entries:
                yield key
                yield from walk_texts(item)
        case tuple():
            for item in value:
                yield from walk_texts(item)
        case _:
            return
