"""A cluster is made, used and taken down whatever happens, names hold the run's id (EH-01, EH-04, D-27, PP-01)."""

import json
import os

from kfp import components, dsl

SPARK = """
name: {name}
description: Runs on the cluster.
metadata:
  annotations: {{platform: cluster, volatile_component: "{volatile}"}}
  labels: {{add-pod-env: 'true'}}
inputs:
- {{name: project_id, type: GCPProjectID}}
- {{name: region, type: GCPRegion}}
- {{name: cluster_name, type: String, default: ''}}
- {{name: args, type: List, default: '[]'}}
- {{name: wait_interval, type: Integer, default: '30'}}
outputs:
- {{name: job_id, type: String}}
implementation:
  container:
    image: registry.example.com/dataproc:1
    command: [kfp_component, {function}]
    args: [--project_id, {{inputValue: project_id}}, --region, {{inputValue: region}},
      --cluster, {{inputValue: cluster_name}},
      --args, {{inputValue: args}}, --wait, {{inputValue: wait_interval}}]
    env: {{KFP_POD_NAME: "{{{{pod.name}}}}"}}
    fileOutputs: {{job_id: /tmp/kfp/output/job_id.txt}}
"""


def spark(name, function, volatile="false"):
    return components.load_component_from_text(SPARK.format(name=name, function=function, volatile=volatile))


create_cluster_op = spark("Create cluster", "create_cluster", "true")
delete_cluster_op = spark("Delete cluster", "delete_cluster", "true")
submit_pyspark_op = spark("Submit PySpark job", "submit_pyspark_job")
submit_spark_op = spark("Submit Spark job", "submit_spark_job")


def delete_folder_op(path):
    return dsl.ContainerOp(name="Delete folder", image="google/cloud-sdk", command=["gsutil", "rm", "-r", path])


@components.create_component_from_func
def best(first: str, second: str, third: str) -> str:
    return max(first, second, third)


def one_model(project, region, cluster, output, train, evaluation, target, rounds, workers, eta):
    schema = os.path.join(output, "schema.json")
    analyzed = submit_pyspark_op(project, region, cluster, json.dumps([str(output), str(train), "schema", schema]))
    transformed = submit_pyspark_op(
        project, region, cluster, [output, train, evaluation, target, analyzed.outputs["job_id"]]
    ).after(analyzed)
    trained = submit_spark_op(
        project_id=project,
        region=region,
        cluster_name=cluster,
        args=json.dumps([f"{output}/conf", str(rounds), str(workers), "%s" % eta, os.path.join(output, "model")]),
    ).after(transformed)
    trained.set_display_name("Trainer")
    predicted = submit_spark_op(project, region, cluster, args='["predict", "%s"]' % trained.outputs["job_id"])
    matrix = submit_pyspark_op(project, region, cluster, '["matrix"]', 10).after(predicted)
    roc = submit_pyspark_op(project, region, cluster, '["roc"]', wait_interval=5).after(predicted)
    return roc.after(matrix)


@dsl.pipeline(name="XGBoost Trainer", description="Trains boosted trees end-to-end on a cluster of the cloud.")
def boosted_trees_on_a_cluster(
    output="gs://bucket",
    project="your-gcp-project",
    diagnostic_mode="HALT_ON_ERROR",
    rounds=5,
    region="us-central1",
    train_data="gs://ml-pipeline/sfpd/train.csv",
    eval_data="gs://ml-pipeline/sfpd/eval.csv",
    target="resolution",
    workers: int = 2,
    true_label="ACTION",
):
    cluster = "xgb-" + dsl.RUN_ID_PLACEHOLDER
    output_template = os.path.join(str(output), dsl.RUN_ID_PLACEHOLDER, "data")
    removal = delete_folder_op(output_template).set_display_name("Outside of the handler")

    with dsl.ExitHandler(exit_op=delete_cluster_op(project_id=project, region=region, cluster_name=cluster)):
        created = create_cluster_op(project, region, cluster, args=[diagnostic_mode, true_label])
        results = []
        for eta in (0.1, 0.3, 0.5):
            with dsl.SubGraph(parallelism=1):
                result = one_model(
                    project, region, cluster, output_template, train_data, eval_data, target, rounds, workers, eta
                )
                result.after(created)
            results.append(result)
        best(*[result.outputs["job_id"] for result in results]).after(created)
