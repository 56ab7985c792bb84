"""What one step becomes in a package: a template that says what runs, and a task that hands it its inputs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, cast

from kfp_airflow.graph.model import (
    PLAIN_POD,
    Component,
    Container,
    ContainerStep,
    InputFile,
    OutputFile,
    PodOptions,
    ResourceStep,
    Retry,
    Step,
)
from kfp_airflow.graph.sdk import SDK_VERSION
from kfp_airflow.graph.text import (
    EMPTY_STRUCT,
    Json,
    OutputRef,
    ParameterRef,
    Reference,
    RunRef,
    Struct,
    Switch,
    Text,
    Tree,
    resolve_tree,
)
from kfp_airflow.package.names import PREFIX, argument_name, template_name, unique
from kfp_airflow.package.scopes import Fields, Flow, Scope, run_placeholder, workflow_placeholder
from kfp_airflow.package.volume import folder_name, folder_on_volume, folder_ref, lies_on_volume, mount
from kfp_airflow.package.yaml_text import yaml_text

MAIN: Final = "main"


@dataclass(slots=True)
class StepInputs:
    """What a step's template takes, noted while its texts are written: a call turns a reference into a placeholder."""

    step: Step
    flow: Flow
    scope: Scope
    values: dict[str, str] = field(default_factory=dict)
    files: dict[str, Fields] = field(default_factory=dict)
    declared_files: list[Fields] = field(default_factory=list)
    mounts: list[Json] = field(default_factory=list)

    def __call__(self, found: Reference) -> str:
        """Return the placeholder of a value within the step's template, and note that the step takes it."""
        ref = self.flow.settled(found)
        if isinstance(ref, RunRef):
            return run_placeholder(ref)
        if isinstance(ref, ParameterRef) and ref.spelled_out:
            return workflow_placeholder(ref)
        name = self.flow.name(ref)
        self.values[name] = self.flow.value(self.scope, ref)
        self._order(ref)
        return f"{{{{inputs.parameters.{name}}}}}"

    def add_file(self, file: InputFile) -> None:
        """Note an input file: the bytes of a sole reference, else a text with the values in it (DP-03, DP-09)."""
        if self.flow.volume_passing and file.source.sole_output:
            self.mounts.append(mount(file.path, self(folder_ref(file.source.sole_output)), read_only=True))
            return
        sole = file.source.parts[0] if len(file.source.parts) == 1 else ""
        sole = sole if isinstance(sole, str) else self.flow.settled(sole)
        names = {str(declared["name"]) for declared in self.declared_files}
        if isinstance(sole, str | RunRef) or (isinstance(sole, ParameterRef) and sole.spelled_out):
            name = unique(argument_name(file.name) or "input", names)
            self.declared_files.append({"name": name, "path": file.path, "raw": {"data": file.source.resolve(self)}})
            return
        # A name may be taken only once in a template, even where one output is mounted at two paths.
        name = unique(self.flow.name(sole), names)
        self.files[name] = self.flow.file(self.scope, sole)
        self.declared_files.append({"name": name, "path": file.path})
        self._order(sole)

    def _order(self, ref: Reference) -> None:
        if isinstance(ref, OutputRef):
            self.flow.depend(self.step.id, ref.step)

    def declaration(self) -> Fields:
        """Return the `inputs` of the template, empty where it takes none."""
        return without_empty(
            {"parameters": [{"name": name} for name in sorted(self.values)], "artifacts": list(self.declared_files)}
        )


def step_template(step: Step, flow: Flow, scope: Scope, *, pull_policy: str | None = None) -> tuple[Fields, StepInputs]:
    """Return the template of a step, its outputs left out (`step_outputs`), and what a task has to hand to it.

    `pull_policy` is for a main container that has none of its own (P-07).
    """
    inputs = StepInputs(step, flow, scope)
    body: Fields = (
        {"container": _main_container(step, inputs, pull_policy)}
        if isinstance(step, ContainerStep)
        else {"resource": _resource(step, inputs), "outputs": _attributes(step, flow, inputs)}
    )
    patch = _run_time_patch(step, inputs)
    rest = without_empty(
        {
            **({} if step.pod == PLAIN_POD else _pod(step.pod, inputs)),
            "metadata": _metadata(step, inputs),
            "retryStrategy": _retry(step.retry, inputs),
            "activeDeadlineSeconds": step.timeout_s,
            "podSpecPatch": json.dumps(patch) if patch else None,
        }
    )
    if isinstance(step, ContainerStep):
        for file in step.inputs:
            inputs.add_file(file)
        mounts = [*inputs.mounts, *_mounts_of_outputs(step, flow)]
        if mounts:
            body["container"] = _with_mounts(body["container"], mounts)
    return {"name": flow.names[step.id], **body, **without_empty({"inputs": inputs.declaration()}), **rest}, inputs


