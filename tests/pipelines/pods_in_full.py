"""Volumes, tolerations, affinity, node selectors, labels and annotations (B-03 to B-08)."""

from kfp import dsl
from kubernetes import client as k8s


@dsl.pipeline(name="pods")
def pods_in_full(team: str = "red", secret: str = "s"):
    op = dsl.ContainerOp(name="pod", image="alpine", command=["ls"])
    op.add_volume(k8s.V1Volume(name="z", secret=k8s.V1SecretVolumeSource(secret_name=secret)))
    op.add_volume(k8s.V1Volume(name="a", empty_dir=k8s.V1EmptyDirVolumeSource()))
    op.container.add_volume_mount(k8s.V1VolumeMount(name="z", mount_path="/secret", read_only=True))
    op.container.add_volume_mount(k8s.V1VolumeMount(name="a", mount_path="/scratch"))
    op.add_toleration(k8s.V1Toleration(key="gpu", operator="Equal", value=team, effect="NoSchedule"))
    op.add_affinity(
        k8s.V1Affinity(
            node_affinity=k8s.V1NodeAffinity(
                required_during_scheduling_ignored_during_execution=k8s.V1NodeSelector(
                    node_selector_terms=[
                        k8s.V1NodeSelectorTerm(
                            match_expressions=[k8s.V1NodeSelectorRequirement(key="disk", operator="In", values=["ssd"])]
                        )
                    ]
                )
            )
        )
    )
    op.add_node_selector_constraint("disk", "ssd")
    op.add_pod_annotation("note", f"for {team}").add_pod_label("team", team).add_pod_label(
        "pipelines.example.com/x", "1"
    )
