"""An op becomes a step of the graph."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from kfp_airflow.diagnostics import Diagnostic
from kfp_airflow.dsl import containers
from kfp_airflow.dsl.notes import note
from kfp_airflow.dsl.ops import LEGACY_OUTPUTS, BaseOp, ContainerOp
from kfp_airflow.dsl.params import PipelineParam
from kfp_airflow.dsl.resources import ResourceOp
from kfp_airflow.dsl.values import Reader, literal_tree
from kfp_airflow.graph import model
from kfp_airflow.graph.text import EMPTY, EMPTY_STRUCT, Struct, Switch, Text, Tree, is_on, text

_CACHED = model.Caching()
_NOT_CACHED = model.Caching(enabled=False)
_NOT_OPTIONS = frozenset(("image", "command", "args", "name", "mirror_volume_mounts"))


@dataclass(frozen=True, slots=True)
class Site:
    """Where ops are built: how values read there, the ids of all ops and groups by name, of groups by identity.

    `components` keeps the trees of component specifications by identity: thousands of ops share one.
    """

    reader: Reader
    ids: Mapping[str, str]
    groups: Mapping[int, str]
    components: dict[int, Tree] = field(default_factory=dict)

    def inside(self, reader: Reader) -> Site:
        """Return the site with another reader."""
        return replace(self, reader=reader)

    def after(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return the ids of the named ops and groups, each once, in order."""
        return tuple(dict.fromkeys(self.ids.get(name, name) for name in names))

    def tree(self, value: object, op: BaseOp, what: str) -> Tree:
        """Return a value as a tree; what has no place in one becomes a diagnostic that names the op and `what`."""
        try:
            return self.reader.tree(value)
        except TypeError as error:
            advice = (
                "Give an object of the kubernetes client, or dicts, lists, texts and numbers in Kubernetes' spelling."
            )
            _note(op, "KA004", f"{what}: {error}", advice)
            return None


def build_step(op: BaseOp, site: Site) -> model.Step:
    """Return the step of an op; problems with its values are noted."""
    if op.declares_inputs:
        site = site.inside(site.reader.of_op(_inputs_by_name(op)))
    if isinstance(op, ContainerOp):
        return _container_step(op, site)
    if isinstance(op, ResourceOp):
        return _resource_step(op, site)
    raise TypeError(f"{op.name!r} is a {type(op).__name__}: only ContainerOp, ResourceOp and their subclasses can run")


def _inputs_by_name(op: BaseOp) -> dict[str, str]:
    """Return the placeholders of an op's inputs by the names that they have in packages."""
    from kfp_airflow.package.names import argument_name  # few ops name their inputs

    return {argument_name(param.full_name): str(param) for param in op.inputs}


def _container_step(op: ContainerOp, site: Site) -> model.ContainerStep:
    reader = site.reader
    return model.ContainerStep(
        id=site.ids[op.name],
        name=op.human_name,
        container=_container(op.container, op, site),
        inputs=tuple(
            model.InputFile(name=name, path=op.input_artifact_paths[name], source=reader.text(argument))
            for name, argument in op.artifact_arguments.items()
        ),
        outputs=_outputs(op),
        pod=_pod(op, site),
        display_name=reader.text(op.display_name) if op.display_name else None,
        retry=_retry(op, reader) if op.num_retries or op.retry_policy else None,
        timeout_s=_timeout(op) if op.timeout else None,
        caching=_caching(op, reader),
        component=_component(op, site) if op._metadata is not None else None,  # noqa: SLF001 - KFP's attribute (O-12)
        after=_after(op, site),
        where=op.where,
    )


def _resource_step(op: ResourceOp, site: Site) -> model.ResourceStep:
    resource = op.resource
    return model.ResourceStep(
        id=site.ids[op.name],
        name=op.human_name,
        action=resource.action,
        manifest=site.tree(op.k8s_resource, op, "k8s_resource"),
        merge_strategy=resource.merge_strategy,
        success_condition=_condition(resource.success_condition, site.reader),
        failure_condition=_condition(resource.failure_condition, site.reader),
        set_owner_reference=_known_switch(resource.set_owner_reference, "set_owner_reference", op, site.reader),
        flags=tuple(map(site.reader.text, resource.flags or ())),
        attributes=tuple((name, site.reader.text(path)) for name, path in op.attribute_outputs.items()),
        pod=_pod(op, site),
        display_name=site.reader.text(op.display_name) if op.display_name else None,
        retry=_retry(op, site.reader) if op.num_retries or op.retry_policy else None,
        timeout_s=_timeout(op) if op.timeout else None,
        caching=model.Caching(enabled=_switch(op.enable_caching, "set_caching_options", op, site.reader)),
        after=_after(op, site),
        where=op.where,
    )


