"""Runs under the real kfp and under ours, and prints what each says of its public names, as one JSON object.

`python calls_probe.py` under the real SDK; `probe()` is called inside `kfp_alias()` under ours.
"""
# ruff: noqa: B008, BLE001, C901, E711, PLW0108, SIM300, UP031, UP032 - cases are written as authors may write them

import contextlib
import importlib
import inspect
import json
import re
import sys
import warnings

MODULES = (
    "kfp.dsl",
    "kfp.dsl.types",
    "kfp.dsl.data_passing_methods",
    "kfp.dsl._container_op",
    "kfp.components",
    "kfp.compiler",
)
HIDDEN = {"Container": "kfp.dsl._container_op"}
"""Classes that authors use, in modules whose other names are none of theirs."""


def signatures():
    """Return `module.name` and `module.Class.method` → [[parameter, kind, default], …] of everything public."""
    found = {}
    for module_name in MODULES:
        module = importlib.import_module(module_name)
        for name in public_names(module):
            value = getattr(module, name)
            if callable(value) and not is_enum(value):
                found[f"{module_name}.{name}"] = parameters(value)
            for method_name, method in methods(value) if inspect.isclass(value) else ():
                found[f"{module_name}.{name}.{method_name}"] = parameters(method)
    return found


def public_names(module):
    """Return what an author may take from a module: its own names and those that it hands on from its package."""
    if module.__name__ in HIDDEN.values():
        return [name for name, home in HIDDEN.items() if home == module.__name__]
    names = getattr(module, "__all__", None) or [name for name in dir(module) if not name.startswith("_")]
    return sorted(
        name
        for name in names
        if not inspect.ismodule(getattr(module, name, None)) and is_of_kfp(getattr(module, name, None))
    )


def is_of_kfp(value):
    """Tell whether a module made the value itself: `Dict` of typing, say, is no name of kfp's."""
    home = getattr(value, "__module__", None) or "kfp"
    return home.split(".")[0] in ("kfp", "kfp_airflow", "builtins")


def is_enum(value):
    return inspect.isclass(value) and any(base.__name__ == "Enum" for base in value.__mro__)


def methods(kind):
    """Yield the public methods of a class that the SDK or this package wrote, with those of their bases."""
    for name in dir(kind):
        if name.startswith("_") or is_enum(kind):
            continue
        value = inspect.getattr_static(kind, name)
        function = getattr(value, "__func__", value)
        if inspect.isfunction(function) and function.__module__.split(".")[0] in ("kfp", "kfp_airflow"):
            yield name, function


def parameters(value):
    try:
        signature = inspect.signature(value)
    except (TypeError, ValueError):
        return "none"
    return [[each.name, each.kind.name, default_of(each)] for each in signature.parameters.values()]


def default_of(parameter):
    if parameter.default is inspect.Parameter.empty:
        return "required"
    if inspect.isfunction(parameter.default) or inspect.isclass(parameter.default):
        return parameter.default.__name__
    return re.sub(r" at 0x[0-9a-f]+", "", str(parameter.default))


