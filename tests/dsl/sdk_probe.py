"""Asks the real SDK and ours for names, signatures, warnings and members of `kfp` and `kfp.dsl`, as one JSON object.

`python sdk_probe.py` under the real SDK; `probe()` is called inside `kfp_alias()` under ours.
"""
# ruff: noqa: B008, BLE001, E501, F821, PLW0108 - written as KFP authors write; which exception comes is what is compared

import importlib
import inspect
import json
import sys
import warnings

SIGNATURES = {
    "kfp.dsl": (
        "pipeline Pipeline get_pipeline_conf PipelineConf PipelineParam match_serialized_pipelineparam BaseOp ContainerOp "
        "InputArgumentPath UserContainer Sidecar ResourceOp VolumeOp VolumeSnapshotOp PipelineVolume OpsGroup ExitHandler "
        "Condition ParallelFor SubGraph component python_component"
    ),
    "kfp.dsl.data_passing_methods": "KubernetesVolume",
    "kfp.dsl.types": "verify_type_compatibility check_types",
    "kfp.compiler": "Compiler VersionedDependency",
    "kfp.containers": "",
    "kfp.auth": "ServiceAccountTokenVolumeCredentials read_token_from_file",
}
"""Module → the names in it whose parameters have to have the same names, order and defaults."""

MEMBERS = {
    "Pipeline": (
        "add_op add_pipeline get_default_pipeline get_next_group_id pop_ops_group push_ops_group remove_op_from_groups"
    ),
    "PipelineConf": (
        "set_image_pull_secrets set_timeout set_parallelism set_ttl_seconds_after_finished set_pod_disruption_budget "
        "set_default_pod_node_selector set_image_pull_policy add_op_transformer set_dns_config"
    ),
    "OpsGroup": "after remove_op_recursive",
}


def parameters(function):
    return [
        f"{'*' * (parameter.kind in {2, 4})}{parameter.name}"
        + ("" if parameter.default is parameter.empty else f"={parameter.default!r}")
        for parameter in inspect.signature(function).parameters.values()
    ]


def constants():
    import kfp
    from kfp import dsl

    return {
        "version": kfp.__version__, "TYPE_CHECK": kfp.TYPE_CHECK, "COMPILING_FOR_V2": kfp.COMPILING_FOR_V2,
        "placeholders": [dsl.RUN_ID_PLACEHOLDER, dsl.EXECUTION_ID_PLACEHOLDER, dsl.ROOT_PARAMETER_NAME],
        "modes": {mode.name: mode.value for mode in dsl.PipelineExecutionMode},
        "volumes": [dsl.VOLUME_MODE_RWO, dsl.VOLUME_MODE_RWM, dsl.VOLUME_MODE_ROM],
        "token": [kfp.auth.KF_PIPELINES_SA_TOKEN_ENV, kfp.auth.KF_PIPELINES_SA_TOKEN_PATH],
    }  # fmt: skip


def placeholders():
    from kfp import dsl

    texts = ["", "a{{pipelineparam:op=x;name=y}}b{{pipelineparam:op=;name=z}}", "{{pipelineparam:op=A_b c;name=D_e f}}"]
    texts += ["{{pipelineparam:op=x;name=y}}" * 2, "{{pipelineparam:op=x}}", "{{pipelineparam:op=é;name=ü}}"]
    return [[list(found) for found in dsl.match_serialized_pipelineparam(text)] for text in texts]


def a_pipeline():
    """What `dsl.Pipeline` does with ops and groups (D-02)."""
    from kfp import dsl

    found = []
    with dsl.Pipeline("A pipeline") as pipeline:
        found += [
            pipeline.name,
            dsl.Pipeline.get_default_pipeline() is pipeline,
            dsl.get_pipeline_conf() is pipeline.conf,
        ]
        found += [[(group.type, group.name) for group in pipeline.groups], pipeline.group_id]
        one, two = dsl.ContainerOp("A b", "i"), dsl.ContainerOp("A b", "i")
        with dsl.SubGraph(2) as group:
            three = dsl.ContainerOp("c", "i")
            found.append(len(pipeline.groups))
        found += [one.name, two.name, group.name, pipeline.get_next_group_id(), list(pipeline.ops)]
        found.append([[op.name for op in each.ops] for each in (pipeline.groups[0], group)])
        found += [pipeline.remove_op_from_groups(three), [op.name for op in group.ops], list(pipeline.ops)]
        found += [pipeline.add_op(three, True), len(pipeline.groups[0].ops)]
        found += [pipeline.push_ops_group(dsl.OpsGroup("subgraph")), len(pipeline.groups)]
        found += [pipeline.pop_ops_group(), len(pipeline.groups)]
        try:
            dsl.Pipeline("inner").__enter__()
        except Exception as error:
            found.append(str(error))
    return [*found, dsl.Pipeline.get_default_pipeline()]


