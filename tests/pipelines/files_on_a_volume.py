"""Files that travel on a volume which all steps share (D-31, P-10, DP-12)."""

from kfp import components, dsl
from kfp.dsl.data_passing_methods import KubernetesVolume
from kubernetes import client as k8s

make = components.load_component_from_text(
    "{name: make, inputs: [{name: n}], outputs: [{name: Out 1}, {name: mlpipeline-ui-metadata}], implementation: "
    "{container: {image: alpine, command: [sh, {inputValue: n}, {outputPath: Out 1}, "
    "{outputPath: mlpipeline-ui-metadata}]}}}"
)
take = components.load_component_from_text(
    "{name: take, inputs: [{name: a file}], outputs: [{name: r}, {name: s}], implementation: "
    "{container: {image: alpine, command: [sh, {inputPath: a file}, {outputPath: r}, {outputPath: s}]}}}"
)
say = components.load_component_from_text(
    "{name: say, inputs: [{name: v}], implementation: {container: {image: alpine, command: [echo, {inputValue: v}]}}}"
)
CLAIM = k8s.V1PersistentVolumeClaimVolumeSource(claim_name="claim")


@dsl.pipeline(name="volume for files")
def files_on_a_volume(n: str = "1"):
    made = make(n)
    say(take(made.outputs["Out 1"]).outputs["r"])
    volume = k8s.V1Volume(name="mine", persistent_volume_claim=CLAIM)
    dsl.get_pipeline_conf().data_passing_method = KubernetesVolume(volume=volume, path_prefix="files/")


@dsl.pipeline(name="volume for files in groups")
def files_on_a_volume_in_groups(n: str = "1"):
    made = make(n)
    with dsl.Condition(made.outputs["Out 1"] == "x"):
        taken = take(made.outputs["Out 1"])
        with dsl.ParallelFor(["a", "b"]) as item:
            take(taken.outputs["s"]).after(make(item))
        say(taken.outputs["s"])
    dsl.get_pipeline_conf().data_passing_method = KubernetesVolume({"hostPath": {"path": "/data"}})


@dsl.pipeline(name="volume for files of several names")
def files_on_a_volume_of_several_names():
    made = dsl.ContainerOp(
        name="make",
        image="alpine",
        command=["sh"],
        file_outputs={"x": "/a/one.txt", "y": "/c/two"},
        container_kwargs={"volume_mounts": [k8s.V1VolumeMount(name="own", mount_path="/own")]},
    )
    made.add_volume(k8s.V1Volume(name="own", empty_dir=k8s.V1EmptyDirVolumeSource()))
    dsl.ContainerOp(name="take", image="alpine", command=["cat", dsl.InputArgumentPath(made.outputs["x"], path="/z/q")])
    dsl.get_pipeline_conf().data_passing_method = KubernetesVolume(
        k8s.V1Volume(name="d", persistent_volume_claim=CLAIM)
    )
