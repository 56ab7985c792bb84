"""An author's pipeline function becomes a graph."""

from __future__ import annotations

import traceback
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path

from kfp_airflow.diagnostics import UNKNOWN, Diagnostic, PipelineError, Where
from kfp_airflow.diagnostics import PipelineWarning as PipelineWarning
from kfp_airflow.dsl import naming
from kfp_airflow.dsl.conf import PipelineConf
from kfp_airflow.dsl.data_passing_methods import KubernetesVolume
from kfp_airflow.dsl.docstrings import read_docstring
from kfp_airflow.dsl.loading import Submission
from kfp_airflow.dsl.members import build_members
from kfp_airflow.dsl.notes import note, noting
from kfp_airflow.dsl.objects import V1EnvVar, V1EnvVarSource, V1ObjectFieldSelector
from kfp_airflow.dsl.ops import ContainerOp
from kfp_airflow.dsl.params import PipelineParam, keeping_values
from kfp_airflow.dsl.pipeline import Pipeline, PipelineFunction
from kfp_airflow.dsl.signatures import PipelineArgument, read_arguments, read_outputs
from kfp_airflow.dsl.types import is_type_checking, type_checking
from kfp_airflow.dsl.values import Reader, literal_tree
from kfp_airflow.dsl.where import is_ours
from kfp_airflow.graph import model
from kfp_airflow.graph.check import check
from kfp_airflow.graph.text import Struct, Tree, text

_POD_FIELDS = {
    "KFP_POD_NAME": "metadata.name",
    "KFP_POD_UID": "metadata.uid",
    "KFP_NAMESPACE": "metadata.namespace",
    "WORKFLOW_ID": "metadata.labels['workflows.argoproj.io/workflow']",
    "KFP_RUN_ID": "metadata.labels['pipeline/runid']",
    "ENABLE_CACHING": "metadata.labels['pipelines.kubeflow.org/enable_caching']",
}
"""Variables of an op labelled `add-pod-env: 'true'`, and the fields of its pod that they show (§1.3)."""


def build_graph(
    function: PipelineFunction,
    *,
    name: str | None = None,
    description: str | None = None,
    conf: PipelineConf | None = None,
    parameters: Sequence[PipelineParam] = (),
    type_check: bool = True,
) -> model.Pipeline:
    """Return the graph of a pipeline function, decorated or not (D-01); the function runs once (PP-05).

    `name` and `description` take the place of the decorator's, `conf` of everything that the function sets (§1.3);
    `parameters` are further pipeline parameters with their values as defaults (Z-03); with `type_check=False` wrong
    types only warn (T-06). Raises PipelineError with everything that is wrong, also where the function itself raised:
    then the diagnostic names the author's line. Warnings go to the `noting()` around the call, else they are Python
    warnings at the author's line. `graph.check` is asked only where something was wrong already: whoever uses the
    graph checks it.
    """
    with noting() as notes, type_checking(enabled=type_check and is_type_checking()):
        graph = _build(function, name, description, conf, parameters, notes)
    if any(found.severity == "error" for found in notes):
        notes += [found for found in check(graph) if found.severity == "error" and found not in notes]
        raise PipelineError(found for found in notes if found.severity == "error")
    for found in notes:
        pass_on(found)
    return graph


def build_submitted(function: PipelineFunction, submission: Submission, *, type_check: bool = True) -> model.Pipeline:
    """Return the graph of a pipeline function as it was compiled or submitted; raises as `build_graph`."""
    return build_graph(
        function,
        name=submission.name,
        description=submission.description,
        conf=submission.conf,
        parameters=submission.parameters,
        type_check=type_check,
    )


def _build(
    function: PipelineFunction,
    name: str | None,
    description: str | None,
    conf: PipelineConf | None,
    parameters: Sequence[PipelineParam],
    notes: Iterable[Diagnostic],
) -> model.Pipeline:
    where = place_of(function)
    docstring = read_docstring(function)
    arguments = tuple(read_arguments(function, where))
    human_name = name or getattr(function, "_component_human_name", None) or naming.component_name(function.__name__)
    with Pipeline(human_name) as pipeline, keeping_values() as values:
        try:
            _call(function, arguments)
            settings = conf or pipeline.conf
            _transform(pipeline, settings)
        except PipelineError as error:
            raise PipelineError((*_errors(notes), *error.diagnostics)) from error
        except Exception as error:
            raise PipelineError((*_errors(notes), _failure(error, function, where))) from error
    known = {*(argument.name for argument in arguments), *(param.name for param in parameters)}
    return model.Pipeline(
        name=human_name,
        description=description
        or (getattr(function, "_component_description", None) or "").strip()
        or docstring.description,
        parameters=(
            *(_parameter(argument, docstring.arguments.get(argument.name), where) for argument in arguments),
            *(_explicit_parameter(param, where) for param in parameters),
        ),
        outputs=tuple(
            model.PipelineOutput(name=str(name), type=literal_tree(kind)) for name, kind in read_outputs(function)
        ),
        members=build_members(pipeline, {name: value for name, value in values.items() if name not in known}),
        settings=_settings(settings, where),
        where=where,
    )


