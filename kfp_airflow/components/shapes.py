"""How plain data (from YAML) becomes specification objects and back, with every problem named by its key."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final, TypeAlias, TypeVar

from kfp_airflow.components.yaml_text import KeyPath
from kfp_airflow.diagnostics import Diagnostic, PipelineError, Where


@dataclass
class Problems:
    """What was found wrong with a document so far: path of keys, code, problem and advice of each."""

    found: list[tuple[KeyPath, str, str, str]] = field(default_factory=list)

    def add(self, path: KeyPath, code: str, problem: str, advice: str) -> None:
        """Note one problem with the value at `path`."""
        self.found.append((path, code, problem, advice))

    def raise_all(self, name: str, lines_of: Callable[[], Callable[[KeyPath], int]] | None = None) -> None:
        """Raise one PipelineError with what was found, at most MOST_TOLD; `name` is the file, `lines_of` reads it."""
        if not self.found:
            return
        line_of = lines_of() if lines_of else lambda _path: 0
        left_out = len(self.found) - MOST_TOLD
        more = f" {left_out:,} more problems were found." if left_out > 0 else ""
        told = self.found[:MOST_TOLD]
        raise PipelineError(
            Diagnostic(
                code=code,
                where=Where(name, line_of(path)),
                problem=f"{written(path)}{problem}",
                advice=advice + (more if index == len(told) - 1 else ""),
            )
            for index, (path, code, problem, advice) in enumerate(told)
        )


MOST_TOLD: Final = 50
"""How many problems of one document are told at once."""
_LONGEST_KEY: Final = 80

Shape: TypeAlias = Callable[[Any, KeyPath, Problems], Any]
S = TypeVar("S", bound="Spec")


def written(path: KeyPath) -> str:
    """Return a path as people write it, `inputs[0].type: `; nothing for the document itself."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{str(step)[:_LONGEST_KEY]}" for step in path).lstrip(
        "."
    )
    return f"{text}: " if text else ""


@dataclass
class Spec:
    """A part of a component specification. `SHAPES` says for each attribute what its YAML value has to be.

    The YAML key is the attribute's name in camelCase, or what `KEYS` says. Attributes without a default are required.
    """

    SHAPES: ClassVar[Mapping[str, Shape]] = {}
    KEYS: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def from_dict(cls: type[S], data: Mapping[str, Any]) -> S:
        """Return the specification that plain data describes; raises PipelineError naming every key that is wrong."""
        problems = Problems()
        spec = read(cls, data, (), problems)
        problems.raise_all(f"<{cls.__name__}>")
        return spec  # type: ignore[no-any-return]  # no problem: read returned an instance

    def check(self, path: KeyPath, problems: Problems) -> None:
        """Note what is wrong between the parts of this object; each part alone has been read by its shape."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain data as for YAML; attributes that have their default value are left out."""
        data: dict[str, Any] = {}
        for attribute in _attributes(type(self)):
            value = getattr(self, attribute.name)
            if value is not None and value != attribute.default:
                data[_key(type(self), attribute)] = plain(value)
        return data


def read(cls: type[Spec], data: object, path: KeyPath, problems: Problems) -> Any:
    """Return an instance of `cls` from a dict, or None where something is wrong, which `problems` then tells."""
    if not isinstance(data, Mapping):
        problems.add(
            path, "KA303", f"{described(data)} stands where {_keys(cls)} are expected", "Write it as keys and values."
        )
        return None
    before = len(problems.found)
    attributes = {_key(cls, attribute): attribute for attribute in _attributes(cls)}
    for key in data:
        if key not in attributes:
            close = difflib.get_close_matches(str(key)[:_LONGEST_KEY], attributes, n=1)
            advice = f"Did you mean '{close[0]}'?" if close else f"The keys here are {_keys(cls)}."
            problems.add((*path, key), "KA302", "this key is not known", advice)
    values: dict[str, Any] = {}
    for key, attribute in attributes.items():
        if data.get(key) is not None:
            values[attribute.name] = cls.SHAPES[attribute.name](data[key], (*path, key), problems)
        elif attribute.default is dataclasses.MISSING and attribute.default_factory is dataclasses.MISSING:
            problems.add(path, "KA304", f"the key '{key}' is missing", f"Add '{key}:' here.")
    if len(problems.found) > before:
        return None
    spec = cls(**values)
    spec.check(path, problems)
    return spec


