"""`kfp-airflow compile` and `dsl-compile`: a pipeline function of a file becomes a package."""

from __future__ import annotations

from pathlib import Path

from kfp_airflow.catalog.files import choose_function, load_functions
from kfp_airflow.compiler import compile_function
from kfp_airflow.diagnostics import UsageError, Where
from kfp_airflow.package.names import is_package_name


def write_package(file: Path, function: str | None, output: Path, *, type_check: bool) -> None:
    """Write the package of the one pipeline of a file, or of the one called `function` (Z-06).

    Raises PipelineError with everything that is wrong with it, UsageError for another kind of file than a package.
    """
    if is_package_name(file):
        raise UsageError(
            f"{Where(str(file), 0)}: this is a package already, or a file of that kind\n"
            "  Give the Python file of the pipeline; a package is used as it is."
        )
    chosen = choose_function(load_functions(file, main_part=True), function, file)
    try:
        with chosen.file.open():
            compile_function(chosen.function, output, type_check=type_check, submission=chosen.submission)
    except UsageError:
        raise
    except ValueError as error:  # what `Compiler.compile` says of a file name
        raise UsageError(str(error)) from error
