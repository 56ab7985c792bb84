"""A template that runs something becomes a step: what KFP's compiler wrote of a `ContainerOp` or a `ResourceOp`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, get_args

from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.graph.model import (
    Caching,
    Component,
    Container,
    ContainerStep,
    PodOptions,
    ResourceAction,
    ResourceStep,
    Retry,
    RetryPolicy,
    Step,
)
from kfp_airflow.graph.text import EMPTY, EMPTY_STRUCT, Struct, Switch, Text, Tree, text, tree
from kfp_airflow.package.fields import Notes, spelled
from kfp_airflow.package.names import PREFIX, template_name
from kfp_airflow.package.placeholders import Frame, read_text
from kfp_airflow.package.read_files import ANNOTATIONS, FileReader, component_spec, json_data, json_tree
from kfp_airflow.package.read_volume import VolumeReader
from kfp_airflow.package.yaml_data import Block, Data, read_yaml

STEP_FIELDS: Final = frozenset(
    (
        "activeDeadlineSeconds",
        "affinity",
        "container",
        "initContainers",
        "inputs",
        "metadata",
        "name",
        "nodeSelector",
        "outputs",
        "podSpecPatch",
        "resource",
        "retryStrategy",
        "sidecars",
        "tolerations",
        "volumes",
    )
)
WITHOUT_EFFECT: Final = frozenset(("archiveLocation",))
"""Fields of templates that say where Argo keeps logs and files, which is ours to decide."""

_OWN_LABELS: Final = (f"{PREFIX}kfp_sdk_version", f"{PREFIX}enable_caching")
_SDK_TYPE: Final = f"{PREFIX}pipeline-sdk-type"
_NOT_OPTIONS: Final = frozenset(("image", "command", "args", "name", "mirrorVolumeMounts"))
_NUMBERED: Final = re.compile(r"-\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSource:
    """A template to be read as the step `id`, and what its placeholders stand for."""

    id: str
    template: Block
    frame: Frame
    volumes: Mapping[str, Block]
    """Volumes of the whole workflow, by name, with the placeholders of `root`: SDK 0.1 put those of all steps there."""
    root: Frame

    @property
    def what(self) -> str:
        """Return what messages call the template."""
        return f"template '{self.template.get('name')}'"


def read_step(source: StepSource, notes: Notes) -> Step:
    """Return the step of a template; what is wrong with it is noted."""
    return _StepReader(source, notes).step()


class _StepReader:
    """Reads one template; its texts are those of the template's own frame."""

    def __init__(self, source: StepSource, notes: Notes) -> None:
        self._source = source
        self._template = source.template
        self._frame = source.frame
        self._notes = notes
        self._what = source.what
        metadata = notes.block(source.template, "metadata", self._what)
        self._annotations = notes.block(metadata, "annotations", self._what)
        self._labels = notes.block(metadata, "labels", self._what)
        self._spec = component_spec(source.template)
        self._files = FileReader(
            template=source.template, what=self._what, spec=self._spec, text=self._text, notes=notes
        )
        notes.only(metadata, f"{self._what}: metadata", {"annotations", "labels"})
        notes.only(source.template, self._what, STEP_FIELDS, WITHOUT_EFFECT)

    def step(self) -> Step:
        return self._resource_step() if "resource" in self._template else self._container_step()

    def _container_step(self) -> ContainerStep:
        main = self._notes.block(self._template, "container", self._what)
        patched = self._patched()
        return ContainerStep(
            id=self._source.id,
            name=self._name(),
            container=self._container(main, is_main=True, patched=patched),
            inputs=self._files.inputs(),
            outputs=self._files.outputs(),
            pod=self._pod(patched),
            display_name=self._display_name(),
            retry=self._retry(),
            timeout_s=self._notes.whole(self._template, "activeDeadlineSeconds", self._what),
            caching=self._caching(),
            component=self._component(),
            where=self._notes.where(self._template),
        )

    def _resource_step(self) -> ResourceStep:
        resource = self._notes.block(self._template, "resource", self._what)
        self._notes.only(resource, f"{self._what}: resource", _RESOURCE_FIELDS)
        action = self._notes.required(resource, "action", f"{self._what}: resource")
        if action not in get_args(ResourceAction):
            wanted = f"one of {', '.join(get_args(ResourceAction))}"
            self._notes.shape(resource, f"{self._what}: 'action'", wanted, action)
        return ResourceStep(
            id=self._source.id,
            name=self._name(),
            action=action,  # type: ignore[arg-type] # noted above where it is another
            manifest=self._manifest(resource),
            merge_strategy=self._notes.text(resource, "mergeStrategy", self._what),
            success_condition=self._optional(resource, "successCondition"),
            failure_condition=self._optional(resource, "failureCondition"),
            set_owner_reference=self._notes.truth(resource, "setOwnerReference", self._what),
            flags=self._texts(resource, "flags", f"{self._what}: resource"),
            attributes=self._files.attributes(),
            pod=self._pod(self._patched()),
            display_name=self._display_name(),
            retry=self._retry(),
            timeout_s=self._notes.whole(self._template, "activeDeadlineSeconds", self._what),
            caching=self._caching(),
            where=self._notes.where(self._template),
        )

    def _optional(self, block: Block, key: str) -> Text | None:
        """Return the text under a key, None where there is none."""
        found = self._notes.text(block, key, self._what)
        return None if found is None else self._text(found)

    def _text(self, content: str) -> Text:
        def note(problem: str) -> None:
            self._notes.note("KA407", self._template, f"{self._what}: {problem}", _UNRESOLVED)

        return read_text(content, self._frame, note)

    def _tree(self, data: object) -> Tree:
        return tree(data, self._text)

    def _struct(self, block: Block, what: str) -> Struct:
        """Return an object of texts: labels, annotations, selectors."""
        for key, value in block.items():
            if isinstance(value, list | Block):
                self._notes.shape(block, f"{self._what}: {what} '{key}'", "a text", value)
        return Struct(tuple((self._text(key), self._text(_as_text(value))) for key, value in block.items()))

    def _name(self) -> str:
        """Return what the author called the op: its component's name where its id is made of that, else the id."""
        template = str(self._template.get("name") or self._source.id)
        named = self._spec.get("name") if isinstance(self._spec, dict) else None
        if not isinstance(named, str) or ANNOTATIONS["component_ref"] not in self._annotations:
            return self._source.id
        return named if template_name(named) in {template, _NUMBERED.sub("", template)} else self._source.id

    def _container(self, block: Block, *, is_main: bool, patched: Block | None = None) -> Container:
        what = f"{self._what}: container '{block.get('name') or 'main'}'"
        commands = {key: self._texts(block, key, what) for key in ("command", "args")}
        options: dict[str, object] = {key: value for key, value in block.items() if key not in _NOT_OPTIONS}
        if is_main and (mounts := self._own_mounts(block)) is not None:
            options["volumeMounts"] = mounts
            if not mounts:
                del options["volumeMounts"]
        if patched:
            options["resources"] = _merged(block.get("resources"), patched)
        return Container(
            image=self._text(self._notes.text(block, "image", what) or ""),
            command=commands["command"] or None,
            args=commands["args"],
            options=Struct(tuple((text(key), self._option(key, value)) for key, value in options.items())),
            name=EMPTY if is_main else self._text(self._notes.text(block, "name", what) or ""),
            mirror_volume_mounts=self._mirrors(block, what),
        )

    def _own_mounts(self, block: Block) -> list[Data] | None:
        """Return the mounts that are the author's, where there are others; None where all are."""
        mounts = self._notes.listed(block, "volumeMounts", self._what)
        volume = VolumeReader(template=self._template, what=self._what, notes=self._notes)
        own = [mount for mount in mounts if not (isinstance(mount, Block) and volume.is_for_files(mount))]
        return None if len(own) == len(mounts) else own

    def _texts(self, block: Block, key: str, what: str) -> tuple[Text, ...]:
        for item in (listed := self._notes.listed(block, key, what)):
            if isinstance(item, list | Block):
                self._notes.shape(block, f"{what}: an item of '{key}'", "a text", item)
        return tuple(self._text(_as_text(item)) for item in listed)

    def _option(self, key: str, value: object) -> Tree:
        if key == "env" and isinstance(value, list):
            value = [_with_text_value(variable) if isinstance(variable, Block) else variable for variable in value]
        return self._tree(value)

    def _pod(self, patched: Block) -> PodOptions:
        block, notes, what = self._template, self._notes, self._what
        selector = Block(block.line)
        selector.update(notes.block(block, "nodeSelector", what))
        selector.update(notes.block(patched, "nodeSelector", what))
        kept = {key: value for key, value in self._annotations.items() if key not in self._read_annotations()}
        labels = {key: value for key, value in self._labels.items() if key not in _OWN_LABELS}
        if labels.get(_SDK_TYPE) == "kfp":
            del labels[_SDK_TYPE]
        return PodOptions(
            init_containers=self._containers("initContainers"),
            sidecars=self._containers("sidecars"),
            volumes=(*map(self._tree, notes.listed(block, "volumes", what)), *self._workflow_volumes()),
            tolerations=tuple(map(self._tree, notes.listed(block, "tolerations", what))),
            affinity=self._tree(notes.block(block, "affinity", what)) if block.get("affinity") else None,
            node_selector=self._struct(selector, "nodeSelector"),
            annotations=self._struct(_block(kept, self._annotations), "annotation"),
            labels=self._struct(_block(labels, self._labels), "label"),
        )

    def _containers(self, key: str) -> tuple[Container, ...]:
        return tuple(
            self._container(item, is_main=False) for item in self._notes.blocks(self._template, key, self._what)
        )

    def _workflow_volumes(self) -> Iterable[Tree]:
        """Yield the volumes of the whole workflow that this step mounts and does not declare itself."""
        if not self._source.volumes:
            return
        own = {entry.get("name") for entry in self._notes.blocks(self._template, "volumes", self._what)}
        mounted = {entry.get("name") for entry in self._mounts()}
        for name, volume in self._source.volumes.items():
            if name in mounted - own:
                yield tree(volume, lambda content: read_text(content, self._source.root, self._note_volume))

    def _note_volume(self, problem: str) -> None:
        self._notes.note("KA407", self._template, f"a volume of {self._what}: {problem}", _UNRESOLVED)

    def _mounts(self) -> Iterable[Block]:
        main = self._notes.block(self._template, "container", self._what)
        others = [
            container
            for key in ("initContainers", "sidecars")
            for container in self._notes.blocks(self._template, key, self._what)
        ]
        for container in (main, *others):
            yield from self._notes.blocks(container, "volumeMounts", self._what)

    def _patched(self) -> Block:
        """Return what is patched into the pod at run time: `resources` of the main container, and `nodeSelector`."""
        found = Block(self._template.line)
        patch = self._notes.text(self._template, "podSpecPatch", self._what)
        if patch is None:
            return found
        data = json_data(patch)
        if not isinstance(data, dict):
            self._notes.feature(self._template, self._what, "a 'podSpecPatch' that is no JSON object")
            return found
        main = _main_of(data.get("containers"))
        if set(data) - {"containers", "nodeSelector"} or main is None or set(main) - {"name", "resources"}:
            self._notes.feature(self._template, self._what, "'podSpecPatch' for more than amounts and node selectors")
            return found
        found["resources"] = _as_block(main.get("resources"))
        found["nodeSelector"] = _as_block(data.get("nodeSelector"))
        return found

    def _manifest(self, resource: Block) -> Tree:
        manifest = self._notes.required(resource, "manifest", f"{self._what}: resource")
        if not manifest:
            return None
        try:
            return self._tree(read_yaml(manifest.encode(), self._notes.file, first_line=resource.line))
        except PipelineError as error:
            problem = f"{self._what}: the manifest in it: {error.diagnostics[0].problem}"
            self._notes.note("KA405", resource, problem, "Put placeholders into quotes in it.")
            return None

    def _display_name(self) -> Text | None:
        name = self._notes.text(self._annotations, ANNOTATIONS["task_display_name"], self._what)
        return self._text(name) if name else None

    def _mirrors(self, block: Block, what: str) -> Switch:
        content = self._text(self._notes.text(block, "mirrorVolumeMounts", what) or "")
        return content if content.references else self._notes.truth(block, "mirrorVolumeMounts", what)

    def _caching(self) -> Caching:
        label = self._notes.text(self._labels, f"{PREFIX}enable_caching", self._what)
        staleness = self._notes.text(self._annotations, ANNOTATIONS["max_cache_staleness"], self._what)
        enabled = self._text(label or "true")
        is_on = (enabled.constant or "").lower() != "false"
        return Caching(enabled=enabled if enabled.references else is_on, max_staleness=staleness)

    def _read_annotations(self) -> set[str]:
        """Return the annotations that become something else of the step."""
        read = {ANNOTATIONS["task_display_name"], ANNOTATIONS["max_cache_staleness"]}
        if "resource" in self._template:
            return read
        return read | {key for key in ANNOTATIONS.values() if json_data(self._annotations.get(key)) is not None}

    def _component(self) -> Component | None:
        annotations = {name: self._annotations.get(key) for name, key in ANNOTATIONS.items()}
        spec, ref = json_tree(annotations["component_spec"]), json_tree(annotations["component_ref"])
        arguments = json_data(annotations["arguments.parameters"])
        if spec is None and ref is None and arguments is None:
            return None
        handed = tree(arguments, self._text) if isinstance(arguments, dict) else EMPTY_STRUCT
        return Component(spec=spec, ref=ref, arguments=handed if isinstance(handed, Struct) else EMPTY_STRUCT)

    def _retry(self) -> Retry | None:
        if "retryStrategy" not in self._template:
            return None
        block = self._notes.block(self._template, "retryStrategy", self._what)
        what = f"{self._what}: retryStrategy"
        self._notes.only(block, what, {"limit", "retryPolicy", "backoff"})
        backoff = self._notes.block(block, "backoff", what)
        self._notes.only(backoff, what, {"duration", "factor", "maxDuration"})
        limit = self._notes.text(block, "limit", what)
        policy = self._notes.text(block, "retryPolicy", what)
        if policy is not None and policy not in get_args(RetryPolicy):
            self._notes.shape(block, f"{what}: 'retryPolicy'", f"one of {', '.join(get_args(RetryPolicy))}", policy)
        return Retry(
            limit=None if limit is None else self._text(limit),
            policy=policy,  # type: ignore[arg-type] # noted above where it is another
            backoff_duration=self._notes.text(backoff, "duration", what),
            backoff_factor=self._factor(backoff, what),
            backoff_max_duration=self._notes.text(backoff, "maxDuration", what),
        )

    def _factor(self, backoff: Block, what: str) -> float | None:
        factor = backoff.get("factor")
        if factor is None or (isinstance(factor, int | float) and not isinstance(factor, bool)):
            return factor
        if isinstance(factor, str) and re.fullmatch(r"\d{1,9}(\.\d{1,9})?", factor):
            return float(factor)
        self._notes.shape(backoff, f"{what}: 'factor'", "a number", factor)
        return None


