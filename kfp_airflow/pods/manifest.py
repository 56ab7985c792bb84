"""The pod of a step: pure functions from the resolved step, and what the operator and its template say, to a manifest.

A manifest here is plain JSON data in Kubernetes' own spelling. What an operator or a pod template says holds where the
step says nothing; lists (variables, volumes, mounts, tolerations) are joined, the step's entries last.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Final, TypeAlias, cast

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.model import Settings
from kfp_airflow.graph.resolved import ResolvedContainer, ResolvedStep
from kfp_airflow.graph.text import Json, Struct, Text, resolve_tree
from kfp_airflow.pods import helper

Manifest: TypeAlias = dict[str, Json]

MAIN: Final = "main"
"""The container that runs the step's program, named as in Argo."""
_JOINED: Final = frozenset({"env", "envFrom", "ports", "volumeMounts", "volumeDevices"})
_QUANTITY: Final = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+|[numkKMGTPE]|[KMGTPE]i)?")
_LABEL_VALUE: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_LABEL_NAME: Final = re.compile(
    r"([a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
)
_LOWER_K: Final = re.compile(r"(\d)K$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """How files get into a step's pod and out of it.

    `feeder` is the container that takes the inputs, `keeper` the one that gives the outputs. `wrapped`: the program
    runs inside the wrapper, which leaves its exit code; otherwise outputs are files mounted at their paths.
    """

    feeder: str
    keeper: str = helper.HELPER
    wrapped: bool = False


def exchange_of(step: ResolvedStep) -> Exchange | None:
    """Return how a step's files travel, None where it has none: then there is no helper in its pod."""
    if not (step.inputs or step.outputs or any(one.command for one in step.sidecars)):
        return None
    early = bool(step.init_containers or step.sidecars)
    wrapped = bool(step.outputs) and step.container.command is not None
    feeder = helper.FEEDER if early else helper.HELPER
    return Exchange(feeder=feeder, keeper=helper.HELPER if step.outputs else feeder, wrapped=wrapped)


def build_pod(base: Manifest, step: ResolvedStep, settings: Settings, *, helper_image: str) -> Manifest:
    """Return the pod of a step. `base`: the pod without it, whose first container becomes `main`; not changed.

    Raises StepError for a quantity, a label's name or a container's name that Kubernetes cannot take.
    """
    exchange = exchange_of(step)
    spec = dict(as_object(base.get("spec")))
    first, *others = _list(spec.get("containers")) or [{}]
    main = _container(step.container, as_object(first), settings, name=MAIN)
    mounts = list(_list(main.get("volumeMounts")))
    mirrored = [*mounts, *_input_mounts(step)]
    early = [
        *_list(spec.get("initContainers")),
        *(_extra(one, settings, mirrored, f"init-{index}") for index, one in enumerate(step.init_containers)),
        *(_sidecar(_extra(one, settings, mirrored, f"sidecar-{index}")) for index, one in enumerate(step.sidecars)),
    ]
    containers: list[Json] = [main, *others]
    if exchange is not None:
        main["volumeMounts"] = [*mounts, *_input_mounts(step), *_output_mounts(step, exchange)]
        if exchange.wrapped:
            main["command"] = [*helper.WRAPPED, *(step.container.command or ())]
        user = _user_of(main, spec)
        if exchange.keeper == helper.HELPER:
            hold = exchange.feeder == helper.HELPER
            containers = [_helper(helper.HELPER, helper_image, user, hold=hold), *containers]
        if exchange.feeder == helper.FEEDER:
            early = [{**_helper(helper.FEEDER, helper_image, user, hold=True), "restartPolicy": "Always"}, *early]
    spec.update(containers=containers, restartPolicy="Never")
    if early:
        spec["initContainers"] = early
    _apply_pod_options(spec, step, settings, with_volume=exchange is not None)
    _check_names(spec, step)
    return {**base, "metadata": _metadata(as_object(base.get("metadata")), step), "spec": spec}


def check_quantities(step: ResolvedStep) -> None:
    """Raise StepError for the first quantity that is none, naming container, resource and text (C-01, C-03)."""
    for container in (step.container, *step.init_containers, *step.sidecars):
        resources = as_object(container.options.get("resources"))
        for kind in ("requests", "limits"):
            for resource, quantity in as_object(resources.get(kind)).items():
                if not (isinstance(quantity, int | float) or _QUANTITY.fullmatch(str(quantity))):
                    whose = f"container '{container.name}'" if container.name else "the step"
                    raise StepError(
                        f"step '{step.id}': {whose} {kind} '{quantity}' of {resource}, which is no quantity. "
                        "Write a number, with a unit where one is needed: 500m, 0.5, 2, 512Mi, 4Gi"
                    )


def _container(container: ResolvedContainer, base: Manifest, settings: Settings, *, name: str) -> Manifest:
    """Return a container's manifest: the step's own fields over those of `base`."""
    made: Manifest = {field: value for field, value in base.items() if value not in (None, [], {}, "")}
    for field, value in container.options.items():
        if value is None or (value in ([], {}) and field in made):
            continue
        made[field] = [*_list(made.get(field)), *_list(value)] if field in _JOINED else value
    made.update(name=name, image=container.image)
    made.pop("command", None)
    made.pop("args", None)
    if container.command is not None:
        made["command"] = list(container.command)
    if container.args:
        made["args"] = list(container.args)
    policy = container.options.get("imagePullPolicy") or settings.image_pull_policy or base.get("imagePullPolicy")
    if policy:  # P-07
        made["imagePullPolicy"] = policy
    if "resources" in made:
        made["resources"] = _resources(as_object(made["resources"]))
    return made


def _resources(resources: Manifest) -> Manifest:
    """Return resources whose quantities are text; KFP takes `K` for a thousand (C-01), Kubernetes writes `k`."""
    return {
        kind: {name: _LOWER_K.sub(r"\1k", str(quantity)) for name, quantity in value.items()}
        if isinstance(value, dict) and kind in {"requests", "limits"}
        else value
        for kind, value in resources.items()
    }


def _extra(container: ResolvedContainer, settings: Settings, mirrored: list[Json], default_name: str) -> Manifest:
    """Return an init container or a sidecar; with `mirror_volume_mounts` it sees what `main` has mounted (D-11)."""
    made = _container(container, {}, settings, name=container.name or default_name)
    if container.mirror_volume_mounts:
        own = _list(made.get("volumeMounts"))
        taken = {as_object(mount).get("mountPath") for mount in own}
        made["volumeMounts"] = [*own, *(mount for mount in mirrored if as_object(mount).get("mountPath") not in taken)]
    made.pop("restartPolicy", None)
    return made


def _sidecar(made: Manifest) -> Manifest:
    """Return a container as a native sidecar; with a command, it runs once as in Argo (D-12)."""
    made["restartPolicy"] = "Always"
    command = _list(made.get("command"))
    if command:
        made["command"] = [*helper.BESIDE, *command]
        made["volumeMounts"] = [*_list(made.get("volumeMounts")), _mount(f"{helper.ROOT}/bin", "bin", read_only=True)]
    return made


def _input_mounts(step: ResolvedStep) -> list[Json]:
    return [_mount(item.path, f"in/{index}", read_only=True) for index, item in enumerate(step.inputs)]


def _output_mounts(step: ResolvedStep, exchange: Exchange) -> list[Json]:
    if exchange.wrapped:
        return [_mount(f"{helper.ROOT}/bin", "bin", read_only=True), _mount(f"{helper.ROOT}/out", "out")]
    return [_mount(item.path, f"out/{index}.file") for index, item in enumerate(step.outputs)]


def _mount(path: str, sub_path: str, *, read_only: bool = False) -> Manifest:
    mount: Manifest = {"name": helper.VOLUME, "mountPath": path, "subPath": sub_path}
    return {**mount, "readOnly": True} if read_only else mount


def _helper(name: str, image: str, user: Manifest, *, hold: bool) -> Manifest:
    """Return a helper container; with `hold`, the containers after it start when the inputs are there."""
    made: Manifest = {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": [*helper.shell(helper.STAY)],
        "volumeMounts": [{"name": helper.VOLUME, "mountPath": helper.ROOT}],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "seccompProfile": {"type": "RuntimeDefault"},
            **user,
        },
    }
    if hold:
        made["lifecycle"] = {"postStart": {"exec": {"command": [*helper.shell(helper.HOLD)]}}}
    return made


