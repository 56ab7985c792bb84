"""What a run of a body (of a loop, of a graph component) is given by the call that started it, as its `conf`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Annotated, Any, Final, TypeAlias

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from kfp_airflow.artifacts.store import Published, parse_published, published_as_json
from kfp_airflow.diagnostics import StepError
from kfp_airflow.graph.text import ArgumentRef, Json, OutputRef
from kfp_airflow.operators.item_text import DictItem, FrozenItem

KEY: Final = "kfp_airflow"
"""The entry of a run's conf that holds all of it."""
AWAITED: Final = "trigger_run_id"
"""The XCom in which a call names the run that it waits for, as TriggerDagRunOperator does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """The run that a person, a schedule or a client started; `{{workflow.…}}` is about this one."""

    dag_id: str
    run_id: str
    started: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A task instance that started a run and waits for its end; `map_index` −1 where it is not mapped."""

    dag_id: str
    run_id: str
    task_id: str
    map_index: int


@dataclass(frozen=True, slots=True)
class Handed:
    """An argument of a graph component: an output as it was published, else a text."""

    value: Published
    is_output: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Inherited:
    """The values from the DAGs around; `depth` counts the calls between the root and this run.

    `callers` are the outermost of these calls and the innermost, once where that is the same. An output that is not
    there was skipped.
    """

    root: Root
    callers: tuple[Caller, ...] = ()
    depth: int = 0
    parameters: Mapping[str, str] = field(default_factory=dict)
    items: Mapping[str, FrozenItem] = field(default_factory=dict)
    outputs: Mapping[OutputRef, Published] = field(default_factory=dict)
    arguments: Mapping[ArgumentRef, Handed] = field(default_factory=dict)

    def as_conf(self) -> dict[str, Any]:
        """Return the conf of a run, plain JSON data."""
        outputs: dict[str, dict[str, Json]] = {}
        for output, value in self.outputs.items():
            outputs.setdefault(output.step, {})[output.output] = published_as_json(value)
        arguments: dict[str, dict[str, Json]] = {}
        for argument, handed in self.arguments.items():
            kind = "output" if handed.is_output else "text"
            arguments.setdefault(argument.graph, {})[argument.name] = {kind: published_as_json(handed.value)}
        root = {"dag_id": self.root.dag_id, "run_id": self.root.run_id, "started": self.root.started.isoformat()}
        return {
            KEY: {
                "root": root,
                "callers": [asdict(caller) for caller in self.callers],
                "depth": self.depth,
                "parameters": dict(self.parameters),
                "items": dict(self.items),
                "outputs": outputs,
                "arguments": arguments,
            }
        }


def read_conf(conf: Mapping[str, Any] | None) -> Inherited:
    """Return what a run was given. Anybody may start a run with any conf, so what no call writes is a StepError."""
    try:
        found = _Conf.model_validate((conf or {}).get(KEY))
    except ValidationError as error:
        raise StepError(
            "this DAG is the body of a loop or of a graph component and is started by the pipeline's own tasks; "
            "start the pipeline's DAG instead"
        ) from error
    whose = "an output that the call handed in"
    return Inherited(
        root=Root(dag_id=found.root.dag_id, run_id=found.root.run_id, started=found.root.started),
        callers=tuple(Caller(**caller.model_dump()) for caller in found.callers),
        depth=found.depth,
        parameters=found.parameters,
        items={loop: _item(item) for loop, item in found.items.items()},
        outputs={
            OutputRef(step, name): parse_published(value, whose=whose)
            for step, outputs in found.outputs.items()
            for name, value in outputs.items()
        },
        arguments={
            ArgumentRef(graph, name): _handed(value)
            for graph, arguments in found.arguments.items()
            for name, value in arguments.items()
        },
    )


_STRICT: Final = ConfigDict(strict=True, extra="forbid")


class _Root(BaseModel):
    model_config = _STRICT
    dag_id: str
    run_id: str
    started: Annotated[AwareDatetime, Field(strict=False)]


class _Caller(BaseModel):
    model_config = _STRICT
    dag_id: str
    run_id: str
    task_id: str
    map_index: int


class _Item(BaseModel):
    model_config = _STRICT
    item: str
    keys: dict[str, str]


class _Text(BaseModel):
    model_config = _STRICT
    text: str


class _Output(BaseModel):
    model_config = _STRICT
    output: Any


_Argument: TypeAlias = _Text | _Output


class _Conf(BaseModel):
    model_config = _STRICT
    root: _Root
    callers: Annotated[list[_Caller], Field(min_length=1, max_length=2)]
    depth: Annotated[int, Field(ge=1)]
    parameters: dict[str, str]
    items: dict[str, str | _Item]
    outputs: dict[str, dict[str, Any]]
    arguments: dict[str, dict[str, _Argument]]


def _item(item: str | _Item) -> FrozenItem:
    return item if isinstance(item, str) else DictItem(item=item.item, keys=item.keys)


def _handed(argument: _Argument) -> Handed:
    if isinstance(argument, _Text):
        return Handed(argument.text, is_output=False)
    return Handed(parse_published(argument.output, whose="an argument that the call handed in"), is_output=True)
