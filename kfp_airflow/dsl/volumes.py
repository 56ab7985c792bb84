"""Volumes that steps share, and the steps that make them (rows D-14 to D-17, O-10)."""

from __future__ import annotations

import hashlib
import json
import pprint
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final

from typing_extensions import Unpack

from kfp_airflow.dsl import naming
from kfp_airflow.dsl.containers import check_quantity, has_class_name
from kfp_airflow.dsl.objects import (
    V1ObjectMeta,
    V1PersistentVolumeClaim,
    V1PersistentVolumeClaimSpec,
    V1PersistentVolumeClaimVolumeSource,
    V1ResourceRequirements,
    V1TypedLocalObjectReference,
    V1VolumeMount,
    fields_of,
)
from kfp_airflow.dsl.ops import BaseOp, ContainerOp
from kfp_airflow.dsl.params import PipelineParam, attributes_of, placeholders_in
from kfp_airflow.dsl.pipeline import Pipeline
from kfp_airflow.dsl.resources import ResourceOp, ResourceOptions

if TYPE_CHECKING:
    from typing_extensions import Self

VOLUME_MODE_RWO: Final = ["ReadWriteOnce"]
VOLUME_MODE_RWM: Final = ["ReadWriteMany"]
VOLUME_MODE_ROM: Final = ["ReadOnlyMany"]

_SNAPSHOT_GROUP = "snapshot.storage.k8s.io"
_VOLUME_ATTRIBUTES: Final[Mapping[str, str]] = {
    "name": "name",
    "aws_elastic_block_store": "awsElasticBlockStore",
    "azure_disk": "azureDisk",
    "azure_file": "azureFile",
    "cephfs": "cephfs",
    "cinder": "cinder",
    "config_map": "configMap",
    "csi": "csi",
    "downward_api": "downwardAPI",
    "empty_dir": "emptyDir",
    "ephemeral": "ephemeral",
    "fc": "fc",
    "flex_volume": "flexVolume",
    "flocker": "flocker",
    "gce_persistent_disk": "gcePersistentDisk",
    "git_repo": "gitRepo",
    "glusterfs": "glusterfs",
    "host_path": "hostPath",
    "image": "image",
    "iscsi": "iscsi",
    "nfs": "nfs",
    "persistent_volume_claim": "persistentVolumeClaim",
    "photon_persistent_disk": "photonPersistentDisk",
    "portworx_volume": "portworxVolume",
    "projected": "projected",
    "quobyte": "quobyte",
    "rbd": "rbd",
    "scale_io": "scaleIO",
    "secret": "secret",
    "storageos": "storageos",
    "vsphere_volume": "vsphereVolume",
}
_MAX_NAME_LENGTH = 63


class PipelineVolume:
    """A volume with the ops that it has to come after (D-17).

    Made from the name of a claim (`pvc`), from another volume (`volume`: a V1Volume or PipelineVolume), or from a
    V1Volume's own keywords. Without a name it gets one from its content. Raises ValueError for a name of more than 63
    characters, and for `pvc` together with another source.
    """

    attribute_map: ClassVar[Mapping[str, str]] = _VOLUME_ATTRIBUTES
    openapi_types: ClassVar[Mapping[str, str]] = dict.fromkeys(_VOLUME_ATTRIBUTES, "object")

    def __init__(self, pvc: object = None, volume: object = None, **kwargs: object) -> None:
        _check_sources(pvc, volume, kwargs)
        self.dependent_names: list[str] = []
        self.name = kwargs.get("name")
        self.persistent_volume_claim = kwargs.get("persistent_volume_claim")
        for name in _VOLUME_ATTRIBUTES:
            setattr(self, name, kwargs.get(name))
        if volume is not None:
            self._copy(volume)
        elif pvc:
            self.persistent_volume_claim = V1PersistentVolumeClaimVolumeSource(claim_name=str(pvc))
        if not self.name:
            self.name = self._name_of_content()
        elif len(str(self.name)) > _MAX_NAME_LENGTH:
            raise ValueError(f"PipelineVolume name must be no more than 63 characters. Got: {self.name!r}")

    def after(self, *ops: BaseOp) -> Self:
        """Return a copy that comes after these ops; those that they come after themselves are left out."""
        copy = type(self)(volume=self)
        pipeline = Pipeline.get_default_pipeline()
        known = pipeline.ops if pipeline else {}
        implied = set[str]()
        for op in ops:
            implied |= _ancestors(op, known)
        kept = [name for name in self.dependent_names if name not in implied]
        copy.dependent_names = list(dict.fromkeys([*(op.name for op in ops), *kept]))
        return copy

    def to_dict(self) -> dict[str, object]:
        """Return every field by its Python name."""
        return fields_of(self)

    def to_str(self) -> str:
        """Return the fields as a text for people."""
        return pprint.pformat(self.to_dict())

    def _copy(self, volume: object) -> None:
        attributes = attributes_of(volume)
        if attributes is None:
            raise TypeError(f"a volume has to be a V1Volume or a PipelineVolume, not {volume!r}")
        for attribute in attributes:
            setattr(self, attribute, getattr(volume, attribute))

    def _name_of_content(self) -> str:
        """Return the name that KFP gives to a volume with these fields."""
        fields = _without_none({**self.to_dict(), "name": "pvolume-placeholder"})
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True, default=str).encode()).hexdigest()
        return f"pvolume-{digest}"[:_MAX_NAME_LENGTH]


