"""Nodes, tolerations, affinity and devices for every step (B-03 to B-08, C-01 to C-13, P-08)."""

from kfp import dsl
from kubernetes import client as k8s
from kubernetes.client.models import V1EnvVar, V1Toleration, V1Volume, V1VolumeMount


class TrainOp(dsl.ContainerOp):
    """A step on a GPU."""

    def __init__(self, name, rank, world, *arguments, gpus=1, pool="gpu"):
        super().__init__(
            name=name,
            image="pytorch/pytorch:1.13.1",
            command=["torchrun", f"--node_rank={rank}", f"--nnodes={world}"],
            arguments=["train.py", *arguments],
            file_outputs={"checkpoint": "/workspace/checkpoint.txt", "mlpipeline-metrics": "/mlpipeline-metrics.json"},
        )
        self.container.set_gpu_limit(gpus)
        self.container.set_memory_limit("32Gi").set_memory_request("16Gi").set_cpu_limit("8").set_cpu_request("4")
        self.add_node_selector_constraint("cloud.google.com/gke-accelerator", "nvidia-tesla-v100")
        self.add_node_selector_constraint("pool", pool)


def tolerate(op):
    op.add_toleration(V1Toleration(key="nvidia.com/gpu", operator="Equal", value="present", effect="NoSchedule"))


def shared_memory(size="8Gi"):
    def add(op):
        if isinstance(op, dsl.ContainerOp):
            source = k8s.V1EmptyDirVolumeSource(medium="Memory", size_limit=size)
            op.add_volume(V1Volume(name="shm", empty_dir=source))
            op.add_volume_mount(V1VolumeMount(name="shm", mount_path="/dev/shm"))
        return op

    return add


def apart(label):
    term = k8s.V1PodAffinityTerm(
        label_selector=k8s.V1LabelSelector(match_labels={"job": label}), topology_key="kubernetes.io/hostname"
    )
    preferred = k8s.V1PreferredSchedulingTerm(
        weight=50,
        preference=k8s.V1NodeSelectorTerm(
            match_expressions=[k8s.V1NodeSelectorRequirement(key="preemptible", operator="In", values=["true"])]
        ),
    )
    return k8s.V1Affinity(
        pod_anti_affinity=k8s.V1PodAntiAffinity(required_during_scheduling_ignored_during_execution=[term]),
        node_affinity=k8s.V1NodeAffinity(preferred_during_scheduling_ignored_during_execution=[preferred]),
    )


@dsl.pipeline(name="Training on many GPUs")
def training_on_many_gpus(
    epochs: int = 90, pool: str = "a100", memory: str = "64Gi", cpus: str = "16", gpus: str = "2", image: str = "eval:1"
):
    conf = dsl.get_pipeline_conf()
    conf.add_op_transformer(tolerate)
    conf.add_op_transformer(shared_memory())
    conf.set_image_pull_secrets([k8s.V1LocalObjectReference(name="regcred")])
    conf.set_image_pull_policy("IfNotPresent").set_default_pod_node_selector("tier", "batch")

    prepared = dsl.ContainerOp("prepare", "python:3.9", command="prepare", file_outputs={"shards": "/shards"})
    prepared.container.set_ephemeral_storage_limit("50Gi").set_ephemeral_storage_request("20Gi")
    rounds = [prepared]
    for stage in range(4):
        workers = []
        for rank in range(4):
            worker = TrainOp(f"stage {stage} worker {rank}", rank, 4, epochs, prepared.output, gpus=stage + 1)
            worker.add_pod_label("job", f"stage-{stage}").add_affinity(apart(f"stage-{stage}")).set_retry(2, "OnError")
            worker.container.add_env_variable(V1EnvVar(name="RANK", value=str(rank))).set_image_pull_policy("Always")
            worker.add_pod_annotation("sidecar.istio.io/inject", "false").after(*rounds)
            workers.append(worker)
        rounds = workers
    dynamic = dsl.ContainerOp("big", image, arguments=["--checkpoint", rounds[0].outputs["checkpoint"]])
    dynamic.container.set_memory_limit(memory).set_cpu_request(cpus).set_gpu_limit(gpus, "nvidia.com/gpu")
    dynamic.add_node_selector_constraint("pool", pool)
    watcher = dsl.Sidecar(
        "watch", "nginx:1.21", command=["nginx"], args=["-g", "daemon off;"], mirror_volume_mounts=True
    )
    warm = dsl.UserContainer("warm", "busybox", ["sh", "-c"], ["echo warm"]).add_env_variable(
        V1EnvVar(name="P", value=pool)
    )
    served = dsl.ContainerOp("serve", image, sidecars=[watcher], init_containers=[warm]).after(dynamic)
    served.container.add_port(k8s.V1ContainerPort(container_port=8080, name="http")).set_security_context(
        k8s.V1SecurityContext(run_as_user=1000, capabilities=k8s.V1Capabilities(add=["SYS_PTRACE"]))
    )
    served.container.set_liveness_probe(
        k8s.V1Probe(http_get=k8s.V1HTTPGetAction(path="/", port=8080), period_seconds=5)
    ).set_readiness_probe(k8s.V1Probe(tcp_socket=k8s.V1TCPSocketAction(port=8080)))
    served.container.set_stdin().set_tty(False).set_termination_message_policy("FallbackToLogsOnError")
    served.container.add_env_from(k8s.V1EnvFromSource(secret_ref=k8s.V1SecretEnvSource(name="keys")))
    served.container.add_volume_devices(k8s.V1VolumeDevice(device_path="/dev/sdb", name="raw"))
    served.container.working_dir = "/srv"
