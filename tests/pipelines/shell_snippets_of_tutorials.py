"""The first pipelines of every tutorial: sequential, parallel and joined, and a condition on a flipped coin."""

import kfp
from kfp import dsl


def gcs_download_op(url):
    return dsl.ContainerOp(
        name="GCS - Download",
        image="google/cloud-sdk:279.0.0",
        command=["sh", "-c"],
        arguments=["gsutil cat $0 | tee $1", url, "/tmp/results.txt"],
        file_outputs={"data": "/tmp/results.txt"},
    )


def echo_op(text):
    return dsl.ContainerOp(
        name="echo", image="library/bash:4.4.23", command=["sh", "-c"], arguments=['echo "$0"', text]
    )


@dsl.pipeline(name="sequential-pipeline", description="A pipeline with two sequential steps.")
def sequential_pipeline(url="gs://ml-pipeline/sample-data/shakespeare/shakespeare1.txt"):
    download_task = gcs_download_op(url)
    echo_op(download_task.output)


@kfp.dsl.pipeline(
    name="Parallel pipeline", description="Download two messages in parallel and prints the concatenated result."
)
def download_and_join(url1="gs://a/1.txt", url2="gs://a/2.txt"):
    first = gcs_download_op(url1)
    second = gcs_download_op(url2)
    echo_op("%s and %s" % (first.output, second.output)).set_display_name("Concatenate")


@dsl.pipeline(name="pipeline-with-exit-handler")
def exit_handler_pipeline(url: str = "gs://x", tag: str = "latest"):
    exit_task = echo_op("exit!")
    with dsl.ExitHandler(exit_task):
        download = gcs_download_op(url)
        download.container.set_image_pull_policy("Always")
        echo_op(download.output).add_node_selector_constraint("cloud.google.com/gke-accelerator", "nvidia-tesla-k80")
