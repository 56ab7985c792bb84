"""Pipeline files: Python files as KFP v1 authors write them, executed like scripts; their pipelines (D-01, Z-06)."""

from __future__ import annotations

import ast
import builtins
import contextlib
import difflib
import hashlib
import inspect
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, Final

from kfp_airflow.catalog.kfp_alias import NOTEBOOK_SHELL, Settings, kfp_alias, notebook_shell
from kfp_airflow.catalog.names_in_code import SUBMITTING, globals_in, has_pipelines_from, names_in, submitted
from kfp_airflow.catalog.neighbours import Neighbours, package_of
from kfp_airflow.catalog.new_modules import new_modules
from kfp_airflow.catalog.problems import failed, line_of, of_main_part, parsed, rest_left_out
from kfp_airflow.components.factory import MissingCommandWarning, TaskFactory
from kfp_airflow.diagnostics import Diagnostic, KfpAirflowError, PipelineError, UsageError, Where
from kfp_airflow.dsl.build import build_submitted, pass_on
from kfp_airflow.dsl.loading import Submission, collect_pipelines
from kfp_airflow.dsl.naming import component_name
from kfp_airflow.dsl.notes import noting
from kfp_airflow.dsl.ops import ContainerOpWarning
from kfp_airflow.graph.model import Pipeline

_RELATIVE_IMPORT: Final = re.compile(rb"^\s*from\s*\.", re.MULTILINE)
_NOT_OF_PROJECTS: Final = frozenset(("airflow", "kfp_airflow"))


@dataclass(eq=False)
class PipelineFile:
    """A file and its module. Inside `open()`, imports go as in a script: its folder first, and kfp is ours.

    Modules of its project belong to the file, those that it finds by way of `sys.path`, too: they leave `sys.modules`
    with it and come back with it. So do its `sys.path`, and what it assigns to modules of kfp: `kfp.TYPE_CHECK = False`
    (K-02). `notes`: what was misleading as it was loaded.
    """

    path: Path
    module: ModuleType
    notes: tuple[Diagnostic, ...] = ()
    siblings: dict[str, ModuleType] = field(default_factory=dict)
    settings: Settings = field(default_factory=dict)
    name: str = field(init=False)
    neighbours: Neighbours = field(init=False)
    _search: list[str] = field(init=False, default_factory=list)
    _folder: Path | None = field(init=False, default=None)
    """The folder that its code went to, where it went to another."""

    def __post_init__(self) -> None:
        """Note its module's name, and what its imports may lead to."""
        self.name = self.module.__name__
        self.neighbours = Neighbours(self.path)

    @contextmanager
    def open(self) -> Iterator[None]:
        """Let the file's code import what a script beside it could import; afterwards everything is as it was."""
        search, arguments, folder = list(sys.path), sys.argv, Path.cwd()
        with kfp_alias(self.settings), warnings.catch_warnings(), new_modules() as new:
            # Whoever brings an existing file here cannot follow that advice, and it would stand in every task's log.
            warnings.simplefilter("ignore", ContainerOpWarning)
            warnings.simplefilter("ignore", MissingCommandWarning)
            hidden = _take_out([*_namesakes(self.path.parent), *self.siblings])
            sys.modules.update(self.siblings)
            sys.path[:] = self._search or [str(self.path.parent), *search]
            sys.meta_path.append(self.neighbours)
            sys.argv = [str(self.path)]
            if self._folder is not None:
                os.chdir(self._folder)
            try:
                yield
            finally:
                sys.argv = arguments
                if Path.cwd() != folder:
                    self._folder = Path.cwd()
                    os.chdir(folder)
                sys.meta_path.remove(self.neighbours)
                self._search, sys.path[:] = list(sys.path), search
                added = [Path(entry).absolute() for entry in self._search if entry not in search]
                self.siblings = _take_out([name for name in new.names() if self._owns(name, added)])
                sys.modules.update(hidden)

    def _owns(self, name: str, folders: Sequence[Path]) -> bool:
        """Tell whether a module is of the file's project: found for it, or below one of its folders."""
        top, module = name.partition(".")[0], sys.modules[name]
        if self.neighbours.has_found(module) or top.startswith(self.name):
            return True
        return top not in _NOT_OF_PROJECTS and any(_is_below(module, folder) for folder in folders)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineFunction:
    """A pipeline of a file: its function, what the author called it, and where it is written."""

    function: Callable[..., Any]
    name: str
    where: Where
    file: PipelineFile = field(repr=False, compare=False)
    submission: Submission = field(default=Submission(), compare=False)
    """What the file says of it where it compiles or submits it as it is loaded."""
    decorated: bool = field(default=False, compare=False)

    def build(self) -> Pipeline:
        """Return the graph; raises PipelineError with everything that is wrong with the pipeline.

        What was misleading in the file is passed on, too.
        """
        for found in self.file.notes:
            pass_on(found)
        try:
            with self.file.open():
                return build_submitted(self.function, self.submission)
        except PipelineError as error:
            raise of_main_part(error, self.file.path) from error.__cause__


