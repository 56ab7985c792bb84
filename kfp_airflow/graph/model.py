"""The graph of a pipeline: what an author meant.

It stands between every front end (DSL, packages) and every back end (DAG, packages). Nodes are frozen; equality is
meaning. The place in the author's file (`where`) is no part of the meaning. The words are the graph's own (a *step* is
an author's op and a DAG's task). Row ids refer to the inventory of KFP v1.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from kfp_airflow.diagnostics import UNKNOWN, Where
from kfp_airflow.graph.text import (
    EMPTY,
    EMPTY_STRUCT,
    ArgumentRef,
    ItemRef,
    OutputRef,
    ParameterRef,
    Reference,
    Struct,
    Switch,
    Text,
    Tree,
)

RetryPolicy: TypeAlias = Literal["Always", "OnError", "OnFailure", "OnTransientError"]
Operator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]
ResourceAction: TypeAlias = Literal["create", "apply", "patch", "delete"]

METRICS_OUTPUT = "mlpipeline-metrics"
UI_METADATA_OUTPUT = "mlpipeline-ui-metadata"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """An argument of the pipeline function.

    `type` is KFP's: a name ("Integer"), a dict with properties, or None. `default` is the text of KFP's serialization
    (PP-06), None where there is none. `optional`: it need not be given; without a default that is an author's `x=None`,
    an empty text at run time (PP-07).
    """

    name: str
    type: Tree = None
    default: str | None = None
    optional: bool = False
    description: str | None = None
    where: Where = field(default=UNKNOWN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """`left operator right` of a `dsl.Condition`: text for == and !=, numbers or text for the rest (CO-02 to CO-05)."""

    left: Text
    operator: Operator
    right: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """A container: what KFP calls image, command and arguments, and every other field of a Kubernetes container.

    `command` None: the image's own entrypoint. `options` holds the other fields in Kubernetes' own spelling (env,
    resources, volumeMounts, imagePullPolicy, …). `name` is empty for a step's main container.
    """

    image: Text
    command: tuple[Text, ...] | None = None
    args: tuple[Text, ...] = ()
    options: Struct = EMPTY_STRUCT
    name: Text = EMPTY
    mirror_volume_mounts: Switch = False


@dataclass(frozen=True, slots=True, kw_only=True)
class InputFile:
    """A file (or directory) put at `path` before the step runs (DP-03).

    It holds the bytes of the output that is the whole of `source`, else the text of `source`.
    """

    name: str
    path: str
    source: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputFile:
    """A file (or directory) that the step has to write at `path` (DP-01, DP-02).

    The two `mlpipeline-*` ones are optional. `to_be_seen`: no step can take it (O-08), so that a package gives it no
    name of its step.
    """

    name: str
    path: str
    type: Tree = None
    to_be_seen: bool = False

    @property
    def made_folder(self) -> str | None:
        """Return the folder that a runtime makes before the step runs, None where that is left to the program (DP-02).

        KFP chose the paths of components, and their programs take a folder that is there; a path that an author chose
        may be in a folder that the program makes by a plain `mkdir`.
        """
        return posixpath.dirname(self.path) if self.path.startswith("/tmp/outputs/") else None  # noqa: S108 - KFP's path

    @property
    def optional(self) -> bool:
        """Tell whether a step may succeed without it (DP-10)."""
        return self.name in {METRICS_OUTPUT, UI_METADATA_OUTPUT}


@dataclass(frozen=True, slots=True, kw_only=True)
class PodOptions:
    """What a pod has besides its main container, in Kubernetes' own spelling (rows B-03 to B-12)."""

    init_containers: tuple[Container, ...] = ()
    sidecars: tuple[Container, ...] = ()
    volumes: tuple[Tree, ...] = ()
    tolerations: tuple[Tree, ...] = ()
    affinity: Tree = None
    node_selector: Struct = EMPTY_STRUCT
    annotations: Struct = EMPTY_STRUCT
    labels: Struct = EMPTY_STRUCT


