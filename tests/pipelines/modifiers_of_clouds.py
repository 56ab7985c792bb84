"""Modifiers from kfp.onprem, aws, azure, gcp and dsl.extensions (X-01 to X-10, D-32)."""

import kfp.aws
import kfp.azure
import kfp.gcp
import kfp.onprem
from kfp import dsl
from kfp.dsl.extensions.kubernetes import use_secret


def op(name):
    return dsl.ContainerOp(name=name, image="alpine", command=["true"])


@dsl.pipeline(name="modifiers")
def modifiers_of_clouds():
    op("pvc").apply(kfp.onprem.mount_pvc("claim", "vol", "/mnt/x"))
    op("k8s secret").apply(kfp.onprem.use_k8s_secret("s", {"key": "KEY"}))
    op("aws").apply(kfp.aws.use_aws_secret("aws-secret", "ID", "KEY", "eu-west-1"))
    op("azure").apply(kfp.azure.use_azure_secret())
    op("gcp").apply(kfp.gcp.use_gcp_secret("user-gcp-sa"))
    op("tpu").apply(kfp.gcp.use_tpu(8, "v3", "2.4"))
    op("preemptible").apply(kfp.gcp.use_preemptible_nodepool(hard_constraint=True))
    op("gpu").apply(kfp.gcp.use_preemptible_nodepool())
    op("secret").apply(use_secret("sec", "/etc/sec", "FILE", "file.json"))
    dsl.get_pipeline_conf().add_op_transformer(kfp.onprem.add_default_resource_spec("1Gi", "1"))
