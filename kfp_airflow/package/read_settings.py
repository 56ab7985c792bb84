"""What a workflow says of the pipeline as a whole: its name, parameters and settings."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from kfp_airflow.graph.model import Parameter, PipelineOutput, Settings, VolumePassing
from kfp_airflow.graph.text import EMPTY_STRUCT, Struct, Tree, tree
from kfp_airflow.package.fields import Notes, by_name
from kfp_airflow.package.names import PREFIX, argument_name
from kfp_airflow.package.placeholders import Frame, read_text
from kfp_airflow.package.volume import VOLUME_NAME
from kfp_airflow.package.write import SERVICE_ACCOUNT
from kfp_airflow.package.yaml_data import Block

WORKFLOW: Final = "the workflow"
_READ: Final = frozenset(
    (
        "activeDeadlineSeconds",
        "arguments",
        "dnsConfig",
        "entrypoint",
        "imagePullSecrets",
        "nodeSelector",
        "onExit",
        "parallelism",
        "podDisruptionBudget",
        "serviceAccountName",
        "templates",
        "ttlSecondsAfterFinished",
        "ttlStrategy",
        "volumes",
    )
)
_WITHOUT_EFFECT: Final = frozenset(("archiveLogs", "artifactGC", "artifactRepositoryRef", "podGC", "podMetadata"))
"""What Argo does with logs, stored files and pods afterwards: ours to decide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """What the annotation `pipeline_spec` says, where there is one: all of it is lost in the workflow itself."""

    name: str
    description: str | None
    inputs: dict[str, dict[str, object]]
    outputs: tuple[PipelineOutput, ...] = ()


def read_description(workflow: Block, notes: Notes) -> Described:
    """Return name, description and inputs (by their names in the workflow) of a pipeline.

    SDKs before 0.1.32 wrote no annotation: then the name is that of the workflow, and there is nothing else.
    """
    metadata = notes.block(workflow, "metadata", WORKFLOW)
    annotations = notes.block(metadata, "annotations", WORKFLOW)
    spec = _json_object(notes.text(annotations, f"{PREFIX}pipeline_spec", WORKFLOW))
    generated = notes.text(metadata, "generateName", WORKFLOW) or notes.text(metadata, "name", WORKFLOW) or ""
    entrypoint = notes.text(notes.block(workflow, "spec", WORKFLOW), "entrypoint", WORKFLOW) or ""
    name, description = spec.get("name"), spec.get("description")
    inputs, outputs = spec.get("inputs"), spec.get("outputs")
    return Described(
        name=name if isinstance(name, str) and name else generated.rstrip("-") or entrypoint,
        description=description if isinstance(description, str) else None,
        inputs={
            argument_name(entry["name"]): entry
            for entry in (inputs if isinstance(inputs, list) else ())
            if isinstance(entry, dict) and isinstance(entry.get("name"), str)
        },
        outputs=tuple(
            PipelineOutput(name=entry["name"], type=tree(entry.get("type")))
            for entry in (outputs if isinstance(outputs, list) else ())
            if isinstance(entry, dict) and isinstance(entry.get("name"), str)
        ),
    )


def read_parameters(spec: Block, described: Described, notes: Notes) -> tuple[Parameter, ...]:
    """Return the pipeline's parameters: those that the workflow takes, with what the annotation says of them."""
    arguments = notes.block(spec, "arguments", WORKFLOW)
    notes.only(arguments, f"{WORKFLOW}: arguments", {"parameters", "artifacts"})
    found: list[Parameter] = []
    for entry in notes.blocks(arguments, "parameters", f"{WORKFLOW}: arguments"):
        what = f"parameter '{entry.get('name')}'"
        notes.only(entry, what, {"name", "value"})
        name = notes.required(entry, "name", "a parameter")
        told = described.inputs.get(name, {})
        default = notes.text(entry, "value", what)
        description = told.get("description")
        found.append(
            Parameter(
                name=str(told.get("name", name)),
                type=tree(told.get("type")),
                default=default,
                optional=default is not None or told.get("optional") is True,
                description=description if isinstance(description, str) else None,
                where=notes.where(entry),
            )
        )
    return tuple(found)


def read_settings(spec: Block, frame: Frame, path_prefix: str | None, notes: Notes) -> Settings:
    """Return the settings of a workflow, what `dsl.PipelineConf` set (P-01 to P-10).

    `path_prefix` says where on their volume files travel, if they do.
    """
    notes.only(spec, WORKFLOW, _READ, _WITHOUT_EFFECT)
    account = notes.text(spec, "serviceAccountName", WORKFLOW)
    if account not in {None, SERVICE_ACCOUNT, ""}:
        notes.note(
            "KA412",
            spec,
            f"the package asks for the service account '{account}', which is left out",
            f"Give it to the DAG: to_dag(…, operator_args={{'service_account_name': '{account}'}}).",
            severity="warning",
        )
    ttl = notes.block(spec, "ttlStrategy", WORKFLOW)
    notes.only(ttl, f"{WORKFLOW}: ttlStrategy", {"secondsAfterCompletion"})
    budget = notes.block(spec, "podDisruptionBudget", WORKFLOW)

    def read(value: object) -> Tree:
        return tree(value, lambda text: read_text(text, frame, lambda problem: _note(spec, problem, notes)))

    volume = by_name(notes.blocks(spec, "volumes", WORKFLOW)).get(VOLUME_NAME)
    if path_prefix is not None and volume is None:
        notes.feature(spec, WORKFLOW, f"output files on a volume without having the volume '{VOLUME_NAME}'")
    selector = read(notes.block(spec, "nodeSelector", WORKFLOW))
    return Settings(
        timeout_s=notes.whole(spec, "activeDeadlineSeconds", WORKFLOW),
        parallelism=notes.whole(spec, "parallelism", WORKFLOW),
        ttl_s=notes.whole(ttl, "secondsAfterCompletion", WORKFLOW)
        if ttl
        else notes.whole(spec, "ttlSecondsAfterFinished", WORKFLOW),
        image_pull_secrets=tuple(read(secret) for secret in notes.listed(spec, "imagePullSecrets", WORKFLOW)),
        node_selector=selector if isinstance(selector, Struct) else EMPTY_STRUCT,
        dns_config=read(notes.block(spec, "dnsConfig", WORKFLOW)) if spec.get("dnsConfig") else None,
        disruption_budget=read(budget) if budget else None,
        volume_passing=None if path_prefix is None else VolumePassing(volume=read(volume), path_prefix=path_prefix),
    )


def _note(spec: Block, problem: str, notes: Notes) -> None:
    notes.note("KA407", spec, f"{WORKFLOW}: {problem}", "Compile the pipeline again.")


def _json_object(content: str | None) -> dict[str, object]:
    try:
        found = json.loads(content or "{}")
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
