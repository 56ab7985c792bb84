"""`import kfp` answered by this package, while a pipeline file is loaded or built (rows K-01 to K-07, §1.2).

Files that this package loads get ours, also where the real kfp is installed; all others get what they would have got.
The same holds for `kfp_server_api`, which comes with kfp, for `kfp.deprecated`, as later releases call KFP v1, and for
`kfp_tekton`, by which files compile for another engine.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Final, TypeVar

from typing_extensions import override

from kfp_airflow.catalog.internals import INTERNALS
from kfp_airflow.catalog.new_modules import new_modules
from kfp_airflow.catalog.stand_ins import StandIn
from kfp_airflow.diagnostics import Diagnostic
from kfp_airflow.dsl.notes import note
from kfp_airflow.dsl.where import author_place
from kfp_airflow.graph.sdk import SDK_VERSION

ROOT: Final = "kfp"
SERVER_API: Final = "kfp_server_api"

_LATER_NAME: Final = "kfp.deprecated"
_OF_SERVER_API: Final = frozenset(("", "api", "api_client", "configuration", "exceptions", "models", "rest"))

_DSL: Final = (
    "ops",
    "containers",
    "graph_components",
    "groups",
    "params",
    "pipeline",
    "conf",
    "resources",
    "volumes",
    "components",
    "naming",
    "private_names",
)
_EVERY_DSL: Final = tuple(f"kfp_airflow.dsl.{room}" for room in _DSL)
_ARTIFACTS: Final = "kfp_airflow.components.step_artifacts"
_TEKTON: Final = "kfp_airflow.compiler.of_tekton"
_SPECS: Final = "kfp_airflow.components.structures"
_NAMING: Final = "kfp_airflow.dsl.naming"
_V2_DSL: Final = "kfp_airflow.components.of_v2"
_PRIVATE: Final = "kfp_airflow.components.private_names"

_NOT_FOR_AUTHORS: Final = ("__future__", "contextvars", "re", "typing")
"""Where the classes come from of what a module has for itself."""

HOMES: Final[Mapping[str, tuple[str, ...]]] = {
    "kfp": ("kfp_airflow.dsl.switches", "kfp_airflow.client.bystander"),
    "kfp._client": ("kfp_airflow.client.bystander", _NAMING),
    "kfp._local_client": ("kfp_airflow.client.bystander", _NAMING),
    "kfp._runners": ("kfp_airflow.client.bystander",),
    "kfp.auth": ("kfp_airflow.client.auth",),
    "kfp.auth._satvolumecredentials": ("kfp_airflow.client.auth",),
    "kfp.auth._tokencredentialsbase": ("kfp_airflow.client.auth",),
    "kfp.aws": ("kfp_airflow.modifiers.aws",),
    "kfp.azure": ("kfp_airflow.modifiers.azure",),
    "kfp.compiler": ("kfp_airflow.compiler",),
    "kfp.compiler._default_transformers": _EVERY_DSL,
    "kfp.compiler._k8s_helper": (_NAMING, "kfp_airflow.dsl.private_names"),
    "kfp.compiler._op_to_template": _EVERY_DSL,
    "kfp.compiler.compiler": ("kfp_airflow.compiler.compiler", *_EVERY_DSL, _PRIVATE, _SPECS),
    "kfp.containers": ("kfp_airflow.compiler.images",),
    "kfp.containers._build_image_api": ("kfp_airflow.compiler.images",),
    "kfp.containers._component_builder": ("kfp_airflow.compiler.images", _PRIVATE),
    "kfp.containers._container_builder": ("kfp_airflow.compiler.images",),
    "kfp.components": ("kfp_airflow.components",),
    "kfp.components._airflow_op": ("kfp_airflow.components.airflow_operator", _PRIVATE),
    "kfp.components._component_store": ("kfp_airflow.components.store", _SPECS),
    "kfp.components._components": (
        "kfp_airflow.components.loading",
        "kfp_airflow.components.factory",
        "kfp_airflow.components.serialization",
        _PRIVATE,
        _SPECS,
    ),
    "kfp.components._data_passing": ("kfp_airflow.components.serialization", _PRIVATE),
    "kfp.components._naming": (_PRIVATE,),
    "kfp.components._python_op": (
        "kfp_airflow.components.lightweight",
        "kfp_airflow.components.file_arguments",
        "kfp_airflow.components.python_function",
        "kfp_airflow.components.serialization",
        _PRIVATE,
        _SPECS,
    ),
    "kfp.components._python_to_graph_component": ("kfp_airflow.components.graph_function", _PRIVATE, _SPECS),
    "kfp.components._structures": (_SPECS, _PRIVATE),
    "kfp.components._yaml_utils": (_PRIVATE,),
    "kfp.components.modelbase": (_PRIVATE,),
    "kfp.components.structures": (_SPECS, _PRIVATE),
    "kfp.dsl": ("kfp_airflow.dsl",),
    "kfp.dsl._component": ("kfp_airflow.dsl.components", "kfp_airflow.dsl.graph_components", "kfp_airflow.dsl.types"),
    "kfp.dsl._container_op": _EVERY_DSL,
    "kfp.dsl._for_loop": _EVERY_DSL,
    "kfp.dsl._metadata": (_PRIVATE, "kfp_airflow.dsl.types", _SPECS),
    "kfp.dsl._ops_group": _EVERY_DSL,
    "kfp.dsl._pipeline": _EVERY_DSL,
    "kfp.dsl._pipeline_param": ("kfp_airflow.dsl.params", "kfp_airflow.dsl.naming"),
    "kfp.dsl._pipeline_volume": ("kfp_airflow.dsl.volumes",),
    "kfp.dsl._resource_op": ("kfp_airflow.dsl.resources",),
    "kfp.dsl._volume_op": ("kfp_airflow.dsl.volumes", "kfp_airflow.dsl.params", _NAMING),
    "kfp.dsl._volume_snapshot_op": ("kfp_airflow.dsl.volumes", "kfp_airflow.dsl.params", _NAMING),
    "kfp.dsl.data_passing_methods": ("kfp_airflow.dsl.data_passing_methods",),
    "kfp.dsl.extensions": ("kfp_airflow.modifiers",),
    "kfp.dsl.extensions.kubernetes": ("kfp_airflow.modifiers.kubernetes",),
    "kfp.dsl.io_types": (_ARTIFACTS,),
    "kfp.dsl.types": ("kfp_airflow.dsl.types",),
    "kfp.gcp": ("kfp_airflow.modifiers.gcp",),
    "kfp.notebook": (),
    "kfp.onprem": ("kfp_airflow.modifiers.onprem",),
    "kfp.v2": (),
    "kfp.v2.compiler": ("kfp_airflow.compiler.of_v2",),
    "kfp.v2.compiler.compiler": ("kfp_airflow.compiler.of_v2",),
    "kfp.v2.components": (),
    "kfp.v2.components.component_decorator": (_V2_DSL,),
    "kfp.v2.components.importer_node": (_V2_DSL,),
    "kfp.v2.components.task_final_status": (_V2_DSL,),
    "kfp.v2.components.types": (),
    "kfp.v2.components.types.artifact_types": (_ARTIFACTS,),
    "kfp.v2.components.types.type_annotations": (_V2_DSL,),
    "kfp.v2.components.types.type_utils": ("kfp_airflow.dsl.types",),
    "kfp.v2.dsl": (_V2_DSL,),
    "kfp.v2.google": (),
    "kfp.v2.google.client": ("kfp_airflow.client.bystander",),
    "kfp_tekton": ("kfp_airflow.client.bystander",),
    "kfp_tekton.compiler": (_TEKTON,),
    "kfp_tekton.compiler.pipeline_utils": (_TEKTON,),
    "kfp_tekton.k8s_client_helper": ("kfp_airflow.modifiers.tekton",),
}
"""Module of kfp → the modules of this package whose names it has, looked up in this order.

