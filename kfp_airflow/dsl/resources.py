"""Steps that call the Kubernetes API (row D-13)."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import cast

from kfp_airflow.dsl.containers import Sidecar, UserContainer
from kfp_airflow.dsl.ops import BaseOp, ContainerOp, Outputs
from kfp_airflow.dsl.params import PipelineParam, attributes_of
from kfp_airflow.graph.model import ResourceAction

_DELETE_IMAGE = "gcr.io/cloud-builders/kubectl"


class Resource:
    """How a resource is created, changed or deleted, and when that has succeeded or failed."""

    def __init__(
        self,
        action: str,
        merge_strategy: str | None,
        success_condition: str | None,
        failure_condition: str | None,
        set_owner_reference: bool | None,
        flags: Sequence[str] | None,
    ) -> None:
        self.action = cast("ResourceAction", action)
        self.merge_strategy = merge_strategy
        self.success_condition = success_condition
        self.failure_condition = failure_condition
        self.set_owner_reference = set_owner_reference
        self.flags = flags


class ResourceOp(BaseOp):
    """A step that creates, applies, patches or deletes a Kubernetes resource (D-13).

    `k8s_resource` is a dict or a kubernetes client object with PipelineParams anywhere in it; conditions are
    expressions such as `status.succeeded > 0`, with `,` for *and*; `attribute_outputs` maps output names to kubectl
    jsonpaths, and the outputs `name` and `manifest` are always there.
    """

    attrs_with_pipelineparams: Sequence[str] = (
        *BaseOp.attrs_with_pipelineparams,
        "_resource",
        "k8s_resource",
        "attribute_outputs",
    )

    def __init__(
        self,
        k8s_resource: object = None,
        action: str = "create",
        merge_strategy: str | None = None,
        success_condition: str | None = None,
        failure_condition: str | None = None,
        set_owner_reference: bool | None = None,
        attribute_outputs: Mapping[str, str] | None = None,
        flags: Sequence[str] | None = None,
        *,
        name: str,
        init_containers: list[UserContainer] | None = None,
        sidecars: list[Sidecar] | None = None,
        is_exit_handler: bool = False,
    ) -> None:
        super().__init__(name, init_containers, sidecars, is_exit_handler)
        _check_arguments(
            k8s_resource, action, merge_strategy, (success_condition, failure_condition, attribute_outputs)
        )
        if action == "delete":
            warnings.warn(
                'Please use `kubernetes_resource_delete_op` instead of `ResourceOp(action="delete")`',
                DeprecationWarning,
                stacklevel=2,
            )
            flags = ["--wait=false"] if flags is None else flags
        self._resource = Resource(
            action, merge_strategy, success_condition, failure_condition, set_owner_reference, flags
        )
        self.k8s_resource = k8s_resource
        self.attribute_outputs: dict[str, str] = {}
        if action != "delete":
            self.attribute_outputs = {"name": "{.metadata.name}", "manifest": "{}"}
            self.attribute_outputs = {
                **dict(attribute_outputs or ()),
                **_missing(self.attribute_outputs, attribute_outputs),
            }
        self.outputs = Outputs(
            self.name, ((output, PipelineParam(output, self.name)) for output in self.attribute_outputs)
        )
        self.output: PipelineParam | None = self._only_output(attribute_outputs)

    def _only_output(self, asked: Mapping[str, str] | None) -> PipelineParam | None:
        if not self.outputs:
            return None
        return self.outputs[next(iter(asked))] if asked and len(asked) == 1 else self.outputs["name"]

    @property
    def resource(self) -> Resource:
        """Return how the resource is created, changed or deleted."""
        return self._resource

    def delete(self, flags: list[str] | None = None) -> ContainerOp:
        """Return a new op that deletes the resource, after this one (§1.5)."""
        if self._resource.action == "delete":
            raise ValueError("This operation is already a resource deletion.")
        kind = _field(self.k8s_resource, "kind", "kind")
        if not kind:
            raise ValueError(f"the resource of {self.human_name!r} has no kind: it cannot be deleted by name")
        return kubernetes_resource_delete_op(name=self.outputs["name"], kind=str(kind), flags=flags)


def kubernetes_resource_delete_op(
    name: object, kind: str, namespace: object = None, flags: list[str] | None = None
) -> ContainerOp:
    """Return an op that deletes a resource by kind and name; a resource that is not there is no failure."""
    command: list[object] = ["kubectl", "delete", kind, name, "--ignore-not-found", "--output", "name"]
    if namespace:
        command += ["--namespace", namespace]
    command += ["--wait=false"] if flags is None else flags
    return ContainerOp._from_component(name="kubernetes_resource_delete", image=_DELETE_IMAGE, command=command)  # noqa: SLF001 - made for this package


def _check_arguments(
    k8s_resource: object, action: str, merge_strategy: str | None, for_results: tuple[object, ...]
) -> None:
    if k8s_resource is None:
        raise ValueError("You need to provide a k8s_resource.")
    if merge_strategy and action != "apply":
        raise ValueError(f"You can't set merge_strategy when action != 'apply'. The action is {action!r}")
    if action == "delete" and any(for_results):
        raise ValueError(
            "You can't set success_condition, failure_condition, or attribute_outputs when action == 'delete'"
        )


def _missing(always: Mapping[str, str], asked: Mapping[str, str] | None) -> dict[str, str]:
    return {name: path for name, path in always.items() if name not in (asked or {})}


def _field(resource: object, attribute: str, key: str) -> object:
    if isinstance(resource, Mapping):
        return resource.get(key)
    return getattr(resource, attribute, None) if attributes_of(resource) else None