def step_outputs(step: Step, flow: Flow) -> Fields:
    """Return the `outputs` of a step: artifacts, and parameters too where their text is used (DP-04, DP-08).

    A resource's are in its template already: their paths may take inputs.
    """
    if isinstance(step, ResourceStep):
        return {}
    used = [output for output in step.outputs if flow.is_used_by_value(OutputRef(step.id, output.name))]
    parameters: list[Json] = [
        {"name": _output_name(step, output), "valueFrom": {"path": output.path}} for output in used
    ]
    artifacts: list[Json] = [
        {"name": _output_name(step, output), "path": output.path}
        for output in step.outputs
        if flow.volume_passing is None or output.optional
    ]
    folders: list[Json] = [{"name": folder_name(name), "value": folder} for name, folder, _ in _folders(step, flow)]
    return without_empty({"parameters": [*parameters, *folders], "artifacts": artifacts})


def _folders(step: ContainerStep, flow: Flow) -> Iterator[tuple[str, str, str]]:
    """Yield name, folder on the volume and path of every output, the optional ones first; nothing without a volume."""
    passing = flow.volume_passing
    if passing is None:
        return
    for output in sorted(step.outputs, key=lambda output: not output.optional):
        if lies_on_volume(output):
            name = _output_name(step, output)
            yield name, folder_on_volume(passing, name), output.path


def _mounts_of_outputs(step: ContainerStep, flow: Flow) -> list[Json]:
    return [mount(path, folder, read_only=False) for _, folder, path in _folders(step, flow)]


def _with_mounts(container: Json, mounts: list[Json]) -> Json:
    fields = container if isinstance(container, dict) else {}
    own = fields.get("volumeMounts")
    return {**fields, "volumeMounts": [*(own if isinstance(own, list) else ()), *mounts]}


def _output_name(step: ContainerStep, output: OutputFile) -> str:
    if output.optional or output.to_be_seen:
        return output.name
    return f"{template_name(step.id)}-{argument_name(output.name)}"


def _main_container(step: ContainerStep, inputs: StepInputs, pull_policy: str | None) -> Fields:
    container = _container(step.container, inputs)
    resources = step.container.options.get("resources")
    if isinstance(resources, Struct):
        fixed = {kind.resolve(inputs): resolve_tree(_split(amounts)[0], inputs) for kind, amounts in resources.entries}
        container["resources"] = without_empty(fixed)
    if pull_policy and "imagePullPolicy" not in container:
        container["imagePullPolicy"] = pull_policy
    return without_empty(container)


def _container(container: Container, inputs: StepInputs) -> Fields:
    fields: Fields = {
        "name": container.name.resolve(inputs) or None,
        "image": container.image.resolve(inputs),
        "command": [part.resolve(inputs) for part in container.command or ()],
        "args": [part.resolve(inputs) for part in container.args],
        "mirrorVolumeMounts": _switch(container.mirror_volume_mounts, inputs) or None,
    }
    options = resolve_tree(_without_patched(container), inputs)
    return without_empty(fields) | (options if isinstance(options, dict) else {})


def _without_patched(container: Container) -> Struct:
    """Leave the main container's resources to `_main_container` and `_run_time_patch`."""
    if container.name.parts or not container.options.entries:
        return container.options
    return Struct(tuple(entry for entry in container.options.entries if entry[0].constant != "resources"))


def _split(tree: Tree) -> tuple[Struct, Struct]:
    """Return the entries of an object that are known now, and those with a reference in key or value."""
    if not isinstance(tree, Struct) or not tree.entries:
        return EMPTY_STRUCT, EMPTY_STRUCT
    known = tuple(entry for entry in tree.entries if not _has_references(entry))
    return Struct(known), Struct(tuple(entry for entry in tree.entries if _has_references(entry)))


def _has_references(entry: tuple[Text, Tree]) -> bool:
    return any(isinstance(content, Text) and content.references for content in entry)


def _run_time_patch(step: Step, inputs: StepInputs) -> Fields:
    """Return what Argo patches into the pod: selectors and amounts that are known at run time only (B-06, §1.4.3)."""
    patch: Fields = {"nodeSelector": resolve_tree(_split(step.pod.node_selector)[1], inputs)}
    if isinstance(step, ContainerStep):
        resources = step.container.options.get("resources")
        amounts = {
            kind.resolve(inputs): resolve_tree(_split(listed)[1], inputs)
            for kind, listed in (resources.entries if isinstance(resources, Struct) else ())
        }
        if any(amounts.values()):
            patch["containers"] = [{"name": MAIN, "resources": without_empty(amounts)}]
    return without_empty(patch)


