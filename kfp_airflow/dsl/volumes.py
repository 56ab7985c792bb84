"""Volumes that steps share, and the steps that make them (rows D-14 to D-17, O-10)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Final

from kfp_airflow.dsl import naming
from kfp_airflow.dsl.containers import check_quantity, has_class_name
from kfp_airflow.dsl.ops import BaseOp, ContainerOp
from kfp_airflow.dsl.params import PipelineParam, attributes_of, match_serialized_pipelineparam
from kfp_airflow.dsl.pipeline import Pipeline
from kfp_airflow.dsl.resources import ResourceOp

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


class ClaimSource:
    """The claim behind a volume, as kubernetes' V1PersistentVolumeClaimVolumeSource."""

    attribute_map: ClassVar[Mapping[str, str]] = {"claim_name": "claimName", "read_only": "readOnly"}
    openapi_types: ClassVar[Mapping[str, str]] = {"claim_name": "str", "read_only": "bool"}

    def __init__(self, claim_name: object) -> None:
        self.claim_name = claim_name
        self.read_only: bool | None = None


class VolumeMount:
    """Where a container finds a volume, as kubernetes' V1VolumeMount."""

    attribute_map: ClassVar[Mapping[str, str]] = {"mount_path": "mountPath", "name": "name"}
    openapi_types: ClassVar[Mapping[str, str]] = {"mount_path": "str", "name": "str"}

    def __init__(self, mount_path: str, name: object) -> None:
        self.mount_path = mount_path
        self.name = name


class PipelineVolume:
    """A volume with the ops that it has to come after (D-17).

    Made from the name of a claim (`pvc`), from another volume (`volume`: a V1Volume or PipelineVolume), or from a
    V1Volume's own keywords. Without a name it gets one from its content. Raises ValueError for a name of more than 63
    characters, and for `pvc` together with another source.
    """

    attribute_map: ClassVar[Mapping[str, str]] = _VOLUME_ATTRIBUTES
    openapi_types: ClassVar[Mapping[str, str]] = dict.fromkeys(_VOLUME_ATTRIBUTES, "object")

    def __init__(self, pvc: object = None, volume: object = None, **kwargs: object) -> None:
        unknown = [name for name in kwargs if name not in _VOLUME_ATTRIBUTES]
        if unknown:
            raise TypeError(f"a volume has no field {unknown[0]!r}; it has {', '.join(_VOLUME_ATTRIBUTES)}")
        if pvc and any(name != "name" for name in kwargs):
            raise ValueError("You can only pass 'name' along with 'pvc'.")
        self.dependent_names: list[str] = []
        self.name = kwargs.get("name")
        self.persistent_volume_claim = kwargs.get("persistent_volume_claim")
        for name in _VOLUME_ATTRIBUTES:
            setattr(self, name, kwargs.get(name))
        if volume is not None:
            self._copy(volume)
        elif pvc:
            self.persistent_volume_claim = ClaimSource(str(pvc))
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

    def _copy(self, volume: object) -> None:
        for attribute in attributes_of(volume) or ():
            setattr(self, attribute, getattr(volume, attribute))
        self.dependent_names = list(getattr(volume, "dependent_names", ()))

    def _name_of_content(self) -> str:
        fields = {name: repr(getattr(self, name)) for name in _VOLUME_ATTRIBUTES if getattr(self, name) is not None}
        if isinstance(self.persistent_volume_claim, ClaimSource):
            fields["persistent_volume_claim"] = str(self.persistent_volume_claim.claim_name)
        digest = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
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
        *,
        name: str,
        k8s_resource: object = None,
        action: str = "create",
        merge_strategy: str | None = None,
        success_condition: str | None = None,
        failure_condition: str | None = None,
        set_owner_reference: bool | None = None,
        attribute_outputs: Mapping[str, str] | None = None,
        flags: Sequence[str] | None = None,
    ) -> None:
        if k8s_resource is None:
            spec = _claim_spec(size, storage_class, modes, data_source, volume_name)
            metadata = _metadata(resource_name, annotations, unique=generate_unique_name)
            manifest: object = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": spec}
        else:
            _refuse_other_arguments(resource_name, size, storage_class, modes, annotations, data_source, volume_name)
            if not has_class_name(k8s_resource, "V1PersistentVolumeClaim"):
                raise ValueError("k8s_resource in VolumeOp must be an instance of V1PersistentVolumeClaim")
            manifest = k8s_resource
        super().__init__(
            manifest,
            action,
            merge_strategy,
            success_condition,
            failure_condition,
            set_owner_reference,
            {"size": "{.status.capacity.storage}", **(attribute_outputs or {})} if action != "delete" else None,
            flags,
            name=name,
        )
        self.output = self.outputs.get("name")
        self.volume: PipelineVolume | None = None
        if self.output is not None:
            self.volume = PipelineVolume(name=self.name, volume=PipelineVolume(pvc=self.output, name=self.name))


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
        *,
        name: str,
        k8s_resource: object = None,
        action: str = "create",
        merge_strategy: str | None = None,
        success_condition: str | None = None,
        failure_condition: str | None = None,
        set_owner_reference: bool | None = None,
        attribute_outputs: Mapping[str, str] | None = None,
        flags: Sequence[str] | None = None,
    ) -> None:
        if k8s_resource is None:
            source = {"kind": "PersistentVolumeClaim", "name": _claim_name(pvc, volume)}
            spec: dict[str, object] = {"source": source}
            if snapshot_class:
                spec["snapshotClassName"] = snapshot_class
            metadata = _metadata(resource_name, annotations, unique=True)
            k8s_resource = {"apiVersion": api_version, "kind": "VolumeSnapshot", "metadata": metadata, "spec": spec}
        else:
            _refuse_other_arguments(resource_name, pvc, snapshot_class, annotations, volume)
        super().__init__(
            k8s_resource,
            action,
            merge_strategy,
            "status.readyToUse == true" if success_condition is None and action != "delete" else success_condition,
            failure_condition,
            set_owner_reference,
            {"size": "{.status.restoreSize}", **(attribute_outputs or {})} if action != "delete" else None,
            flags,
            name=name,
        )
        self.dependent_names.extend(getattr(volume, "dependent_names", ()))
        self.output = self.outputs.get("name")
        self.snapshot = {"apiGroup": _SNAPSHOT_GROUP, "kind": "VolumeSnapshot", "name": self.output}


