"""The rows of the KFP v1 reference: what each is about, and what the tests say of it.

A test names the rows that it holds by marks, and so do the docstrings of the pipelines in `tests/pipelines` and `dags`:

    @pytest.mark.row("B-09", "B-10")                                     as in KFP
    @pytest.mark.better("CO-04", how="numbers are compared exactly")     not as in KFP: what is better
    @pytest.mark.refused("Y-08", message="is of KFP v2")                 an error that says so

`docs/kfp-row-by-row.md` is made of these marks; a row without any is missing there, and a test says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Final

import pytest

ROW: Final = re.compile(r"\b[A-Z]{1,2}-\d{2}\b")
STATES: Final[Mapping[str, str | None]] = {"row": None, "better": "how", "refused": "message"}
"""The marks, and the keyword that each one takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What one test says of one row: `state` is the mark's name, `text` its explanation."""

    row: str
    state: str
    text: str
    test: str

    def as_json(self) -> dict[str, str]:
        """Return the claim as JSON data."""
        return asdict(self)


def claims(item: pytest.Item) -> Iterator[Claim]:
    """Yield what a test says of rows. Raises UsageError for a mark that names no row or explains nothing."""
    for state, keyword in STATES.items():
        for mark in item.iter_markers(state):
            text = mark.kwargs.get(keyword, "") if keyword else ""
            wrong = [row for row in mark.args if not isinstance(row, str) or row not in TITLES]
            if wrong or not mark.args or (keyword and not text) or mark.kwargs.keys() - {keyword}:
                example = f"{state}('DP-05'{f', {keyword}=…' if keyword else ''})"
                raise pytest.UsageError(f"{item.nodeid}: {wrong or mark}: write {example}, with rows of tests/rows.py")
            for row in mark.args:
                yield Claim(row=row, state=state, text=text, test=item.nodeid.partition("[")[0])


def rows_in(docstring: str | None) -> tuple[str, ...]:
    """Return the rows that a docstring's first line names in brackets: `(B-09, N-01 to N-03)`."""
    first = (docstring or "").strip().partition("\n")[0]
    found: list[str] = []
    for brackets in re.findall(r"\(([^()]*)\)", first):
        ends = re.sub(rf"({ROW.pattern}) to ({ROW.pattern})", _spelled_out, brackets)
        found += ROW.findall(ends)
    return tuple(dict.fromkeys(found))


def _spelled_out(span: re.Match[str]) -> str:
    kind, first = span.group(1).split("-")
    last = span.group(2).split("-")[1]
    return ", ".join(f"{kind}-{number:02d}" for number in range(int(first), int(last) + 1))


