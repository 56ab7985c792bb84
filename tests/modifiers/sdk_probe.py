"""Applies every modifier of kfp under the real SDK and under ours, and prints what became of the ops, as JSON.

`python sdk_probe.py` under the real SDK; `probe()` is called inside `kfp_alias()` under ours.
"""
# ruff: noqa: BLE001, E501 - which exception comes is what is compared; a table

import importlib
import inspect
import json
import sys
import warnings

CASES = {
    "onprem.mount_pvc": [{}, {"pvc_name": "c", "volume_name": "v", "volume_mount_path": "/x"}, {"pvc_name": "<p>"}],
    "onprem.use_k8s_secret": [
        {}, {"secret_name": "s", "k8s_secret_key_to_env": {"b": "B", "a": "A"}},
        {"secret_name": "<p>", "k8s_secret_key_to_env": {"<p>": "A"}},
    ],
    "onprem.add_default_resource_spec": [
        {}, {"memory_limit": "1Gi", "cpu_limit": "1"}, {"memory_request": "1Gi", "cpu_request": "1"},
        {"memory_limit": "2Gi", "cpu_limit": "2", "memory_request": "1Gi", "cpu_request": "500m"},
        {"memory_limit": "1Gi"}, {"cpu_limit": "1"}, {"memory_limit": "<p>"}, {"memory_limit": "1gi"}, {"cpu_limit": 1},
    ],
    "aws.use_aws_secret": [
        {}, {"aws_region": "eu-west-1"}, {"aws_region": ""},
        {"secret_name": "<p>", "aws_access_key_id_name": "ID", "aws_secret_access_key_name": "KEY", "aws_region": "<p>"},
    ],
    "azure.use_azure_secret": [{}, {"secret_name": "s"}, {"secret_name": "<p>"}],
    "gcp.use_gcp_secret": [
        {}, {"secret_name": "s"}, {"secret_name": "<p>"}, {"volume_name": "v"},
        {"secret_file_path_in_volume": "/key.json"}, {"secret_file_path_in_volume": "key.json"},
        {"secret_volume_mount_path": "/m"}, {"secret_volume_mount_path": "/m/"}, {"secret_name": ""},
        {"secret_name": "S_s.%" * 20},
    ],
    "gcp.use_tpu": [
        {"tpu_cores": 8, "tpu_resource": "v3", "tf_version": "2.4"},
        {"tpu_cores": "<p>", "tpu_resource": "<p>", "tf_version": "<p>"}, {"tpu_cores": 8},
    ],
    "gcp.use_preemptible_nodepool": [{}, {"hard_constraint": True}, {"toleration": {"key": "mine"}}],
    "gcp.add_gpu_toleration": [{}, {"toleration": {"key": "mine"}}],
    "dsl.extensions.kubernetes.use_secret": [
        {}, {"secret_name": "s", "secret_volume_mount_path": "/m"},
        {"secret_name": "s", "secret_volume_mount_path": "/m/", "env_variable": "X", "secret_file_path_in_volume": "f/k"},
        {"secret_name": "s", "secret_volume_mount_path": "/m", "env_variable": "X", "secret_file_path_in_volume": "/f"},
        {"secret_name": "<p>", "secret_volume_mount_path": "/m", "env_variable": "X", "secret_file_path_in_volume": "f"},
        {"secret_name": "s", "secret_volume_mount_path": "<p>", "env_variable": "X", "secret_file_path_in_volume": "<p>"},
        {"secret_name": "s", "secret_volume_mount_path": "/m", "env_variable": "X"},
        {"secret_name": "s", "secret_volume_mount_path": "/m", "secret_file_path_in_volume": "f"},
        {"secret_name": "", "secret_volume_mount_path": "/m"},
        {"secret_name": "S_s.%" * 20, "secret_volume_mount_path": "/m"},
    ],
}  # fmt: skip
"""Modifier → the arguments that it is called with; `<p>` is a parameter of the pipeline."""

IDS = [f"{name}-{number}" for name, calls in CASES.items() for number in range(len(calls))]


def container_op():
    from kfp import dsl

    return dsl.ContainerOp(name="step", image="alpine", command=["true"])


def op_with_limits():
    op = container_op()
    op.container.set_memory_limit("3Gi").set_cpu_limit("3")
    return op


def op_with_requests():
    op = container_op()
    op.container.set_memory_request("3Gi").set_cpu_request("3")
    return op


def resource_op():
    from kfp import dsl

    return dsl.ResourceOp(name="step", k8s_resource={"apiVersion": "v1", "kind": "ConfigMap"})


OPS = [container_op, op_with_limits, op_with_requests, resource_op]


def plain(value):
    """Return kubernetes objects, theirs or ours, as the data that goes to Kubernetes."""
    names = getattr(type(value), "attribute_map", None)
    if isinstance(value, dict):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if names is None:
        return str(value)
    found = {spelling: plain(getattr(value, name)) for name, spelling in names.items()}
    return {name: item for name, item in found.items() if item not in (None, [], {})}


def state(op):
    found = {
        name: plain(getattr(op, name))
        for name in ("volumes", "tolerations", "affinity", "pod_annotations", "pod_labels", "node_selector", "inputs")
    }
    if hasattr(op, "container"):
        found["container"] = plain(op.container)
    return json.dumps(found)


def applied(function, arguments, make):
    """Return what a modifier does to an op: twice, as transformers and `.apply` in one pipeline do."""
    from kfp import dsl

    with dsl.Pipeline("p"), warnings.catch_warnings(record=True) as caught:
        op = make()
        warnings.simplefilter("always")
        given = json.loads(json.dumps(arguments), object_hook=with_params)
        try:
            modifier = function(**given)
            returned = [modifier(op) is op, modifier(op) is op]
        except Exception as error:
            return {"refused": next(kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins")}
        return {"returned": returned, "op": state(op), "warned": sorted({each.category.__name__ for each in caught})}


def with_params(mapping):
    from kfp import dsl

    param = dsl.PipelineParam("param")
    return {param if key == "<p>" else key: param if item == "<p>" else item for key, item in mapping.items()}


def signature(function):
    return [
        [name, "" if parameter.default is parameter.empty else plain(parameter.default)]
        for name, parameter in inspect.signature(function).parameters.items()
    ]


def probe():
    """Return modifier → signature, and case → what became of each kind of op."""
    found = {}
    for name, calls in CASES.items():
        module, _, attribute = name.rpartition(".")
        function = getattr(importlib.import_module(f"kfp.{module}"), attribute)
        found[name] = signature(function)
        for number, arguments in enumerate(calls):
            found[f"{name}-{number}"] = {make.__name__: applied(function, arguments, make) for make in OPS}
    return json.loads(json.dumps(found))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    sys.stdout.write(json.dumps(probe()))