VALUES = {
    "None": None, "int": 5, "zero": 0, "negative": -1, "float": 1.5, "true": True, "list": [], "dict": {}, "empty": "",
    "'5'": "5", "'5x'": "5x", "'1Gi'": "1Gi", "'1.5Gi'": "1.5Gi", "'1gi'": "1gi", "' 1Gi'": " 1Gi",
    "'1Gi ends'": "1Gi\n", "'1k'": "1k", "'1K'": "1K", "'500m'": "500m", "'1.5'": "1.5", "'.5'": ".5", "'5.'": "5.",
    "'-1'": "-1", "'+1'": "+1", "'1e3'": "1e3", "'inf'": "inf", "'0'": "0", "'m'": "m", "'1.5m'": "1.5m",
    "'5m ends'": "5m\n", "'Always'": "Always",
    "'always'": "always", "'File'": "File", "'amd'": "amd",
}  # fmt: skip
VALUED = (
    "set_memory_request", "set_memory_limit", "set_ephemeral_storage_request", "set_ephemeral_storage_limit",
    "set_cpu_request", "set_cpu_limit", "set_gpu_limit", "set_image_pull_policy", "set_termination_message_policy",
    "set_termination_message_path", "set_stdin", "set_stdin_once", "set_tty", "add_env_variable", "add_env_from",
    "add_volume_mount", "add_volume_devices", "add_port", "set_security_context", "set_readiness_probe",
    "set_liveness_probe", "set_lifecycle",
)  # fmt: skip
TYPES = {
    "None": None, "empty": "", "Integer": "Integer", "int": "int", "Float": "Float", "Bool": "Bool",
    "Boolean": "Boolean", "JsonArray": "JsonArray", "List": "List", "List[int]": "typing.List[int]",
    "Artifact": "Artifact", "artifact": "artifact", "CSV": "CSV", "String": "String", "{A}": {"A": {}},
    "{A:p1}": {"A": {"p": 1}}, "{A:p2}": {"A": {"p": 2}}, "{A:p1,q}": {"A": {"p": 1, "q": 2}}, "A": "A",
    "{Artifact}": {"Artifact": {"p": 1}}, "{String}": {"String": {"p": 1}},
}  # fmt: skip
NAMES = ("a", "Out 1", "a_b-c", "1a", "_a", "a(b)", "", "a.b", "ä", "aä", "a\n", "a\tb", "a b ", "-a", "A", "a" * 300)
OP_NAMES = (
    "My Op", "my-op", "MY_OP", "my  op!", "1st step", "", "###", "a.b/c", "ünï-cødé", "x" * 80, "_a_", "²", "a\nb",
)  # fmt: skip
GROUP_NAMES = (None, "My Cond", "a_b", "")


def values():
    """Return every method of a container × every value: what it keeps, or the error's type."""
    from kfp.dsl import PipelineParam, UserContainer

    given = dict(VALUES, param=PipelineParam("x"), placeholder=str(PipelineParam("x")))
    given["around placeholder"] = f"{PipelineParam('x')}Gi"
    found = {}
    for method in VALUED:
        for name, value in given.items():
            container = UserContainer("c", "image")
            found[f"{method}({name})"] = attempt(lambda c=container, m=method, v=value: kept(c, getattr(c, m)(v)))
    for name, value in given.items():
        container = UserContainer("c", "image")
        found[f"set_gpu_limit(1, {name})"] = attempt(lambda c=container, v=value: kept(c, c.set_gpu_limit(1, v)))
    return found


def kept(container, returned):
    """Return what a method changed in a container, and whether it returned it."""
    return [plain(container), returned is container]


def types():
    from kfp.dsl import types as of_kfp

    found = {f"{given} for {asked}": attempt(lambda a=TYPES[given], b=TYPES[asked]: fits(of_kfp, a, b))
             for given in TYPES for asked in TYPES}  # fmt: skip
    for name in ("Integer", "String", "Float", "Bool", "List", "Dict", "GCSPath", "GCRPath", "GCPRegion",
                 "GCPProjectID", "LocalPath", "BaseType"):  # fmt: skip
        found[name] = attempt(lambda kind=getattr(of_kfp, name): kind().to_dict())
    return found


def fits(of_kfp, given, asked):
    return [of_kfp.check_types(given, asked), of_kfp.verify_type_compatibility(given, asked, "Input: ")]


def naming():
    from kfp import dsl

    found = {f"parameter {name!r}": attempt(lambda n=name: str(dsl.PipelineParam(n))) for name in NAMES}
    for name in NAMES:
        answer = attempt(lambda n=name: sorted(dsl.ContainerOp("a", "i", file_outputs={n: "/o"}).outputs))
        found[f"output {name!r}"] = answer.get("is", answer.get("error"))
    with dsl.Pipeline("p") as pipeline:
        for name in OP_NAMES:
            dsl.ContainerOp(name, "image")
        found["ops"] = list(pipeline.ops)
        for name in GROUP_NAMES:
            with dsl.Condition(dsl.PipelineParam("x") == 1, name) as group:
                found[f"condition {name!r}"] = group.name
        with dsl.ParallelFor([1]) as item:
            found["item"] = str(item)
        with dsl.SubGraph(1) as group:
            found["subgraph"] = group.name
    return found


