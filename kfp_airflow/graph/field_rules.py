"""Rules about the fields of pods that take numbers, yes or no, or one text, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from kfp_airflow.graph.rules import Found, at, containers, rule
from kfp_airflow.graph.survey import Seat, Survey
from kfp_airflow.graph.text import Struct, Text, Tree

_KINDS: Final = {
    "true or false": (
        "allowPrivilegeEscalation optional privileged readOnly readOnlyRootFilesystem runAsNonRoot stdin stdinOnce tty"
    ),
    "a whole number": (
        "containerPort defaultMode expirationSeconds failureThreshold fsGroup hostPort initialDelaySeconds "
        "periodSeconds runAsGroup runAsUser successThreshold terminationGracePeriodSeconds timeoutSeconds "
        "tolerationSeconds"
    ),
    "a text": "imagePullPolicy terminationMessagePath terminationMessagePolicy workingDir",
}
_KIND_OF: Final = {field: kind for kind, fields in _KINDS.items() for field in fields.split()}
_OWN_NAMES: Final = frozenset(("matchLabels", "volumeAttributes", "options", "labels", "annotations"))
"""Fields below which the author's own names stand."""


@rule("KA050", row="C-13")
def types_of_fields(survey: Survey) -> Iterator[Found]:
    """Fields of pods that take a number, yes or no, or one text have such a value, which is known before the run."""
    for seat, _, container in containers(survey):
        yield from _of_tree(container.options, seat)
    for seat, step in survey.steps:
        yield from _of_trees((step.pod.volumes, step.pod.tolerations, step.pod.affinity), seat)


def _of_trees(trees: Iterable[Tree], seat: Seat) -> Iterator[Found]:
    for tree in trees:
        yield from _of_tree(tree, seat)


def _of_tree(tree: Tree, seat: Seat) -> Iterator[Found]:
    if isinstance(tree, tuple):
        yield from _of_trees(tree, seat)
    elif isinstance(tree, Struct):
        for name, value in tree.entries:
            kind = _KIND_OF.get(name.constant or "")
            if kind is not None and value is not None:
                yield from _of_field(name.constant or "", kind, value, seat)
            elif name.constant not in _OWN_NAMES:
                yield from _of_tree(value, seat)


def _of_field(field: str, kind: str, value: Tree, seat: Seat) -> Iterator[Found]:
    if kind == "a text":
        if not isinstance(value, Text):
            yield at(seat, f"has {_shown(value)} as {field}, which is {kind}", "Write one text.")
    elif isinstance(value, Text):
        if value.references:
            problem = f"gives a value of the run to {field}, which is {kind}: Kubernetes takes no text there"
            yield at(seat, problem, "Write the value itself.", severity="warning")
        else:
            yield at(seat, f"has {value.constant!r} as {field}, which is {kind}", "Write it without quotes.")
    elif isinstance(value, bool) is not (kind == "true or false") or not isinstance(value, int):
        yield at(seat, f"has {_shown(value)} as {field}, which is {kind}", f"Write {kind}.")


def _shown(value: Tree) -> str:
    if isinstance(value, tuple):
        return "a list"
    return "an object" if isinstance(value, Struct) else repr(value.constant if isinstance(value, Text) else value)