TITLES: Final[Mapping[str, str]] = {
    "K-01": "`kfp.__version__`",
    "K-02": "`kfp.TYPE_CHECK`",
    "K-03": "`kfp.COMPILING_FOR_V2`",
    "K-04": "`import kfp` and the packages below it",
    "K-05": "`kfp.Client`, `kfp.LocalClient`",
    "K-06": "`kfp.run_pipeline_func_on_cluster`",
    "K-07": "`kfp.run_pipeline_func_locally`",
    "D-01": "`@dsl.pipeline`",
    "D-02": "`dsl.Pipeline`, the context manager, and its members",
    "D-03": "`dsl.PipelineExecutionMode`",
    "D-04": "`dsl.get_pipeline_conf`",
    "D-05": "`dsl.PipelineConf`",
    "D-06": "`dsl.PipelineParam`",
    "D-07": "`dsl.match_serialized_pipelineparam`",
    "D-08": "`dsl.BaseOp`",
    "D-09": "`dsl.ContainerOp`",
    "D-10": "`dsl.InputArgumentPath`",
    "D-11": "`dsl.UserContainer`: init containers",
    "D-12": "`dsl.Sidecar`",
    "D-13": "`dsl.ResourceOp`",
    "D-14": "`dsl.VolumeOp`",
    "D-15": "`dsl.VOLUME_MODE_RWO`, `RWM`, `ROM`",
    "D-16": "`dsl.VolumeSnapshotOp`",
    "D-17": "`dsl.PipelineVolume`",
    "D-18": "`dsl.OpsGroup`",
    "D-19": "`dsl.ExitHandler`",
    "D-20": "`dsl.Condition`",
    "D-21": "`dsl.ParallelFor`",
    "D-22": "`dsl.SubGraph`",
    "D-23": "`dsl.graph_component`",
    "D-24": "`@dsl.component`",
    "D-25": "`@dsl.python_component`",
    "D-26": "`dsl.importer`",
    "D-27": "`dsl.RUN_ID_PLACEHOLDER`",
    "D-28": "`dsl.EXECUTION_ID_PLACEHOLDER`",
    "D-29": "`dsl.ROOT_PARAMETER_NAME`",
    "D-30": "`dsl.types`",
    "D-31": "`KubernetesVolume`: files travel on a volume",
    "D-32": "`dsl.extensions.kubernetes.use_secret`",
    "D-33": "`dsl.type_utils`, `dsl.io_types`",
    "P-01": "`set_image_pull_secrets`",
    "P-02": "`set_timeout`: a limit for the whole run",
    "P-03": "`set_parallelism`",
    "P-04": "`set_ttl_seconds_after_finished`",
    "P-05": "`set_pod_disruption_budget`",
    "P-06": "`set_default_pod_node_selector`",
    "P-07": "`set_image_pull_policy`",
    "P-08": "`add_op_transformer`",
    "P-09": "`set_dns_config`",
    "P-10": "`data_passing_method`",
    "P-11": "settings read as attributes",
    "B-01": "`apply`: what the modifier returns, or the op",
    "B-02": "`after` ops and groups",
    "B-03": "`add_volume`",
    "B-04": "`add_toleration`",
    "B-05": "`add_affinity`: the last one wins",
    "B-06": "`add_node_selector_constraint`",
    "B-07": "`add_pod_annotation`",
    "B-08": "`add_pod_label`",
    "B-09": "`set_retry`: number, policy, backoff",
    "B-10": "`set_timeout` of one attempt",
    "B-11": "`add_init_container`",
    "B-12": "`add_sidecar`",
    "B-13": "`set_display_name`",
    "B-14": "`set_caching_options`",
    "B-15": "`inputs`: the parameters that an op uses",
    "B-16": "Attributes of an op",
    "O-01": "`container`",
    "O-02": "Methods of the container on the op, with a warning",
    "O-03": "`image`, `env_variables` on the op, with a warning",
    "O-04": "`command`, `arguments` as lists of texts",
    "O-05": "`outputs` by name",
    "O-06": "`output`, and its refusal where there is not one",
    "O-07": "`file_outputs`",
    "O-08": "`output_artifact_paths` and the `mlpipeline-*` outputs",
    "O-09": "`execution_options`: how old a cached result may be",
    "O-10": "`pvolumes`, `pvolume`, `add_pvolumes`",
    "O-11": "`is_v2`, `container_spec`",
    "O-12": "The component behind an op",
    "O-13": "`container_kwargs`",
    "O-14": "Subclasses of ContainerOp",
    "C-01": "Memory requests and limits",
    "C-02": "Ephemeral storage requests and limits",
    "C-03": "CPU requests and limits",
    "C-04": "`set_gpu_limit`",
    "C-05": "Any resource by name",
    "C-06": "Volume mounts and devices",
    "C-07": "Environment variables, whole config maps and secrets",
    "C-08": "`set_env_variable` is of KFP v2",
    "C-09": "`set_image_pull_policy`",
    "C-10": "Ports, security context, probes, lifecycle",
    "C-11": "`set_stdin`, `set_stdin_once`, `set_tty`",
    "C-12": "Termination message",
    "C-13": "Every field of a Kubernetes container",
    "X-01": "`onprem.mount_pvc`",
    "X-02": "`onprem.use_k8s_secret`",
    "X-03": "`onprem.add_default_resource_spec`",
    "X-04": "`aws.use_aws_secret`",
    "X-05": "`azure.use_azure_secret`",
    "X-06": "`gcp.use_gcp_secret`",
    "X-07": "`gcp.use_tpu`",
    "X-08": "`gcp.use_preemptible_nodepool`",
    "X-09": "`gcp.add_gpu_toleration`",
    "X-10": "`use_secret`: a secret as a volume of a step",
    "M-01": "`load_component`: exactly one source",
    "M-02": "`load_component_from_file`: YAML, or zip with component.yaml",
    "M-03": "`load_component_from_url`: HTTP, gs://, auth, digest",
    "M-04": "`load_component_from_text`",
    "M-05": "`load_component_from_spec`",
    "M-06": "The factory: a step in a pipeline, a task outside",
    "M-07": "`create_component_from_func`",
    "M-08": "`func_to_container_op`",
    "M-09": "`func_to_component_text`",
    "M-10": "`func_to_component_file`",
    "M-11": "`create_component_from_func_v2`",
    "M-12": "`InputPath` and the other file annotations",
    "M-13": "`InputArtifact`, `OutputArtifact`",
    "M-14": "`default_base_image_or_builder`",
    "M-15": "`create_graph_component_from_pipeline_func`",
    "M-16": "`create_component_from_airflow_op`",
    "M-17": "`ComponentStore`",
    "M-18": "Classes of specifications, graph components",
    "Y-01": "Plain values on a command line",
    "Y-02": "`inputValue`",
    "Y-03": "`inputPath`",
    "Y-04": "`outputPath` and `fileOutputs`",
    "Y-05": "`concat`",
    "Y-06": "`if`",
    "Y-07": "`isPresent`",
    "Y-08": "Placeholders of KFP v2: `inputUri`, `executorInput`, …",
    "Y-09": "Inputs of the type TaskFinalStatus",
    "Z-01": "`Compiler(mode, launcher_image)`: V1_LEGACY",
    "Z-02": "`Compiler.compile`: YAML, zip and tar packages",
    "Z-03": "`create_workflow` with parameters from outside",
    "Z-04": "`_create_workflow`, which tools call",
    "Z-05": "Building images on Google Cloud",
    "Z-06": "`dsl-compile`",
    "Z-07": "reading packages: `pipeline.yaml`, else the only YAML",
    "N-01": "A step's id from its name",
    "N-02": "The same name twice: `-2`, `-3`",
    "N-03": "Odd names",
    "N-04": "Ids of ASCII letters, digits and `-`",
    "N-05": "Names of parameters and outputs in packages",
    "N-06": "Which names parameters and outputs may have",
    "N-07": "The full name of an output",
    "N-08": "Ids of groups",
    "N-09": "A component's name from its function",
    "N-10": "Inputs and outputs lose `_path` and `_file`",
    "N-11": "Names of returned values",
    "N-12": "Outputs by their own and by Python names",
    "PP-01": "A parameter in any text",
    "PP-02": "No arithmetic with parameters",
    "PP-03": "Comparisons of parameters are conditions",
    "PP-04": "Equal parameters; `ignore_type`",
    "PP-05": "The pipeline function runs once, when it is built",
    "PP-06": "Defaults as texts",
    "PP-07": "Parameters that are not given",
    "PP-08": "Values are texts at run time",
    "PP-09": "Macros: `[[RunUUID]]`, `[[CurrentTime]]`, `[[ScheduledTime]]`",
    "PP-10": "Argo's own variables, and other text in `{{ }}`",
    "DP-01": "`file_outputs`: files that a step has to write",
    "DP-02": "Where components write their outputs",
    "DP-03": "Where components find their input files",
    "DP-04": "By value or by file: each consumer decides",
    "DP-05": "An output by value loses one final newline",
    "DP-06": "How large a value may be",
    "DP-07": "Directories as outputs",
    "DP-08": "Outputs used many times, or never",
    "DP-09": "Texts with values in them as file inputs",
    "DP-10": "`mlpipeline-ui-metadata` and `mlpipeline-metrics`",
    "DP-11": "An op in the place of one of its outputs",
    "DP-12": "Files through a volume of the cluster",
    "DP-13": "Outputs of loops and conditions used outside of them",
    "CO-01": "Conditions are comparisons",
    "CO-02": "`==` and `!=` compare texts, the others numbers",
    "CO-03": "Constants in conditions",
    "CO-04": "Ordering: numbers, words, dates",
    "CO-05": "Quotes in compared values",
    "CO-06": "Any two values compared",
    "CO-07": "No else: the opposite condition",
    "CO-08": "Conditions in conditions",
    "CO-09": "What waits for what across groups",
    "CO-10": "What follows a condition that does not hold",
    "CO-11": "Outputs of skipped steps",
    "CO-12": "Conditions are not type-checked",
    "CO-13": "`with dsl.Condition(…) as c`, and `.after` on groups",
    "L-01": "What a loop takes",
    "L-02": "Loops over lists in the file",
    "L-03": "Items that are dicts",
    "L-04": "Items are not subscriptable",
    "L-05": "How an item looks as a text",
    "L-06": "Loops over outputs and parameters",
    "L-07": "Names of items",
    "L-08": "Large numbers as items",
    "L-09": "`parallelism` of a loop",
    "L-10": "Loops in loops",
    "L-11": "Conditions in loops, loops in conditions",
    "L-12": "Two loops over the same list",
    "L-13": "What comes after a loop",
    "L-14": "A failing iteration",
    "L-15": "`SubGraph` around loops",
    "EH-01": "What an exit handler may be",
    "EH-02": "When an exit handler runs",
    "EH-03": "Exit handlers that KFP drops",
    "EH-04": "Several and nested exit handlers",
    "EH-05": "Status, failures and duration of the run",
    "EH-06": "How an exit handler is shown",
    "R-01": "Arguments of graph components",
    "R-02": "A call inside is a call at run time",
    "R-03": "What graph components return",
    "R-04": "Names of their arguments",
    "R-05": "While and do-while",
    "R-06": "Graph components without recursion",
    "T-01": "Types are checked when a parameter is passed",
    "T-02": "Where types come from; none fits all",
    "T-03": "Python annotations as KFP types",
    "T-04": "Types are equal by name and properties",
    "T-05": "`Artifact` takes every file",
    "T-06": "The message of a wrong type; `type_check=False`",
    "T-07": "`ignore_type`",
    "T-08": "Defaults against the schema of their type",
    "T-09": "A loop's item has no type",
    "T-10": "Wrong types outside a pipeline",
    "W-01": "Base image, and what it has to have",
    "W-02": "`packages_to_install`",
    "W-03": "The function's source, alone",
    "W-04": "`use_code_pickling`, `modules_to_capture`",
    "W-05": "`extra_code`",
    "W-06": "Arguments as flags, defaults, optional ones",
    "W-07": "How arguments are read, by type",
    "W-08": "How constants and results are written, by type",
    "W-09": "Return values: one, named tuples, none",
    "W-10": "Files as arguments",
    "W-11": "Texts that begin with a dash",
    "W-12": "Docstrings as descriptions",
    "W-13": "`output_component_file`, attributes of functions",
    "W-14": "`annotations`, `volatile_component`",
    "W-15": "Unbuffered output, exceptions fail the step",
    "OP-01": "Missing and unexpected arguments",
    "OP-02": "None for an optional and a required input",
    "OP-03": "An empty text is a value",
    "OP-04": "Presence is decided when the pipeline is built",
    "A-01": "The order of steps; cycles",
    "A-02": "A failure stops what depends on it",
    "A-03": "Skipped is not failed",
    "A-04": "Time limits of steps and of the run",
    "A-05": "Every retry is a new pod",
    "A-06": "How many run at a time",
    "A-07": "The service account of pods",
    "A-08": "Containers and labels of a pod",
    "A-09": "Steps without a command",
    "A-10": "Logs are kept",
    "A-11": "Where artifacts are kept",
    "F-01": "Exit handlers that are dropped",
    "F-02": "Outputs of groups used outside",
    "F-03": "Loops over items, and over outer outputs",
    "F-04": "Outputs and arguments of graph components",
    "F-05": "`if param == 'x'` is always true",
    "F-06": "Caching options without effect",
    "F-07": "`set_gpu_limit` of a parameter",
    "F-08": "Empty lists, lost defaults, `None`",
    "F-09": "`Boolean` is not `Bool`, `JsonArray` not `List`",
    "F-10": "Failures and skips, said explicitly",
    "F-11": "Values that begin with a dash",
    "F-12": "No `distutils` in generated programs",
    "F-13": "Cron with seconds, concurrency, catch-up",
    "F-14": "`{{ }}` in values is nobody's template",
}
"""Row → what it is about, in a few words."""

MEANINGLESS: Final[Mapping[str, str]] = {}
"""Row → why it has no meaning on Airflow, so that no test can hold it."""

SECTIONS: Final[Mapping[str, str]] = {
    "K": "The package `kfp`",
    "D": "Names of `kfp.dsl`",
    "P": "Settings of a pipeline",
    "B": "Ops",
    "O": "ContainerOp",
    "C": "Containers",
    "X": "Modifiers",
    "M": "Components",
    "Y": "Placeholders of component files",
    "Z": "The compiler",
    "N": "Names",
    "PP": "Parameters",
    "DP": "Data between steps",
    "CO": "Conditions",
    "L": "Loops",
    "EH": "Exit handlers",
    "R": "Recursion",
    "T": "Types",
    "W": "Python functions as components",
    "OP": "Optional inputs",
    "A": "What the engine does",
    "F": "Where KFP is broken or surprising",
}
"""Kind of row → its section of the page, in the page's order."""