def cases():
    """Return named functions; each is called inside a pipeline of its own."""
    import operator

    from kfp import dsl
    from kubernetes import client as k8s

    def op(name="a", **options):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", PendingDeprecationWarning)  # the SDK gives them to itself there
            return dsl.ContainerOp(name, "image", **options)

    def param(name="x", *more, **options):
        return dsl.PipelineParam(name, *more, **options)

    def claim():
        return k8s.V1PersistentVolumeClaim(api_version="v1", kind="PersistentVolumeClaim")

    def resource(**options):
        return dsl.ResourceOp({"kind": "ConfigMap", "metadata": {"name": "x"}}, name="r", **options)

    def volume(**options):
        return dsl.VolumeOp(**{"name": "v", "resource_name": "n", "size": "1Gi", **options})

    def snapshot(**options):
        return dsl.VolumeSnapshotOp(name="s", resource_name="n", **options)

    def set_to(target, name, value):
        setattr(target, name, value)
        return getattr(target, name)

    def inputs(made):
        return sorted(each.full_name for each in made.inputs)

    def state(made):
        names = (
            "human_name", "display_name", "node_selector", "volumes", "tolerations", "affinity", "pod_annotations",
            "pod_labels", "num_retries", "retry_policy", "backoff_factor", "backoff_duration", "backoff_max_duration",
            "timeout", "init_containers", "sidecars", "dependent_names", "is_exit_handler", "enable_caching",
            "loop_args", "attrs_with_pipelineparams", "name",
        )  # fmt: skip
        return {name: getattr(made, name) for name in names}

    def resource_state(made):
        kept = made.resource
        return {
            "attributes": made.attribute_outputs, "outputs": {name: str(each) for name, each in made.outputs.items()},
            "output": str(made.output), "k8s_resource": plain(made.k8s_resource), "name": made.name,
            "after": list(made.dependent_names), "inputs": inputs(made),
            "resource": [kept.action, kept.merge_strategy, kept.success_condition, kept.failure_condition,
                         kept.set_owner_reference, kept.flags],
        }  # fmt: skip

    def mounted(made):
        return {
            "pvolumes": {path: [each.name, list(each.dependent_names)] for path, each in made.pvolumes.items()},
            "pvolume": getattr(made.pvolume, "name", None), "after": list(made.dependent_names),
            "volumes": [each.name for each in made.volumes],
            "mounts": [[each.mount_path, each.name] for each in made.container.volume_mounts or ()],
        }  # fmt: skip

    def two_volumes():
        made = volume()
        first = op(pvolumes={"/a": made.volume, "/b": k8s.V1Volume(name="w", empty_dir={})})
        second = op("b", pvolumes={"/c": first.pvolumes["/a"]})
        third = op("c").add_pvolumes({"/c": made.volume.after(first, second)})
        return [mounted(each) for each in (first, second, third)]

    def conditions():
        return [tuple(map(str, made)) for made in (
            param() == "a", param() != 1, param() < 1, param() <= 1, param() > 1, param() >= 1, 10 == param(),
            10 < param(), 10 >= param(), param() == param("y"), param() == None,
        )]  # fmt: skip

    def proxied():
        made = op()
        chain = made.set_memory_limit("1Gi").set_cpu_limit("1").add_pod_label("a", "b").add_env_variable(
            k8s.V1EnvVar(name="a", value="b")
        )  # fmt: skip
        return [chain is made, plain(made.container)]

    def changed(method, *arguments, **options):
        made = op()
        returned = getattr(made, method)(*arguments, **options)
        return [returned is made, {key: value for key, value in state(made).items() if value}]

    return {
        "op": lambda: state(op("My Op")),
        "base_op": lambda: state(dsl.BaseOp("My Op")),
        "op_inputs": lambda: inputs(op(arguments=[f"{param()} {param('o', 'b')}"]).add_pod_label("l", param("y"))),
        "op_is_exit_handler": lambda: state(op(is_exit_handler=True)),
        "op_output_artifact_paths": lambda: op(output_artifact_paths={"mlpipeline-metrics": "/"}).output_artifact_paths,
        "op_legacy_outputs": lambda: [
            (made := op(file_outputs={"MLPipeline UI Metadata": "/u", "mlpipeline_metrics": "/m", "a": "/a"}))
            .output_artifact_paths, made.file_outputs, sorted(made.outputs)],
        "op_without_a_name": lambda: op(None),
        "op_with_a_number_as_name": lambda: op(5),
        "op_without_an_image": lambda: dsl.ContainerOp("a"),
        "op_with_an_unknown_option": lambda: op(foo=1),
        "op_with_an_unknown_field": lambda: op(container_kwargs={"foo": 1}),
        "op_with_a_field": lambda: plain(op(container_kwargs={"working_dir": "/w", "stdin": True}).container),
        "op_command": lambda: [op(command="run").command, op(command=("a", 1)).command, op().command],
        "op_arguments": lambda: [op(arguments=5).arguments, op(arguments=[1, None, param(), [""], {"a": 1}]).arguments],
        "op_arguments_are_a_dict": lambda: op(arguments={"a": 1}).arguments,
        "op_set_command": lambda: set_to(op(), "command", "a"),
        "op_set_arguments": lambda: set_to(op(), "arguments", [1, param()]),
        "op_set_image": lambda: set_to(op(), "image", "b"),
        "op_image": lambda: op().image,
        "op_set_env_variables": lambda: set_to(op(), "env_variables", [1]),
        "op_env_variables": lambda: op().env_variables,
        "op_set_container": lambda: set_to(op(), "container", 1),
        "op_outputs": lambda: {name: [str(each), each.full_name, each.param_type]
                               for name, each in op(file_outputs={"Out 1": "/o"}).outputs.items()},
        "op_output": lambda: str(op(file_outputs={"o": "/o"}).output),
        "op_output_of_none": lambda: str(op().output),
        "op_output_of_several": lambda: op(file_outputs={"a": "/a", "b": "/b"}).output.name,
        "op_output_of_several_in_a_text": lambda: f"{op(file_outputs={'a': '/a', 'b': '/b'}).output}",
        "op_output_unknown": lambda: op().outputs["nothing"],
        "op_v2": lambda: [op().is_v2, op().container_spec],
        "op_internals": lambda: [op()._metadata, op()._parameter_arguments,
                                 op().artifact_arguments, op().input_artifact_paths],
        "op_execution_options": lambda: [op().execution_options.caching_strategy.max_cache_staleness,
                                         set_to(op().execution_options.caching_strategy, "max_cache_staleness", "P1D")],
        "op_retry_strategy": lambda: op().execution_options.retry_strategy.max_retries,
        "op_file_argument": lambda: [(made := op(arguments=[
            dsl.InputArgumentPath(param()), dsl.InputArgumentPath("c", "My in", "/p"), dsl.InputArgumentPath(5, "a/b"),
        ])).arguments, made.artifact_arguments, made.input_artifact_paths],
        "op_artifact_argument_paths": lambda: (made := op(artifact_argument_paths=[
            dsl.InputArgumentPath(param(), "i", "/p")])) and [made.artifact_arguments, made.input_artifact_paths],
        "op_as_an_argument": lambda: op("b", arguments=[op()]).arguments,
        "op_unknown_method": lambda: op().set_nothing(),
        "op_to_dict": lambda: op().to_dict(),
        "op_proxied": proxied,
        "op_proxied_wrong": lambda: op().set_memory_limit("1 GB"),
        "op_set_env_variable": lambda: op().set_env_variable("a", "b"),
        "apply_none": lambda: (made := op()).apply(lambda _: None) is made,
        "apply_other": lambda: op().apply(lambda _: 5),
        "apply_raises": lambda: op().apply(lambda _: 1 / 0),
        "after": lambda: op("c").after(op("a"), op("b")).dependent_names,
        "after_nothing": lambda: op("c").after().dependent_names,
        "after_text": lambda: op("c").after("a").dependent_names,
        "add_volume": lambda: changed("add_volume", "v"),
        "add_toleration": lambda: changed("add_toleration", "t"),
        "add_affinity": lambda: changed("add_affinity", "a"),
        "add_node_selector_constraint": lambda: changed("add_node_selector_constraint", "a", "b"),
        "add_pod_annotation": lambda: changed("add_pod_annotation", "a", 1),
        "add_pod_label": lambda: changed("add_pod_label", "a", 1),
        "set_retry": lambda: changed("set_retry", 3, "Always", "1m", 2, "1h"),
        "set_retry_number": lambda: changed("set_retry", 3),
        "set_retry_policy_only": lambda: changed("set_retry", None, "OnError"),
        "set_retry_wrong_policy": lambda: changed("set_retry", 3, "sometimes"),
        "set_retry_empty_policy": lambda: changed("set_retry", 3, ""),
        "set_timeout": lambda: changed("set_timeout", 60),
        "add_init_container": lambda: len(op().add_init_container(dsl.UserContainer("u", "i")).init_containers),
        "add_sidecar": lambda: len(op().add_sidecar(dsl.Sidecar("u", "i")).sidecars),
        "set_display_name": lambda: changed("set_display_name", "My"),
        "set_caching_options": lambda: changed("set_caching_options", False),
        "user_container": lambda: plain(dsl.UserContainer("n", "i", "c", [1, param()], True, working_dir="/w")),
        "user_container_inputs": lambda: inputs(dsl.Sidecar("n", "i", args=[f"{param()}"])),
        "user_container_unknown": lambda: dsl.UserContainer("n", "i", foo=1),
        "sidecar_mirrors": lambda: dsl.Sidecar("n", "i").set_mirror_volume_mounts().mirror_volume_mounts,
        "sidecar_mirrors_text": lambda: dsl.Sidecar("n", "i").set_mirror_volume_mounts("x").mirror_volume_mounts,
        "resource_limits": lambda: [
            (c := op().container).get_resource_limit("a"), c.add_resource_limit("a", 1).add_resource_limit("a", 2)
            .get_resource_limit("a"), c.get_resource_request("a"), c.add_resource_request("b", 3)
            .get_resource_request("b"), c.get_resource_limit("b")],
        "container_name": lambda: dsl.UserContainer("n", "i").name,
        "resource": lambda: resource_state(resource()),
        "resource_none": lambda: dsl.ResourceOp(name="r"),
        "resource_without_name": lambda: dsl.ResourceOp({"kind": "x"}),
        "resource_unknown_option": lambda: resource(foo=1),
        "resource_one_attribute": lambda: resource_state(resource(attribute_outputs={"q": "{.q}"})),
        "resource_attributes": lambda: resource_state(resource(attribute_outputs={"q": "{.q}", "name": "{.n}"})),
        "resource_apply": lambda: resource_state(resource(action="apply", merge_strategy="strategic")),
        "resource_merge_strategy": lambda: resource(merge_strategy="strategic"),
        "resource_unknown_action": lambda: resource_state(resource(action="destroy")),
        "resource_conditions": lambda: resource_state(resource(success_condition="a == 1", failure_condition="b",
                                                               set_owner_reference=True, flags=["--x"])),
        "resource_delete": lambda: resource_state(resource(action="delete")),
        "resource_delete_flags": lambda: resource_state(resource(action="delete", flags=[])),
        "resource_delete_outputs": lambda: resource(action="delete", attribute_outputs={"a": "{.a}"}),
        "resource_delete_condition": lambda: resource(action="delete", success_condition="a"),
        "resource_deleted": lambda: [(made := resource().delete()).name, made.command, made.arguments,
                                     plain(made.container), sorted(made.outputs)],
        "resource_deleted_twice": lambda: resource(action="delete").delete(),
        "resource_deleted_flags": lambda: resource().delete(["--now"]).command,
        "resource_of_a_model": lambda: inputs(dsl.ResourceOp(
            k8s.V1ConfigMap(data={"a": param()}, metadata=k8s.V1ObjectMeta(name=f"{param('y')}")), name="r")),
        "resource_memory": lambda: resource().set_memory_limit("1Gi"),
        "volume": lambda: resource_state(volume()),
        "volume_in_full": lambda: resource_state(volume(
            storage_class="c", modes=dsl.VOLUME_MODE_RWO, annotations={"a": param()}, volume_name="w")),
        "volume_volume": lambda: [(made := volume().volume).name, str(made.persistent_volume_claim.claim_name),
                                  list(made.dependent_names)],
        "volume_size_param": lambda: resource_state(volume(size=param())),
        "volume_size_text": lambda: resource_state(volume(size=f"{param()}Gi")),
        "volume_size_missing": lambda: volume(size=None),
        "volume_size_wrong": lambda: volume(size="1gb"),
        "volume_size_number": lambda: volume(size=1),
        "volume_name_missing": lambda: volume(resource_name=None),
        "volume_name_param": lambda: resource_state(volume(resource_name=param())),
        "volume_not_unique": lambda: resource_state(volume(generate_unique_name=False, resource_name="My R")),
        "volume_from_snapshot": lambda: resource_state(volume(data_source="s")),
        "volume_from_param": lambda: resource_state(volume(data_source=param())),
        "volume_from_reference": lambda: resource_state(volume(
            data_source=k8s.V1TypedLocalObjectReference(api_group="g", kind="k", name="n"))),
        "volume_from_number": lambda: volume(data_source=5),
        "volume_from_dict": lambda: resource_state(volume(data_source={"kind": "k"})),
        "volume_of_a_claim": lambda: resource_state(dsl.VolumeOp(name="v", k8s_resource=claim())),
        "volume_of_a_claim_and_size": lambda: volume(k8s_resource=claim()),
        "volume_of_a_claim_and_unique": lambda: resource_state(
            dsl.VolumeOp(name="v", k8s_resource=claim(), generate_unique_name=False)),
        "volume_of_a_dict": lambda: dsl.VolumeOp(name="v", k8s_resource={}),
        "volume_attributes": lambda: resource_state(volume(attribute_outputs={"q": "{.q}"})),
        "volume_own_size": lambda: resource_state(volume(attribute_outputs={"size": "{.q}"})),
        "volume_apply": lambda: resource_state(volume(action="apply", merge_strategy="x", success_condition="a")),
        "volume_delete_action": lambda: resource_state(volume(action="delete")),
        "volume_deleted": lambda: volume().delete().command,
        "volume_init_containers": lambda: len(volume(init_containers=[1]).init_containers),
        "volume_without_name": lambda: dsl.VolumeOp(resource_name="n", size="1Gi"),
        "snapshot_of_a_claim": lambda: resource_state(snapshot(pvc="p")),
        "snapshot_of_a_param": lambda: resource_state(snapshot(pvc=param())),
        "snapshot_of_a_volume": lambda: resource_state(snapshot(volume=volume().volume.after(op()))),
        "snapshot_class": lambda: resource_state(snapshot(pvc="p", snapshot_class="c", annotations={"a": "b"},
                                                          api_version="v9")),
        "snapshot_snapshot": lambda: plain(snapshot(pvc="p").snapshot),
        "snapshot_of_nothing": lambda: snapshot(),
        "snapshot_of_both": lambda: snapshot(pvc="p", volume=volume().volume),
        "snapshot_of_a_plain_volume": lambda: snapshot(volume=k8s.V1Volume(name="x")),
        "snapshot_of_no_claim": lambda: snapshot(volume=dsl.PipelineVolume(volume=k8s.V1Volume(name="x"))),
        "snapshot_of_a_text_volume": lambda: snapshot(volume="x"),
        "snapshot_without_resource_name": lambda: dsl.VolumeSnapshotOp(name="s", pvc="p"),
        "snapshot_of_a_resource": lambda: resource_state(dsl.VolumeSnapshotOp(name="s", k8s_resource={"kind": "a"})),
        "snapshot_of_a_resource_and_pvc": lambda: dsl.VolumeSnapshotOp(name="s", pvc="p", k8s_resource={"kind": "a"}),
        "snapshot_own_condition": lambda: resource_state(snapshot(pvc="p", success_condition="a")),
        "snapshot_attributes": lambda: resource_state(snapshot(pvc="p", attribute_outputs={"size": "{.q}"})),
        "snapshot_deleted": lambda: snapshot(pvc="p").delete().command,
        "pvolume": lambda: [(made := dsl.PipelineVolume("c")).name[:8], len(made.name), made.dependent_names,
                            made.persistent_volume_claim.claim_name],
        "pvolume_named": lambda: dsl.PipelineVolume("c", name="n").name,
        "pvolume_long": lambda: dsl.PipelineVolume("c", name="n" * 64),
        "pvolume_pvc_and_more": lambda: dsl.PipelineVolume("c", empty_dir={}),
        "pvolume_pvc_and_volume": lambda: dsl.PipelineVolume("c", k8s.V1Volume(name="x")),
        "pvolume_volume_and_name": lambda: dsl.PipelineVolume(volume=k8s.V1Volume(name="x"), name="n").name,
        "pvolume_nothing": lambda: dsl.PipelineVolume().name[:8],
        "pvolume_empty_dir": lambda: dsl.PipelineVolume(empty_dir=k8s.V1EmptyDirVolumeSource()).name[:8],
        "pvolume_unknown": lambda: dsl.PipelineVolume(foo=1),
        "pvolume_of_a_param": lambda: dsl.PipelineVolume(pvc=param()).persistent_volume_claim.claim_name,
        "pvolume_after": lambda: dsl.PipelineVolume("c").after(op(), op("b")).dependent_names,
        "pvolume_after_twice": lambda: dsl.PipelineVolume("c").after(first := op()).after(first).dependent_names,
        "pvolumes": two_volumes,
        "pvolumes_of_one": lambda: mounted(op(pvolumes={"/a": dsl.PipelineVolume("c", name="n")})),
        "pvolumes_twice": lambda: mounted(op(pvolumes={"/a": (made := dsl.PipelineVolume("c", name="n")), "/b": made})),
        "pvolumes_none": lambda: mounted(op().add_pvolumes()),
        "pvolumes_text": lambda: mounted(op(pvolumes={"/a": "c"})),
        "modes": lambda: [dsl.VOLUME_MODE_RWO, dsl.VOLUME_MODE_RWM, dsl.VOLUME_MODE_ROM],
        "placeholders": lambda: [dsl.RUN_ID_PLACEHOLDER, dsl.EXECUTION_ID_PLACEHOLDER, dsl.ROOT_PARAMETER_NAME],
        "param": lambda: [str(param()), repr(param("a", "b")), param("a", "b").full_name, param(value=5).value,
                          param().op_name, param().pattern, param("a", "b", param_type="T").param_type],
        "param_pattern": lambda: [str(param(pattern="{{a}}")), param(pattern="{{a}}").pattern],
        "param_op_and_value": lambda: param("a", "b", "c"),
        "param_op_name": lambda: str(param("a", "My Op!")),
        "param_comparisons": conditions,
        "param_plus": lambda: param() + "x",
        "param_item": lambda: param()["x"],
        "param_iterated": lambda: list(param()),
        "param_float": lambda: float(param()),
        "param_int": lambda: int(param()),
        "param_len": lambda: len(param()),
        "param_index": lambda: [1][param()],
        "param_join": lambda: "".join([param()]),
        "param_truth": lambda: [bool(param()), bool(param() == 1), param() in [1, 2]],
        "param_hash": lambda: [hash(param()) == hash(param()), hash(param("a", "b")) == hash(("b", "a"))],
        "param_ignore_type": lambda: (made := param(param_type="T")).ignore_type() is made and made.param_type,
        "param_texts": lambda: ["%s" % param(), f"{param()}", "{}".format(param()), str([param()]), str({1: param()})],
        "match": lambda: [list(each) for each in dsl.match_serialized_pipelineparam(
            f"a{param('o 1_x', 'My_b 1')}c{param()}")],
        "match_nothing": lambda: dsl.match_serialized_pipelineparam("{{pipelineparam:op=}}"),
        "nested_pipeline": lambda: dsl.Pipeline("q").__enter__(),
        "condition_operator": lambda: [operator.attrgetter("operator", "operand2")(param() == 1)],
        "subgraph_zero": lambda: dsl.SubGraph(0),
        "loop_text": lambda: dsl.ParallelFor(5),
        "loop_parallelism": lambda: dsl.ParallelFor([1], -1),
        "exit_handler_that_depends": lambda: dsl.ExitHandler(op("b").after(op())),
        "python_component": lambda: dsl.python_component("n")(op) is op,
        "conf": lambda: {name: getattr(dsl.PipelineConf(), name) for name in (
            "image_pull_secrets", "timeout", "ttl_seconds_after_finished", "op_transformers",
            "default_pod_node_selector", "image_pull_policy", "parallelism", "dns_config", "data_passing_method")},
    }  # fmt: skip