_RESOURCE_FIELDS: Final = frozenset(
    ("action", "mergeStrategy", "successCondition", "failureCondition", "setOwnerReference", "flags", "manifest")
)
_UNRESOLVED: Final = "Compile the pipeline again; Argo would refuse this package, too."


def _as_text(value: Data) -> str:
    """Return a scalar as text; objects and lists, which are noted elsewhere, as nothing."""
    if isinstance(value, str):
        return value
    return spelled(value) if isinstance(value, bool | int | float) else ""


def _with_text_value(variable: Block) -> Block:
    """Return an environment variable with its value as a text: Kubernetes takes no numbers there."""
    value = variable.get("value")
    if value is None or isinstance(value, str | list | Block):
        return variable
    return _block({**variable, "value": spelled(value)}, variable)


def _merged(fixed: Data, patched: Block) -> Block:
    """Return resources with the amounts that are known at run time among the others."""
    merged = Block(patched.line)
    sources = [source for source in (fixed, patched.get("resources")) if isinstance(source, Block)]
    for source in sources:
        for kind, amounts in source.items():
            kept = merged.get(kind)
            both = _block(kept if isinstance(kept, Block) else {}, patched)
            both.update(amounts if isinstance(amounts, Block) else {})
            merged[kind] = both if isinstance(amounts, Block) else amounts
    return merged


def _main_of(containers: object) -> dict[str, object] | None:
    """Return the entry of the main container in a patch, an empty one where there is none; None for anything else."""
    if containers is None:
        return {}
    if isinstance(containers, list) and len(containers) == 1 and isinstance(containers[0], dict):
        return containers[0] if containers[0].get("name") == "main" else None
    return None


def _as_block(value: object) -> Block | None:
    """Return a JSON object as one of a document."""
    if not isinstance(value, dict):
        return None
    return _block({key: _as_block(item) if isinstance(item, dict) else item for key, item in value.items()}, Block())


def _block(entries: Mapping[str, Data], like: Block) -> Block:
    found = Block(like.line)
    found.update(entries)
    return found
