"""`kfp.components`: component.yaml files and Python functions become task factories (rows M-01 to M-18)."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from kfp_airflow.components import structures as structures
    from kfp_airflow.components.airflow_operator import (
        create_component_from_airflow_op as create_component_from_airflow_op,
    )
    from kfp_airflow.components.file_arguments import InputArtifact as InputArtifact
    from kfp_airflow.components.file_arguments import InputBinaryFile as InputBinaryFile
    from kfp_airflow.components.file_arguments import InputPath as InputPath
    from kfp_airflow.components.file_arguments import InputTextFile as InputTextFile
    from kfp_airflow.components.file_arguments import OutputArtifact as OutputArtifact
    from kfp_airflow.components.file_arguments import OutputBinaryFile as OutputBinaryFile
    from kfp_airflow.components.file_arguments import OutputPath as OutputPath
    from kfp_airflow.components.file_arguments import OutputTextFile as OutputTextFile
    from kfp_airflow.components.graph_function import (
        create_graph_component_from_pipeline_func as create_graph_component_from_pipeline_func,
    )
    from kfp_airflow.components.lightweight import create_component_from_func as create_component_from_func
    from kfp_airflow.components.lightweight import create_component_from_func_v2 as create_component_from_func_v2
    from kfp_airflow.components.lightweight import func_to_component_file as func_to_component_file
    from kfp_airflow.components.lightweight import func_to_component_text as func_to_component_text
    from kfp_airflow.components.lightweight import func_to_container_op as func_to_container_op
    from kfp_airflow.components.loading import load_component as load_component
    from kfp_airflow.components.loading import load_component_from_file as load_component_from_file
    from kfp_airflow.components.loading import load_component_from_spec as load_component_from_spec
    from kfp_airflow.components.loading import load_component_from_text as load_component_from_text
    from kfp_airflow.components.loading import load_component_from_url as load_component_from_url
    from kfp_airflow.components.store import ComponentStore as ComponentStore

_HOMES: Final = {
    "airflow_operator": ("create_component_from_airflow_op",),
    "file_arguments": (
        "InputArtifact",
        "InputBinaryFile",
        "InputPath",
        "InputTextFile",
        "OutputArtifact",
        "OutputBinaryFile",
        "OutputPath",
        "OutputTextFile",
    ),
    "graph_function": ("create_graph_component_from_pipeline_func",),
    "lightweight": (
        "create_component_from_func",
        "create_component_from_func_v2",
        "default_base_image_or_builder",
        "func_to_component_file",
        "func_to_component_text",
        "func_to_container_op",
    ),
    "loading": (
        "load_component",
        "load_component_from_file",
        "load_component_from_spec",
        "load_component_from_text",
        "load_component_from_url",
    ),
    "store": ("ComponentStore",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "ComponentStore",
    "InputArtifact",
    "InputBinaryFile",
    "InputPath",
    "InputTextFile",
    "OutputArtifact",
    "OutputBinaryFile",
    "OutputPath",
    "OutputTextFile",
    "create_component_from_airflow_op",
    "create_component_from_func",
    "create_component_from_func_v2",
    "create_graph_component_from_pipeline_func",
    "default_base_image_or_builder",
    "func_to_component_text",
    "func_to_container_op",
    "load_component",
    "load_component_from_file",
    "load_component_from_text",
    "load_component_from_url",
    "structures",
]


def __getattr__(name: str) -> object:
    if name == "structures":
        return import_module("kfp_airflow.components.structures")
    if name in _HOME_OF:
        return getattr(import_module(f"kfp_airflow.components.{_HOME_OF[name]}"), name)
    raise AttributeError(f"module 'kfp_airflow.components' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
