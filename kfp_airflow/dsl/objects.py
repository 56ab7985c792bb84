"""Objects of Kubernetes that ops hold, with the names and attributes of the kubernetes client's.

No kubernetes client is imported: these are read as its objects are, by `attribute_map`. A field that nobody
gives is None and left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from typing_extensions import dataclass_transform, override


def _camel_case(name: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match.group(1).upper(), name)


@dataclass_transform(kw_only_default=True)
class KubernetesObject:
    """An object of the Kubernetes API; its fields in Python's spelling, `attribute_map` holds Kubernetes' own.

    Subclasses are declared like dataclasses, and are none: every start of a task would pay for making them.
    """

    attribute_map: ClassVar[Mapping[str, str]] = {}
    openapi_types: ClassVar[Mapping[str, str]] = {}

    @override
    def __init_subclass__(cls) -> None:
        """Fill both maps from the fields of the class."""
        cls.attribute_map = {name: _camel_case(name) for name in cls.__annotations__}
        cls.openapi_types = dict.fromkeys(cls.attribute_map, "object")

    def __init__(self, **fields: object) -> None:
        for name in self.attribute_map:
            if name not in fields and not hasattr(type(self), name):
                raise TypeError(f"{type(self).__name__} needs '{name}'")
            setattr(self, name, fields.pop(name) if name in fields else getattr(type(self), name))
        if fields:
            raise TypeError(f"{type(self).__name__} has no {', '.join(map(repr, fields))}")

    @override
    def __eq__(self, other: object) -> bool:
        """Tell whether the other is of the same class and has the same fields."""
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment] # fields can be changed

    @override
    def __repr__(self) -> str:
        """Return the class and its fields."""
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.attribute_map)
        return f"{type(self).__name__}({shown})"

    def to_dict(self) -> dict[str, object]:
        """Return every field by its Python name, objects in it as dicts too."""
        return fields_of(self)


class V1SecretKeySelector(KubernetesObject):
    """One key of a secret."""

    key: object
    name: object = None
    optional: bool | None = None


class V1ObjectFieldSelector(KubernetesObject):
    """One field of the pod itself."""

    api_version: str | None = None
    field_path: str


class V1EnvVarSource(KubernetesObject):
    """Where a variable gets its value from."""

    secret_key_ref: object = None
    config_map_key_ref: object = None
    field_ref: object = None
    resource_field_ref: object = None


class V1EnvVar(KubernetesObject):
    """An environment variable."""

    name: object
    value: object = None
    value_from: object = None


class V1SecretVolumeSource(KubernetesObject):
    """The secret behind a volume."""

    secret_name: object = None
    items: list[object] | None = None
    default_mode: int | None = None
    optional: bool | None = None


class V1PersistentVolumeClaimVolumeSource(KubernetesObject):
    """The claim behind a volume."""

    claim_name: object
    read_only: bool | None = None


class V1TypedLocalObjectReference(KubernetesObject):
    """An object of the same namespace, by kind and name."""

    api_group: object = None
    kind: object
    name: object


class V1ResourceRequirements(KubernetesObject):
    """What a container, or a claim, asks for and is limited to."""

    claims: object = None
    limits: dict[str, object] | None = None
    requests: dict[str, object] | None = None


class V1ObjectMeta(KubernetesObject):
    """The name of an object, and what is noted on it."""

    annotations: Mapping[str, object] | None = None
    finalizers: list[str] | None = None
    generate_name: object = None
    labels: Mapping[str, object] | None = None
    name: object = None
    namespace: object = None
    owner_references: list[object] | None = None


class V1PersistentVolumeClaimSpec(KubernetesObject):
    """What kind of volume is claimed."""

    access_modes: list[str] | None = None
    data_source: object = None
    data_source_ref: object = None
    resources: object = None
    selector: object = None
    storage_class_name: object = None
    volume_attributes_class_name: object = None
    volume_mode: object = None
    volume_name: object = None


class V1PersistentVolumeClaim(KubernetesObject):
    """A claim for a volume."""

    api_version: str
    kind: str
    metadata: V1ObjectMeta
    spec: V1PersistentVolumeClaimSpec


class V1Volume(KubernetesObject):
    """A volume of a pod, of a secret or a claim."""

    name: object
    secret: object = None
    persistent_volume_claim: object = None


class V1VolumeMount(KubernetesObject):
    """Where a container finds a volume."""

    mount_path: object
    name: object
    mount_propagation: object = None
    read_only: bool | None = None
    recursive_read_only: object = None
    sub_path: object = None
    sub_path_expr: object = None


class V1Toleration(KubernetesObject):
    """A taint of nodes that a pod puts up with."""

    effect: object = None
    key: object = None
    operator: object = None
    toleration_seconds: int | None = None
    value: object = None


class V1NodeSelectorRequirement(KubernetesObject):
    """What a label of a node has to be."""

    key: object
    operator: object
    values: list[object] | None = None


class V1NodeSelectorTerm(KubernetesObject):
    """Requirements that a node has to fulfil together."""

    match_expressions: list[object] | None = None
    match_fields: list[object] | None = None


class V1NodeSelector(KubernetesObject):
    """Terms of which a node has to fulfil one."""

    node_selector_terms: list[object]


class V1PreferredSchedulingTerm(KubernetesObject):
    """A term that nodes had better fulfil; `weight` is 1 to 100."""

    preference: object
    weight: int


class V1NodeAffinity(KubernetesObject):
    """Which nodes a pod has to be on, or had better be on."""

    preferred_during_scheduling_ignored_during_execution: list[object] | None = None
    required_during_scheduling_ignored_during_execution: object = None


class V1Affinity(KubernetesObject):
    """Where a pod belongs: by nodes, and by other pods."""

    node_affinity: object = None
    pod_affinity: object = None
    pod_anti_affinity: object = None


def fields_of(value: object) -> dict[str, object]:
    """Return every field of an object with `attribute_map` by its Python name, objects in it as dicts too."""
    return {name: _as_data(getattr(value, name)) for name in type(value).attribute_map}  # type: ignore[attr-defined] # of those that have it


def _as_data(value: object) -> object:
    if isinstance(value, (list, tuple)):
        return [_as_data(item) for item in value]
    if isinstance(value, Mapping):
        return {key: _as_data(item) for key, item in value.items()}
    to_dict = getattr(value, "to_dict", None)
    return to_dict() if callable(to_dict) else value
