"""`kfp.Client` in a pipeline file that is loaded: what a script asks of a server is left out, with a warning (K-05).

Files of KFP v1 often end by submitting their pipeline. Here the pipeline becomes a DAG instead, which is triggered or
scheduled; so that the file can be loaded as it is, its calls do nothing and give `Absent`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from typing_extensions import override

from kfp_airflow.diagnostics import Diagnostic
from kfp_airflow.dsl.loading import Submission, collect, times_asked
from kfp_airflow.dsl.notes import note
from kfp_airflow.dsl.where import author_place

MOST_CALLS: Final = 1000
"""How often one line may ask while a file is loaded: a file that waits for a run would never be loaded."""
PATIENCE_S: Final = 5.0
"""How long one line may ask again and again, sleeping in between."""
_FEW_CALLS: Final = 3


class Absent:
    """What a server would have answered: it has every attribute, can be called, is empty and false."""

    def __init__(self, what: str, leave_out: Callable[[str], Absent] | None = None) -> None:
        self._what = what
        self._leave_out = leave_out or leave_out_call

    def __call__(self, *_args: Any, **_kwargs: Any) -> Absent:
        """Leave the call out, and say so at its line. Raises RuntimeError for a line that asks without end."""
        return self._leave_out(f"{self._what}()")

    def __getattr__(self, name: str) -> Absent:
        """Return what an attribute would have been; Python's own protocols are not there."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"{self._what}.{name}", self._leave_out)

    def __getitem__(self, key: object) -> Absent:
        """Return what an item would have been."""
        return Absent(f"{self._what}[…]", self._leave_out)

    def __setitem__(self, key: object, value: object) -> None:
        """Keep nothing."""

    def __enter__(self) -> Absent:
        """Return itself, as a connection does."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close nothing."""

    def __add__(self, other: object) -> str:
        """Return the text of both: an id or an address is joined with others."""
        return f"{self}{other}"

    def __radd__(self, other: object) -> str:
        """Return the text of both."""
        return f"{other}{self}"

    @override
    def __format__(self, spec: str) -> str:
        """Return its text in a field."""
        return format(str(self), spec)

    def __int__(self) -> int:
        """Return 0, as a number of things that are not there."""
        return 0

    __index__ = __int__

    def __lt__(self, other: object) -> bool:
        """Return False, as whatever is asked of it."""
        return False

    __gt__ = __le__ = __ge__ = __lt__

    def __iter__(self) -> Iterator[Absent]:
        """Yield nothing."""
        return iter(())

    def __len__(self) -> int:
        """Return 0."""
        return 0

    @override
    def __str__(self) -> str:
        """Return the call that was left out."""
        return f"<{self._what}, left out>"

    __repr__ = __str__


class _ClientType(type):
    """Classes of which every attribute can be asked: scripts replace private methods of the client."""

    def __getattr__(cls, name: str) -> Absent:
        """Return what stands for a method."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"kfp.{cls.__name__}.{name}")


class Client(metaclass=_ClientType):
    """Takes what `kfp.Client` takes, and leaves out what it is asked for (K-05)."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        pass

    def __getattr__(self, name: str) -> Absent:
        """Return what stands for a method, for one of the generated APIs, or for something private."""
        if name.startswith("__"):
            raise AttributeError(name)
        return Absent(f"kfp.{type(self).__name__}().{name}")

    def create_run_from_pipeline_func(
        self, pipeline_func: Any, *_args: Any, pipeline_conf: Any = None, **_kwargs: Any
    ) -> Absent:
        """Leave the run out; the function is a pipeline of the file, with the settings that it is submitted with."""
        what = f"kfp.{type(self).__name__}().create_run_from_pipeline_func()"
        return _submit(pipeline_func, pipeline_conf, what)


class LocalClient(Client):
    """Takes what `kfp.LocalClient` takes, and leaves out what it is asked for (K-05)."""

    class ExecutionMode:
        """How runs were to be executed."""

        def __init__(self, *args: Any, **kwargs: Any) -> None:
            pass


class AIPlatformClient(Client):
    """Takes what `kfp.v2.google.client.AIPlatformClient` takes, and leaves out what it is asked for (K-05)."""


class TektonClient(Client):
    """Takes what `kfp_tekton.TektonClient` takes, and leaves out what it is asked for (K-05)."""


def run_pipeline_func_on_cluster(pipeline_func: Any, *_args: Any, pipeline_conf: Any = None, **_kwargs: Any) -> Absent:
    """Leave the run out; the function is a pipeline of the file (K-06)."""
    return _submit(pipeline_func, pipeline_conf, "kfp.run_pipeline_func_on_cluster()")


def run_pipeline_func_locally(pipeline_func: Any, *_args: Any, **_kwargs: Any) -> Absent:
    """Leave the run out; the function is a pipeline of the file (K-07)."""
    return _submit(pipeline_func, None, "kfp.run_pipeline_func_locally()")


def get_ipython() -> Absent:
    """Return what stands for a notebook's shell, of which the export of a notebook has commands."""
    return Absent("get_ipython()", _leave_out_command)


def leave_out_call(what: str) -> Absent:
    """Return what a server would have answered, with a note at the author's line.

    Raises RuntimeError for a line that asks without end.
    """
    where = author_place()
    times, since_s = times_asked(where)
    if times > MOST_CALLS or (times > _FEW_CALLS and since_s > PATIENCE_S):
        raise RuntimeError(f"{what} was asked {times - 1:,} times by one line, which waits for a run that is not made")
    problem = f"{what} is left out while the file is loaded"
    advice = "Trigger or schedule the pipeline's DAG in Airflow, or run the file with `kfp-airflow run`."
    note(Diagnostic(code="KA353", where=where, problem=problem, advice=advice, row="K-05", severity="warning"))
    return Absent(what)


def _leave_out_command(what: str) -> Absent:
    problem = f"the notebook's command {what} is left out"
    advice = "Remove it. What steps need is in their images, or in packages_to_install."
    note(Diagnostic(code="KA355", where=author_place(), problem=problem, advice=advice, severity="warning"))
    return Absent(what, _leave_out_command)


def _submit(function: Any, conf: Any, what: str) -> Absent:
    if callable(function):
        collect(function, Submission(conf=conf) if conf is not None else None)
    return leave_out_call(what)
