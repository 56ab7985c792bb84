"""A graph as an Argo workflow: what the KFP compiler calls a package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from typing_extensions import assert_never

from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.graph.model import (
    Call,
    Comparison,
    Condition,
    ContainerStep,
    ExitHandler,
    Graph,
    Group,
    Loop,
    Member,
    Parameter,
    Pipeline,
    ResourceStep,
    Settings,
    Step,
    SubGraph,
    VolumePassing,
)
from kfp_airflow.graph.sdk import SDK_VERSION
from kfp_airflow.graph.text import Json, OutputRef, ParameterRef, Reference, Text, resolve_tree
from kfp_airflow.package.check import check_package
from kfp_airflow.package.names import PREFIX, argument_name
from kfp_airflow.package.scopes import Fields, Flow, Scope, workflow_placeholder
from kfp_airflow.package.templates import step_outputs, step_template, without_empty
from kfp_airflow.package.volume import VOLUME_NAME

GROUPS: Final = (Condition, Loop, SubGraph, ExitHandler, Graph)
SERVICE_ACCOUNT: Final = "pipeline-runner"


def write(pipeline: Pipeline) -> Fields:
    """Return the Argo workflow of a pipeline as plain JSON data, templates and tasks in the order of their names.

    The pipeline must have passed `graph.check`. The workflow means what the real SDK's means, without its time stamp:
    the same pipeline gives the same workflow. Raises PipelineError with all errors of `check_package`: what KFP cannot
    express although it runs as a DAG (EH-03, EH-04).
    """
    if errors := [found for found in check_package(pipeline) if found.severity == "error"]:
        raise PipelineError(errors)
    return write_checked(pipeline)


def write_checked(pipeline: Pipeline) -> Fields:
    """Return what `write` does; the pipeline must have passed `check_package`, too."""
    flow = Flow(pipeline)
    writer = _Writer(flow, pipeline.settings)
    writer.add_members(pipeline.members)
    templates = sorted(writer.templates(), key=lambda template: str(template["name"]))
    handlers = [flow.names[member.handler.id] for member in pipeline.members if isinstance(member, ExitHandler)]
    spec: Fields = {
        "entrypoint": flow.root.name,
        "templates": list(templates),
        "arguments": _arguments(pipeline, flow),
        "serviceAccountName": SERVICE_ACCOUNT,
        **_settings(pipeline.settings),
        **({"onExit": handlers[0]} if handlers else {}),
    }
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": _metadata(pipeline, flow.root.name),
        "spec": spec,
    }


class _Writer:
    """The templates of a workflow, gathered member by member; complete when all members were added."""

    def __init__(self, flow: Flow, settings: Settings) -> None:
        self._flow = flow
        self._settings = settings
        self._steps: list[tuple[Step, Fields]] = []
        self._tasks: dict[str, list[tuple[str, Fields]]] = {flow.root.name: []}
        self._groups: list[tuple[Scope, list[tuple[Member, Fields]]]] = []

    def add_members(self, members: tuple[Member, ...]) -> None:
        """Add members and everything inside them."""
        self._add(members, self._flow.root)

    def _add(self, members: tuple[Member, ...], scope: Scope) -> None:
        tasks: list[tuple[Member, Fields]] = []
        self._groups.append((scope, tasks))
        for member in members:
            match member:
                case ContainerStep() | ResourceStep():
                    tasks.append((member, self._add_step(member, scope)))
                case Condition() | Loop() | SubGraph() | ExitHandler() | Graph():
                    self._add(member.members, self._flow.scopes[member.id])
                    tasks.append((member, self._group_task(member, scope)))
                case Call():
                    self._flow.order(member)
                    tasks.append((member, {}))
                case _:
                    assert_never(member)
            for target in member.after:
                self._flow.depend(member.id, target)
            if isinstance(member, ExitHandler):
                self._add_step(member.handler, self._flow.scopes[member.handler.id])

    def _add_step(self, step: Step, scope: Scope) -> Fields:
        template, inputs = step_template(step, self._flow, scope, pull_policy=self._settings.image_pull_policy)
        self._steps.append((step, template))
        return _task_arguments(inputs.values, inputs.files)

    def _group_task(self, group: Group, scope: Scope) -> Fields:
        match group:
            case Condition():
                return {"when": self._when(group, scope)}
            case Loop():
                return self._items(group, scope)
            case Graph():
                self._flow.order(group)
                return {}
            case SubGraph() | ExitHandler():
                return {}
            case _:
                assert_never(group)

    def _when(self, condition: Condition, scope: Scope) -> str:
        """Return Argo's expression: texts in quotes for == and !=, bare for the ordering operators (CO-02)."""
        comparison: Comparison = condition.when
        left, right = (self._text(condition.id, operand, scope) for operand in (comparison.left, comparison.right))
        if comparison.operator in {"==", "!="}:
            return f'"{left}" {comparison.operator} "{right}"'
        return f"{left} {comparison.operator} {right}"

    def _text(self, member: str, content: Text, scope: Scope) -> str:
        return content.resolve(lambda ref: self._reference(member, ref, scope))

    def _reference(self, member: str, found: Reference, scope: Scope) -> str:
        ref = self._flow.settled(found)
        if isinstance(ref, OutputRef):
            self._flow.depend(member, ref.step)
        return self._flow.value(scope, ref)

    def _items(self, loop: Loop, scope: Scope) -> Fields:
        """Return `withItems` or `withParam`; parameters come from the workflow itself, as in the SDK's (L-02, L-06)."""

        def placeholder(found: Reference) -> str:
            ref = self._flow.settled(found)
            return workflow_placeholder(ref) if isinstance(ref, ParameterRef) else self._reference(loop.id, ref, scope)

        if isinstance(loop.items, tuple):
            return {"withItems": [resolve_tree(item, placeholder) for item in loop.items]}
        return {"withParam": placeholder(loop.items)}

    def templates(self) -> Iterator[Fields]:
        """Yield every template, in no particular order."""
        self._flow.hand_to_calls()
        for step, template in self._steps:
            yield {**template, **without_empty({"outputs": step_outputs(step, self._flow)})}
        for scope, tasks in self._groups:
            yield self._dag_template(scope, tasks)

    def _dag_template(self, scope: Scope, tasks: list[tuple[Member, Fields]]) -> Fields:
        written = sorted(
            (self._task(member, fields, scope) for member, fields in tasks), key=lambda task: str(task["name"])
        )
        inputs = {"parameters": _named(scope.values), "artifacts": _named(scope.files)}
        outputs = {
            "parameters": [
                {"name": name, "valueFrom": {"parameter": value}} for name, value in sorted(scope.values_out.items())
            ],
            "artifacts": [{"name": name, "from": source} for name, source in sorted(scope.files_out.items())],
        }
        parallelism = scope.group.parallelism if isinstance(scope.group, Loop | SubGraph) else None
        declared = without_empty(
            {"parallelism": parallelism, "inputs": without_empty(inputs), "outputs": without_empty(outputs)}
        )
        return {"name": scope.name, **declared, "dag": {"tasks": list(written)}}

    def _task(self, member: Member, fields: Fields, scope: Scope) -> Fields:
        name = template = self._flow.names[member.id]
        if isinstance(member, GROUPS):
            inner = self._flow.scopes[member.id]
            fields = {**fields, **_task_arguments(inner.values, inner.files)}
        if isinstance(member, Call):
            template = self._flow.names[member.graph]
            fields = _task_arguments(*self._flow.handed_to(member))
        dependencies = sorted(scope.dependencies.get(name, ()))
        return {"name": name, "template": template, **without_empty({"dependencies": dependencies}), **fields}


