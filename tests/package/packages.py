"""Workflows to read in tests, made of small parts."""

from __future__ import annotations

from typing import Any

from kfp_airflow.graph.model import Pipeline
from kfp_airflow.package.read import Package, read
from kfp_airflow.package.yaml_data import read_yaml
from kfp_airflow.package.yaml_text import yaml_text

PREFIX = "pipelines.kubeflow.org/"


def step(name: str, *args: str, **fields: Any) -> dict[str, Any]:
    """Return a template that runs a container."""
    return {"name": name, "container": {"image": "alpine", "command": ["run"], "args": list(args)}, **fields}


def dag(name: str, *tasks: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Return a DAG template."""
    return {"name": name, "dag": {"tasks": list(tasks)}, **fields}


def task(name: str, *after: str, template: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return a task that calls the template of its own name, or another."""
    return {"name": name, "template": template or name, "dependencies": list(after), **fields}


def handed(**values: str) -> dict[str, Any]:
    """Return the arguments of a task."""
    return {"parameters": [{"name": name.replace("_", "-"), "value": value} for name, value in values.items()]}


def workflow(*templates: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """Return a workflow whose entrypoint is its first template."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "p-"},
        "spec": {"entrypoint": templates[0]["name"], "templates": list(templates), **spec},
    }


def package(document: object, file: str = "p.yaml") -> Package:
    """Return what is read of a document, which is written as YAML for it."""
    return read(read_yaml(yaml_text(document).encode(), file), file)  # type: ignore[arg-type] # JSON data


def pipeline(*templates: dict[str, Any], **spec: Any) -> Pipeline:
    """Return the graph of a workflow."""
    return package(workflow(*templates, **spec)).pipeline