class VolumeOp(ResourceOp):
    """A step that makes a volume claim; `op.volume` is the volume (D-14).

    `size` is required (`10Gi`), `modes` default to ReadWriteMany. The claim is named `<run>-<resource_name>` unless
    `generate_unique_name=False`, and stays after the run.
    """

    def __init__(
        self,
        resource_name: object = None,
        size: object = None,
        storage_class: object = None,
        modes: list[str] | None = None,
        annotations: Mapping[str, object] | None = None,
        data_source: object = None,
        volume_name: object = None,
        generate_unique_name: bool = True,
        **kwargs: Unpack[ResourceOptions],
    ) -> None:
        given = kwargs.get("k8s_resource")
        if given is None:
            spec = _claim_spec(size, storage_class, modes, data_source, volume_name)
            metadata = _metadata(resource_name, annotations, unique=generate_unique_name)
            given = V1PersistentVolumeClaim(
                api_version="v1", kind="PersistentVolumeClaim", metadata=metadata, spec=spec
            )
        else:
            _refuse_other_arguments(resource_name, size, storage_class, modes, annotations, data_source, volume_name)
            if not has_class_name(given, "V1PersistentVolumeClaim"):
                raise ValueError("k8s_resource in VolumeOp must be an instance of V1PersistentVolumeClaim")
        asked = kwargs.get("attribute_outputs")
        kwargs["k8s_resource"] = given
        super().__init__(**_with_size(kwargs, "{.status.capacity.storage}"))
        self.output = self._only_output(asked)
        self.volume: PipelineVolume | None = None
        if self.outputs:
            self.volume = PipelineVolume(pvc=self.outputs["name"], name=self.name)


class VolumeSnapshotOp(ResourceOp):
    """A step that takes a snapshot of a volume or claim; `op.snapshot` is the source of a new VolumeOp (D-16)."""

    def __init__(
        self,
        resource_name: object = None,
        pvc: object = None,
        snapshot_class: object = None,
        annotations: Mapping[str, object] | None = None,
        volume: object = None,
        api_version: str = "snapshot.storage.k8s.io/v1alpha1",
        **kwargs: Unpack[ResourceOptions],
    ) -> None:
        if kwargs.get("k8s_resource") is None:
            source = {"kind": "PersistentVolumeClaim", "name": _claim_name(pvc, volume)}
            spec = {"source": source, **({"snapshotClassName": snapshot_class} if snapshot_class else {})}
            metadata = _metadata(resource_name, annotations, unique=True)
            manifest = {"apiVersion": api_version, "kind": "VolumeSnapshot", "metadata": metadata, "spec": spec}
            kwargs["k8s_resource"] = manifest
        else:
            _refuse_other_arguments(resource_name, pvc, snapshot_class, annotations, volume)
        asked = kwargs.get("attribute_outputs")
        if kwargs.get("success_condition") is None and kwargs.get("action") != "delete":
            kwargs["success_condition"] = "status.readyToUse == true"
        super().__init__(**_with_size(kwargs, "{.status.restoreSize}"))
        self.dependent_names.extend(getattr(volume, "dependent_names", ()))
        self.output = self._only_output(asked)
        self.snapshot = _snapshot(self.outputs["name"]) if self.outputs else None