def _task_arguments(values: dict[str, str], files: dict[str, Fields]) -> Fields:
    arguments = {
        "parameters": [{"name": name, "value": value} for name, value in sorted(values.items())],
        "artifacts": [{"name": name, **source} for name, source in sorted(files.items())],
    }
    return without_empty({"arguments": without_empty(arguments)})


def _named(names: dict[str, str] | dict[str, Fields]) -> list[Json]:
    return [{"name": name} for name in sorted(names)]


def _arguments(pipeline: Pipeline, flow: Flow) -> Fields:
    parameters: list[Json] = [
        {"name": argument_name(parameter.name), **({} if parameter.default is None else {"value": parameter.default})}
        for parameter in pipeline.parameters
    ]
    artifacts: list[Json] = [
        {"name": argument_name(name), "raw": {"data": workflow_placeholder(ParameterRef(name))}}
        for name in sorted(flow.workflow_files)
    ]
    return {"parameters": parameters, **without_empty({"artifacts": artifacts})}


def _settings(settings: Settings) -> Fields:
    """Return what `PipelineConf` sets for the whole workflow (P-01 to P-09)."""
    placeholder = workflow_reference
    return without_empty(
        {
            "parallelism": settings.parallelism,
            "ttlStrategy": None if settings.ttl_s is None else {"secondsAfterCompletion": settings.ttl_s},
            "podDisruptionBudget": resolve_tree(settings.disruption_budget, placeholder),
            "imagePullSecrets": [resolve_tree(secret, placeholder) for secret in settings.image_pull_secrets],
            "activeDeadlineSeconds": settings.timeout_s,
            "nodeSelector": resolve_tree(settings.node_selector, placeholder),
            "dnsConfig": resolve_tree(settings.dns_config, placeholder),
            "volumes": _volumes(settings.volume_passing),
        }
    )


def _volumes(passing: VolumePassing | None) -> list[Json]:
    """Return the volume that files travel on, under the name by which templates mount it (DP-12)."""
    volume = None if passing is None else resolve_tree(passing.volume, workflow_reference)
    return [{**volume, "name": VOLUME_NAME}] if isinstance(volume, dict) else []


def workflow_reference(ref: Reference) -> str:
    """Return the placeholder of a parameter outside of every template, where nothing else exists."""
    if not isinstance(ref, ParameterRef):
        raise TypeError(f"the settings of a pipeline can hold its parameters only, not {ref}")
    return workflow_placeholder(ref)


def _metadata(pipeline: Pipeline, name: str) -> Fields:
    specification: Fields = without_empty(
        {
            "description": pipeline.description,
            "inputs": [_input(item) for item in pipeline.parameters],
            "outputs": [
                {"name": output.name, **without_empty({"type": resolve_tree(output.type, str)})}
                for output in pipeline.outputs
            ],
        }
    )
    annotations: Fields = {
        f"{PREFIX}kfp_sdk_version": SDK_VERSION,
        f"{PREFIX}pipeline_spec": json.dumps({**specification, "name": pipeline.name}, sort_keys=True),
    }
    return {"generateName": f"{name}-", "annotations": annotations, "labels": {f"{PREFIX}kfp_sdk_version": SDK_VERSION}}


def _input(parameter: Parameter) -> Fields:
    optional = parameter.optional or parameter.default is not None
    return {
        "name": parameter.name,
        **({} if parameter.default is None else {"default": parameter.default}),
        **({"optional": True} if optional else {}),
        **without_empty({"type": resolve_tree(parameter.type, str), "description": parameter.description}),
    }