def _pod(pod: PodOptions, inputs: StepInputs) -> Fields:
    volumes = [resolve_tree(volume, inputs) for volume in pod.volumes]
    return {
        "nodeSelector": resolve_tree(_split(pod.node_selector)[0], inputs),
        "tolerations": [resolve_tree(toleration, inputs) for toleration in pod.tolerations],
        "affinity": resolve_tree(pod.affinity, inputs),
        "volumes": sorted(volumes, key=lambda volume: str(volume.get("name")) if isinstance(volume, dict) else ""),
        "initContainers": [_container(container, inputs) for container in pod.init_containers],
        "sidecars": [_container(container, inputs) for container in pod.sidecars],
    }


def _metadata(step: Step, inputs: StepInputs) -> Fields:
    annotations: Fields = dict(_texts(step.pod.annotations, inputs))
    if step.display_name is not None:
        annotations[f"{PREFIX}task_display_name"] = step.display_name.resolve(inputs)
    if isinstance(step, ContainerStep):
        annotations |= _component_annotations(step.component, inputs)
    if step.caching.max_staleness is not None:
        annotations[f"{PREFIX}max_cache_staleness"] = step.caching.max_staleness
    labels: Fields = {f"{PREFIX}kfp_sdk_version": SDK_VERSION, f"{PREFIX}pipeline-sdk-type": "kfp"}
    labels |= _texts(step.pod.labels, inputs)
    enabled = _switch(step.caching.enabled, inputs)
    labels[f"{PREFIX}enable_caching"] = enabled if isinstance(enabled, str) else "true" if enabled else "false"
    return without_empty({"annotations": annotations, "labels": labels})


def _switch(switch: Switch, inputs: StepInputs) -> bool | str:
    return switch.resolve(inputs) if isinstance(switch, Text) else switch


def _texts(struct: Struct, inputs: StepInputs) -> Fields:
    resolved = resolve_tree(struct, inputs)
    return resolved if isinstance(resolved, dict) else {}


def _component_annotations(component: Component | None, inputs: StepInputs) -> Fields:
    if component is None:
        return {}
    parts = {
        "component_spec": component.spec,
        "component_ref": component.ref,
        "arguments.parameters": component.arguments,
    }
    resolved = {name: resolve_tree(tree, inputs) for name, tree in parts.items()}
    return {
        f"{PREFIX}{name}": json.dumps(value, sort_keys=True)
        for name, value in resolved.items()
        if value or (name == "component_ref" and value is not None)
    }


def _retry(retry: Retry | None, inputs: StepInputs) -> Fields:
    if retry is None:
        return {}
    limit = None if retry.limit is None else retry.limit.constant
    if limit == "0" and retry.policy is None:
        return {}
    backoff: Fields = {
        "duration": retry.backoff_duration,
        "factor": retry.backoff_factor,
        "maxDuration": retry.backoff_max_duration,
    }
    number: Json = int(limit) if limit and limit.isdigit() else retry.limit.resolve(inputs) if retry.limit else None
    return without_empty({"limit": number, "retryPolicy": retry.policy, "backoff": without_empty(backoff)})


def _attributes(step: ResourceStep, flow: Flow, inputs: StepInputs) -> Fields:
    paths = {flow.name(OutputRef(step.id, name)): path.resolve(inputs) for name, path in step.attributes}
    return without_empty(
        {"parameters": [{"name": name, "valueFrom": {"jsonPath": path}} for name, path in sorted(paths.items())]}
    )


def _resource(step: ResourceStep, inputs: StepInputs) -> Fields:
    return without_empty(
        {
            "action": step.action,
            "mergeStrategy": step.merge_strategy,
            "setOwnerReference": step.set_owner_reference or None,
            "successCondition": step.success_condition and step.success_condition.resolve(inputs),
            "failureCondition": step.failure_condition and step.failure_condition.resolve(inputs),
            "flags": [flag.resolve(inputs) for flag in step.flags],
            "manifest": yaml_text(resolve_tree(step.manifest, inputs)),
        }
    )


def without_empty(fields: Mapping[str, object]) -> Fields:
    """Return JSON fields without those that hold nothing: None, empty lists and objects; "", 0 and False stay."""
    return cast(
        "Fields", {name: value for name, value in fields.items() if value or isinstance(value, (str, int, float))}
    )