One without any can be imported only: files name it and use nothing of it.
"""

_OF_V2: Final = "KFP v2 is another language: this package reads KFP v1."
_FILES_IN_V1: Final = f"{_OF_V2} Files are handed on by kfp.components.InputPath and OutputPath."

_INSTEAD: Final[Mapping[str, str]] = {
    "kfp.cli": "Run pipelines with the command `kfp-airflow`, write packages with `dsl-compile`.",
    "kfp.dsl.artifact": _FILES_IN_V1,
    "kfp.dsl.artifact_utils": _FILES_IN_V1,
    "kfp.dsl.component_spec": _OF_V2,
    "kfp.dsl.dsl_utils": _OF_V2,
    "kfp.dsl.metrics_utils": _FILES_IN_V1,
    "kfp.dsl.serialization_utils": _OF_V2,
    "kfp.dsl.type_utils": f"{_OF_V2} Types and their checks are in kfp.dsl.types.",
    "kfp.pipeline_spec": _OF_V2,
    "kfp.v2": _OF_V2,
    "kfp_tekton": "Its own tasks run on Tekton only: use dsl.Condition, dsl.ParallelFor and dsl.ExitHandler.",
}
"""Module of kfp that is not here → why, or what to use instead of it and of the modules below it."""

_TOPS: Final = frozenset({ROOT, SERVER_API, "kfp_tekton"})
_lock = threading.RLock()
_depth = 0
_assigned: list[tuple[ModuleType, str, object]] = []


NOTEBOOK_SHELL: Final = "get_ipython"
"""The function whose calls stand for a notebook's commands where a notebook was exported as a file."""


