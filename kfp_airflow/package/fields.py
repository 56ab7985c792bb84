"""Fields of a document that someone else wrote: read by type; what is wrong is noted, and reading goes on."""

from __future__ import annotations

from collections.abc import Iterable, Set
from typing import Final, Literal

from kfp_airflow.diagnostics import Diagnostic, PipelineError, Where
from kfp_airflow.package.yaml_data import Block, Data

MAX_PROBLEMS: Final = 100
_NOTHING: Final = Block()
_EMPTY: Final[tuple[Data, ...]] = (None, "", [], Block())


class Notes:
    """What is wrong with a package, gathered while it is read; `file` is what messages call it."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[Diagnostic] = []

    def where(self, block: Block) -> Where:
        """Return where an object begins."""
        return Where(self.file, block.line)

    def note(
        self, code: str, at: Block, problem: str, advice: str, *, severity: Literal["error", "warning"] = "error"
    ) -> None:
        """Note one problem, each once. Raises PipelineError with all of them when there are very many."""
        found = Diagnostic(code=code, where=self.where(at), problem=problem, advice=advice, severity=severity)
        if found not in self.found:
            self.found.append(found)
        if len(self.found) >= MAX_PROBLEMS:
            self.require_sound()

    def require_sound(self) -> None:
        """Raise PipelineError with every error noted so far, if there are any."""
        if errors := [found for found in self.found if found.severity == "error"]:
            raise PipelineError(errors)

    def shape(self, at: Block, what: str, wanted: str, found: Data) -> None:
        """Note a value of another shape than the one that it has to have."""
        shown = repr(found) if isinstance(found, bool | int | float | str) else _kind(found)
        shown = shown if len(shown) <= MAX_PROBLEMS else f"{shown[:MAX_PROBLEMS]}…"
        self.note("KA405", at, f"{what} is {shown}, not {wanted}", "Compile the pipeline again.")

    def block(self, parent: Block, key: str, what: str) -> Block:
        """Return the object under a key; an empty one where there is none."""
        found = parent.get(key)
        if isinstance(found, Block):
            return found
        if found is not None:
            self.shape(parent, f"{what}: '{key}'", "an object", found)
        return _NOTHING

    def listed(self, parent: Block, key: str, what: str) -> list[Data]:
        """Return the list under a key; an empty one where there is none."""
        found = parent.get(key)
        if isinstance(found, list):
            return found
        if found is not None:
            self.shape(parent, f"{what}: '{key}'", "a list", found)
        return []

    def blocks(self, parent: Block, key: str, what: str) -> list[Block]:
        """Return the objects listed under a key."""
        found = self.listed(parent, key, what)
        for item in found:
            if not isinstance(item, Block):
                self.shape(parent, f"{what}: an item of '{key}'", "an object", item)
        return [item for item in found if isinstance(item, Block)]

    def text(self, parent: Block, key: str, what: str) -> str | None:
        """Return the text under a key, of a number or truth value its spelling; None where there is none."""
        found = parent.get(key)
        if found is None or isinstance(found, str):
            return found
        if isinstance(found, list | Block):
            self.shape(parent, f"{what}: '{key}'", "a text", found)
            return None
        return spelled(found)

    def required(self, parent: Block, key: str, what: str) -> str:
        """Return the text under a key that has to be there; an empty one where it is not."""
        found = self.text(parent, key, what)
        if not found and (found is None or key == "name"):
            self.note("KA405", parent, f"{what} has no '{key}'", "Compile the pipeline again.")
        return found or ""

    def whole(self, parent: Block, key: str, what: str) -> int | None:
        """Return the whole number under a key, also where it is spelled as a text; None where there is none."""
        found = self.text(parent, key, what)
        if found is None:
            return None
        digits = found.removeprefix("-")
        if digits.isascii() and digits.isdigit() and len(digits) < len("1000000000"):
            return int(found)
        self.shape(parent, f"{what}: '{key}'", "a whole number", parent.get(key))
        return None

    def truth(self, parent: Block, key: str, what: str) -> bool:
        """Return the truth value under a key, also where it is spelled as a text; False where there is none."""
        found = (self.text(parent, key, what) or "false").lower()
        if found in {"true", "false"}:
            return found == "true"
        self.shape(parent, f"{what}: '{key}'", "true or false", parent.get(key))
        return False

    def only(self, block: Block, what: str, *known: Set[str]) -> None:
        """Note every field that KFP's compiler does not write: Argo would do something with it, and we would not.

        An empty one says nothing: workflows that were taken from a cluster have many of them.
        """
        unknown = block.keys() - frozenset().union(*known) if len(known) > 1 else block.keys() - known[0]
        for key in sorted(unknown):
            if block[key] not in _EMPTY:
                self.feature(block, what, f"'{key}'")

    def feature(self, at: Block, what: str, feature: str) -> None:
        """Note a part of Argo that no compiler of KFP v1 uses."""
        self.note(
            "KA406",
            at,
            f"{what} uses {feature}, which is Argo's and which KFP's compiler does not write",
            "Packages of KFP SDK 0.2 to 1.8 are read; write this part of the pipeline in Python.",
        )


def spelled(value: bool | float) -> str:  # noqa: FBT001 - any scalar of a document
    """Return a number or truth value as the text that Argo would make of it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def by_name(entries: Iterable[Block]) -> dict[str, Block]:
    """Return objects by the texts under their `name`; of two with one name the last."""
    return {name: entry for entry in entries if isinstance(name := entry.get("name"), str)}


def _kind(found: Data) -> str:
    return "a list" if isinstance(found, list) else "an object" if isinstance(found, Block) else "nothing"