def members():
    """Return the public attributes of an object of each class, and those alone that the class's authors wrote."""
    from kfp import dsl

    with dsl.Pipeline("p") as pipeline:
        with dsl.Condition(dsl.PipelineParam("x") == 1) as condition:
            op = dsl.ContainerOp("a", "i", file_outputs={"o": "/o"})
        loop = dsl.ParallelFor([{"a": 1}])
        with loop as item:
            resource = dsl.ResourceOp({"kind": "x"}, name="r")
        objects = {
            "Pipeline": pipeline, "Condition": condition, "ContainerOp": op, "BaseOp": dsl.BaseOp("b"),
            "ParallelFor": loop, "LoopItem": item, "ResourceOp": resource, "Resource": resource.resource,
            "Container": op.container, "UserContainer": dsl.UserContainer("u", "i"), "Sidecar": dsl.Sidecar("u", "i"),
            "VolumeOp": dsl.VolumeOp(name="v", resource_name="n", size="1Gi"), "ExitHandler": dsl.ExitHandler(op),
            "VolumeSnapshotOp": dsl.VolumeSnapshotOp(name="s", resource_name="n", pvc="p"),
            "PipelineVolume": dsl.PipelineVolume("c"), "PipelineParam": op.output, "PipelineConf": dsl.PipelineConf(),
            "SubGraph": dsl.SubGraph(1), "InputArgumentPath": dsl.InputArgumentPath("a"),
            "ExecutionOptions": op.execution_options, "CachingStrategy": op.execution_options.caching_strategy,
            "OpsGroup": dsl.OpsGroup("g"), "ConditionOperator": dsl.PipelineParam("x") == 1,
        }  # fmt: skip
        return {name: [each for each in dir(value) if not each.startswith("_")] for name, value in objects.items()}


