"""Groups of ops that may run again from the inside: `@dsl.graph_component` (rows D-23, R-01 to R-06)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping

from typing_extensions import override

from kfp_airflow.dsl.groups import LoopItem
from kfp_airflow.dsl.ops import Outputs
from kfp_airflow.dsl.params import PipelineParam
from kfp_airflow.dsl.pipeline import OpsGroup, Pipeline


class Graph(OpsGroup):
    """What the outermost call of a graph component makes: its function's ops, run once per call of it (R-02, R-06).

    `inputs` is what the call handed in, in the function's order. `outputs` is what the function returned, a dict or a
    named tuple: usable like the outputs of an op, which KFP only announces (R-03).
    """

    def __init__(self, function: Callable[..., object], arguments: Mapping[str, PipelineParam]) -> None:
        super().__init__("graph", function.__name__)
        self.function = function
        self.arguments = dict(arguments)
        self.inputs = list(arguments.values())
        self.outputs: Mapping[str, PipelineParam] = {}
        self.returned: dict[str, PipelineParam] = {}
        self.standins: dict[str, PipelineParam] = {}
        self.calls = 0

    @property
    def argument_op(self) -> str:
        """Return the op name in the placeholders of the arguments; no op has one with a space (N-01)."""
        return f"{self.name} argument"

    def fill(self) -> None:
        """Make the ops: run the function, with a stand-in for each argument that it was called with."""
        with self:
            given = self.arguments.items()
            self.standins = {name: _standin(name, self.argument_op, value) for name, value in given}
            self.returned = dict(_returned(_call(self.function, self.standins)))
        outputs = [(name, PipelineParam(name, output_op(self))) for name in self.returned]
        self.outputs = Outputs(self.name or self.type, outputs)


class GraphCall(OpsGroup):
    """A call of a graph component in its own function: what runs it again (R-02). `recursive_ref` is its group."""

    def __init__(self, graph: Graph, arguments: Mapping[str, PipelineParam]) -> None:
        super().__init__("graph", graph.author_name)
        graph.calls += 1
        self.name = f"{graph.name} again {graph.calls}"
        self.recursive_ref: Graph = graph
        self.arguments = dict(arguments)
        self.inputs = list(arguments.values())
        self.outputs: Mapping[str, PipelineParam] = _OutputsOfCall(output_op(self))


class _GivenItem(LoopItem):
    """A loop's item that was handed in: its keys are those of that item, also when the component runs again."""

    def __init__(self, name: str, op_name: str, given: LoopItem) -> None:
        super().__init__(name, given.items_or_pipeline_param, op_name)
        self._given = given

    @override
    def __getattr__(self, key: str) -> PipelineParam:
        """Return the value under `key` of the item, a dict at run time (L-03)."""
        if key.startswith("_"):
            raise AttributeError(key)
        value: PipelineParam = getattr(self._given, key)
        return value


class _OutputsOfCall(dict[str, PipelineParam]):
    """Outputs by any name: what the function returns is known after the call; graph.check compares (KA023)."""

    def __init__(self, op_name: str) -> None:
        super().__init__()
        self._op_name = op_name

    def __missing__(self, name: str) -> PipelineParam:
        self[name] = PipelineParam(name, self._op_name)
        return self[name]


def _standin(name: str, op_name: str, given: PipelineParam) -> PipelineParam:
    """Return what the function gets for an argument: of the same class, since `a == b` asks a subclass first."""
    if isinstance(given, LoopItem):
        return _GivenItem(name, op_name, given)
    standin = PipelineParam("argument", op_name, param_type=given.param_type)
    standin.rename(name)
    return standin


def output_op(group: OpsGroup) -> str:
    """Return the op name in the placeholders of what a graph component returns; no op has one with a space (N-01)."""
    return f"{group.name} output"


def graph_component(func: Callable[..., object]) -> Callable[..., Graph | GraphCall]:
    """Make a function that creates ops a group of its own, which may call itself under a `dsl.Condition` (D-23).

    The outermost call runs the function, once; a call inside it is a call at run time (R-02). Raises ValueError for an
    argument that is no run-time value (R-01), and for a call in the function that hands over more arguments than the
    outermost one, TypeError as Python does for arguments that the function does not take. What a call in the function
    does not hand over keeps its value.
    """

    @functools.wraps(func)
    def call(*args: object, **kwargs: object) -> Graph | GraphCall:
        arguments = dict(_arguments(func, args, kwargs))
        owner = Pipeline.current()
        running = next((group for group in owner.groups if isinstance(group, Graph) and group.function is func), None)
        if running is None:
            graph = Graph(func, arguments)
            graph.fill()
            return graph
        _check_known(running, arguments)
        again = GraphCall(running, running.standins | arguments)
        owner.groups[-1].members.append(again)
        return again

    return call


def _arguments(
    func: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> Iterator[tuple[str, PipelineParam]]:
    """Yield what is handed over by the function's names for it; defaults stay what they are, in the function."""
    for name, given in inspect.signature(func).bind(*args, **kwargs).arguments.items():
        if not isinstance(given, PipelineParam):
            raise ValueError(
                f"arguments to {func.__name__} should be PipelineParams. Got for {name!r}: {given!r}. Use a constant "
                "inside of the function, or make it an argument of the pipeline with a default"
            )
        yield name, given


def _check_known(graph: Graph, arguments: Mapping[str, PipelineParam]) -> None:
    if arguments.keys() - graph.arguments.keys():
        raise ValueError(
            f"{graph.function.__name__} calls itself with {_names(arguments)}, and was called with "
            f"{_names(graph.arguments)}: hand over the same arguments in both calls"
        )


def _names(arguments: Mapping[str, object]) -> str:
    return ", ".join(arguments) or "no arguments"


def _call(function: Callable[..., object], arguments: Mapping[str, PipelineParam]) -> object:
    """Call a function by name, those arguments by position that Python takes so only."""
    parameters = inspect.signature(function).parameters
    positional = [name for name in arguments if parameters[name].kind is inspect.Parameter.POSITIONAL_ONLY]
    named = {name: given for name, given in arguments.items() if name not in positional}
    return function(*(arguments[name] for name in positional), **named)


def _returned(result: object) -> Iterator[tuple[str, PipelineParam]]:
    """Yield what a function returned by names; anything but a dict or a named tuple has none, as in KFP (R-03)."""
    as_dict = getattr(result, "_asdict", None)
    named = as_dict() if callable(as_dict) else result
    for name, value in named.items() if isinstance(named, Mapping) else ():
        if isinstance(value, PipelineParam):
            yield name, value
