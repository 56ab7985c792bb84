"""`kfp_tekton.compiler`, by which many files of KFP v1 compile for Tekton: their pipelines are KFP's own."""

from __future__ import annotations

from typing import Any

from kfp_airflow.compiler.compiler import leave_package_out
from kfp_airflow.dsl.conf import PipelineConf
from kfp_airflow.dsl.loading import Submission, collect
from kfp_airflow.dsl.pipeline import PipelineFunction

__all__ = ["TektonCompiler", "TektonPipelineConf"]


class TektonCompiler:
    """Takes what the compiler for Tekton takes; the function is a pipeline of the file, its package is left out."""

    def compile(
        self,
        pipeline_func: PipelineFunction,
        package_path: str,
        type_check: bool | None = None,
        pipeline_conf: PipelineConf | None = None,
        **_of_tekton: object,
    ) -> None:
        """Leave the package out with a warning (KA357). Raises ValueError where no file is being loaded."""
        collect(pipeline_func, Submission(conf=pipeline_conf))
        leave_package_out(
            f"the package {package_path} is for Tekton and is not written",
            "Write packages for Argo with kfp.compiler.Compiler().compile().",
        )


class TektonPipelineConf:
    """Labels and annotations of Tekton's own objects, of which there are none here."""

    def __getattr__(self, name: str) -> Any:
        """Return what takes a setting and gives the same object."""
        if name.startswith("_"):
            raise AttributeError(name)
        return lambda *_, **__: self
