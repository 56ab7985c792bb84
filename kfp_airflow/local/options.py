"""What a container of a step asks of Kubernetes, and what of it one machine can honour.

Honoured: `env`, `workingDir`, `volumeMounts` of `emptyDir` volumes. Said once in the log: what only steers a scheduler
or a registry. Anything else is refused by name: nothing is ignored in silence.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.resolved import ResolvedContainer, ResolvedStep, expand
from kfp_airflow.graph.text import Json

_WITHOUT_MEANING: Final = frozenset(
    {"imagePullPolicy", "ports", "readinessProbe", "terminationMessagePath", "terminationMessagePolicy"}
)
_SCHEDULING: Final = ("tolerations", "affinity", "nodeSelector")
_ORDINARY_RESOURCES: Final = frozenset({"cpu", "memory", "ephemeral-storage"})
# What a process of this runtime is anyway.
_GIVEN_SECURITY: Final[dict[str, Json]] = {
    "privileged": False,
    "runAsUser": 0,
    "runAsGroup": 0,
    "runAsNonRoot": False,
    "allowPrivilegeEscalation": True,
    "readOnlyRootFilesystem": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeMount:
    """A folder that containers of the step share: `subpath` of the volume (empty: all of it), seen at `path`."""

    volume: str
    path: str
    subpath: str = ""
    readonly: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The honoured part of one container's options, `$(NAME)` expanded."""

    command: tuple[str, ...] | None
    args: tuple[str, ...]
    env: dict[str, str]
    folder: str | None
    mounts: tuple[VolumeMount, ...]


def read_wishes(step: ResolvedStep, container: ResolvedContainer) -> Wishes:
    """Return what the container asks for and gets. Raises StepError for what this machine cannot give, naming it."""
    owner = f"step '{step.id}'" + (f", container '{container.name}'" if container.name else "")
    env: dict[str, str] = {}
    mounts: list[VolumeMount] = []
    folder: str | None = None
    for name, value in container.options.items():
        if value is None or value in ([], {}, False):
            continue
        match name:
            case "env":
                _read_env(value, step, env, owner)
            case "volumeMounts":
                mounts += _read_mounts(value, step, owner)
            case "workingDir":
                folder = str(value)
            case "resources":
                _check_resources(value, owner)
            case "securityContext":
                _check_security(value, owner)
            case _ if name not in _WITHOUT_MEANING:
                raise _refusal(owner, f"'{name}'")
    if container.mirror_volume_mounts:
        mounts += _read_mounts(step.container.options.get("volumeMounts"), step, owner)
    return Wishes(
        command=None if container.command is None else tuple(expand_all(part, env) for part in container.command),
        args=tuple(expand_all(part, env) for part in container.args),
        env=env,
        folder=folder,
        mounts=tuple(mounts),
    )


def expand_all(content: str, env: dict[str, str]) -> str:
    """Expand `$(NAME)` and `$$` once, as the kubelet does."""
    return expand(content, env) if "$" in content else content


def read_volumes(step: ResolvedStep) -> tuple[str, ...]:
    """Return the names of the step's `emptyDir` volumes. Raises StepError for any other kind of volume."""
    names = []
    for volume in _structs(step.pod.get("volumes")):
        kinds = [kind for kind, value in volume.items() if kind != "name" and value is not None]
        if kinds != ["emptyDir"]:
            raise _refusal(
                f"step '{step.id}'", f"the volume '{volume.get('name')}' ({', '.join(kinds) or 'of no kind'})"
            )
        names.append(str(volume["name"]))
    return tuple(names)


def describe_unused(step: ResolvedStep, *, honoured: tuple[str, ...] = ()) -> str:
    """Return one line that names what has no effect on one machine, but for `honoured`; empty: there is nothing."""
    names = [name for name in _SCHEDULING if step.pod.get(name)]
    for container in (step.container, *step.init_containers, *step.sidecars):
        idle = _WITHOUT_MEANING.union({"resources"}).difference(honoured)
        names += [name for name, value in container.options.items() if value and name in idle]
    return f"without effect on one machine: {', '.join(dict.fromkeys(names))}" if names else ""


def _read_env(value: Json, step: ResolvedStep, env: dict[str, str], owner: str) -> None:
    for variable in _structs(value):
        name = str(variable.get("name"))
        source = variable.get("valueFrom")
        if isinstance(source, dict):
            found = _read_source(source, step, owner, name)
            if found is not None:
                env[name] = found
        else:
            given = variable.get("value")
            env[name] = expand_all("" if given is None else str(given), env)


def _read_source(source: dict[str, Json], step: ResolvedStep, owner: str, name: str) -> str | None:
    kinds = [kind for kind, value in source.items() if value]
    content = source[kinds[0]] if len(kinds) == 1 else None
    if isinstance(content, dict):
        path = str(content.get("fieldPath"))
        fields = {"metadata.name": step.id, "spec.nodeName": socket.gethostname(), "status.podIP": "127.0.0.1"}
        if kinds == ["fieldRef"] and path in fields:
            return fields[path]
        if kinds[0] in {"secretKeyRef", "configMapKeyRef"} and content.get("optional"):
            return None
    raise _refusal(owner, f"the variable '{name}' (valueFrom {', '.join(kinds)})")


def _read_mounts(value: Json, step: ResolvedStep, owner: str) -> Iterator[VolumeMount]:
    volumes = read_volumes(step)
    for mount in _structs(value):
        name = str(mount.get("name"))
        if name not in volumes:
            raise StepError(f"{owner} mounts the volume '{name}', and the step has no volume of that name")
        if mount.get("subPathExpr") or mount.get("mountPropagation"):
            raise _refusal(owner, f"subPathExpr or mountPropagation of the mount of '{name}'")
        subpath = str(mount.get("subPath") or "")
        if subpath.startswith("/") or ".." in subpath.split("/"):
            raise StepError(f"{owner} mounts {subpath!r} of the volume '{name}': a subPath is relative and has no '..'")
        path, readonly = str(mount.get("mountPath")), bool(mount.get("readOnly"))
        yield VolumeMount(volume=name, path=path, subpath=subpath, readonly=readonly)


def _check_resources(value: Json, owner: str) -> None:
    if not isinstance(value, dict):
        return
    for kind in ("limits", "requests"):
        amounts = value.get(kind)
        for resource in amounts if isinstance(amounts, dict) else ():
            if resource not in _ORDINARY_RESOURCES:
                raise _refusal(owner, f"the resource '{resource}'")


def _check_security(value: Json, owner: str) -> None:
    for name, wanted in value.items() if isinstance(value, dict) else ():
        if wanted is not None and (name not in _GIVEN_SECURITY or _GIVEN_SECURITY[name] != wanted):
            raise _refusal(owner, f"'{name}' of the security context")


def _structs(value: Json) -> Iterator[dict[str, Json]]:
    yield from (entry for entry in (value if isinstance(value, list) else ()) if isinstance(entry, dict))


def _refusal(owner: str, what: str) -> StepError:
    return StepError(
        f"{owner} asks for {what}, which this machine cannot give: set [kfp_airflow] runtime to kubernetes"
    )