Settings = dict[tuple[str, str], object]
"""What a file has assigned: module (or class) of this package and name in it → value."""
_CHANGED: Final = (
    "kfp_airflow.dsl.ops.BaseOp",
    "kfp_airflow.dsl.ops.ContainerOp",
    "kfp_airflow.dsl.containers.Container",
    "kfp_airflow.dsl.params.PipelineParam",
)


@contextmanager
def kfp_alias(settings: Settings | None = None) -> Iterator[None]:
    """Answer `import kfp` and its modules by this package inside the block; afterwards everything is as it was.

    Blocks may be nested; blocks of other threads wait. A kfp that was imported before comes back at the end. What is
    assigned to a module of kfp holds until the end of the block; `settings` takes it along from block to block.
    """
    global _depth  # noqa: PLW0603 - the one interpreter has one sys.modules
    with _lock, new_modules() as new:
        outermost = _depth == 0
        others = _take_out(list(sys.modules)) if outermost and not sys.modules.keys().isdisjoint(_TOPS) else {}
        if outermost:
            sys.meta_path.insert(0, _FINDER)
        _depth += 1
        before = len(_assigned)
        for (home, name), value in (settings or {}).items():
            if home not in _CHANGED:
                _assign(importlib.import_module(home), name, value)
        try:
            with _changed_classes({} if settings is None else settings):
                yield
        finally:
            if settings is not None:
                settings.update({(home.__name__, name): getattr(home, name) for home, name, _ in _assigned[before:]})
            _undo_assignments(before)
            _depth -= 1
            if outermost:
                sys.meta_path.remove(_FINDER)
                _take_out(new.names())
                sys.modules.update(others)


@contextmanager
def _changed_classes(settings: Settings) -> Iterator[None]:
    """Let what a file sets on classes of `kfp.dsl` hold for that file (D-09); wrappers of KFP replace whole methods."""
    classes = {path: _class(path) for path in _CHANGED}
    before = {path: dict(vars(found)) for path, found in classes.items()}
    for path, name in [place for place in settings if place[0] in classes]:
        setattr(classes[path], name, settings.pop((path, name)))
    try:
        yield
    finally:
        for path, found in classes.items():
            for name, value in [*vars(found).items()]:
                if value is not before[path].get(name) and not name.startswith("__"):
                    settings[path, name] = value
                    _restore(found, name, before[path])