PLAIN_POD = PodOptions()
"""Nothing besides the main container, as in nearly every step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """What `set_retry` asks for (B-09).

    `limit` None: a policy without a number, so no limit. Durations as the author wrote them: seconds, `2m`, `1h`.
    """

    limit: Text | None = None
    policy: RetryPolicy | None = None
    backoff_duration: str | None = None
    backoff_factor: float | None = None
    backoff_max_duration: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caching:
    """Whether a result of an earlier run may be taken (CA-01 to CA-10).

    `max_staleness` is an ISO 8601 duration, `P0D`: never.
    """

    enabled: Switch = True
    max_staleness: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Component:
    """The component a step was made from (O-12): specification and reference as JSON data, the arguments as text."""

    spec: Tree
    ref: Tree = EMPTY_STRUCT
    arguments: Struct = EMPTY_STRUCT


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerStep:
    """One container of a pipeline: what `dsl.ContainerOp` and every component become.

    `id` is KFP's op id (N-01, N-02, N-04), unique in the pipeline; `name` what the author called it; `after` ids of
    steps and groups that have to end first, besides those whose outputs are used; `timeout_s` seconds for one attempt.
    """

    id: str
    name: str
    container: Container
    inputs: tuple[InputFile, ...] = ()
    outputs: tuple[OutputFile, ...] = ()
    pod: PodOptions = PLAIN_POD
    display_name: Text | None = None
    retry: Retry | None = None
    timeout_s: int | None = None
    caching: Caching = Caching()
    component: Component | None = None
    after: tuple[str, ...] = ()
    where: Where = field(default=UNKNOWN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceStep:
    """One call of the Kubernetes API: `dsl.ResourceOp`, `VolumeOp` and `VolumeSnapshotOp` (D-13, D-14, D-16).

    `attributes` maps output names to kubectl jsonpaths; conditions are Argo's, with `,` for *and*. Both may hold
    references, and so may `flags` (§1.4). `caching` is for packages: a call of the API is never left out.
    """

    id: str
    name: str
    action: ResourceAction
    manifest: Tree
    merge_strategy: str | None = None
    success_condition: Text | None = None
    failure_condition: Text | None = None
    set_owner_reference: bool = False
    flags: tuple[Text, ...] = ()
    attributes: tuple[tuple[str, Text], ...] = ()
    pod: PodOptions = PLAIN_POD
    display_name: Text | None = None
    retry: Retry | None = None
    timeout_s: int | None = None
    caching: Caching = Caching()
    after: tuple[str, ...] = ()
    where: Where = field(default=UNKNOWN, compare=False, repr=False)


Step: TypeAlias = ContainerStep | ResourceStep


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """`dsl.Condition`: its members run when `when` holds (§2.4). `id` by N-08; `name` the author's, if given."""

    id: str
    when: Comparison
    name: str | None = None
    members: tuple[Member, ...] = ()
    after: tuple[str, ...] = ()
    where: Where = field(default=UNKNOWN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """`dsl.ParallelFor`: its members run once per item (§2.5).

    `items`: the author's list (with texts as its leaves), or the reference whose value is a JSON list at run time.
    `ItemRef(loop.id)` is the item; `parallelism` limits iterations, None: no limit.
    """

    id: str
    items: tuple[Tree, ...] | ParameterRef | OutputRef | ItemRef | ArgumentRef
    parallelism: int | None = None
    name: str | None = None
    members: tuple[Member, ...] = ()
    after: tuple[str, ...] = ()
    where: Where = field(default=UNKNOWN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubGraph:
    """`dsl.SubGraph`: at most `parallelism` of its members, or iterations of its loops, run at a time (D-22, L-15).

    None: no limit, which no author writes; a graph on its way to a DAG has such groups.
    """

    id: str
    parallelism: int | None
    name: str | None = None
    members: tuple[Member, ...] = ()
    after: tuple[str, ...] = ()
    where: Where = field(default=UNKNOWN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExitHandler:
    """`dsl.ExitHandler`: `handler` runs after everything else of its members has ended, however (§2.6)."""

    id: str
    handler: Step
    name: str | None = None
    members: tuple[Member, ...] = ()
    after: tuple[str, ...] = ()
    where: Where = field(default=UNKNOWN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graph:
    """`dsl.graph_component`: members that may run again, from the inside, with other arguments (§2.7).

    `name` is the function's. `arguments`: what the outermost call hands in, by the function's names for them (R-04);
    in here they are `ArgumentRef(graph.id, name)`. `outputs`: what the function returned, by name: references to what
    is in here (R-03).
    """

    id: str
    name: str
    arguments: tuple[tuple[str, Reference], ...] = ()
    outputs: tuple[tuple[str, Reference], ...] = ()
    members: tuple[Member, ...] = ()
    after: tuple[str, ...] = ()
    where: Where = field(default=UNKNOWN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A graph component that is called in itself: its members run once more, with these arguments (R-02).

    `graph` is the id of the `Graph` around it, `name` the function's; `OutputRef(call.id, name)` is what that further
    run returns.
    """

    id: str
    graph: str
    name: str
    arguments: tuple[tuple[str, Reference], ...] = ()
    after: tuple[str, ...] = ()
    where: Where = field(default=UNKNOWN, compare=False, repr=False)


Group: TypeAlias = Condition | Loop | SubGraph | ExitHandler | Graph
Member: TypeAlias = Step | Group | Call


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumePassing:
    """Files travel on a volume that all steps share, in a folder below `path_prefix` (D-31).

    `volume` is in Kubernetes' own spelling; its name does not matter.
    """

    volume: Tree
    path_prefix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What `dsl.PipelineConf` sets (P-01 to P-11).

    `timeout_s` is for the whole run; `parallelism` counts steps that run at a time.
    """

    timeout_s: int | None = None
    parallelism: int | None = None
    ttl_s: int | None = None
    image_pull_secrets: tuple[Tree, ...] = ()
    node_selector: Struct = EMPTY_STRUCT
    image_pull_policy: str | None = None
    dns_config: Tree = None
    disruption_budget: Tree = None
    volume_passing: VolumePassing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineOutput:
    """What the author's function says that it returns: KFP notes name and type in packages, and uses neither."""

    name: str
    type: Tree = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """A pipeline as its author meant it. `name` is what the author called it, untouched."""

    name: str
    description: str | None = None
    parameters: tuple[Parameter, ...] = ()
    outputs: tuple[PipelineOutput, ...] = ()
    members: tuple[Member, ...] = ()
    settings: Settings = Settings()
    where: Where = field(default=UNKNOWN, compare=False, repr=False)


def walk(members: tuple[Member, ...]) -> Iterator[Member]:
    """Yield members and everything inside them, in the author's order.

    A group comes before its members, a handler after them.
    """
    for member in members:
        yield member
        match member:
            case Condition() | Loop() | SubGraph() | Graph():
                yield from walk(member.members)
            case ExitHandler():
                yield from walk(member.members)
                yield member.handler


def steps(pipeline: Pipeline) -> tuple[Step, ...]:
    """Return every step of the pipeline, exit handlers included, in the order of `walk`."""
    return tuple(member for member in walk(pipeline.members) if isinstance(member, ContainerStep | ResourceStep))
