"""`kfp.v2.compiler`, which many files of KFP v1 name: its packages are for another engine (§1.8)."""

from __future__ import annotations

from kfp_airflow.compiler.compiler import leave_package_out
from kfp_airflow.dsl.loading import collect
from kfp_airflow.dsl.pipeline import PipelineFunction

__all__ = ["Compiler"]


class Compiler:
    """Takes what the compiler of `kfp.v2` takes; the function is a pipeline of the file, its package is left out."""

    def compile(self, pipeline_func: PipelineFunction, package_path: str, **_options: object) -> None:
        """Leave the package out with a warning (KA357). Raises ValueError where no file is being loaded."""
        collect(pipeline_func)
        leave_package_out(
            f"the package {package_path} is for an engine of KFP v2 and is not written",
            "Write packages with kfp.compiler.Compiler().compile().",
        )
