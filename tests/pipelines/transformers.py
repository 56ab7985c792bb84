"""Op transformers edit every step before it is written (P-08, B-01)."""

from kfp import dsl
from kubernetes import client as k8s


def label(op):
    op.add_pod_label("transformed", "yes")
    op.add_toleration(k8s.V1Toleration(key="t", operator="Exists"))


def with_parameter(value):
    def transform(op):
        op.add_pod_annotation("owner", value)
        return op

    return transform


@dsl.pipeline(name="transformers")
def transformers(owner: str = "me"):
    dsl.ContainerOp(name="first", image="alpine", command=["true"]).apply(with_parameter("direct")).add_pod_label(
        "add-pod-env", "true"
    )
    dsl.ContainerOp(name="second", image="alpine", command=["true"])
    dsl.get_pipeline_conf().add_op_transformer(label)
    dsl.get_pipeline_conf().add_op_transformer(with_parameter(owner))