def _after(op: BaseOp, site: Site) -> tuple[str, ...]:
    makers = [param.op_name for param in op.inputs_beside if param.op_name is not None and param.op_name in site.ids]
    return site.after([*op.dependent_names, *makers]) if op.dependent_names or makers else ()


def _condition(condition: object, reader: Reader) -> Text | None:
    return None if condition is None else reader.text(condition)


def _outputs(op: ContainerOp) -> tuple[model.OutputFile, ...]:
    if not op.file_outputs and not op.output_artifact_paths:
        return ()
    declared = [
        model.OutputFile(name=name, path=str(path), type=_output_type(op, name))
        for name, path in op.file_outputs.items()
    ]
    declared += [
        model.OutputFile(name=name, path=str(path), to_be_seen=name not in LEGACY_OUTPUTS)
        for name, path in op.output_artifact_paths.items()
        if name not in op.file_outputs
    ]
    return tuple(declared)


def _output_type(op: ContainerOp, name: str) -> Tree:
    param = op.outputs.get(name)
    return None if param is None or param.param_type is None else literal_tree(param.param_type)


def _container(container: containers.Container, op: BaseOp, site: Site) -> model.Container:
    reader = site.reader
    if isinstance(container.image, (list, tuple, dict, set)):
        _refuse_image(container.image, op)
    command, args = container.command, container.args
    fields = vars(container)
    is_plain = len(fields) == 4  # noqa: PLR2004 - image, command, args and name are always there
    return model.Container(
        image=reader.text(container.image),
        command=tuple(map(reader.text, command)) if command else None,
        args=tuple(map(reader.text, args)) if args else (),
        options=EMPTY_STRUCT if is_plain else _container_options(fields, op, site),
        name=reader.text(container.name) if container.name else EMPTY,
        mirror_volume_mounts=_switch(fields.get("mirror_volume_mounts"), "mirror_volume_mounts", op, reader),
    )


def _refuse_image(image: object, op: BaseOp) -> None:
    problem = f"the image is a {type(image).__name__}, not a text: {str(image)[:80]}"
    _note(op, "KA004", problem, "Write one text; a comma at the end of the line makes a tuple of it.", row="D-09")


def _container_options(fields: Mapping[str, object], op: BaseOp, site: Site) -> Struct:
    entries: list[tuple[Text, Tree]] = []
    for attribute, spelling in containers.CONTAINER_ATTRIBUTES.items():
        value = fields.get(attribute)
        if value is None or attribute in _NOT_OPTIONS:
            continue
        options = site.tree(value, op, f"{attribute} of the container")
        entries.append((Text((spelling,)), _env(options) if attribute == "env" else options))
    return Struct(tuple(entries))


def _env(variables: Tree) -> Tree:
    """Return variables with their values as texts: Kubernetes takes no numbers there."""
    if not isinstance(variables, tuple):
        return variables
    return tuple(
        Struct(
            tuple((name, _as_text(value) if name.constant == "value" else value) for name, value in variable.entries)
        )
        if isinstance(variable, Struct)
        else variable
        for variable in variables
    )


def _as_text(value: Tree) -> Tree:
    return text(str(value)) if isinstance(value, (bool, int, float)) else value


def _pod(op: BaseOp, site: Site) -> model.PodOptions:
    if not (
        op.volumes
        or op.pod_labels
        or op.pod_annotations
        or op.init_containers
        or op.sidecars
        or op.tolerations
        or op.affinity
        or op.node_selector
    ):
        return model.PLAIN_POD
    reader = site.reader
    return model.PodOptions(
        init_containers=tuple(_container(container, op, site) for container in op.init_containers),
        sidecars=tuple(_container(container, op, site) for container in op.sidecars),
        volumes=tuple(site.tree(volume, op, "a volume") for volume in op.volumes),
        tolerations=tuple(site.tree(toleration, op, "a toleration") for toleration in op.tolerations),
        affinity=site.tree(op.affinity, op, "the affinity") if op.affinity else None,
        node_selector=reader.strings(op.node_selector),
        annotations=reader.strings(op.pod_annotations),
        labels=reader.strings(op.pod_labels),
    )