def mount_pvolumes(op: ContainerOp, pvolumes: Mapping[str, object]) -> None:
    """Mount volumes at paths, let the op come after their ops, and keep them in `op.pvolumes`, after the op (O-10)."""
    for mount_path, volume in pvolumes.items():
        mounted = volume if isinstance(volume, PipelineVolume) else PipelineVolume(volume=volume)
        op.dependent_names.extend(mounted.dependent_names)
        if all(getattr(known, "name", None) != mounted.name for known in op.volumes):
            op.add_volume(mounted)
        op.container.volume_mounts = [*(op.container.volume_mounts or ()), VolumeMount(mount_path, mounted.name)]
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


def _metadata(resource_name: object, annotations: Mapping[str, object] | None, *, unique: bool) -> dict[str, object]:
    if not resource_name:
        raise ValueError("Please provide resource_name, the name of the claim or snapshot")
    written = str(resource_name)
    name = written if match_serialized_pipelineparam(written) else naming.label_name(written)
    metadata: dict[str, object] = {"name": f"{{{{workflow.name}}}}-{name}" if unique else name}
    return {**metadata, "annotations": annotations} if annotations else metadata


def _claim_spec(
    size: object, storage_class: object, modes: list[str] | None, data_source: object, volume_name: object
) -> dict[str, object]:
    if not size:
        raise ValueError("Please provide size, such as '10Gi'")
    spec: dict[str, object] = {
        "accessModes": modes or VOLUME_MODE_RWM,
        "resources": {"requests": {"storage": check_quantity(size, "memory")}},
    }
    if data_source is not None:
        spec["dataSource"] = _data_source(data_source)
    if storage_class:
        spec["storageClassName"] = storage_class
    if volume_name:
        spec["volumeName"] = volume_name
    return spec


def _data_source(source: object) -> object:
    if isinstance(source, (str, PipelineParam)):
        return {"apiGroup": _SNAPSHOT_GROUP, "kind": "VolumeSnapshot", "name": source}
    if has_class_name(source, "V1TypedLocalObjectReference") or isinstance(source, Mapping):
        return source
    raise ValueError(f"data_source can be one of (str, PipelineParam, V1TypedLocalObjectReference). Got: {source!r}")


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