def attempt(make):
    """Return what `make` returns in plain data, or the type and text of its error, and the categories of warnings."""
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            answer = {"is": plain(make())}
        except Exception as error:
            answer = {"error": type(error).__name__, "says": str(error)}
    kinds = {category_of(each.category) for each in warned}
    return {**answer, "warns": sorted(kinds)} if kinds else answer


def category_of(category):
    """Return the standard category of a warning: one of our own counts as what it is derived from."""
    return next((each.__name__ for each in category.__mro__ if each.__module__ == "builtins"), category.__name__)


def plain(value):
    """Return plain data of a value: objects of the kubernetes client in Kubernetes' spelling, others as their text."""
    names = getattr(type(value), "attribute_map", None)
    if names and hasattr(type(value), "openapi_types"):
        entries = ((spelling, getattr(value, name)) for name, spelling in names.items())
        return {spelling: plain(each) for spelling, each in sorted(entries) if each is not None}
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(value)


def case_names():
    """Return the names of all cases, without a kfp: they are read, not made."""
    return re.findall(r'^        "(\w+)": (?:lambda|\w+,$)', inspect.getsource(cases), re.MULTILINE)


def probed():
    from kfp import dsl

    found = {}
    for name, make in cases().items():
        with dsl.Pipeline("p"):
            found[name] = attempt(make)
    return found


def probe():
    """Return everything, in plain data."""
    found = {
        "signatures": signatures(), "names": names(), "members": members(), "cases": probed(), "values": values(),
        "types": types(), "naming": naming(),
    }  # fmt: skip
    return json.loads(json.dumps(found))


def names():
    return {module: public_names(importlib.import_module(module)) for module in MODULES}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):  # the SDK prints what it thinks of types
        found = probe()
    sys.stdout.write(json.dumps(found))
