"""Groups of ops: conditions, loops, exit handlers, limits (rows D-18 to D-22, N-08, CO-, L-, EH-)."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import override

from kfp_airflow.dsl import naming
from kfp_airflow.dsl.ops import BaseOp
from kfp_airflow.dsl.params import PipelineParam, placeholders_in
from kfp_airflow.dsl.pipeline import OpsGroup as OpsGroup
from kfp_airflow.dsl.pipeline import Pipeline


class SubGraph(OpsGroup):
    """A group that limits how many of its members run at a time (D-22, L-15)."""

    def __init__(self, parallelism: int) -> None:
        if parallelism < 1:
            raise ValueError(f"SubGraph parallelism set to < 1, allowed values are > 0. Got: {parallelism}")
        super().__init__("subgraph", parallelism=parallelism)


class ExitHandler(OpsGroup):
    """Ops with an op that runs after them, however they end (D-19, EH-01).

    `exit_op` has to be created before the block and may depend on no op.
    """

    def __init__(self, exit_op: BaseOp, name: str | None = None) -> None:
        super().__init__("exit_handler")
        self.display_name = name
        if exit_op.dependent_names:
            raise ValueError(
                f"exit_op cannot depend on any other ops. {exit_op.human_name!r} comes after "
                f"{', '.join(exit_op.dependent_names)}: it runs after everything anyway, take .after() away"
            )
        exit_op.is_exit_handler = True
        self.exit_op = exit_op
        Pipeline.current().remove_op_from_groups(exit_op)


class Condition(OpsGroup):
    """Ops that run only if a comparison holds at run time: `with dsl.Condition(flip.output == 'heads'):` (D-20).

    There is no else: write the opposite condition (CO-07).
    """

    def __init__(self, condition: object, name: str | None = None) -> None:
        super().__init__("condition", name)
        self.condition = condition


class ParallelFor(OpsGroup):
    """Ops that run once per item of a list, known now or at run time: `with dsl.ParallelFor([1, 2]) as item:` (D-21).

    `parallelism` limits how many iterations run at a time; None and 0 mean no limit (L-09).
    Raises TypeError for what is no list (L-01), IndexError for a list without items, ValueError for dicts whose keys
    differ or are no identifiers (L-03).
    """

    def __init__(self, loop_args: object, parallelism: int | None = None) -> None:
        if parallelism is not None and parallelism < 0:
            raise ValueError(f"ParallelFor parallelism must be >= 0. Got: {parallelism}.")
        owner = Pipeline.current()
        super().__init__("for_loop", parallelism=parallelism or 0)
        source = _as_param(loop_args)
        self.items_is_pipeline_param = source is not None
        self.loop_args = self.item = (
            _item_of_param(source, owner) if source is not None else _item_of_list(loop_args, owner)
        )

    @override
    def __enter__(self) -> LoopItem:
        """Open the loop and return its item."""
        super().__enter__()
        return self.item


class LoopItem(PipelineParam):
    """The item of a loop; `item.key` is the value of a dict item under `key`, `name` and `value` too (L-03, L-07)."""

    def __init__(self, name: str, items: object, op_name: str | None = None) -> None:
        super().__init__(name, op_name)
        self._name, self._op_name = name, op_name
        self.items_or_pipeline_param = items
        self.referenced_subvar_names: list[str] = []

    @property
    @override
    def full_name(self) -> str:
        """Return the name in messages."""
        return self._name

    def set_variable(self, key: str) -> PipelineParam:
        """Return the value under `key`, which from now on is the attribute `key`, whatever that was before."""
        variable = self.__dict__[key] = PipelineParam(f"{self._name}-subvar-{key}", self._op_name)
        return variable

    def __getattr__(self, key: str) -> PipelineParam:
        """Return the value under `key` of the item, a dict at run time."""
        if key.startswith("_"):
            raise AttributeError(key)
        self.referenced_subvar_names.append(key)
        return self.set_variable(key)


LoopArguments = LoopItem


def _as_param(loop_args: object) -> PipelineParam | None:
    if isinstance(loop_args, PipelineParam):
        return loop_args
    found = placeholders_in(loop_args) if isinstance(loop_args, str) else []
    if len(found) == 1 and found[0].pattern == loop_args:
        return PipelineParam(found[0].name, found[0].op or None)
    return None


def _item_of_list(items: object, owner: Pipeline) -> LoopItem:
    if not isinstance(items, (list, tuple)):
        raise TypeError(f"Expected list, tuple, or PipelineParam, got {type(items).__name__}: {items!r}")
    number = owner.get_next_group_id()
    if not items:
        raise IndexError("ParallelFor got an empty list: there is nothing to loop over")
    if isinstance(items[0], Mapping):
        keys = [set(item) if isinstance(item, Mapping) else None for item in items]
        if any(other != keys[0] for other in keys):
            raise ValueError(f"the dicts of a loop's list should all have the same keys. Got: {items!r}")
        for key in items[0]:
            if not (isinstance(key, str) and key.isidentifier()):
                raise ValueError(f"Keys of a loop's dicts have to be names such as 'learning_rate'. Got: {key!r}")
    item = LoopItem(f"loop-item-param-{number}", list(items))
    for key in items[0] if isinstance(items[0], Mapping) else ():
        item.set_variable(key)
    return item


def _item_of_param(source: PipelineParam, owner: Pipeline) -> LoopItem:
    """Return the item of a loop over a run-time value, of another name than the items of the loops around it."""
    ((name, op, _),) = placeholders_in(str(source))
    around = "".join(str(group.loop_args) for group in owner.groups if group.loop_args is not None)
    taken = {found.name for found in placeholders_in(around)}
    item = LoopItem(naming.UniqueNames().take(f"{name}-loop-item", taken), source, op or None)
    for key in ("name", "value"):  # attributes of every parameter: what an author asks for is the item's
        item.set_variable(key)
    return item
