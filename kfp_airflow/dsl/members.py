"""Groups with what is in them become members of the graph (rows N-08, CO-, L-, EH-)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from kfp_airflow.diagnostics import Diagnostic, Where
from kfp_airflow.dsl import naming
from kfp_airflow.dsl.graph_components import Graph, GraphCall, output_op
from kfp_airflow.dsl.groups import Condition, ExitHandler, ParallelFor, SubGraph
from kfp_airflow.dsl.notes import note
from kfp_airflow.dsl.ops import BaseOp
from kfp_airflow.dsl.params import ConditionOperator, PipelineParam, placeholders_in
from kfp_airflow.dsl.pipeline import OpsGroup, Pipeline
from kfp_airflow.dsl.steps import Site, build_step
from kfp_airflow.dsl.values import ItemName, Reader
from kfp_airflow.graph import model
from kfp_airflow.graph.text import ArgumentRef, ItemRef, OutputRef, ParameterRef, Reference, Text, Tree, text

_OPERATORS = ("==", "!=", "<", "<=", ">", ">=")


def build_members(pipeline: Pipeline, values: Mapping[str, object]) -> tuple[model.Member, ...]:
    """Return everything in a pipeline, in the author's order; problems are noted.

    `values` are those of parameters that are none of the pipeline's: they are written out (F-08).
    """
    groups = tuple(_groups(pipeline.root))
    ids, of_groups = _ids(pipeline, groups)
    items = {_item_name(loop.item): of_groups[id(loop)] for loop in groups if isinstance(loop, ParallelFor)}
    steps = {name: ids[op.name] for key, op in pipeline.ops.items() for name in (key, op.name)}
    graphs = [group for group in groups if isinstance(group, (Graph, GraphCall))]
    steps.update((output_op(graph), of_groups[id(graph)]) for graph in graphs)
    arguments = {graph.argument_op: of_groups[id(graph)] for graph in graphs if isinstance(graph, Graph)}
    _note_lost_handlers(pipeline)
    return _members(pipeline.root.members, Site(Reader(steps, items, arguments, values), ids, of_groups))


def _ids(pipeline: Pipeline, groups: Iterable[OpsGroup]) -> tuple[dict[str, str], dict[int, str]]:
    """Return names of ops and groups → ids, and groups by identity → ids.

    Ids are as N-04 and N-08 say, of the names that the ops have in the end, made unique where N-04 lets two names
    collide, or where an op has a group's name; that name then means the op.
    """
    names, taken = naming.UniqueNames(), set[str]()

    def take(wanted: str) -> str:
        taken.add(given := names.take(wanted or "task", taken))
        return given

    ids = {op.name: take(naming.label_name(op.name)) for op in pipeline.ops.values()}
    of_groups: dict[int, str] = {}
    for group in groups:
        name = group.name or group.type
        of_groups[id(group)] = take(naming.group_id(name))
        ids.setdefault(name, of_groups[id(group)])
    return ids, of_groups


def _groups(group: OpsGroup) -> Iterator[OpsGroup]:
    for inner in group.groups:
        yield inner
        yield from _groups(inner)


def _item_name(item: PipelineParam) -> ItemName:
    ((name, op, _),) = placeholders_in(str(item))
    return op, name


def _members(members: Iterable[BaseOp | OpsGroup], site: Site) -> tuple[model.Member, ...]:
    return tuple(
        _group(member, site) if isinstance(member, OpsGroup) else build_step(member, site) for member in members
    )


def _group(group: OpsGroup, site: Site) -> model.Group | model.Call:
    """Return the graph's group; a group type that is not KFP's own runs its members as they are, without limit."""
    group_id = site.groups[id(group)]
    after = site.after(
        other.name or other.type if isinstance(other, OpsGroup) else other.name for other in group.dependencies
    )
    match group:
        case Condition():
            return model.Condition(
                id=group_id,
                when=_comparison(group, site.reader),
                name=group.author_name,
                members=_members(group.members, site),
                after=after,
                where=group.where,
            )
        case ParallelFor():
            body = site.inside(site.reader.inside(_item_name(group.item), group_id))
            return model.Loop(
                id=group_id,
                items=_items(group, site.reader),
                parallelism=group.parallelism or None,
                name=group.author_name,
                members=_members(group.members, body),
                after=after,
                where=group.where,
            )
        case ExitHandler():
            return model.ExitHandler(
                id=group_id,
                handler=build_step(group.exit_op, site),
                name=group.display_name,
                members=_members(group.members, site),
                after=after,
                where=group.where,
            )
        case Graph():
            return model.Graph(
                id=group_id,
                name=group.function.__name__,
                arguments=_arguments(group.arguments, site.reader),
                outputs=_arguments(group.returned, site.reader),
                members=_members(group.members, site),
                after=after,
                where=group.where,
            )
        case GraphCall():
            return model.Call(
                id=group_id,
                graph=site.groups[id(group.recursive_ref)],
                name=group.author_name or "",
                arguments=_arguments(group.arguments, site.reader),
                after=after,
                where=group.where,
            )
        case _:
            return _subgraph(group, group_id, after, site)


def _subgraph(group: OpsGroup, group_id: str, after: tuple[str, ...], site: Site) -> model.SubGraph:
    if not isinstance(group, SubGraph):
        note(
            Diagnostic(
                code="KA011",
                where=group.where,
                problem=f"a group of type {group.type!r} has no meaning in a pipeline",
                advice="Use dsl.Condition, dsl.ParallelFor, dsl.ExitHandler, dsl.SubGraph or @dsl.graph_component.",
                row="D-18",
            )
        )
    return model.SubGraph(
        id=group_id,
        parallelism=group.parallelism or 1,
        name=group.author_name,
        members=_members(group.members, site),
        after=after,
        where=group.where,
    )


def _arguments(named: Mapping[str, PipelineParam], reader: Reader) -> tuple[tuple[str, Reference], ...]:
    """Return run-time values by name; each is a placeholder, so its text is one reference."""
    references = ((name, reader.text(value).references) for name, value in named.items())
    return tuple((name, reference) for name, (reference,) in references)


def _comparison(group: Condition, reader: Reader) -> model.Comparison:
    condition = group.condition
    if isinstance(condition, ConditionOperator) and condition.operator in _OPERATORS:
        return model.Comparison(
            left=_operand(condition.operand1, reader, group.where),
            operator=condition.operator,  # type: ignore[arg-type] # one of _OPERATORS
            right=_operand(condition.operand2, reader, group.where),
        )
    shown = f"the parameter {condition.full_name}" if isinstance(condition, PipelineParam) else repr(condition)
    note(
        Diagnostic(
            code="KA005",
            where=group.where,
            problem=f"dsl.Condition got {shown}, which is no comparison of a run-time value",
            advice="Write a comparison: dsl.Condition(step.output == 'heads'); `and` is one inside the other.",
            row="CO-01",
        )
    )
    return model.Comparison(left=text("True"), operator="==", right=text("True"))


def _operand(value: object, reader: Reader, where: Where) -> Text:
    """Return one side of a comparison; constants by `str()`, None too (CO-03). An op is no value (DP-11)."""
    if isinstance(value, BaseOp):
        note(
            Diagnostic(
                code="KA005",
                where=where,
                problem=f"dsl.Condition compares the step '{value.name}' itself",
                advice="Compare one of its outputs: step.output, or step.outputs['name'].",
                row="DP-11",
            )
        )
    return text("None") if value is None else reader.text(value)


def _items(group: ParallelFor, reader: Reader) -> tuple[Tree, ...] | ParameterRef | OutputRef | ItemRef | ArgumentRef:
    source = group.item.items_or_pipeline_param
    if isinstance(source, PipelineParam):
        (reference,) = reader.text(source).parts
        if isinstance(reference, (ParameterRef, OutputRef, ItemRef, ArgumentRef)):
            return reference
    items = source if isinstance(source, list) else []
    try:
        return tuple(reader.tree(item) for item in items)
    except TypeError as error:
        note(
            Diagnostic(
                code="KA006",
                where=group.where,
                problem=f"an item of the loop cannot be handed on: {error}",
                advice="Loop over texts, numbers, truth values, None, and lists and dicts of them.",
                row="L-02",
            )
        )
        return ()


def _note_lost_handlers(pipeline: Pipeline) -> None:
    """Note ops that would never run: made with is_exit_handler=True, and given to no ExitHandler."""
    placed = {op.name for group in (pipeline.root, *_groups(pipeline.root)) for op in group.ops}
    handlers = {group.exit_op.name for group in _groups(pipeline.root) if isinstance(group, ExitHandler)}
    for op in pipeline.ops.values():
        if op.name not in placed and op.name not in handlers:
            note(
                Diagnostic(
                    code="KA012",
                    where=op.where,
                    step=op.name,
                    problem="it is an exit handler of no steps, so it would never run",
                    advice="Write `with dsl.ExitHandler(op):` around the steps that it has to come after.",
                    row="EH-01",
                )
            )
