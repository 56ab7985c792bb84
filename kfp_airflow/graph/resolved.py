"""A step with every text resolved: what a runtime (pods, processes, containers) is asked to run, once.

Command, arguments and `env` values are in Kubernetes' own notation: `$(NAME)` of an author's constant is still to be
expanded from the step's variables, and a `$` that came in with a value is doubled, so that the one expansion that
Kubernetes does gives the value back unchanged. A runtime that is not Kubernetes does that expansion itself (`expand`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.model import Container, ContainerStep, InputFile, OutputFile
from kfp_airflow.graph.text import Json, Resolver, Struct, Text, is_on, resolve_tree


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedContainer:
    """A container in plain strings; `options` in Kubernetes' spelling, without name, image, command and args."""

    name: str
    image: str
    command: tuple[str, ...] | None
    args: tuple[str, ...]
    options: dict[str, Json] = field(default_factory=dict)
    mirror_volume_mounts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedStep:
    """A container step in plain strings.

    `inputs` and `outputs` keep the step's order; `pod` holds `volumes`, `tolerations`, `affinity`, `nodeSelector`,
    `annotations` and `labels`, each only where the author gave one. `timeout_s` is for this attempt.
    """

    id: str
    container: ResolvedContainer
    init_containers: tuple[ResolvedContainer, ...] = ()
    sidecars: tuple[ResolvedContainer, ...] = ()
    pod: dict[str, Json] = field(default_factory=dict)
    inputs: tuple[InputFile, ...] = ()
    outputs: tuple[OutputFile, ...] = ()
    timeout_s: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How an attempt ended. `outputs`: the files and folders that were there, on this machine, by output name.

    `exit_code` is the main program's (128 + signal where a signal ended it); `message` says how it ended where that is
    not 0, in one line, with the pod's last state where there is a pod.
    """

    exit_code: int
    message: str = ""
    outputs: Mapping[str, Path] = field(default_factory=dict)


class Runtime(Protocol):
    """A place where steps run. Implemented by the pod operator (`operators/pod.py`) and by `local/`."""

    def run(self, step: ResolvedStep, *, inputs: Mapping[str, Path], work: Path) -> Outcome:
        """Run one attempt to its end and return how it ended.

        `inputs` maps each input's name to a file or folder on this machine, not to be changed; `work` is an empty
        folder of this attempt, where outputs are put (a file or folder each, symbolic links kept). The step's own
        output goes to the log as it comes. Outputs are returned for failed programs too (DP-01), the missing ones left
        out.
        Raises StepError where the step could not be run at all, TimeoutError's message included.
        """
        ...


def resolve_step(step: ContainerStep, resolve: Resolver) -> ResolvedStep:
    """Return the step with every reference replaced by `resolve(reference)`."""
    pod = step.pod
    fields: dict[str, Json] = {
        "volumes": [resolve_tree(volume, resolve) for volume in pod.volumes],
        "tolerations": [resolve_tree(toleration, resolve) for toleration in pod.tolerations],
        "affinity": resolve_tree(pod.affinity, resolve),
        "nodeSelector": resolve_tree(pod.node_selector, resolve),
        "annotations": resolve_tree(pod.annotations, resolve),
        "labels": resolve_tree(pod.labels, resolve),
    }
    return ResolvedStep(
        id=step.id,
        container=_resolve_container(step.container, resolve),
        init_containers=tuple(_resolve_container(container, resolve) for container in pod.init_containers),
        sidecars=tuple(_resolve_container(container, resolve) for container in pod.sidecars),
        pod={name: value for name, value in fields.items() if value},
        inputs=step.inputs,
        outputs=step.outputs,
        timeout_s=step.timeout_s,
    )


def _resolve_container(container: Container, resolve: Resolver) -> ResolvedContainer:
    options = {
        name: _resolve_env(value, resolve) if name == "env" else resolve_tree(value, resolve)
        for name, value in ((key.resolve(resolve), value) for key, value in container.options.entries)
    }
    return ResolvedContainer(
        name=container.name.resolve(resolve),
        image=container.image.resolve(resolve),
        command=None
        if container.command is None
        else tuple(_resolve_expandable(part, resolve) for part in container.command),
        args=tuple(_resolve_expandable(part, resolve) for part in container.args),
        options=options,
        mirror_volume_mounts=_mirrors(container, resolve),
    )


def _mirrors(container: Container, resolve: Resolver) -> bool:
    try:
        return is_on(container.mirror_volume_mounts, resolve)
    except ValueError as error:
        raise StepError(f"mirror_volume_mounts of container '{container.name.resolve(resolve)}': {error}") from error


def _resolve_env(env: object, resolve: Resolver) -> Json:
    variables: list[Json] = []
    for variable in env if isinstance(env, tuple) else ():
        resolved = resolve_tree(variable, resolve)
        value = variable.get("value") if isinstance(variable, Struct) else None
        if isinstance(value, Text) and isinstance(resolved, dict):
            resolved["value"] = _resolve_expandable(value, resolve)
        variables.append(resolved)
    return variables


def _resolve_expandable(content: Text, resolve: Resolver) -> str:
    """Return a text that Kubernetes will expand once.

    Its `$` are doubled in values, and where a literal ends in one before a value.
    """
    pieces: list[str] = []
    for index, part in enumerate(content.parts):
        if not isinstance(part, str):
            pieces.append(resolve(part).replace("$", "$$"))
            continue
        dollars = len(part) - len(part.rstrip("$"))
        last = index == len(content.parts) - 1
        pieces.append(part if last or dollars % 2 == 0 else part + "$")
    return "".join(pieces)


_EXPANSION = re.compile(r"\$(?:\$|\(([^)]*)\))")


def expand(content: str, variables: Mapping[str, str]) -> str:
    """Expand `$(NAME)` and `$$` as the kubelet does; an unknown name stays as it is written."""

    def replace(match: re.Match[str]) -> str:
        name = match.group(1)
        return "$" if name is None else variables.get(name, match.group(0))

    return _EXPANSION.sub(replace, content)
