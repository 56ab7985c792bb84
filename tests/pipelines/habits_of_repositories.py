"""Things that repositories of KFP v1 do and that are easy to overlook (B-14, D-14, D-17)."""

from typing import NamedTuple

from kfp import components, dsl
from kubernetes import client as k8s

with_variables = components.load_component_from_text(
    """
name: With variables
inputs: [{name: text, optional: true}]
outputs: [{name: one}, {name: two}]
implementation:
  container:
    image: alpine
    command: [sh, -c, 'echo "$GREETING" > "$1"; echo > "$0"', {outputPath: two}, {outputPath: one}]
    env: {GREETING: hello}
"""
)
graph = components.load_component_from_text(
    """
name: Two in a row
inputs: [{name: count, type: CSV}]
outputs: [{name: The end}]
implementation:
  graph:
    tasks:
      first:
        componentRef:
          spec:
            name: Make
            inputs: [{name: anything}]
            outputs: [{name: made}]
            implementation:
              container: {image: alpine, command: [cp, {inputPath: anything}, {outputPath: made}]}
        arguments: {anything: {graphInput: {inputName: count}}}
      second:
        componentRef:
          spec:
            name: Take
            inputs: [{name: made, type: String}]
            outputs: [{name: kept}]
            implementation:
              container: {image: alpine, command: [cp, {inputPath: made}, {outputPath: kept}]}
        arguments: {made: {taskOutput: {taskId: first, outputName: made}}}
    outputValues: {The end: {taskOutput: {taskId: second, outputName: kept}}}
"""
)


@dsl.pipeline(name="variables are objects")
def variables_are_objects():
    def at_most_once(op):
        if not any(variable.name == "HTTP_PROXY" for variable in op.container.env or []):
            op.container.add_env_variable(k8s.V1EnvVar(name="HTTP_PROXY", value="http://proxy"))
        return op

    with_variables().after(with_variables("a").apply(at_most_once))
    dsl.get_pipeline_conf().add_op_transformer(at_most_once)


@dsl.pipeline(name="outputs in their order")
def outputs_in_their_order():
    """O-05, Y-04."""
    for output in with_variables().outputs.values():
        dsl.ContainerOp(name="show", image="alpine", command=["echo", output])


@dsl.pipeline(name="graph takes any type")
def graph_takes_any_type(text: str = "x"):
    """Y-09."""
    for output in graph(text).outputs.values():
        with_variables(output)
    graph(5)


@dsl.pipeline(name="a claim that is changed")
def a_claim_that_is_changed():
    claim = dsl.VolumeOp(name="claim", resource_name="data", size="1Gi", modes=dsl.VOLUME_MODE_RWO)
    claim.k8s_resource.metadata.annotations = {"owner": "team"}
    claim.k8s_resource.metadata.labels = {"app": "training"}
    claim.k8s_resource.spec.storage_class_name = "fast"
    claim.k8s_resource.spec.volume_mode = "Filesystem"


@dsl.pipeline(name="volume of a volume")
def volume_of_a_volume(claim: str = "other"):
    scratch = k8s.V1Volume(name="scratch", host_path=k8s.V1HostPathVolumeSource(path="/scratch"))
    first = dsl.ContainerOp(name="first", image="alpine", pvolumes={"/a": scratch})
    dsl.ContainerOp(name="beside", image="alpine", pvolumes={"/a": dsl.PipelineVolume(volume=first.pvolume)})
    dsl.ContainerOp(name="after", image="alpine", pvolumes={"/a": first.pvolume})
    dsl.ContainerOp(
        name="claims",
        image="alpine",
        pvolumes={"/b": dsl.PipelineVolume(pvc="own"), "/c": dsl.PipelineVolume(pvc=claim)},
    )


@dsl.pipeline(name="a switch at run time")
def a_switch_at_run_time(cached: bool = False):
    dsl.ContainerOp(name="maybe-cached", image="alpine").set_caching_options(cached)


@dsl.pipeline(name="other names for ops")
def other_names_for_ops():
    op = dsl.ContainerOp(name="first", image="alpine")
    op.name = "renamed"
    dsl.ContainerOp(name="second", image="alpine").after(op)


@dsl.pipeline(name="files where the image works")
def files_where_the_image_works():
    """DP-01."""
    op = dsl.ContainerOp(name="write", image="alpine", command=["touch", "out.txt"], file_outputs={"out": "out.txt"})
    dsl.ContainerOp(name="show", image="alpine", command=["echo", op.output])


@dsl.pipeline(name="says what it returns")
def says_what_it_returns() -> NamedTuple("Outputs", [("model_path", str), ("count", int)]):
    """D-01."""
    return [with_variables().outputs["one"], 3]


@dsl.pipeline(name="says that it returns a text")
def says_that_it_returns_a_text() -> str:
    """D-01."""
    return with_variables().outputs["one"]


@dsl.pipeline(name="says that it returns a step")
def says_that_it_returns_a_step() -> dsl.ContainerOp:
    """D-01."""
    return dsl.ContainerOp(name="a", image="alpine")
