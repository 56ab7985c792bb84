"""Pipeline files that cannot be read or executed: what is reported of them, with the author's line."""

from __future__ import annotations

import ast
import difflib
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from kfp_airflow.components.fetching import NotFetched
from kfp_airflow.diagnostics import Diagnostic, PipelineError, UsageError, Where


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file; raises UsageError where there is none, PipelineError where it is no Python."""
    if path.is_dir():
        raise UsageError(
            f"{Where(str(path), 0)}: this is a folder, not a pipeline file\n  Give the path of a .py file in it."
        )
    if not path.exists():
        close = difflib.get_close_matches(path.name, [other.name for other in path.parent.glob("*.py")], n=1)
        advice = f"Did you mean '{close[0]}'?" if close else "Check the path."
        raise UsageError(f"{Where(str(path), 0)}: there is no such file\n  {advice}")
    if path.suffix != ".py":
        raise UsageError(
            f"{Where(str(path), 0)}: this is no Python file: its name ends in '{path.suffix}'\n"
            "  Give a .py file with a pipeline, or a package: .yaml, .yml, .zip, .tar.gz or .tgz."
        )
    try:
        return ast.parse(path.read_bytes(), str(path))
    except SyntaxError as error:
        where = Where(error.filename or str(path), error.lineno or 0)
        shown = f": {error.text.strip()}" if error.text and error.text.strip() else ""
        raise _refused(
            "KA351", where, f"{error.msg}{shown}", "Mend the syntax: Python cannot read the file."
        ) from error
    except ValueError as error:
        raise _refused(
            "KA351", Where(str(path), 0), f"Python cannot read the file: {error}", "Save it as UTF-8 text."
        ) from error


def failed(error: BaseException, path: Path) -> PipelineError:
    """Return what is reported of an exception at import: the author's last line, the exception, and nothing of ours."""
    if isinstance(error, PipelineError):
        return error
    frames = [
        frame for frame in traceback.extract_tb(error.__traceback__) if Path(frame.filename).is_relative_to(path.parent)
    ]
    where = Where(frames[-1].filename, frames[-1].lineno or 0) if frames else Where(str(path), 0)
    if isinstance(error, SyntaxError) and error.filename:
        where = Where(error.filename, error.lineno or 0)
    if isinstance(error, SystemExit):
        problem = f"the file ended the program while it was loaded: SystemExit({error.code})"
        advice = "Put what belongs to a script under `if __name__ == '__main__':`."
        if any(Path(frame.filename).name == "argparse.py" for frame in traceback.extract_tb(error.__traceback__)):
            advice = "It is loaded without arguments of a command line: give each argument a default."
        return _refused("KA352", where, problem, advice)
    text = f"{type(error).__name__}: {error}".rstrip(": ")
    advice = "Mend this line. Code that is for a script only belongs under `if __name__ == '__main__':`."
    if isinstance(error, ImportError) and not str(error.name or error.path).startswith("kfp"):
        advice = "Install it where Airflow runs, put it beside the file, or import it inside the step's function."
    if isinstance(error, NotFetched):
        advice = "Save it beside the file, load_component_from_file(…), or let Airflow's machines reach the address."
    if isinstance(error, FileNotFoundError) and (folder := _folder_with(error.filename, path)) is not None:
        advice = f"The path is taken from the current folder: start the command in {folder}, as Airflow would."
    return _refused("KA352", where, f"loading the file raised {text}", advice)


def line_of(broken: PipelineError, path: Path) -> int:
    """Return the line of a file at which what it does by itself went wrong."""
    cause = broken.__cause__
    frames = traceback.extract_tb(cause.__traceback__) if cause is not None else []
    return next((frame.lineno or 0 for frame in frames if frame.filename == str(path)), 0)


def of_main_part(broken: PipelineError, path: Path) -> PipelineError:
    """Return what is wrong with a pipeline; of a name that only the file's main part makes, it says so."""
    cause = broken.__cause__
    if not isinstance(cause, NameError) or cause.name not in set(_names_of_main_part(parsed(path))):
        return broken
    advice = f"'{cause.name}' is made under `if __name__ == '__main__':` only, which is not executed: make it above."
    return PipelineError(
        replace(found, advice=advice) if found.code == "KA001" else found for found in broken.diagnostics
    )


def _names_of_main_part(tree: ast.Module) -> Iterator[str]:
    for statement in tree.body:
        if isinstance(statement, ast.If) and "__name__" in ast.unparse(statement.test):
            for node in ast.walk(statement):
                match node:
                    case ast.Name(id=name, ctx=ast.Store()):
                        yield name
                    case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
                        yield from ((alias.asname or alias.name).partition(".")[0] for alias in aliases)


def rest_left_out(broken: PipelineError) -> Diagnostic:
    """Return the warning for a file whose script part, after its pipelines, goes wrong: it wants a server, say."""
    (found,) = broken.diagnostics
    problem = f"{found.problem}, after the file's pipelines: they are there, what follows this line is left out"
    advice = "Put what belongs to a script under `if __name__ == '__main__':`."
    return replace(found, code="KA358", severity="warning", problem=problem, advice=advice)


def _folder_with(name: object, path: Path) -> Path | None:
    """Return the pipeline file's folder, or one around it, from which a relative path leads to a file."""
    if not isinstance(name, str) or Path(name).is_absolute():
        return None
    return next((folder for folder in path.parents if (folder / name).exists()), None)


def _refused(code: str, where: Where, problem: str, advice: str) -> PipelineError:
    return PipelineError([Diagnostic(code=code, where=where, problem=problem, advice=advice)])
