"""The pipeline that is being written: its ops, its open groups, its settings (rows D-01 to D-04, D-18)."""

from __future__ import annotations

import enum
from collections.abc import Callable
from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, TypeVar

from kfp_airflow.dsl import naming
from kfp_airflow.dsl.conf import PipelineConf
from kfp_airflow.dsl.loading import collect
from kfp_airflow.dsl.where import author_place

if TYPE_CHECKING:
    from typing_extensions import Self

    from kfp_airflow.dsl.ops import BaseOp
    from kfp_airflow.dsl.params import PipelineParam

PipelineFunction = Callable[..., object]
_Function = TypeVar("_Function", bound=PipelineFunction)

_current: ContextVar[Pipeline | None] = ContextVar("kfp_airflow_pipeline", default=None)
_pipeline_decorator_handler: Callable[[PipelineFunction], PipelineFunction | None] | None = None
"""KFP's own hook, set by tools; `collect_pipelines` needs no module state."""


class PipelineExecutionMode(enum.Enum):
    """What a pipeline is compiled for (D-03); here only the first has a meaning."""

    V1_LEGACY = 1
    V2_COMPATIBLE = 2
    V2_ENGINE = 3


def pipeline(
    name: str | None = None, description: str | None = None, pipeline_root: str | None = None
) -> Callable[[_Function], _Function]:
    """Mark a function as a pipeline: `@dsl.pipeline(name='My pipeline')` (D-01).

    The function itself is returned, with `_component_human_name`, `_component_description` and `pipeline_root` set
    where they are given.
    """

    def decorate(function: _Function) -> _Function:
        if name:
            function._component_human_name = name  # type: ignore[attr-defined]  # noqa: SLF001 - KFP's attribute
        if description:
            function._component_description = description  # type: ignore[attr-defined]  # noqa: SLF001 - as above
        if pipeline_root:
            function.pipeline_root = pipeline_root  # type: ignore[attr-defined]
        collect(function, decorated=True)
        handled = _pipeline_decorator_handler(function) if _pipeline_decorator_handler else None
        return handled or function  # type: ignore[return-value] # the hook of a tool may return what it likes

    return decorate


def get_pipeline_conf() -> PipelineConf:
    """Return the settings of the pipeline that is being built; inside its function only (D-04)."""
    return Pipeline.current().conf


class OpsGroup:
    """Ops and groups that belong together; used as a context manager (D-18).

    `name` is the author's until the block is entered, then the pipeline-wide one (N-08). `members` holds ops and groups
    in the author's order.
    """

    def __init__(self, group_type: str, name: str | None = None, parallelism: int | None = None) -> None:
        self.type = group_type
        self.name = name
        self.parallelism = parallelism
        self.members: list[BaseOp | OpsGroup] = []
        self.dependencies: list[BaseOp | OpsGroup] = []
        self.recursive_ref: OpsGroup | None = None
        self.loop_args: PipelineParam | None = None
        self.author_name = name
        self.where = author_place()

    @property
    def ops(self) -> list[BaseOp]:
        """Return the ops directly in this group."""
        return [member for member in self.members if not isinstance(member, OpsGroup)]

    @property
    def groups(self) -> list[OpsGroup]:
        """Return the groups directly in this group."""
        return [member for member in self.members if isinstance(member, OpsGroup)]

    def __enter__(self) -> OpsGroup | PipelineParam:
        """Open the group: everything created in the block belongs to it."""
        owner = Pipeline.current()
        self.name = naming.group_name(self.type, self.author_name, owner.get_next_group_id())
        owner.push_ops_group(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the group."""
        Pipeline.current().pop_ops_group()

    def after(self, *ops: BaseOp | OpsGroup) -> Self:
        """Start this group only after these ops and groups have ended (B-02, CO-13)."""
        self.dependencies.extend(ops)
        return self

    def remove_op_recursive(self, op: BaseOp) -> None:
        """Take an op out of this group and of every group in it."""
        self.members = [member for member in self.members if member is not op]
        for group in self.groups:
            group.remove_op_recursive(op)


class Pipeline:
    """A pipeline while its function runs: a context manager that ops and groups register with (D-02).

    `ops` maps names to ops in the order of their creation; `groups` is the stack of open groups, the root first.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.ops: dict[str, BaseOp] = {}
        self.groups: list[OpsGroup] = [OpsGroup("pipeline", name=name)]
        self.root = self.groups[0]
        self.group_id = 0
        self.conf = PipelineConf()
        self._names = naming.UniqueNames()
        self._token: Token[Pipeline | None] | None = None

    @staticmethod
    def get_default_pipeline() -> Pipeline | None:
        """Return the pipeline that is being built, None outside one."""
        return _current.get()

    @staticmethod
    def current() -> Pipeline:
        """Return the pipeline that is being built; raises ValueError outside one."""
        found = _current.get()
        if found is None:
            raise ValueError("this is possible inside a pipeline function only, and none is being built now")
        return found

    def __enter__(self) -> Self:
        """Make this the pipeline that ops register with; raises an Exception inside another one."""
        if _current.get() is not None:
            raise Exception("Nested pipelines are not allowed.")
        self._token = _current.set(self)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop registering."""
        if self._token is not None:
            _current.reset(self._token)

    @staticmethod
    def add_pipeline(name: str, description: str, func: PipelineFunction) -> None:
        """Do what `@dsl.pipeline(name=…, description=…)` does above a function, to one that there is."""
        pipeline(name, description)(func)

    def add_op(self, op: BaseOp, define_only: bool) -> str:
        """Register an op and return its unique name (N-01, N-02); `define_only`: it belongs to no group."""
        name = self._names.take(naming.op_name(op.human_name), self.ops)
        self.ops[name] = op
        if not define_only:
            self.groups[-1].members.append(op)
        return name

    def push_ops_group(self, group: OpsGroup) -> None:
        """Put a group into the innermost open one and open it."""
        self.groups[-1].members.append(group)
        self.groups.append(group)

    def pop_ops_group(self) -> None:
        """Close the innermost group."""
        self.groups.pop()

    def remove_op_from_groups(self, op: BaseOp) -> None:
        """Take an op out of every group; it stays registered."""
        self.root.remove_op_recursive(op)

    def get_next_group_id(self) -> int:
        """Return the next number of the one counter that all groups and static loops' items share (N-08)."""
        self.group_id += 1
        return self.group_id