def _retry(op: BaseOp, reader: Reader) -> model.Retry:
    if not op.num_retries:
        problem = f"the retry policy {op.retry_policy} has no number of retries: it is tried again without end"
        _note(op, "KA010", problem, f"Write set_retry(3, policy='{op.retry_policy}').", row="B-09", severity="warning")
    return model.Retry(
        limit=reader.text(op.num_retries) if op.num_retries else None,
        policy=op.retry_policy,  # type: ignore[arg-type] # graph.check refuses others (KA031)
        backoff_duration=_duration(op.backoff_duration),
        backoff_factor=_factor(op),
        backoff_max_duration=_duration(op.backoff_max_duration),
    )


def _duration(value: object) -> str | None:
    return None if value is None else str(value)


def _factor(op: BaseOp) -> float | None:
    factor: object = op.backoff_factor
    if factor is None:
        return None
    if isinstance(factor, (int, float)):
        return factor
    try:
        return float(str(factor))
    except ValueError:
        _refuse_future(op, "backoff_factor of set_retry", factor, "KA007", "B-09")
        return None


def _timeout(op: BaseOp) -> int | None:
    timeout = op.timeout
    if isinstance(timeout, int):
        return timeout
    try:
        return int(str(timeout))
    except ValueError:
        _refuse_future(op, "set_timeout", timeout, "KA007", "B-10")
        return None


def _refuse_future(op: BaseOp, what: str, value: object, code: str, row: str, *, kind: str = "no number") -> None:
    shown = f"the parameter {value.full_name}" if isinstance(value, PipelineParam) else repr(value)
    advice = "Write the value itself: it has to be known when the pipeline is built."
    _note(op, code, f"{what} got {shown}, which is {kind}", advice, row=row)


def _note(
    op: BaseOp,
    code: str,
    problem: str,
    advice: str,
    *,
    row: str | None = None,
    severity: Literal["error", "warning"] = "error",
) -> None:
    note(
        Diagnostic(code=code, where=op.where, step=op.name, problem=problem, advice=advice, row=row, severity=severity)
    )


def _switch(value: object, what: str, op: BaseOp, reader: Reader) -> Switch:
    """Return a yes or no, which may be a run-time value; a text that is neither becomes a diagnostic."""
    if not isinstance(value, (str, PipelineParam)):
        return bool(value)
    content = reader.text(value)
    if content.references:
        return content
    try:
        return is_on(content, str)
    except ValueError as error:
        _note(op, "KA004", f"{what}: {error}", "Write True or False.")
        return False


def _known_switch(value: object, what: str, op: BaseOp, reader: Reader) -> bool:
    switch = _switch(value, what, op, reader)
    if isinstance(switch, Text):
        _refuse_future(op, what, value, "KA007", "D-13", kind="neither True nor False")
        return False
    return switch


def _caching(op: ContainerOp, reader: Reader) -> model.Caching:
    options = op._execution_options  # noqa: SLF001 - the property would make one
    strategy = options.caching_strategy if options else None
    staleness = strategy.max_cache_staleness if strategy else None
    if staleness is None:
        if isinstance(op.enable_caching, bool):
            return _CACHED if op.enable_caching else _NOT_CACHED
        return model.Caching(enabled=_switch(op.enable_caching, "set_caching_options", op, reader))
    enabled = _switch(op.enable_caching, "set_caching_options", op, reader)
    return model.Caching(enabled=enabled, max_staleness=str(staleness))


def _component(op: ContainerOp, site: Site) -> model.Component:
    metadata, reference, arguments = op._metadata, op._component_ref, op._parameter_arguments  # noqa: SLF001 - O-12
    spec = site.components.get(id(metadata))
    if spec is None:
        spec = site.components[id(metadata)] = literal_tree(_plain(metadata))
    decorated = reference is None and arguments is None
    return model.Component(
        spec=spec,
        ref=None if decorated else EMPTY_STRUCT if reference is None else literal_tree(_plain(reference)),
        arguments=site.reader.strings(dict(arguments)) if arguments else EMPTY_STRUCT,
    )


def _plain(specification: object) -> object:
    to_dict = getattr(specification, "to_dict", None)
    return to_dict() if callable(to_dict) else specification
