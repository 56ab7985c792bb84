"""The commands of `kfp-airflow`, as a person types them; what they do is imported when they are called."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

import kfp_airflow
from kfp_airflow.cli.outcome import REFUSED, count, refusals

if TYPE_CHECKING:
    from kfp_airflow.cli.drawings import Format

_FILE: Final = click.Path(path_type=Path)
_HOME_HELP: Final = "Where history, logs and artifacts lie  [default: $KFP_AIRFLOW_HOME or ~/.local/share/kfp-airflow]"
_RUNTIMES: Final = ("auto", "process", "container", "kubernetes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Global:
    """The options of every command."""

    verbose: bool


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--verbose", is_flag=True, help="Show the traceback of an error, too.")
@click.pass_context
def command(context: click.Context, *, verbose: bool) -> None:
    """Kubeflow Pipelines v1 pipelines on Apache Airflow."""
    context.obj = Global(verbose=verbose)


@command.command()
@click.argument("file", type=_FILE)
@click.option("--function", metavar="NAME", help="The pipeline function, where the file has several.")
@click.option("-p", "parameters", metavar="NAME=VALUE", multiple=True, help="A parameter; may be given several times.")
@click.option("--experiment", "experiments", metavar="NAME", multiple=True, help="An experiment, a tag of the DAG.")
@click.option("--runtime", type=click.Choice(_RUNTIMES), default="auto", show_default=True, help="Where the steps run.")
@click.option("--home", type=_FILE, metavar="DIR", help=_HOME_HELP)
@click.option("--json", "json_out", type=_FILE, metavar="OUT", help="Write the result as JSON to this file.")
@click.pass_obj
def run(  # noqa: PLR0913 - one for each option that a person can write
    settings: Global,
    *,
    file: Path,
    function: str | None,
    parameters: tuple[str, ...],
    experiments: tuple[str, ...],
    runtime: str,
    home: Path | None,
    json_out: Path | None,
) -> None:
    """Run a pipeline on this machine and show how it goes.

    Exit code 0 when it succeeded, 1 when it failed, 2 when it cannot be run.
    """
    with refusals(verbose=settings.verbose):
        from kfp_airflow.cli.run import RunOptions
        from kfp_airflow.cli.run import run as run_pipeline

        options = RunOptions(
            file=file,
            function=function,
            parameters=parameters,
            experiments=experiments,
            runtime=runtime,
            home=home,
            json_out=json_out,
            verbose=settings.verbose,
        )
        sys.exit(run_pipeline(options))


@command.command()
@click.argument("files", type=_FILE, nargs=-1, required=True, metavar="FILE...")
@click.pass_obj
def check(settings: Global, *, files: tuple[Path, ...]) -> None:
    """Tell everything that is wrong with the pipelines of some files; exit code 2 if anything is."""
    with refusals(verbose=settings.verbose):
        from kfp_airflow.cli.checking import check_file

        errors = warnings = pipelines = 0
        for file in files:
            result = check_file(file, verbose=settings.verbose)
            pipelines += result.pipelines
            errors += len(result.errors)
            warnings += len(result.warnings)
            for line in (*result.errors, *result.warnings):
                click.echo(line, err=True)
        counted = (count(len(files), "file"), count(pipelines, "pipeline"), count(errors, "error"))
        click.echo(f"{counted[0]}, {counted[1]}: {counted[2]}, {count(warnings, 'warning')}")
        if errors:
            sys.exit(REFUSED)


@command.command()
@click.argument("file", type=_FILE)
@click.option("--function", metavar="NAME", help="The pipeline function, where the file has several.")
@click.option("--format", "form", type=click.Choice(("tree", "mermaid", "json")), default="tree", show_default=True)
@click.pass_obj
def graph(settings: Global, *, file: Path, function: str | None, form: Format) -> None:
    """Show the steps of a pipeline and what runs before what."""
    with refusals(verbose=settings.verbose):
        import json

        from kfp_airflow.cli.drawings import as_json, as_mermaid, as_tree
        from kfp_airflow.cli.sources import check_chosen

        pipeline = check_chosen(file, function).pipeline
        match form:
            case "tree":
                click.echo(as_tree(pipeline))
            case "mermaid":
                click.echo(as_mermaid(pipeline))
            case "json":
                click.echo(json.dumps(as_json(pipeline), ensure_ascii=False, indent=2))


@command.command(name="compile")
@click.option("--py", "file", type=_FILE, required=True, metavar="FILE", help="The pipeline file.")
@click.option("--function", metavar="NAME", help="The pipeline function, where the file has several.")
@click.option("--output", type=_FILE, required=True, metavar="OUT", help="The package: .yaml, .zip, .tar.gz or .tgz.")
@click.pass_obj
def compile_package(settings: Global, *, file: Path, function: str | None, output: Path) -> None:
    """Write a pipeline as a KFP package."""
    with refusals(verbose=settings.verbose):
        from kfp_airflow.cli.packages import write_package

        write_package(file, function, output, type_check=True)


@command.command()
@click.argument("files", type=_FILE, nargs=-1, required=True, metavar="FILE...")
@click.option("--dags-folder", type=_FILE, metavar="DIR", help="Where to write them  [default: Airflow's]")
@click.option("--experiment", "experiments", metavar="NAME", multiple=True, help="An experiment, a tag of the DAGs.")
@click.pass_obj
def add(settings: Global, *, files: tuple[Path, ...], dags_folder: Path | None, experiments: tuple[str, ...]) -> None:
    """Write a DAG file for each pipeline of some files into the dags folder."""
    with refusals(verbose=settings.verbose):
        import os

        from kfp_airflow.cli.add import default_dags_folder, plan_additions

        folder = dags_folder or default_dags_folder(os.environ)
        for addition in plan_additions(files, folder, experiments):
            if addition.is_there:
                click.echo(f"{addition.path} is there already")
                continue
            addition.path.parent.mkdir(parents=True, exist_ok=True)
            addition.path.write_text(addition.content, encoding="utf-8")
            click.echo(f"{addition.path} written")


@command.command()
def version() -> None:
    """Show which version this is."""
    click.echo(f"kfp-airflow {kfp_airflow.__version__}")
