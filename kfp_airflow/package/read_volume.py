"""Files that travel on a volume (D-31, DP-12), as a package tells of them: the way back from `volume`.

A package tells the folder into which the volume is mounted, and only for outputs that are used by value what the file
in it is called. KFP calls it `data` in all of its own folders.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from kfp_airflow.package.fields import Notes
from kfp_airflow.package.volume import SUBPATH_SUFFIX, VOLUME_NAME
from kfp_airflow.package.yaml_data import Block

FILE_NAME: Final = "data"
_FOLDER: Final = re.compile(r"(.*)\{\{workflow\.uid\}\}_\{\{pod\.name\}\}/.+", re.DOTALL)
_OF_AN_INPUT: Final = re.compile(r"\{\{inputs\.parameters\.[^{}]+" + SUBPATH_SUFFIX + r"\}\}")
_KFPS_FOLDERS: Final = ("/tmp/inputs/", "/tmp/outputs/")  # noqa: S108 - KFP's paths in a container
_NAME_IT: Final = "Let the program call the file 'data', or give the pipeline as a Python file."


def folder_entries(template: Block, what: str, notes: Notes) -> Iterator[Block]:
    """Yield the outputs of a template that say where on the volume another output lies."""
    outputs = notes.block(template, "outputs", what)
    for entry in notes.blocks(outputs, "parameters", f"{what}: outputs"):
        if "value" in entry and str(entry.get("name")).endswith(SUBPATH_SUFFIX):
            yield entry


def read_path_prefix(templates: Iterable[Block], notes: Notes) -> str | None:
    """Return the folder on the volume below which files lie, None where they do not travel on a volume."""
    prefix: str | None = None
    for template in templates:
        what = f"template '{template.get('name')}'"
        for entry in folder_entries(template, what, notes):
            match = _FOLDER.fullmatch(str(entry.get("value")))
            if match is None or (prefix is not None and match.group(1) != prefix):
                notes.feature(entry, what, f"the folder {entry.get('value')!r} on a volume for output files")
            else:
                prefix = match.group(1)
    return prefix


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeReader:
    """Reads what one template has on the volume."""

    template: Block
    what: str
    notes: Notes

    def _mounts(self) -> Iterator[Block]:
        container = self.notes.block(self.template, "container", self.what)
        for mount in self.notes.blocks(container, "volumeMounts", self.what):
            if mount.get("name") == VOLUME_NAME:
                yield mount

    def is_for_files(self, mount: Block) -> bool:
        """Tell whether a mount brings a file, and is none of the author's."""
        place = mount.get("subPath")
        if mount.get("name") != VOLUME_NAME or not isinstance(place, str):
            return False
        made = {entry.get("value") for entry in folder_entries(self.template, self.what, self.notes)}
        return place in made or _OF_AN_INPUT.fullmatch(place) is not None

    def inputs(self) -> Iterator[tuple[Block, str, str]]:
        """Yield the mount of every file that is taken, its path, and the placeholder of its folder."""
        for mount in self._mounts():
            place = mount.get("subPath")
            if isinstance(place, str) and _OF_AN_INPUT.fullmatch(place):
                yield mount, self.path(mount), place

    def outputs(self) -> Iterator[tuple[Block, Block]]:
        """Yield what says that an output lies on the volume, and its mount."""
        mounts = {mount.get("subPath"): mount for mount in self._mounts()}
        for entry in folder_entries(self.template, self.what, self.notes):
            name = str(entry.get("name")).removesuffix(SUBPATH_SUFFIX)
            if (mount := mounts.get(entry.get("value"))) is not None:
                yield entry, mount
            else:
                self.notes.feature(entry, self.what, f"a folder for output '{name}' that is not mounted")

    def path(self, mount: Block) -> str:
        """Return the path of the one file in a folder; a warning where its name is not KFP's own."""
        folder = self.notes.required(mount, "mountPath", f"{self.what}: a mount of the volume '{VOLUME_NAME}'")
        if not folder.startswith(_KFPS_FOLDERS):
            problem = (
                f"{self.what}: the package does not say what the file in {folder} is called: taken as '{FILE_NAME}'"
            )
            self.notes.note("KA408", mount, problem, _NAME_IT, severity="warning")
        return f"{folder.rstrip('/')}/{FILE_NAME}"
