"""Containers of a pod as authors configure them: main ones, init containers, sidecars (C-01 to C-13, D-11, D-12).

No kubernetes client is imported: its objects are stored as they come and recognised by the names of their classes.
"""

from __future__ import annotations

import pprint
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

from typing_extensions import override

from kfp_airflow.dsl.objects import V1ResourceRequirements, fields_of
from kfp_airflow.dsl.params import PipelineParam, extract_pipelineparams_from_any, placeholders_in

if TYPE_CHECKING:
    from typing_extensions import Self

_QUANTITY = re.compile(r"[0-9]+(E|Ei|P|Pi|T|Ti|G|Gi|M|Mi|K|Ki)?")
_CPU = re.compile(r"[0-9]+m|\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_PULL_POLICIES = ("Always", "Never", "IfNotPresent")
_GPU_VENDORS = ("nvidia", "amd")

CONTAINER_ATTRIBUTES: Final[Mapping[str, str]] = {
    "args": "args",
    "command": "command",
    "env": "env",
    "env_from": "envFrom",
    "image": "image",
    "image_pull_policy": "imagePullPolicy",
    "lifecycle": "lifecycle",
    "liveness_probe": "livenessProbe",
    "ports": "ports",
    "readiness_probe": "readinessProbe",
    "resize_policy": "resizePolicy",
    "resources": "resources",
    "restart_policy": "restartPolicy",
    "restart_policy_rules": "restartPolicyRules",
    "security_context": "securityContext",
    "startup_probe": "startupProbe",
    "stdin": "stdin",
    "stdin_once": "stdinOnce",
    "termination_message_path": "terminationMessagePath",
    "termination_message_policy": "terminationMessagePolicy",
    "tty": "tty",
    "volume_devices": "volumeDevices",
    "volume_mounts": "volumeMounts",
    "working_dir": "workingDir",
}
"""Python attribute → Kubernetes' own spelling, for every field of a container but its name."""


def as_string_list(value: object) -> list[str] | None:
    """Return a command line as KFP reads it (O-04): None stays, a scalar becomes a list, every item its `str()`."""
    if value is None:
        return None
    if isinstance(value, (list, tuple)):
        return [item if type(item) is str else str(item) for item in value]
    return [str(value)]


class _HasResources(Protocol):
    limits: dict[str, object] | None
    requests: dict[str, object] | None


class Container:
    """A container's image, command line and every other field of a Kubernetes container but its name (C-13).

    Values may be kubernetes client objects of any version, dicts in Kubernetes' spelling, PipelineParams, or texts with
    placeholders. An unknown keyword raises TypeError.
    """

    attribute_map: ClassVar[Mapping[str, str]] = CONTAINER_ATTRIBUTES
    openapi_types: ClassVar[Mapping[str, str]] = dict.fromkeys(CONTAINER_ATTRIBUTES, "object")

    env: list[object] | None = None
    env_from: list[object] | None = None
    image_pull_policy: object = None
    lifecycle: object = None
    liveness_probe: object = None
    ports: list[object] | None = None
    readiness_probe: object = None
    resize_policy: object = None
    resources: object = None
    restart_policy: object = None
    restart_policy_rules: object = None
    security_context: object = None
    startup_probe: object = None
    stdin: object = None
    stdin_once: object = None
    termination_message_path: object = None
    termination_message_policy: object = None
    tty: object = None
    volume_devices: list[object] | None = None
    volume_mounts: list[object] | None = None
    working_dir: object = None

    def __init__(
        self,
        image: object,
        command: object = None,
        args: object = None,
        **kwargs: object,
    ) -> None:
        self.name = ""
        self.image = image
        self.command = as_string_list(command)
        self.args = as_string_list(args)
        for option, value in kwargs.items():
            if option not in CONTAINER_ATTRIBUTES:
                raise TypeError(
                    f"a container has no field {option!r}; it has {', '.join(sorted(CONTAINER_ATTRIBUTES))}"
                )
            setattr(self, option, value)

    @override
    def __repr__(self) -> str:
        """Return the class and the fields that are set."""
        fields = ", ".join(f"{name}={value!r}" for name, value in self.to_dict().items() if value is not None)
        return f"{type(self).__name__}({fields})"

    def to_dict(self) -> dict[str, object]:
        """Return every field by its Python name."""
        return fields_of(self)

    def to_str(self) -> str:
        """Return the fields as a text for people."""
        return pprint.pformat(self.to_dict())

    def set_memory_request(self, memory: object) -> Self:
        """Request memory: `512Mi`, `1G` or a PipelineParam (C-01)."""
        return self.add_resource_request("memory", check_quantity(memory, "memory"))

    def set_memory_limit(self, memory: object) -> Self:
        """Limit memory: `512Mi`, `1G` or a PipelineParam (C-01)."""
        return self.add_resource_limit("memory", check_quantity(memory, "memory"))

    def set_ephemeral_storage_request(self, size: object) -> Self:
        """Request storage that lives as long as the pod (C-02)."""
        return self.add_resource_request("ephemeral-storage", check_quantity(size, "ephemeral-storage"))

    def set_ephemeral_storage_limit(self, size: object) -> Self:
        """Limit storage that lives as long as the pod (C-02)."""
        return self.add_resource_limit("ephemeral-storage", check_quantity(size, "ephemeral-storage"))

    def set_cpu_request(self, cpu: object) -> Self:
        """Request processors: `500m`, `1.5` or a PipelineParam (C-03)."""
        return self.add_resource_request("cpu", _cpu(cpu))

    def set_cpu_limit(self, cpu: object) -> Self:
        """Limit processors: `500m`, `1.5` or a PipelineParam (C-03)."""
        return self.add_resource_limit("cpu", _cpu(cpu))

    def set_gpu_limit(self, gpu: object, vendor: object = "nvidia") -> Self:
        """Limit GPUs: a whole number of `nvidia` or `amd` ones; for a PipelineParam any resource (C-04).

        KFP asks for a resource named `nvidia` where the number is a parameter and no vendor is given, which no cluster
        has (F-07): here both spellings mean `nvidia.com/gpu`.
        """
        if _is_future(gpu):
            name = str(vendor)
            return self.add_resource_limit(f"{name}.com/gpu" if name in _GPU_VENDORS else name, gpu)
        if isinstance(gpu, bool) or not isinstance(gpu, (str, int, float)):
            raise TypeError(f"a number of GPUs has to be a whole number such as 1 or '1', not {gpu!r}")
        if not re.fullmatch(r"\+?[0-9]+", str(gpu)) or int(gpu) == 0:
            raise ValueError(f"gpu must be positive integer. Got: {gpu!r}")
        if not _is_future(vendor) and vendor not in _GPU_VENDORS:
            raise ValueError(f"vendor can only be nvidia or amd. Got: {vendor!r}")
        return self.add_resource_limit(f"{vendor}.com/gpu", gpu)

    def add_resource_limit(self, resource_name: str, value: object) -> Self:
        """Limit a resource by name, unchecked; the last value wins (C-05)."""
        self._resource_table("limits")[resource_name] = value
        return self

    def add_resource_request(self, resource_name: str, value: object) -> Self:
        """Request a resource by name, unchecked; the last value wins (C-05)."""
        self._resource_table("requests")[resource_name] = value
        return self

    def get_resource_limit(self, resource_name: str) -> object:
        """Return a resource's limit, None where there is none (C-05)."""
        return self._resource_table("limits").get(resource_name) if self.resources else None

    def get_resource_request(self, resource_name: str) -> object:
        """Return a resource's request, None where there is none (C-05)."""
        return self._resource_table("requests").get(resource_name) if self.resources else None

    def add_volume_mount(self, volume_mount: object) -> Self:
        """Mount a volume: a V1VolumeMount (C-06)."""
        return self._append("volume_mounts", volume_mount, "V1VolumeMount")

    def add_volume_devices(self, volume_device: object) -> Self:
        """Map a block device: a V1VolumeDevice (C-06)."""
        return self._append("volume_devices", volume_device, "V1VolumeDevice")

    def add_env_variable(self, env_variable: object) -> Self:
        """Add a variable: a V1EnvVar (C-07)."""
        return self._append("env", env_variable, "V1EnvVar")

    def add_env_from(self, env_from: object) -> Self:
        """Add all variables of a config map or secret: a V1EnvFromSource (C-07)."""
        return self._append("env_from", env_from, "V1EnvFromSource")

    def set_env_variable(self, name: str, value: str) -> Self:
        """Refuse: KFP has this method for its second version only (C-08)."""
        raise ValueError(
            "set_env_variable is v2 only. Use add_env_variable for v1: add_env_variable(V1EnvVar(name=…, value=…))"
        )

    def set_image_pull_policy(self, image_pull_policy: object) -> Self:
        """Say when the image is pulled: `Always`, `Never` or `IfNotPresent` (C-09)."""
        if not _is_future(image_pull_policy) and image_pull_policy not in _PULL_POLICIES:
            raise ValueError(
                f"Invalid imagePullPolicy. Must be one of `Always`, `Never`, `IfNotPresent`. Got: {image_pull_policy!r}"
            )
        self.image_pull_policy = image_pull_policy
        return self

    def add_port(self, container_port: object) -> Self:
        """Open a port: a V1ContainerPort (C-10)."""
        return self._append("ports", container_port, "V1ContainerPort")

    def set_security_context(self, security_context: object) -> Self:
        """Set user, capabilities and the like: a V1SecurityContext (C-10)."""
        self.security_context = _instance(security_context, "V1SecurityContext")
        return self

    def set_readiness_probe(self, readiness_probe: object) -> Self:
        """Set how readiness is probed: a V1Probe (C-10)."""
        self.readiness_probe = _instance(readiness_probe, "V1Probe")
        return self

    def set_liveness_probe(self, liveness_probe: object) -> Self:
        """Set how liveness is probed: a V1Probe (C-10)."""
        self.liveness_probe = _instance(liveness_probe, "V1Probe")
        return self

    def set_lifecycle(self, lifecycle: object) -> Self:
        """Set what runs after the start and before the end: a V1Lifecycle (C-10)."""
        self.lifecycle = _instance(lifecycle, "V1Lifecycle")
        return self

    def set_stdin(self, stdin: bool = True) -> Self:
        """Keep the standard input open (C-11)."""
        self.stdin = stdin
        return self

    def set_stdin_once(self, stdin_once: bool = True) -> Self:
        """Close the standard input after its first reader (C-11)."""
        self.stdin_once = stdin_once
        return self

    def set_tty(self, tty: bool = True) -> Self:
        """Give the program a terminal (C-11)."""
        self.tty = tty
        return self

    def set_termination_message_path(self, termination_message_path: object) -> Self:
        """Say which file holds the program's last words (C-12)."""
        self.termination_message_path = termination_message_path
        return self

    def set_termination_message_policy(self, termination_message_policy: object) -> Self:
        """Say where the last words come from: `File` or `FallbackToLogsOnError` (C-12)."""
        if termination_message_policy not in ("File", "FallbackToLogsOnError"):
            raise ValueError(
                "terminationMessagePolicy must be `File` or `FallbackToLogsOnError`. "
                f"Got: {termination_message_policy!r}"
            )
        self.termination_message_policy = termination_message_policy
        return self

    def _append(self, attribute: str, value: object, class_name: str) -> Self:
        values = getattr(self, attribute) or []
        setattr(self, attribute, [*values, _instance(value, class_name)])
        return self

    def _resource_table(self, kind: str) -> dict[str, object]:
        resources = self.resources = self.resources or V1ResourceRequirements()
        if isinstance(resources, dict):
            table: dict[str, object] = resources.setdefault(kind, {})
            return table
        if not getattr(resources, kind, None):
            setattr(resources, kind, {})
        found: dict[str, object] = getattr(resources, kind)
        return found


class UserContainer(Container):
    """A container beside the main one: an init container, or a sidecar (D-11).

    `mirror_volume_mounts` gives it all volumes of the main container, at the same paths.
    """

    attribute_map: ClassVar[Mapping[str, str]] = {
        "name": "name",
        **CONTAINER_ATTRIBUTES,
        "mirror_volume_mounts": "mirrorVolumeMounts",
    }
    openapi_types: ClassVar[Mapping[str, str]] = dict.fromkeys(attribute_map, "object")

    def __init__(
        self,
        name: str,
        image: object,
        command: object = None,
        args: object = None,
        mirror_volume_mounts: bool | None = None,
        **kwargs: object,
    ) -> None:
        super().__init__(image, command, args, **kwargs)
        self.name = name
        self.mirror_volume_mounts = mirror_volume_mounts

    def set_mirror_volume_mounts(self, mirror_volume_mounts: bool = True) -> Self:
        """Mount all volumes of the main container here, too."""
        self.mirror_volume_mounts = mirror_volume_mounts
        return self

    @property
    def inputs(self) -> list[PipelineParam]:
        """Return the parameters that this container's fields hold, each once."""
        return extract_pipelineparams_from_any(self)


class Sidecar(UserContainer):
    """A container that runs beside the main one and ends with it (D-12)."""


def has_class_name(value: object, class_name: str) -> bool:
    """Tell whether the value's class or one of its bases has that name, in any version of the kubernetes client."""
    return any(base.__name__ == class_name for base in type(value).__mro__)


def _instance(value: object, class_name: str) -> object:
    if not has_class_name(value, class_name):
        raise ValueError(f"invalid argument. Must be of instance `{class_name}`. Got: {value!r}")
    return value


def _is_future(value: object) -> bool:
    return isinstance(value, PipelineParam) or (
        isinstance(value, str) and "{{" in value and bool(placeholders_in(value))
    )


def check_quantity(value: object, resource: str) -> object:
    """Return a quantity of bytes if KFP takes it (C-01): `512Mi`, a placeholder; raises ValueError or TypeError."""
    if isinstance(value, PipelineParam):
        return value
    if not isinstance(value, str):
        raise TypeError(f"a quantity of {resource} has to be a string such as '512Mi', not {value!r}")
    if not _QUANTITY.fullmatch(value) and not _is_future(value):
        raise ValueError(
            f"Invalid {resource} string. Should be an integer, or integer followed by one of "
            f'"E|Ei|P|Pi|T|Ti|G|Gi|M|Mi|K|Ki". Got: {value!r}'
        )
    return value


def _cpu(value: object) -> object:
    if isinstance(value, PipelineParam):
        return value
    if not isinstance(value, str):
        raise TypeError(f"a quantity of cpu has to be a string such as '500m' or '1.5', not {value!r}")
    if not _CPU.fullmatch(value) and not _is_future(value):
        raise ValueError(f'Invalid cpu string. Should be float or integer, or integer followed by "m". Got: {value!r}')
    return value
