"""`kfp-airflow compile` and `dsl-compile`: a pipeline function of a file becomes a package."""

from __future__ import annotations

from pathlib import Path

from kfp_airflow.catalog.files import choose_function, load_functions
from kfp_airflow.compiler import compile_function
from kfp_airflow.diagnostics import UsageError


def write_package(file: Path, function: str | None, output: Path, *, type_check: bool) -> None:
    """Write the package of the one pipeline of a file, or of the one called `function` (Z-06).

    Raises PipelineError with everything that is wrong with it, UsageError for another kind of file than a package.
    """
    chosen = choose_function(load_functions(file), function, file)
    try:
        with chosen.file.open():
            compile_function(chosen.function, output, type_check=type_check)
    except UsageError:
        raise
    except ValueError as error:  # what `Compiler.compile` says of a file name
        raise UsageError(str(error)) from error