def plain(value: Any) -> Any:
    """Return specification objects inside `value` as plain data."""
    if isinstance(value, Spec):
        return value.to_dict()
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if callable(to_dict) else value


def described(value: object) -> str:
    """Return a short wording of a value for messages: `the number 3`, `a list`, `the text 'x'`."""
    match value:
        case bool():
            return f"the truth value {str(value).lower()}"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {value[:40]!r}"
        case Mapping():
            return "a mapping"
        case list() | tuple():
            return "a list"
        case None:
            return "nothing"
        case _:
            return f"a value of type {type(value).__name__} ({value})"


def of_type(*types: type, wanted: str) -> Shape:
    """Return a shape for values of exactly these types."""

    def shape(value: Any, path: KeyPath, problems: Problems) -> Any:
        if type(value) not in types:
            problems.add(
                path,
                "KA303",
                f"{described(value)} stands where {wanted} is expected",
                f"Write {wanted}; quotes make a text.",
            )
        return value

    return shape


def list_of(item: Shape) -> Shape:
    """Return a shape for lists whose items all have the given shape."""

    def shape(value: Any, path: KeyPath, problems: Problems) -> Any:
        if not isinstance(value, list | tuple):
            problems.add(
                path,
                "KA303",
                f"{described(value)} stands where a list is expected",
                "Write it as a list: '[…]' or lines with '- '.",
            )
            return value
        return [item(part, (*path, index), problems) for index, part in enumerate(value)]

    return shape


def mapping_of(item: Shape) -> Shape:
    """Return a shape for dicts with text keys whose values all have the given shape."""

    def shape(value: Any, path: KeyPath, problems: Problems) -> Any:
        if not isinstance(value, Mapping):
            problems.add(
                path, "KA303", f"{described(value)} stands where a mapping is expected", "Write it as keys and values."
            )
            return value
        for key in value:
            if not isinstance(key, str):
                problems.add(
                    (*path, str(key)), "KA303", f"{described(key)} stands where a name is expected", "Quote it."
                )
        return {str(key): item(part, (*path, str(key)), problems) for key, part in value.items()}

    return shape


def spec_of(find: Callable[[], type[Spec]]) -> Shape:
    """Return a shape for one specification class, found late because classes refer to each other."""
    return lambda value, path, problems: value if isinstance(value, Spec) else read(find(), value, path, problems)


def one_of(find: Callable[[], tuple[type[Spec], ...]], scalars: Shape | None, wanted: str) -> Shape:
    """Return a shape for a dict that the class having its one key takes, or for a scalar where `scalars` is given."""

    def shape(value: Any, path: KeyPath, problems: Problems) -> Any:
        if isinstance(value, Spec):
            return value
        if not isinstance(value, Mapping) and scalars is not None:
            return scalars(value, path, problems)
        classes = {_key(cls, attribute): cls for cls in find() for attribute in _attributes(cls)[:1]}
        key = next(iter(value)) if isinstance(value, Mapping) and len(value) == 1 else None
        if key in classes:
            return read(classes[key], value, path, problems)
        advice = f"Write {wanted}, or a mapping with one of the keys {', '.join(repr(name) for name in classes)}."
        problems.add(path, "KA303", f"{_with_keys(value)} stands where {wanted} is expected", advice)
        return value

    return shape


def anything(value: Any, _path: KeyPath, _problems: Problems) -> Any:
    """Shape of values that are taken as they are."""
    return value


text = of_type(str, wanted="a text")
flag = of_type(bool, wanted="true or false")
count = of_type(int, wanted="a whole number")
scalar = of_type(str, int, float, bool, wanted="a text, a number, true or false")
TypeName: TypeAlias = str | dict[str, Any] | list[Any] | None
type_name = of_type(str, dict, list, wanted="a type (a text, or a mapping with its properties)")


def _key(cls: type[Spec], attribute: dataclasses.Field[Any]) -> str:
    first, *rest = attribute.name.split("_")
    return cls.KEYS.get(attribute.name) or first + "".join(word.capitalize() for word in rest)


def _attributes(cls: type[Spec]) -> tuple[dataclasses.Field[Any], ...]:
    return tuple(attribute for attribute in dataclasses.fields(cls) if attribute.name in cls.SHAPES)


def _keys(cls: type[Spec]) -> str:
    return ", ".join(repr(_key(cls, attribute)) for attribute in _attributes(cls))


def _with_keys(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping with the keys " + ", ".join(repr(key) for key in value) if value else "an empty mapping"
    return described(value)