def mount_pvolumes(op: ContainerOp, pvolumes: Mapping[str, object]) -> None:
    """Mount volumes at paths, let the op come after their ops, and keep them in `op.pvolumes`, after the op (O-10)."""
    for mount_path, volume in pvolumes.items():
        mounted = volume if isinstance(volume, PipelineVolume) else PipelineVolume(volume=volume)
        op.dependent_names.extend(mounted.dependent_names)
        if all(getattr(known, "name", None) != mounted.name for known in op.volumes):
            op.add_volume(mounted)
        mount = V1VolumeMount(mount_path=mount_path, name=mounted.name)
        op.container.volume_mounts = [*(op.container.volume_mounts or ()), mount]
        op.pvolumes[mount_path] = mounted.after(op)
    op.pvolume = next(iter(op.pvolumes.values())) if len(op.pvolumes) == 1 else None


def _ancestors(op: BaseOp, known: Mapping[str, BaseOp]) -> set[str]:
    """Return the op's name and those of all ops that it comes after, directly or not."""
    found: set[str] = set()
    waiting = [op.name]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += known[name].dependent_names if name in known else []
    return found


def _with_size(options: ResourceOptions, path: str) -> ResourceOptions:
    """Return the options with the output `size`, unless the author has one; a deletion has no outputs."""
    if options.get("action") == "delete":
        return options
    return {**options, "attribute_outputs": {"size": path, **(options.get("attribute_outputs") or {})}}


def _check_sources(pvc: object, volume: object, fields: Mapping[str, object]) -> None:
    """Raise TypeError for a field that volumes do not have, ValueError for several sources of one volume."""
    unknown = [name for name in fields if name not in _VOLUME_ATTRIBUTES]
    if unknown:
        raise TypeError(f"a volume has no field {unknown[0]!r}; it has {', '.join(_VOLUME_ATTRIBUTES)}")
    if pvc and (volume is not None or any(name != "name" for name in fields)):
        raise ValueError("You can only pass 'name' along with 'pvc'.")
    if volume is not None and fields:
        raise ValueError("You can't pass a volume along with other kwargs.")


def _metadata(resource_name: object, annotations: Mapping[str, object] | None, *, unique: bool) -> V1ObjectMeta:
    if not resource_name:
        raise ValueError("Please provide resource_name, the name of the claim or snapshot")
    written = str(resource_name)
    name = written if placeholders_in(written) else naming.label_name(written)
    return V1ObjectMeta(name=f"{{{{workflow.name}}}}-{name}" if unique else name, annotations=annotations or None)


def _claim_spec(
    size: object, storage_class: object, modes: list[str] | None, data_source: object, volume_name: object
) -> V1PersistentVolumeClaimSpec:
    if not size:
        raise ValueError("Please provide size, such as '10Gi'")
    return V1PersistentVolumeClaimSpec(
        access_modes=modes or VOLUME_MODE_RWM,
        resources=V1ResourceRequirements(requests={"storage": check_quantity(size, "memory")}),
        data_source=None if data_source is None else _data_source(data_source),
        storage_class_name=storage_class or None,
        volume_name=volume_name or None,
    )


def _data_source(source: object) -> object:
    if isinstance(source, (str, PipelineParam)):
        return _snapshot(source)
    if has_class_name(source, "V1TypedLocalObjectReference") or isinstance(source, Mapping):
        return source
    raise ValueError(f"data_source can be one of (str, PipelineParam, V1TypedLocalObjectReference). Got: {source!r}")


def _snapshot(name: object) -> V1TypedLocalObjectReference:
    return V1TypedLocalObjectReference(api_group=_SNAPSHOT_GROUP, kind="VolumeSnapshot", name=name)


def _without_none(value: object) -> object:
    """Return plain data without what is None."""
    if isinstance(value, dict):
        return {key: _without_none(item) for key, item in value.items() if item is not None}
    return [_without_none(item) for item in value if item is not None] if isinstance(value, list) else value


def _claim_name(pvc: object, volume: object) -> object:
    if pvc and volume:
        raise ValueError("You can't provide both pvc and volume.")
    if pvc:
        return pvc
    if volume is None:
        raise ValueError("You must provide a pvc or a volume.")
    claim = getattr(volume, "persistent_volume_claim", None)
    if claim is None:
        raise ValueError(f"a snapshot is taken of a claim, and volume {getattr(volume, 'name', volume)!r} has none")
    return getattr(claim, "claim_name", claim)


def _refuse_other_arguments(*arguments: object) -> None:
    if any(argument is not None for argument in arguments):
        raise ValueError("You cannot provide k8s_resource along with other arguments.")