def _class(path: str) -> type:
    module, _, name = path.rpartition(".")
    found: type = getattr(importlib.import_module(module), name)
    return found


def _restore(changed: type, name: str, before: Mapping[str, object]) -> None:
    if name in before:
        setattr(changed, name, before[name])
    else:
        delattr(changed, name)


def notebook_shell() -> object:
    """Return what stands for `get_ipython` in a file that is loaded."""
    return getattr(importlib.import_module("kfp_airflow.client.bystander"), NOTEBOOK_SHELL)


class AliasModule(ModuleType):
    """A module of kfp whose names are those of some modules of this package.

    What an author assigns to one of them holds until the block of `kfp_alias` ends.
    """

    @override
    def __getattr__(self, name: str) -> Any:
        """Return a name of the modules behind this one, or a module of kfp below it."""
        if name == "__all__":
            return self._public_names()
        for home in self._homes():
            if hasattr(home, name):
                return getattr(home, name)
        if _homes_of(f"{self.__name__}.{name}") is not None and _depth:
            return importlib.import_module(f"{self.__name__}.{name}")
        if name in INTERNALS.get(_in_sdk(self.__name__), ()):
            return StandIn(f"{self.__name__}.{name}", _why_not_here(self.__name__))
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self)

    @override
    def __setattr__(self, name: str, value: object) -> None:
        """Set a name where it lives, until the alias ends; a new one here.

        What replaces a part of KFP's own implementation changes nothing, which is a warning (KA359).
        """
        if name in INTERNALS.get(_in_sdk(self.__name__), ()):
            _note_without_effect(f"{self.__name__}.{name}")
        home = None if name.startswith("__") or isinstance(value, ModuleType) else self._home_with(name)
        if home is None:
            super().__setattr__(name, value)
            return
        _assign(home, name, value)

    @override
    def __dir__(self) -> list[str]:
        """Return the names of the modules behind this one."""
        return sorted({*super().__dir__(), *self._public_names()})

    def _homes(self) -> Iterator[ModuleType]:
        # Authors ask for names of kfp.dsl once or twice per step, and import_module is dear where nothing is to import.
        homes = (home for home in _homes_of(self.__name__) or () if _is_there(home))
        return (sys.modules.get(home) or importlib.import_module(home) for home in homes)

    def _home_with(self, name: str) -> ModuleType | None:
        return next((home for home in self._homes() if hasattr(home, name)), None)

    def _public_names(self) -> list[str]:
        """Return what `from … import *` brings: names that are made for authors, and the modules below this one."""
        names = {name for home in self._homes() for name in getattr(home, "__all__", None) or _made_in(home)}
        below = f"{self.__name__}."
        names.update(module.removeprefix(below) for module in HOMES if module.startswith(below))
        return sorted(name for name in names if not name.startswith("_") and "." not in name)


