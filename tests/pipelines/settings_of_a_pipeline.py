"""`PipelineConf`, every setting (P-01 to P-09)."""

from kfp import dsl
from kubernetes import client as k8s


@dsl.pipeline(name="settings")
def settings_of_a_pipeline():
    dsl.ContainerOp(name="plain", image="alpine", command=["true"])
    dsl.ContainerOp(
        name="own", image="alpine", command=["true"], container_kwargs={"image_pull_policy": "Never"}
    ).add_node_selector_constraint("k", "own")
    conf = dsl.get_pipeline_conf()
    conf.set_image_pull_secrets([k8s.V1LocalObjectReference(name="registry")])
    conf.set_parallelism(4).set_ttl_seconds_after_finished(0).set_pod_disruption_budget("50%").set_timeout(60)
    conf.set_default_pod_node_selector("pool", "cpu").set_default_pod_node_selector("zone", "b")
    conf.set_image_pull_policy("IfNotPresent")
    conf.set_dns_config(
        k8s.V1PodDNSConfig(nameservers=["1.2.3.4"], options=[k8s.V1PodDNSConfigOption(name="ndots", value="2")])
    )
