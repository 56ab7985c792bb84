"""Options that the real SDK drops or breaks, and that work here."""

from kfp import dsl
from kubernetes import client as k8s


def step(name, **options):
    return dsl.ContainerOp(name=name, image="alpine", command=["true"], **options)


@dsl.pipeline(name="affinity")
def parameter_in_an_affinity(disk: str = "ssd"):
    wanted = k8s.V1NodeSelectorRequirement(key="disk", operator="In", values=[disk])
    terms = k8s.V1NodeSelector(node_selector_terms=[k8s.V1NodeSelectorTerm(match_expressions=[wanted])])
    step("pinned").add_affinity(
        k8s.V1Affinity(node_affinity=k8s.V1NodeAffinity(required_during_scheduling_ignored_during_execution=terms))
    )


@dsl.pipeline(name="after a named group")
def after_a_named_group(mode: str = "fast"):
    with dsl.Condition(mode == "fast", "My Cond") as fast:
        step("inside")
    step("last").after(fast)


@dsl.pipeline(name="numbers")
def numbers_in_labels():
    step("labelled").add_pod_label("a", 1).add_pod_annotation("b", 2).add_node_selector_constraint("c", 3)


@dsl.pipeline(name="gpus")
def number_of_gpus_at_run_time(number: int = 1):
    step("train").container.set_gpu_limit(number)


@dsl.pipeline(name="any resource")
def any_resource_at_run_time(number: int = 1):
    step("train").container.add_resource_limit("example.com/x", number)


@dsl.pipeline(name="a value of its own")
def parameter_with_a_value(rate: float = 0.1):
    """F-08: of a parameter that is made in the pipeline with a value."""
    url = dsl.PipelineParam(name="url", value="gs://data.csv")
    sizes = dsl.PipelineParam(name="sizes", value=[1, 2])
    rate_again = dsl.PipelineParam(name="rate", value=0.5)
    fetch = dsl.ContainerOp(
        name="fetch",
        image="busybox",
        command=["sh", "-c"],
        arguments=["cat %s" % url, url, sizes, rate_again],  # noqa: UP031 - as authors write it
        file_outputs={"rows": "/tmp/rows"},
    )
    with dsl.Condition(url != fetch.output):
        step("inside")
