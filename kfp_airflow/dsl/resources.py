"""Steps that call the Kubernetes API (row D-13)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

from typing_extensions import Unpack

from kfp_airflow.dsl.objects import KubernetesObject
from kfp_airflow.dsl.ops import BaseOp, ContainerOp, OpOptions, Outputs
from kfp_airflow.dsl.params import PipelineParam, attributes_of
from kfp_airflow.dsl.where import warn_author
from kfp_airflow.graph.model import ResourceAction

_DELETE_IMAGE = "gcr.io/cloud-builders/kubectl"
_ALWAYS: Mapping[str, str] = {"name": "{.metadata.name}", "manifest": "{}"}


class Resource(KubernetesObject):
    """How a resource is created, changed or deleted, and when that has succeeded or failed."""

    action: ResourceAction
    merge_strategy: str | None
    success_condition: str | None
    failure_condition: str | None
    set_owner_reference: bool | None
    flags: Sequence[str] | None
    manifest: str | None = None
    """Always None: the manifest is the op's `k8s_resource`. Authors read it, for KFP's class has it."""


class ResourceOptions(OpOptions, total=False):
    """The options of a ResourceOp, as its kinds hand them on."""

    k8s_resource: object
    action: str
    merge_strategy: str | None
    success_condition: str | None
    failure_condition: str | None
    set_owner_reference: bool | None
    attribute_outputs: Mapping[str, str] | None
    flags: Sequence[str] | None


class ResourceOp(BaseOp):
    """A step that creates, applies, patches or deletes a Kubernetes resource (D-13).

    `k8s_resource` is a dict or a kubernetes client object with PipelineParams anywhere in it; conditions are
    expressions such as `status.succeeded > 0`, with `,` for *and*; `attribute_outputs` maps output names to kubectl
    jsonpaths, and the outputs `name` and `manifest` are always there.
    """

    attrs_with_pipelineparams: list[str] = [  # noqa: RUF012 - authors add to it in subclasses
        *BaseOp.attrs_with_pipelineparams,
        "_resource",
        "k8s_resource",
        "attribute_outputs",
    ]

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
        **kwargs: Unpack[OpOptions],
    ) -> None:
        super().__init__(**kwargs)
        if action == "delete":
            warn_author(
                'Please use `kubernetes_resource_delete_op` instead of `ResourceOp(action="delete")`',
                DeprecationWarning,
            )
            flags = ["--wait=false"] if flags is None else flags
        _check_arguments(
            k8s_resource, action, merge_strategy, (success_condition, failure_condition, attribute_outputs)
        )
        self._resource = Resource(
            action=cast("ResourceAction", action),
            merge_strategy=merge_strategy,
            success_condition=success_condition,
            failure_condition=failure_condition,
            set_owner_reference=set_owner_reference,
            flags=flags,
        )
        self.k8s_resource = k8s_resource
        asked = dict(attribute_outputs or ())
        self.attribute_outputs: dict[str, str] = {} if action == "delete" else {**asked, **_missing(asked)}
        self.outputs = Outputs(
            self.name, ((output, PipelineParam(output, self.name)) for output in self.attribute_outputs)
        )
        self.output: PipelineParam | None = self._only_output(attribute_outputs)

    def _only_output(self, asked: Mapping[str, str] | None) -> PipelineParam | None:
        """Return the output that was asked for, `name` where it is not one; None where there are none (§1.5)."""
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
        kind = _kind(self.k8s_resource)
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


def _missing(asked: Mapping[str, str]) -> dict[str, str]:
    return {name: path for name, path in _ALWAYS.items() if name not in asked}


def _kind(resource: object) -> object:
    if isinstance(resource, Mapping):
        return resource.get("kind")
    return getattr(resource, "kind", None) if attributes_of(resource) else None
