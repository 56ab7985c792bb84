"""Steps that are calls of the Kubernetes API (D-13)."""

import json

from kfp import dsl
from kubernetes import client as k8s

JOB = json.loads("""
{"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "resourceop-basic-job-"},
 "spec": {"template": {"metadata": {"name": "rob"}, "spec": {
 "containers": [{"name": "c1", "image": "alpine", "command": ["true"]}], "restartPolicy": "Never"}}, "backoffLimit": 4}}
""")


@dsl.pipeline(name="resources", description="ResourceOps")
def resource_steps(username: str = "me", namespace: str = "default"):
    secret = dsl.ResourceOp(
        name="create-my-secret",
        k8s_resource=k8s.V1Secret(
            api_version="v1",
            kind="Secret",
            metadata=k8s.V1ObjectMeta(generate_name="my-secret-"),
            type="Opaque",
            data={"username": username},
        ),
        attribute_outputs={"data": "{.data}"},
    )
    use = dsl.ContainerOp(
        name="use", image="alpine", command=["echo"], arguments=[secret.outputs["name"], secret.output]
    )
    use.add_volume(k8s.V1Volume(name="s", secret=k8s.V1SecretVolumeSource(secret_name=secret.outputs["name"])))
    use.container.add_volume_mount(k8s.V1VolumeMount(name="s", mount_path="/etc/secret"))
    job = dsl.ResourceOp(
        name="job",
        k8s_resource=JOB,
        action="create",
        success_condition="status.succeeded > 0",
        failure_condition="status.failed > 0",
        set_owner_reference=True,
    )
    dsl.ResourceOp(
        name="patch",
        k8s_resource=dict(JOB, metadata={"name": job.outputs["name"]}),
        action="apply",
        merge_strategy="strategic",
    ).set_timeout(30)
    dsl.ResourceOp(
        name="remove", k8s_resource=dict(JOB, metadata={"name": "x", "namespace": namespace}), action="delete"
    ).after(job).set_retry(2)


@dsl.pipeline(name="deleting")
def deleting_resources():
    made = dsl.ResourceOp(name="make", k8s_resource=JOB)
    made.delete().after(dsl.ContainerOp(name="wait", image="alpine", command=["sleep", "1"]))
