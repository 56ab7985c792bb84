"""What of a graph depends on what: the texts of a step, and the references in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kfp_airflow.graph.model import (
    PLAIN_POD,
    Comparison,
    Container,
    ContainerStep,
    Loop,
    PodOptions,
    ResourceStep,
    Step,
)
from kfp_airflow.graph.text import Reference, Text, Tree, walk_texts


def texts(step: Step) -> Iterator[Text]:
    """Yield every text of a step that is resolved at run time: of its main container or resource first of all."""
    match step:
        case ContainerStep():
            yield from _container_texts(step.container)
            for item in step.inputs:
                yield item.source
        case ResourceStep():
            yield from walk_texts(step.manifest)
            yield from (condition for condition in (step.success_condition, step.failure_condition) if condition)
            yield from (path for _, path in step.attributes)
            yield from step.flags
    if step.display_name is not None:
        yield step.display_name
    if step.retry is not None and step.retry.limit is not None:
        yield step.retry.limit
    if isinstance(step.caching.enabled, Text):
        yield step.caching.enabled
    if step.pod != PLAIN_POD:
        yield from _pod_texts(step.pod)


def _pod_texts(pod: PodOptions) -> Iterator[Text]:
    for container in (*pod.init_containers, *pod.sidecars):
        yield from _container_texts(container)
    trees: tuple[Tree, ...] = (
        pod.volumes,
        pod.tolerations,
        pod.affinity,
        pod.node_selector,
        pod.annotations,
        pod.labels,
    )
    for content in trees:
        yield from walk_texts(content)


def references(step: Step) -> Iterator[Reference]:
    """Yield every reference of a step, repeated where it is repeated."""
    return references_in(texts(step))


def references_in(contents: Iterable[Text]) -> Iterator[Reference]:
    """Yield every reference of texts, repeated where it is repeated."""
    for content in contents:
        for part in content.parts:
            if not isinstance(part, str):
                yield part


def comparison_references(comparison: Comparison) -> tuple[Reference, ...]:
    """Return the references of both operands."""
    return comparison.left.references + comparison.right.references


def item_references(loop: Loop) -> tuple[Reference, ...]:
    """Return what a loop's list depends on: the reference itself, or those in the author's items."""
    if isinstance(loop.items, tuple):
        return tuple(
            reference for item in loop.items for content in walk_texts(item) for reference in content.references
        )
    return (loop.items,)


def _container_texts(container: Container) -> Iterator[Text]:
    yield container.image
    yield from container.command or ()
    yield from container.args
    if container.options.entries:
        yield from walk_texts(container.options)
    yield container.name
    if isinstance(container.mirror_volume_mounts, Text):
        yield container.mirror_volume_mounts
