"""An experiment, a distributed job and a service as resources, with a step that reads results (D-13, D-28, O-10)."""

import json
from string import Template

from kfp import components, dsl
from kfp.components import func_to_container_op

EXPERIMENT = """{
  "apiVersion": "kubeflow.org/v1beta1", "kind": "Experiment",
  "metadata": {"name": "$name", "namespace": "$namespace"},
  "spec": {
    "objective": {"type": "minimize", "goal": $goal, "objectiveMetricName": "loss"},
    "algorithm": {"algorithmName": "random"}, "parallelTrialCount": 3, "maxTrialCount": 12,
    "parameters": [{"name": "--lr", "parameterType": "double", "feasibleSpace": {"min": "0.01", "max": "0.05"}}],
    "trialTemplate": {"trialSpec": {"spec": {"containers": [{"image": "$image", "args": ["--steps=$steps"]}]}}}
  }
}"""
JOB = """{
  "apiVersion": "kubeflow.org/v1", "kind": "TFJob",
  "metadata": {"name": "$name", "namespace": "$namespace"},
  "spec": {"tfReplicaSpecs": {"Chief": {"replicas": 1, "template": {"spec": {"containers": [
    {"name": "tensorflow", "image": "mnist", "command": ["sh", "-c"], "args": ["python /mnist.py $args"],
     "volumeMounts": [{"mountPath": "/mnt/export", "name": "model-volume"}]}],
    "volumes": [{"name": "model-volume", "persistentVolumeClaim": {"claimName": "$claim"}}]}}}}}
}"""
SERVICE = """{
  "apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService",
  "metadata": {"name": "$name", "namespace": "$namespace"},
  "spec": {"predictor": {"tensorflow": {"storageUri": "pvc://$claim/$step"}}}
}"""


def convert_result(result) -> str:
    import json

    return " ".join(f"{it['name']}={it['value']}" for it in json.loads(result)["parameterAssignments"])


convert_op = func_to_container_op(convert_result, base_image="python:3.8", packages_to_install=["pyyaml==5.4"])


@components.create_component_from_func
def ask(url: str, image: str = "7", expected: int = 7) -> bool:
    """Ask a service.

    Args:
        url: Where it is.
        image: What to send.
        expected: What should come back.
    """
    return int(image) == expected


def echo(name, *what):
    return dsl.ContainerOp(name=name, image="alpine:3.6", command=["echo"], arguments=list(what))


@dsl.pipeline(name="End to end digits", description="Tune, train, serve and ask.")
def digits_tuned_trained_and_served(
    name: str = "mnist", namespace: str = "kubeflow", goal: str = "0.001", step: str = "4000", size: str = "1Gi"
):
    volume = dsl.VolumeOp(name="model volume", resource_name="model-volume", size=size, modes=dsl.VOLUME_MODE_RWM)
    urls = []
    for variant in ("dense", "conv"):
        here = f"{name}-{variant}"
        substituted = Template(EXPERIMENT).substitute(name=here, namespace=namespace, goal=0.001, image="m", steps=step)
        tuned = dsl.ResourceOp(
            name=f"tune {variant}",
            k8s_resource=json.loads(substituted),
            success_condition="status.trialsSucceeded > 4",
            failure_condition="status.trialsFailed > 4",
            attribute_outputs={"best": "{.status.currentOptimalTrial}", "started": "{.status.startTime}"},
        ).set_timeout(7200)
        arguments = convert_op(tuned.outputs["best"])
        echo("show started", tuned.outputs["started"], tuned.outputs["manifest"])
        trained = dsl.ResourceOp(
            name=f"train {variant}",
            action="create",
            k8s_resource=json.loads(
                Template(JOB).substitute(
                    name=f"{here}-{dsl.RUN_ID_PLACEHOLDER}",
                    namespace=namespace,
                    args=arguments.output,
                    claim=volume.outputs["name"],
                )
            ),
            success_condition="status.replicaStatuses.Chief.succeeded==1",
        ).add_pod_annotation("pipelines.kubeflow.org/max_cache_staleness", "P0D")
        served = dsl.ResourceOp(
            name=f"serve {variant}",
            action="apply",
            k8s_resource=json.loads(
                Template(SERVICE).substitute(
                    name=here, namespace=namespace, claim=str(volume.outputs["name"]), step=step
                )
            ),
            attribute_outputs={"url": "{.status.url}"},
        ).after(trained)
        for digit in range(3):
            answered = ask(served.output, str(digit), digit)
            with dsl.Condition(answered.output == "False", f"wrong-{digit}"):
                echo(f"wrong {digit}", served.outputs["url"], dsl.EXECUTION_ID_PLACEHOLDER)
        urls.append(served.outputs["url"])
        served.delete().after(answered)
    last = echo("all", *urls, json.dumps({"urls": [str(url) for url in urls], "goal": str(goal)}))
    volume.delete(flags=["--wait=true"]).after(last)
