"""`kfp.compiler`: pipelines become packages (rows Z-01 to Z-05)."""

from kfp_airflow.compiler.compiler import Compiler, compile_function, create_workflow
from kfp_airflow.compiler.images import VersionedDependency, build_docker_image, build_python_component

__all__ = [
    "Compiler",
    "VersionedDependency",
    "build_docker_image",
    "build_python_component",
    "compile_function",
    "create_workflow",
]
