"""Requests, limits and node selectors that are known at run time only (podSpecPatch; B-06)."""

from kfp import dsl


@dsl.pipeline(name="resources")
def resources_at_run_time(memory: str = "1Gi", cpus: str = "1", gpus: str = "1", zone: str = "a", label: str = "zone"):
    sized = dsl.ContainerOp(
        name="size", image="alpine", command=["sh", "-c", "echo 2Gi > /o"], file_outputs={"o": "/o"}
    )
    op = dsl.ContainerOp(name="train", image="alpine", command=["true"])
    op.container.set_memory_limit(sized.output).set_memory_request(memory).set_cpu_limit(cpus).set_cpu_request("1")
    op.container.set_ephemeral_storage_limit(memory)
    gpu = dsl.ContainerOp(name="gpu", image="alpine", command=["true"])
    gpu.container.set_gpu_limit(gpus, vendor="nvidia.com/gpu")
    gpu.add_node_selector_constraint("zone", zone)
    gpu.add_node_selector_constraint(label, "constant")
    gpu.add_node_selector_constraint("fixed", "constant")
