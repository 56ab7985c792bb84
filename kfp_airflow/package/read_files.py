"""Files of a template: what a step takes in and gives out, under the names that their author gave them (N-05, N-07)."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from kfp_airflow.graph.model import METRICS_OUTPUT, UI_METADATA_OUTPUT, InputFile, OutputFile
from kfp_airflow.graph.text import OutputRef, Text, Tree, tree
from kfp_airflow.package.fields import Notes
from kfp_airflow.package.names import PREFIX, argument_name, template_name, unique
from kfp_airflow.package.read_volume import VolumeReader, folder_entries
from kfp_airflow.package.volume import SUBPATH_SUFFIX
from kfp_airflow.package.yaml_data import Block

_SHARED: Final = 1 << 16
ANNOTATIONS: Final = {
    name: f"{PREFIX}{name}"
    for name in (
        "component_spec",
        "component_ref",
        "arguments.parameters",
        "task_display_name",
        "max_cache_staleness",
    )
}
_STORED: Final = frozenset(("name", "path", "optional", "archive", "s3", "globalName"))
_INPUT_FIELDS: Final = frozenset(("name", "path", "raw"))
_OF_ADDRESS: Final = "-producer-pod-id-"
_CONVENTION: Final = re.compile(r"/tmp/inputs/([^/]+)/data")  # noqa: S108 - KFP's path in a container


def output_names(template: Block) -> dict[str, str]:
    """Return the names of a step's outputs, as the workflow spells them, with their short forms (N-07)."""
    spec = _component_outputs(template)
    prefix = f"{template_name(str(template.get('name')))}-"
    names: dict[str, str] = {}
    for entry in _output_entries(template):
        name = str(entry.get("name"))
        full = name.removesuffix(SUBPATH_SUFFIX) if "value" in entry else name
        short = full if full in {METRICS_OUTPUT, UI_METADATA_OUTPUT} else full.removeprefix(prefix)
        names[name] = f"{spec[short].get('name') if short in spec else short}{name.removeprefix(full)}"
    return names


def _output_entries(template: Block) -> list[Block]:
    outputs = template.get("outputs")
    if not isinstance(outputs, Block):
        return []
    listed = [outputs.get(kind) for kind in ("artifacts", "parameters")]
    return [entry for entries in listed if isinstance(entries, list) for entry in entries if isinstance(entry, Block)]


def _component_outputs(template: Block) -> dict[str, dict[str, object]]:
    return _listed(component_spec(template), "outputs")


def component_spec(template: Block) -> object:
    """Return the specification of the component that a template was made from, None where there is none (O-12)."""
    metadata = template.get("metadata")
    annotations = metadata.get("annotations") if isinstance(metadata, Block) else None
    return json_data(annotations.get(ANNOTATIONS["component_spec"])) if isinstance(annotations, Block) else None