def settings():
    """Defaults, and what each method returns and sets (P-01 to P-11)."""
    from kfp import dsl

    names = "image_pull_secrets timeout ttl_seconds_after_finished op_transformers default_pod_node_selector "
    names = (names + "image_pull_policy parallelism dns_config data_passing_method").split()
    conf = dsl.PipelineConf()
    before = {name: getattr(conf, name) for name in names}
    calls = [
        conf.set_image_pull_secrets(["s"]), conf.set_timeout(5), conf.set_parallelism(3), conf.set_dns_config({"a": "b"}),
        conf.set_ttl_seconds_after_finished(7), conf.set_pod_disruption_budget("50%"), conf.add_op_transformer(1),
        conf.set_default_pod_node_selector("a", "b"), conf.set_default_pod_node_selector("c", "d"),
        conf.set_image_pull_policy("Sometimes"), setattr(conf, "data_passing_method", "m"),
    ]  # fmt: skip
    refused = []
    for limit in (0, -1):
        try:
            conf.set_parallelism(limit)
        except Exception as error:
            refused.append(type(error).__name__)
    return [before, [call is conf for call in calls], {name: getattr(conf, name) for name in names}, refused]


def deprecated():
    """Yield the name of an old spelling (§1.12), and a function that uses it inside a pipeline."""
    import kfp.compiler
    import kfp.gcp
    from kfp import components, dsl

    def component(a, b=dsl.PipelineParam("b")):
        return dsl.ContainerOp("s", "i")

    def pipeline(a="x"):
        dsl.VolumeOp(name="v", resource_name="r", size="1Gi")

    def with_param(a=dsl.PipelineParam("a", value="x")):
        dsl.VolumeOp(name="v", resource_name="r", size="1Gi")

    text = "{name: c, implementation: {container: {image: i, args: [a]}}}"
    resource = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "n"}}
    compiler = kfp.compiler.Compiler()
    yield "ContainerOp", lambda: dsl.ContainerOp("s", "i")
    yield "ContainerOp of TFX", lambda: dsl.ContainerOp("s", "i", arguments=["--component_launcher_class_path", "x"])
    yield "is_exit_handler", lambda: dsl.ContainerOp("s", "i", is_exit_handler=True)
    yield "output_artifact_paths", lambda: dsl.ContainerOp("s", "i", output_artifact_paths={"o": "/o"})
    yield "file_outputs", lambda: dsl.ContainerOp("s", "i", file_outputs={"o": "/o"})
    yield "method of the container", lambda: dsl.ContainerOp("s", "i").set_memory_limit("1Gi")
    yield "container", lambda: dsl.ContainerOp("s", "i").container.set_memory_limit("1Gi")
    yield "image", lambda: dsl.ContainerOp("s", "i").image
    yield "env_variables", lambda: dsl.ContainerOp("s", "i").env_variables
    yield "method of the op", lambda: dsl.ContainerOp("s", "i").set_display_name("n").set_caching_options(False)
    yield "python_component", lambda: dsl.python_component("n")(lambda: None)
    yield "default that is a PipelineParam", lambda: dsl.component(component)(1)
    yield "delete", lambda: dsl.ResourceOp(resource, "delete", name="r")
    yield "create", lambda: dsl.ResourceOp(resource, name="r")
    yield "volume_name", lambda: kfp.gcp.use_gcp_secret(volume_name="v")
    yield "use_gcp_secret", lambda: kfp.gcp.use_gcp_secret()
    yield "component without a command", lambda: components.load_component_from_text(text)()
    yield "component of a function", lambda: components.create_component_from_func(component_function)()
    yield "dict of outputs", lambda: components.create_component_from_func(function_with_dict)()
    yield "func_to_container_op", lambda: components.func_to_container_op(component_function)()
    yield "create_component_from_func_v2", lambda: components.create_component_from_func_v2(component_function)
    yield "retries without a number", lambda: dsl.ContainerOp("s", "i").set_retry(0, policy="Always")
    yield "SubGraph", lambda: dsl.SubGraph(1)
    yield "create_workflow", lambda: outside(lambda: compiler.create_workflow(pipeline))
    yield "_create_workflow", lambda: outside(lambda: compiler._create_workflow(pipeline))
    yield "PipelineParam as a default", lambda: outside(lambda: compiler._create_workflow(with_param))


def component_function():
    pass


def function_with_dict() -> {"a": int}:
    return (1,)


def outside(use):
    """Call a function outside of the pipeline that is open."""
    from kfp import dsl

    pipeline = dsl.Pipeline.get_default_pipeline()
    pipeline.__exit__(None, None, None)
    try:
        return use()
    finally:
        pipeline.__enter__()


def warned(use):
    """Return how often a use warns with each built-in category, or "refused"."""
    from kfp import dsl

    with dsl.Pipeline("p"), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            use()
        except Exception:
            return "refused"
    kinds = [next(kind.__name__ for kind in each.category.__mro__ if kind.__module__ == "builtins") for each in caught]
    return {kind: kinds.count(kind) for kind in kinds}


def probe():
    """Return what there is to compare, in plain data."""
    signatures, members = {}, {}
    for module, names in SIGNATURES.items():
        home = importlib.import_module(module)
        signatures.update({f"{module}.{name}": parameters(getattr(home, name)) for name in names.split()})
    dsl = importlib.import_module("kfp.dsl")
    for owner, names in MEMBERS.items():
        members.update({f"{owner}.{name}": parameters(getattr(getattr(dsl, owner), name)) for name in names.split()})
    found = {
        "signatures": {**signatures, **members},
        "warnings": {name: warned(use) for name, use in deprecated()},
        **{made.__name__: made() for made in (constants, placeholders, a_pipeline, settings)},
    }
    return json.loads(json.dumps(found))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.stdout.write(json.dumps(probe()))