class PipelineFunctions(tuple[PipelineFunction, ...]):
    """The pipelines of a file in their order; `file` knows its other functions."""

    file: PipelineFile

    @classmethod
    def of(cls, file: PipelineFile, functions: Sequence[PipelineFunction]) -> PipelineFunctions:
        """Return the pipelines of `file`."""
        pipelines = cls(functions)
        pipelines.file = file
        return pipelines


def load_functions(path: Path, *, main_part: bool = False) -> PipelineFunctions:
    """Execute a pipeline file, not as `__main__`, and return its pipelines in order; there may be none.

    They are its functions with `@dsl.pipeline`, and those that it compiles or submits, as a script would (D-01). With
    `main_part`, a file that has no pipeline otherwise is executed again as `__main__`, for those that only its main
    part makes and compiles or submits; so is one whose pipelines use names that are not there otherwise. Raises
    UsageError where there is no such Python file, PipelineError where it cannot be executed.
    """
    path = path.absolute()
    tree = parsed(path)
    code = compile(tree, str(path), "exec", dont_inherit=True)
    found = _load(path, tree, code, name=None)
    names = set(names_in(code))
    if not main_part or "__name__" not in names or SUBMITTING.isdisjoint(names):
        return found
    if not found:
        return found if _imported(found) else _load(path, tree, code, name="__main__") or found
    if _lacks_names(found):
        with contextlib.suppress(PipelineError):  # the main part may want arguments; the pipeline says what it lacks
            return _load(path, tree, code, name="__main__") or found
    return found


def _load(path: Path, tree: ast.Module, code: CodeType, *, name: str | None) -> PipelineFunctions:
    file = PipelineFile(path, _module(path))
    namespace = vars(file.module)
    broken: PipelineError | None = None
    with file.open(), collect_pipelines() as collected, noting() as notes:
        sys.modules[file.name] = file.module
        try:
            _prepare(file.module, path, tree, code)
            namespace["__name__"] = name or file.name
            exec(code, namespace)  # noqa: S102 - to run authors' files is what this is for
        except (Exception, SystemExit) as error:
            if (collected or name is not None) and isinstance(error, SystemExit) and error.code in {None, 0}:
                pass  # a script may end so
            elif not collected or isinstance(error, KfpAirflowError | SystemExit):
                raise failed(error, path) from error
            else:
                broken = failed(error, path)
                broken.__cause__ = error
        finally:
            namespace["__name__"] = file.name
            file.siblings[file.name] = sys.modules[file.name]
    file.notes = tuple(notes)
    if not SUBMITTING.isdisjoint(names_in(code)):  # to look through a tree takes longer
        collected += submitted(tree, file.module)
    functions = [function for function in dict.fromkeys(collected) if _belongs(function, file)]
    if broken is not None:
        if not functions or has_pipelines_from(line_of(broken, path), tree):
            raise broken
        file.notes += (rest_left_out(broken),)
    return PipelineFunctions.of(
        file,
        [
            replace(
                _pipeline_function(function, file, collected.submissions.get(function)),
                decorated=function in collected.decorated,
            )
            for function in functions
        ],
    )


def _prepare(module: ModuleType, path: Path, tree: ast.Module, code: CodeType) -> None:
    """Give a module what a script has of those who start it: a package for relative imports, a notebook's shell."""
    level = 0
    if _RELATIVE_IMPORT.search(path.read_bytes()):  # to look through a tree takes longer
        level = max((node.level for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)), default=0)
    if 0 < level < len(path.parents):
        module.__package__, package = package_of(f"{module.__name__}_package", path, level=level)
        sys.modules[package.__name__] = package
        if package.__spec__ is not None and package.__spec__.loader is not None:
            package.__spec__.loader.exec_module(package)
    if NOTEBOOK_SHELL in names_in(code):
        setattr(module, NOTEBOOK_SHELL, notebook_shell())


def choose_function(functions: Sequence[PipelineFunction], name: str | None, path: Path) -> PipelineFunction:
    """Return the one pipeline of a file, or the one called `name`: a function, decorated or not (D-01), or a pipeline.

    The one that is decorated goes before others that the file compiles or submits, as for the command of KFP.
    A file that has none may import one, as scripts do that compile or submit it. Raises UsageError, listing what there
    is, where that is none or several.
    """
    plain = _plain_functions(functions)
    if name is not None:
        named = [function for function in functions if name in {function.function.__name__, function.name}]
        found = named or [function for function in plain if function.function.__name__ == name]
        if len(found) == 1:
            return found[0]
        raise UsageError(_not_found(name, functions, plain, path) if not found else _several(found, path))
    if len(functions or (functions := _imported(functions))) == 1:
        return functions[0]
    decorated = [function for function in functions if function.decorated]
    if len(decorated) == 1:
        return decorated[0]
    raise UsageError(_several(functions, path) if functions else _none(plain, path))


def _module(path: Path) -> ModuleType:
    """Return an empty module for a file, under a name that no other file has."""
    module = ModuleType(f"_kfp_airflow_pipeline_{hashlib.sha256(str(path).encode()).hexdigest()[:12]}_{path.stem}")
    module.__file__ = str(path)
    return module