class _AliasFinder(MetaPathFinder, Loader):
    """Finds and makes the modules of kfp. Other modules are none of its business."""

    @override
    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the specification of a module of kfp; raises ModuleNotFoundError, naming what there is, for others."""
        if not _is_of_kfp(fullname):
            return None
        if not _answers(fullname):
            # With the module's name, `from kfp import …` would swallow the error, and the message with it.
            raise ModuleNotFoundError(_missing_module(fullname), path=fullname)
        return ModuleSpec(fullname, self, is_package=True)

    @override
    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the module that answers for one of kfp."""
        module = AliasModule(spec.name, f"{spec.name}, answered by kfp_airflow.")
        if spec.name in {ROOT, _LATER_NAME}:
            module.__dict__.update(__version__=SDK_VERSION, COMPILING_FOR_V2=False)
        return module

    @override
    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: names are looked up when they are asked for."""


_FINDER: Final = _AliasFinder()


def _take_out(names: Iterable[str]) -> dict[str, ModuleType]:
    """Remove those modules that are of kfp from sys.modules and return them."""
    return {name: sys.modules.pop(name) for name in names if name.startswith(ROOT) and _is_of_kfp(name)}


def _made_in(home: ModuleType) -> Iterator[str]:
    """Yield the names that a module, or one below it, makes: not what it imports for itself."""
    for name, value in vars(home).items():
        maker = getattr(value, "__module__", None) or home.__name__
        is_tool = isinstance(value, (ModuleType, TypeVar)) or type(value).__module__ in _NOT_FOR_AUTHORS
        if not is_tool and (maker == home.__name__ or maker.startswith(f"{home.__name__}.")):
            yield name


def _assign(home: ModuleType, name: str, value: object) -> None:
    _assigned.append((home, name, getattr(home, name)))
    setattr(home, name, value)


def _undo_assignments(before: int) -> None:
    while len(_assigned) > before:
        home, name, value = _assigned.pop()
        setattr(home, name, value)


def _is_there(home: str) -> bool:
    """Tell whether a module of this package exists, without importing it."""
    if home in sys.modules:
        return True
    parent, _, _ = home.rpartition(".")
    return (parent == "kfp_airflow" or _is_there(parent)) and importlib.util.find_spec(home) is not None


def _missing_module(fullname: str) -> str:
    there = sorted(name for name in HOMES if "._" not in name and _answers(name))
    listed = f"The modules of kfp that are here: {', '.join(there)}"
    if fullname in HOMES:
        return f"{fullname} comes with a later release of kfp_airflow. {listed}"
    parent, _, name = fullname.rpartition(".")
    known = {*dir(sys.modules.get(parent)), *(home.removeprefix(f"{parent}.") for home in there)}
    instead = next((text for home, text in _INSTEAD.items() if f"{fullname}.".startswith(f"{home}.")), None)
    close = [] if instead else difflib.get_close_matches(name, known, n=1)
    advice = f"Did you mean '{close[0]}'?" if close else instead
    return " ".join(filter(None, (f"{parent} has no '{name}' here, neither a name nor a module.", advice, listed)))


def _answers(name: str) -> bool:
    """Tell whether anything of this package stands behind a module of kfp."""
    homes = _homes_of(name)
    return homes is not None and (not homes or any(_is_there(home) for home in homes))


def _is_of_kfp(name: str) -> bool:
    return name.partition(".")[0] in _TOPS


def _homes_of(name: str) -> tuple[str, ...] | None:
    """Return the modules of this package behind a module of kfp, None where it is not here."""
    root, _, rest = name.partition(".")
    if root == SERVER_API:
        known = rest.partition(".")[0] in _OF_SERVER_API and "__" not in rest
        return ("kfp_airflow.client.server_api",) if known else None
    name = _in_sdk(name)
    return () if name in INTERNALS and name not in HOMES else HOMES.get(name)


def _in_sdk(name: str) -> str:
    """Return a module's name in KFP v1, which KFP v2 has under a name of its own."""
    return ROOT + name.removeprefix(_LATER_NAME) if name.startswith(_LATER_NAME) else name


def _why_not_here(module: str) -> str:
    """Return why names of a module of KFP's implementation cannot be used."""
    instead = next((text for home, text in _INSTEAD.items() if f"{module}.".startswith(f"{home}.")), None)
    return " ".join(filter(None, ("is of KFP's own implementation, which is not here.", instead)))


def _note_without_effect(name: str) -> None:
    problem = f"{name} is replaced, which changes nothing here: it is of KFP's own implementation"
    advice = "Change the pipeline itself, in the function or by PipelineConf.add_op_transformer()."
    note(Diagnostic(code="KA359", where=author_place(), problem=problem, advice=advice, severity="warning"))