def _user_of(main: Manifest, spec: Manifest) -> Manifest:
    """Return the user of the helper: that of `main`, where it is told, so that each can read the other's files."""
    own, pod = as_object(main.get("securityContext")), as_object(spec.get("securityContext"))
    user: Manifest = {
        field: own[field] for field in ("runAsUser", "runAsGroup", "runAsNonRoot") if own.get(field) is not None
    }
    named = user.get("runAsUser", pod.get("runAsUser"))
    if named is None and (user.get("runAsNonRoot") or pod.get("runAsNonRoot")):
        user["runAsUser"] = 65534  # the image names nobody, and the pod may not run as root
    return user


def _apply_pod_options(spec: Manifest, step: ResolvedStep, settings: Settings, *, with_volume: bool) -> None:
    """Put the step's pod options and the pipeline's settings into `spec`, which is the caller's own copy."""
    pod = step.pod
    own_volumes = {as_object(volume).get("name") for volume in _list(pod.get("volumes"))}
    volumes = [
        *(volume for volume in _list(spec.get("volumes")) if as_object(volume).get("name") not in own_volumes),
        *_list(pod.get("volumes")),
    ]
    if with_volume:
        volumes.append({"name": helper.VOLUME, "emptyDir": {}})
    if volumes:
        spec["volumes"] = volumes
    if tolerations := [*_list(spec.get("tolerations")), *_list(pod.get("tolerations"))]:
        spec["tolerations"] = tolerations
    if pod.get("affinity"):
        spec["affinity"] = pod["affinity"]
    # P-06: the step's own selector replaces the pipeline's; both come after the operator's.
    selector = as_object(pod.get("nodeSelector")) or as_object(_constants(settings.node_selector))
    if selector:
        texts: Manifest = {name: _plain(value) for name, value in selector.items()}
        spec["nodeSelector"] = {**as_object(spec.get("nodeSelector")), **texts}
    if secrets := [_secret(_constants(secret)) for secret in settings.image_pull_secrets]:
        spec["imagePullSecrets"] = [*_list(spec.get("imagePullSecrets")), *secrets]
    if dns := _constants(settings.dns_config):
        spec["dnsConfig"] = dns
    if step.timeout_s is not None:
        limit = spec.get("activeDeadlineSeconds")
        spec["activeDeadlineSeconds"] = min(step.timeout_s, limit) if isinstance(limit, int) else step.timeout_s