def _listed(spec: object, side: str) -> dict[str, dict[str, object]]:
    """Return inputs or outputs of a component's specification, by their names in packages."""
    entries = spec.get(side) if isinstance(spec, dict) else None
    return {
        argument_name(entry["name"]): entry
        for entry in (entries if isinstance(entries, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("name"), str)
    }


def json_data(content: object) -> object:
    """Return what a text of JSON holds, None for everything else; it is shared, and not to be changed.

    Thousands of steps are made from one component, each with its specification.
    """
    if not isinstance(content, str):
        return None
    return _parsed_once(content) if len(content) <= _SHARED else _parsed(content)


def json_tree(content: object) -> Tree:
    """Return what a text of JSON holds as a frozen tree, None for everything else."""
    return _tree_once(content) if isinstance(content, str) and len(content) <= _SHARED else tree(json_data(content))


def _parsed(content: str) -> object:
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return found


@lru_cache(maxsize=256)
def _parsed_once(content: str) -> object:
    return _parsed(content)


@lru_cache(maxsize=256)
def _tree_once(content: str) -> Tree:
    return tree(_parsed_once(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class FileReader:
    """Reads the files of one template; `text` reads a text in its frame, `spec` is that of its component, if any."""

    template: Block
    what: str
    spec: object
    text: Callable[[str], Text]
    notes: Notes

    def inputs(self) -> tuple[InputFile, ...]:
        """Return the files that are put into place before the step runs."""
        found: list[InputFile] = []
        declared = self.notes.block(self.template, "inputs", self.what)
        for entry in self.notes.blocks(declared, "artifacts", f"{self.what}: inputs"):
            what = f"{self.what}: input file '{entry.get('name')}'"
            self.notes.only(entry, what, _INPUT_FIELDS)
            name = self.notes.required(entry, "name", f"{self.what}: an input file")
            path = self.notes.required(entry, "path", what)
            names = {item.name for item in found}
            found.append(
                InputFile(name=unique(self._input_name(name, path), names), path=path, source=self._source_of(entry))
            )
        for mount, path, folder in self._volume.inputs():
            made = self.text(folder).sole_output
            if made is None or not made.output.endswith(SUBPATH_SUFFIX):
                self.notes.feature(mount, self.what, "a folder on a volume that is no step's output")
                continue
            source = OutputRef(made.step, made.output.removesuffix(SUBPATH_SUFFIX))
            name = unique(self._input_name(source.output, path), {item.name for item in found})
            found.append(InputFile(name=name, path=path, source=Text((source,))))
        return tuple(found)

    @property
    def _volume(self) -> VolumeReader:
        return VolumeReader(template=self.template, what=self.what, notes=self.notes)

    def _source_of(self, entry: Block) -> Text:
        if "raw" in entry:
            raw = self.notes.block(entry, "raw", self.what)
            return self.text(self.notes.text(raw, "data", f"{self.what}: raw") or "")
        return self.text(f"{{{{inputs.artifacts.{entry.get('name')}}}}}")

    def _input_name(self, name: str, path: str) -> str:
        """Return what the author called a file input: its component's name for it, or the one in KFP's own path."""
        convention = _CONVENTION.fullmatch(path)
        if convention is None:
            return name
        for spelled_name, entry in _listed(self.spec, "inputs").items():
            if re.sub(r"[^-_.0-9a-zA-Z]+", "_", str(entry["name"])) == convention.group(1):
                return str(entry["name"]) if spelled_name else name
        return convention.group(1) if argument_name(convention.group(1)) == convention.group(1) else name

    def outputs(self) -> tuple[OutputFile, ...]:
        """Return the files that the step has to write, each once, whether taken as a file or by value (DP-04)."""
        names, spec = output_names(self.template), _component_outputs(self.template)
        prefix = f"{template_name(str(self.template.get('name')))}-"
        types = {str(entry.get("name")): entry.get("type") for entry in spec.values()}
        outputs = self.notes.block(self.template, "outputs", self.what)
        self.notes.only(outputs, f"{self.what}: outputs", {"artifacts", "parameters"})
        found: dict[str, OutputFile] = {}
        on_volume = list(folder_entries(self.template, self.what, self.notes))
        for kind in ("artifacts", "parameters"):
            for entry in self.notes.blocks(outputs, kind, f"{self.what}: outputs"):
                if "value" in entry and entry in on_volume:
                    continue
                name = self.notes.required(entry, "name", f"{self.what}: an output")
                if name.endswith(_OF_ADDRESS):
                    problem = f"{self.what}: output '{name}' is part of the address of a file (outputUri), of SDK 1.2"
                    self.notes.note("KA406", entry, problem, "Hand files on by outputPath and inputPath.")
                    continue
                path = self._output_path(entry, kind)
                short = names.get(name, name)
                if short in found and found[short].path != path:
                    other = f"the path of output '{name}' is {found[short].path!r} and {path!r}"
                    self.notes.note("KA405", entry, f"{self.what}: {other}", "Compile the pipeline again.")
                elif short not in found:
                    output = OutputFile(name=short, path=path)
                    to_be_seen = not output.optional and not name.startswith(prefix)
                    kind_of_data = None if output.optional else tree(types.get(short))
                    found[short] = OutputFile(name=short, path=path, type=kind_of_data, to_be_seen=to_be_seen)
        lying: dict[str, OutputFile] = {}
        for entry, mount in self._volume.outputs():
            short = names[str(entry.get("name"))].removesuffix(SUBPATH_SUFFIX)
            known = found.get(short)
            path = known.path if known else self._volume.path(mount)
            lying[short] = known or OutputFile(name=short, path=path, type=tree(types.get(short)))
        return tuple((lying | found).values())

    def _output_path(self, entry: Block, kind: str) -> str:
        what = f"{self.what}: output '{entry.get('name')}'"
        if kind == "artifacts":
            self.notes.only(entry, what, _STORED)
            return self.notes.required(entry, "path", what)
        self.notes.only(entry, what, {"name", "valueFrom", "globalName"})
        source = self.notes.block(entry, "valueFrom", what)
        self.notes.only(source, what, {"path"})
        return self.notes.required(source, "path", what)

    def attributes(self) -> tuple[tuple[str, Text], ...]:
        """Return the outputs of a resource: names and kubectl jsonpaths (D-13)."""
        names = output_names(self.template)
        outputs = self.notes.block(self.template, "outputs", self.what)
        self.notes.only(outputs, f"{self.what}: outputs", {"parameters"})
        found: dict[str, Text] = {}
        for entry in self.notes.blocks(outputs, "parameters", f"{self.what}: outputs"):
            name = self.notes.required(entry, "name", f"{self.what}: an output")
            what = f"{self.what}: output '{name}'"
            source = self.notes.block(entry, "valueFrom", what)
            self.notes.only(source, what, {"jsonPath"})
            found[names.get(name, name)] = self.text(self.notes.required(source, "jsonPath", what))
        return tuple(found.items())
