"""`dsl-compile`, the compiler command of the KFP v1 SDK (Z-06)."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from kfp_airflow.cli.outcome import refusals, refuse

MODE_VARIABLE: Final = "KF_PIPELINES_COMPILER_MODE"
_MODES: Final = ("V1", "V1_LEGACY", "V2_COMPATIBLE", "V2_ENGINE")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--py", "file", type=click.Path(path_type=Path), required=True, help="The pipeline file.")
@click.option("--function", help="The pipeline function, where the file has several.")
@click.option("--namespace", help="Ignored, as it is by the KFP SDK.", hidden=True)
@click.option(
    "--output", type=click.Path(path_type=Path), required=True, help="The package: .yaml, .zip, .tar.gz, .tgz."
)
@click.option("--disable-type-check", is_flag=True, help="Let wrong types of arguments only warn.")
@click.option("--mode", type=click.Choice(_MODES), envvar=MODE_VARIABLE, default="V1_LEGACY", help="V1 or V1_LEGACY.")
def main(
    *, file: Path, function: str | None, namespace: str | None, output: Path, disable_type_check: bool, mode: str
) -> None:
    """Write a KFP v1 pipeline as a package."""
    del namespace
    if mode.startswith("V2"):
        refuse(f"--mode {mode} is for KFP's own later engines. Leave it out: packages are V1_LEGACY.")
    with refusals(verbose=False):
        from kfp_airflow.cli.packages import write_package

        write_package(file, function, output, type_check=not disable_type_check)