def _secret(secret: Json) -> Json:
    """Return a reference by name only: samples pass a V1ObjectReference (P-01) with fields that have no place here."""
    return {"name": as_object(secret).get("name")}


def _metadata(base: Manifest, step: ResolvedStep) -> Manifest:
    annotations: Manifest = {name: _plain(value) for name, value in as_object(step.pod.get("annotations")).items()}
    given = {**as_object(base.get("labels")), **as_object(step.pod.get("labels"))}
    labels: Manifest = {name: _label_value(_plain(value)) for name, value in given.items()}
    for kind, names in (("annotation", annotations), ("label", labels)):
        for name in names:
            if not _LABEL_NAME.fullmatch(name):
                raise StepError(
                    f"step '{step.id}': '{name}' is no name of a pod's {kind}. Kubernetes takes letters, digits, "
                    "'-', '_' and '.', at most 63, with an optional domain and '/' before them"
                )
    return {
        **base,
        "annotations": {**as_object(base.get("annotations")), **annotations},
        "labels": labels,
    }


def _label_value(value: str) -> str:
    """Return a value that Kubernetes takes, the same for the same text: as it is, or cut and ended by a hash."""
    if _LABEL_VALUE.fullmatch(value):
        return value
    digest = hashlib.sha256(value.encode()).hexdigest()[:8]
    safe = re.sub(r"[^-A-Za-z0-9_.]+", "-", value)[:54].strip("-_.")
    return f"{safe}-{digest}" if safe else digest


def _plain(value: Json) -> str:
    """Return a value of a map whose values are text: `true`, not `True`."""
    if isinstance(value, bool):
        return str(value).lower()
    return value if isinstance(value, str) else str(value)


def _check_names(spec: Manifest, step: ResolvedStep) -> None:
    names = [
        str(as_object(one).get("name")) for one in (*_list(spec.get("initContainers")), *_list(spec["containers"]))
    ]
    for name in names:
        if names.count(name) > 1:
            raise StepError(
                f"step '{step.id}': its pod has two containers named '{name}'. "
                f"Name init containers and sidecars apart; "
                f"'{MAIN}', '{helper.HELPER}' and '{helper.FEEDER}' are taken"
            )


def _constants(value: object) -> Json:
    """Return a setting of the pipeline as plain data; the compiler lets no reference into these (§1.5)."""
    return resolve_tree(cast("Struct | Text | None", value), str)


def as_object(value: Json) -> Manifest:
    """Return an object of a manifest, an empty one for what is none."""
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
