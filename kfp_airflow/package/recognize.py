"""What a YAML document is: a package of KFP v1, or one of the things that are taken for one."""

from __future__ import annotations

import re
from typing import Final

from kfp_airflow.diagnostics import Diagnostic, PipelineError, Where
from kfp_airflow.package.names import PREFIX
from kfp_airflow.package.yaml_data import Block, Data

_ARGO: Final = "argoproj.io/"
_TEKTON: Final = "tekton.dev/"
_V2_KEYS: Final = ("pipelineSpec", "pipelineInfo", "deploymentSpec", "deploymentConfig")
_COMPILE: Final = "Compile the pipeline with KFP SDK 1.8, or put its Python file here."
_TEXT: Final = rb"""["']?\s*:\s*(?:[|>][-+]?\s+)?["']?"""
"""Between a key and its text, which SDKs 0.2 and 0.3 wrote as a block of lines."""
_TOP: Final = rb"""(?:apiVersion""" + _TEXT + rb"""(?:argoproj\.io|tekton\.dev)/|"""
_TOP_OF_V2: Final = rb"""(?P<v2>pipelineSpec|pipelineInfo|deploymentSpec)["']?\s*:)"""
_BOM: Final = rb"(?:\xef\xbb\xbf)?"
_MEANT_KEY: Final = re.compile(rb"""^""" + _BOM + rb"""["']?""" + _TOP + _TOP_OF_V2, re.MULTILINE)
_MEANT_KEY_OF_JSON: Final = re.compile(rb"""[{,]\s*["']""" + _TOP + _TOP_OF_V2)
_KIND_KEY: Final = re.compile(rb"""(?:^|[{,]\s*)""" + _BOM + rb"""["']?kind""" + _TEXT + rb"""(\w+)""", re.MULTILINE)
_KINDS_MEANT: Final = frozenset(
    (b"Workflow", b"CronWorkflow", b"WorkflowTemplate", b"ClusterWorkflowTemplate", b"Pipeline", b"PipelineRun")
)


def require_package(document: Data, file: str) -> Block:
    """Return the document if it is an Argo Workflow as KFP v1 compilers write it.

    Raises PipelineError [KA404] that says what it is instead, and what to do with that.
    """
    if not isinstance(document, Block):
        kind = "a list" if isinstance(document, list) else "a single value"
        raise _not_a_package(file, f"this YAML is {kind}, not a package", _COMPILE)
    version, kind = str(document.get("apiVersion") or ""), str(document.get("kind") or "")
    if any(key in document for key in _V2_KEYS) or "schemaVersion" in document:
        problem = "this is a pipeline of KFP v2 (its intermediate representation), not a package of KFP v1"
        raise _not_a_package(file, problem, _COMPILE)
    if "implementation" in document:
        problem = "this is a component, not a pipeline"
        raise _not_a_package(file, problem, "Load it in a pipeline: kfp.components.load_component_from_file(…).")
    if version.startswith(_TEKTON):
        problem = f"this is a {kind or 'resource'} of Tekton, not of Argo"
        raise _not_a_package(file, problem, _COMPILE.replace("KFP SDK 1.8", "kfp.compiler instead of kfp_tekton"))
    if not version.startswith(_ARGO) or kind != "Workflow":
        raise _not_a_package(file, _other(version, kind), _COMPILE)
    if _is_v2_compatible(document):
        problem = "this package was compiled in mode V2_COMPATIBLE: its steps need KFP's launcher and metadata store"
        raise _not_a_package(file, problem, "Compile it in mode V1_LEGACY, which is the compiler's default.")
    return document


def looks_like_package(content: bytes) -> bool:
    """Tell whether a YAML text is meant to be a pipeline, right or wrong: a file in a folder of pipelines is read then.

    Only what stands at its top is looked at, so that a component which makes an Argo object is none.
    """
    is_json = content.lstrip().startswith(b"{")
    if not (meant := (_MEANT_KEY_OF_JSON if is_json else _MEANT_KEY).search(content)):
        return False
    kind = _KIND_KEY.search(content)
    return meant["v2"] is not None or kind is None or kind.group(1) in _KINDS_MEANT


def _other(version: str, kind: str) -> str:
    if version.startswith(_ARGO):
        return f"this is a {kind} of Argo, and a package of KFP is a Workflow" if kind else "this object has no kind"
    if version and kind:
        return f"this is a Kubernetes object of kind {kind} ({version}), not a pipeline"
    return "this is no package: it has no apiVersion and kind"


def _is_v2_compatible(document: Block) -> bool:
    metadata = document.get("metadata")
    if not isinstance(metadata, Block):
        return False
    marks = (metadata.get(key) for key in ("annotations", "labels"))
    return any(isinstance(mark, Block) and str(mark.get(f"{PREFIX}v2_pipeline")).lower() == "true" for mark in marks)


def _not_a_package(file: str, problem: str, advice: str) -> PipelineError:
    return PipelineError([Diagnostic(code="KA404", where=Where(file, 0), problem=problem, advice=advice)])