def _pipeline_function(
    function: Callable[..., Any], file: PipelineFile, submission: Submission | None = None
) -> PipelineFunction:
    submission = submission or Submission()
    name = submission.name or getattr(function, "_component_human_name", None) or component_name(function.__name__)
    code = getattr(inspect.unwrap(function), "__code__", None)
    where = Where(code.co_filename, code.co_firstlineno) if code else Where(str(file.path), 0)
    return PipelineFunction(function=function, name=str(name), where=where, file=file, submission=submission)


def _lacks_names(functions: PipelineFunctions) -> bool:
    """Tell whether a pipeline uses a name that its module does not have: the file's main part may make it."""
    known = vars(functions.file.module).keys() | vars(builtins).keys()
    codes = (getattr(inspect.unwrap(found.function), "__code__", None) for found in functions)
    return any(code is not None and not known >= set(globals_in(code)) for code in codes)


def _belongs(function: Callable[..., Any], file: PipelineFile) -> bool:
    """Tell whether a pipeline is this file's own, rather than one of a module that it imports."""
    if _is_written_in(function, file):
        return True
    made_here = isinstance(function, TaskFactory) or "<locals>" in getattr(function, "__qualname__", "")
    return made_here and any(value is function for value in vars(file.module).values())


def _is_written_in(function: Callable[..., Any], file: PipelineFile) -> bool:
    """Tell whether a function is of the file as it was loaded, rather than of another module that is the same file."""
    plain = inspect.unwrap(function)
    code = getattr(plain, "__code__", None)
    if code is None or code.co_filename != str(file.path):
        return False
    return getattr(plain, "__globals__", None) is vars(file.module)


def _plain_functions(functions: Sequence[PipelineFunction]) -> list[PipelineFunction]:
    """Return the file's functions without `@dsl.pipeline`, and the decorated ones that it imports."""
    if not isinstance(functions, PipelineFunctions):
        return []
    known = {function.function for function in functions}
    values = vars(functions.file.module).values()
    return [
        _pipeline_function(value, functions.file)
        for value in values
        if inspect.isfunction(value)
        and value not in known
        and (_is_written_in(value, functions.file) or hasattr(value, "_component_human_name"))
    ]


def _imported(functions: Sequence[PipelineFunction]) -> list[PipelineFunction]:
    """Return the decorated functions that a file imports."""
    return [plain for plain in _plain_functions(functions) if hasattr(plain.function, "_component_human_name")]


def _none(plain: Sequence[PipelineFunction], path: Path) -> str:
    advice = "Write a function with @dsl.pipeline(name=…) that makes the steps."
    if plain:
        names = ", ".join(f"'{function.function.__name__}' (line {function.where.line})" for function in plain)
        advice = f"Put @dsl.pipeline(name=…) above one of its functions, or choose one by name: {names}."
    return f"{Where(str(path), 0)}: there is no pipeline in this file: no function has @dsl.pipeline\n  {advice}"


def _several(functions: Sequence[PipelineFunction], path: Path) -> str:
    names = ", ".join(f"'{function.function.__name__}' (line {function.where.line})" for function in functions)
    problem = f"{Where(str(path), 0)}: there are {len(functions)} pipelines in this file"
    return f"{problem}\n  Choose one by its function's name (--function): {names}."


def _not_found(name: str, functions: Sequence[PipelineFunction], plain: Sequence[PipelineFunction], path: Path) -> str:
    names = [function.function.__name__ for function in (*functions, *plain)]
    close = difflib.get_close_matches(name, names, n=1)
    has = ", ".join(f"'{known}'" for known in names)
    advice = (
        f"Did you mean '{close[0]}'?" if close else f"Its functions are {has}." if names else "It has no functions."
    )
    return f"{Where(str(path), 0)}: there is no pipeline '{name}' in this file\n  {advice}"


def _namesakes(folder: Path) -> list[str]:
    """Return names in sys.modules that hide modules of the folder, and what is below them; not the standard library."""
    with os.scandir(folder) as entries:
        names = {entry.name.removesuffix(".py") for entry in entries}  # a folder may have thousands
    known = (names & sys.modules.keys()) - sys.stdlib_module_names - {"kfp", "kfp_airflow"}
    own = {name for name in known if (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()}
    hiding = {name for name in own if not _is_below(sys.modules[name], folder)}
    return [name for name in sys.modules if name.partition(".")[0] in hiding] if hiding else []


def _is_below(module: ModuleType, folder: Path) -> bool:
    """Tell whether a module lies below a folder, and in no environment there."""
    places = [getattr(module, "__file__", None), *list(getattr(module, "__path__", None) or ())]
    below = [Path(place) for place in places if isinstance(place, str) and Path(place).is_relative_to(folder)]
    return any("site-packages" not in place.relative_to(folder).parts for place in below)


def _take_out(names: Sequence[str]) -> dict[str, ModuleType]:
    return {name: sys.modules.pop(name) for name in names if name in sys.modules}