def place_of(function: PipelineFunction) -> Where:
    """Return where a function is defined."""
    code = getattr(function, "__code__", None)
    return Where(code.co_filename, code.co_firstlineno) if code else UNKNOWN


def _call(function: PipelineFunction, arguments: Iterable[PipelineArgument]) -> None:
    positional: list[PipelineParam] = []
    named: dict[str, PipelineParam] = {}
    for argument in arguments:
        param = PipelineParam(argument.name, param_type=argument.type)
        if argument.is_positional:
            positional.append(param)
        else:
            named[argument.name] = param
    function(*positional, **named)


def _transform(pipeline: Pipeline, conf: PipelineConf) -> None:
    """Let every op go through the transformers, in the order of definition (P-08), KFP's own first."""
    for op in list(pipeline.ops.values()):
        if op.pod_labels and isinstance(op, ContainerOp) and op.pod_labels.get("add-pod-env") == "true":
            _show_pod_fields(op)
        for transformer in conf.op_transformers:
            transformer(op)


def _show_pod_fields(op: ContainerOp) -> None:
    op.container.env = [
        *(op.container.env or ()),
        *(V1EnvVar(name=name, value_from=_of_pod(path)) for name, path in _POD_FIELDS.items()),
    ]


def _of_pod(path: str) -> V1EnvVarSource:
    return V1EnvVarSource(field_ref=V1ObjectFieldSelector(field_path=path))


def _failure(error: Exception, function: PipelineFunction, where: Where) -> Diagnostic:
    """Return the diagnostic of an author's exception: at its last line in the author's file, else in any but ours."""
    frames = traceback.walk_tb(error.__traceback__)
    places = [Where(frame.f_code.co_filename, line) for frame, line in frames if not is_ours(frame.f_code)]
    own = [place for place in places if Path(place.file) == Path(where.file)]
    message = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return Diagnostic(
        code="KA001",
        where=(own or places or [where])[-1],
        problem=f"the pipeline function '{function.__name__}' raised {type(error).__name__}"
        f"{f': {message}' if message else ''}",
        advice="The function runs once, when the pipeline is built; its arguments stand for values of the run.",
        row="PP-05",
    )


def _parameter(argument: PipelineArgument, description: str | None, where: Where) -> model.Parameter:
    return model.Parameter(
        name=argument.name,
        type=literal_tree(argument.type),
        default=argument.default,
        optional=argument.optional,
        description=description,
        where=where,
    )


def _explicit_parameter(param: PipelineParam, where: Where) -> model.Parameter:
    return model.Parameter(
        name=param.name,
        type=literal_tree(param.param_type),
        default=None if param.value is None else str(param.value),
        optional=True,
        where=where,
    )


def _settings(conf: PipelineConf, where: Where) -> model.Settings:
    reader = Reader({}, {})
    budget = conf._pod_disruption_budget_min_available  # noqa: SLF001 - KFP gives it no public name
    return model.Settings(
        timeout_s=_number(conf.timeout, "set_timeout", where) or None,
        parallelism=conf.parallelism,
        ttl_s=conf.ttl_seconds_after_finished if conf.ttl_seconds_after_finished >= 0 else None,
        image_pull_secrets=tuple(reader.tree(secret) for secret in conf.image_pull_secrets),
        node_selector=reader.strings(dict(conf.default_pod_node_selector)),
        image_pull_policy=conf.image_pull_policy,
        dns_config=reader.tree(conf.dns_config),
        disruption_budget=_disruption_budget(budget),
        volume_passing=_volume_passing(conf.data_passing_method, reader, where),
    )


def _disruption_budget(min_available: int | str | None) -> Tree:
    return Struct(((text("minAvailable"), literal_tree(min_available)),)) if min_available else None


def _volume_passing(method: object, reader: Reader, where: Where) -> model.VolumePassing | None:
    if isinstance(method, KubernetesVolume):
        return model.VolumePassing(volume=reader.tree(method.volume), path_prefix=method.path_prefix)
    if method is not None:
        note(
            Diagnostic(
                code="KA013",
                where=where,
                problem=f"the data_passing_method of the pipeline's settings, {method!r}, is no KubernetesVolume",
                advice="Set dsl.data_passing_methods.KubernetesVolume(volume=…), or leave it out.",
                row="P-10",
            )
        )
    return None


def _number(value: object, what: str, where: Where) -> int:
    try:
        return int(str(value))
    except ValueError:
        note(
            Diagnostic(
                code="KA007",
                where=where,
                problem=f"{what} of the pipeline's settings got {value!r}, which is no whole number",
                advice="Write the number of seconds.",
                row="P-02",
            )
        )
        return 0


def _errors(notes: Iterable[Diagnostic]) -> list[Diagnostic]:
    return [found for found in notes if found.severity == "error"]


def pass_on(found: Diagnostic) -> None:
    """Hand a warning to the `noting()` around the call, else make it a Python warning at the author's line."""
    if not note(found):
        warnings.warn_explicit(str(found), PipelineWarning, found.where.file, found.where.line)
