"""Pipelines that are wrong: the SDK refuses them, and so does this project."""

from kfp import components, dsl
from kfp.dsl.data_passing_methods import KubernetesVolume
from kfp.dsl.types import GCSPath, Integer

typed = components.load_component_from_text("""
name: Typed
inputs:
- {name: text, type: String}
- {name: model, type: Artifact, optional: true}
outputs:
- {name: count, type: Integer}
implementation:
  container:
    image: alpine
    command: [echo, {inputValue: text}, {outputPath: count}]
    args: [{if: {cond: {isPresent: model}, then: [{inputPath: model}]}}]
""")


def echo(name, *texts, **options):
    return dsl.ContainerOp(name=name, image="alpine", command=["echo"], arguments=list(texts), **options)


@dsl.pipeline(name="wrong type")
def wrong_type(count: int = 3):
    """An integer for a text (T-01, T-06)."""
    typed(count)


@dsl.pipeline(name="missing argument")
def missing_argument():
    typed()


@dsl.pipeline(name="unknown argument")
def unknown_argument():
    typed(text="x", other="y")


@dsl.pipeline(name="several outputs")
def output_of_several():
    """The one output of several (O-06)."""
    echo("next", echo("made", file_outputs={"a": "/a", "b": "/b"}).output)


@dsl.pipeline(name="bare condition")
def condition_of_a_bare_parameter(go: str = "yes"):
    with dsl.Condition(go):
        echo("inside")


@dsl.pipeline(name="keys differ")
def loop_over_unequal_keys():
    with dsl.ParallelFor([{"a": 1}, {"b": 2}]) as item:
        echo("inside", item.a)


@dsl.pipeline(name="memory")
def memory_without_a_unit_that_exists():
    """A quantity that is none (C-01)."""
    echo("sized").set_memory_limit("1 GB")


@dsl.pipeline(name="step instead of output")
def step_instead_of_output():
    """A step is no value (DP-11)."""
    typed(echo("made", file_outputs={"a": "/a"}))


@dsl.pipeline(name="no integer")
def default_against_the_schema_of_its_type(count: Integer() = "three"):
    """A default that is no integer (T-08)."""
    echo("inside", count)


@dsl.pipeline(name="no path")
def default_against_the_pattern_of_its_type(path: GCSPath() = "http://bucket/x"):
    """A default that is no path (T-08)."""
    echo("inside", path)


@dsl.pipeline(name="file of a number")
def number_where_an_artifact_is_taken():
    """A number is no artifact (T-05)."""
    typed("x", model=typed("x").outputs["count"])


@dsl.pipeline(name="time limit")
def time_limit_at_run_time(seconds: int = 3):
    """A time limit is a number (B-10)."""
    echo("inside").set_timeout(seconds)


@dsl.pipeline(name="constant on a volume")
def constant_on_a_volume(text: str = "x"):
    """A parameter as a file, where files travel on a volume (DP-12)."""
    components.load_component_from_text(
        "{name: take, inputs: [{name: f}], implementation: {container: {image: i, command: [cat, {inputPath: f}]}}}"
    )(text)
    dsl.get_pipeline_conf().data_passing_method = KubernetesVolume({"emptyDir": {}})


@dsl.pipeline(name="cores")
def processors_that_are_no_number():
    """A quantity that is none (C-01)."""
    echo("sized").set_cpu_limit("two")


@dsl.pipeline(name="gpus")
def gpus_that_are_no_number():
    """A number of GPUs that is none (C-05)."""
    echo("sized").set_gpu_limit("many")


@dsl.pipeline(name="pull policy")
def pull_policy_that_does_not_exist():
    """One of three (C-09)."""
    echo("inside").container.set_image_pull_policy("Sometimes")


@dsl.pipeline(name="pull policy of all")
def pull_policy_of_a_pipeline_that_does_not_exist():
    """One of three (P-07)."""
    echo("inside")
    dsl.get_pipeline_conf().set_image_pull_policy("Sometimes")


@dsl.pipeline(name="retry policy")
def retry_policy_that_does_not_exist():
    """One of four (B-09)."""
    echo("inside").set_retry(2, policy="Sometimes")


@dsl.pipeline(name="loop over a number")
def loop_over_a_number():
    """A loop takes a list (L-01)."""
    with dsl.ParallelFor(5) as item:
        echo("inside", item)


@dsl.pipeline(name="fewer than none at a time")
def negative_parallelism():
    """A limit is at least one (L-09)."""
    with dsl.ParallelFor([1, 2], parallelism=-1) as item:
        echo("inside", item)


@dsl.pipeline(name="none at a time")
def group_of_width_zero():
    """A limit is at least one (D-22)."""
    with dsl.SubGraph(0):
        echo("inside")


@dsl.pipeline(name="bare handler")
def exit_handler_of_no_step():
    """An exit handler is a step (EH-01)."""
    with dsl.ExitHandler("bye"):
        echo("inside")


@dsl.pipeline(name="waiting handler")
def exit_handler_that_waits():
    """An exit handler waits for no step (EH-01)."""
    bye = echo("bye", echo("made", file_outputs={"a": "/a"}).output)
    with dsl.ExitHandler(bye):
        echo("inside")


@dsl.pipeline(name="resource without an object")
def resource_without_an_object():
    """A resource step has an object (D-13)."""
    dsl.ResourceOp(name="made", action="create")


@dsl.pipeline(name="volume without a size")
def volume_without_a_size():
    """A claim has a size (D-15)."""
    dsl.VolumeOp(name="made", resource_name="data")


@dsl.pipeline(name="volume of two kinds")
def volume_of_two_kinds():
    """A volume is of one kind (D-17)."""
    dsl.PipelineVolume(pvc="a", volume={"name": "b", "emptyDir": {}})


@dsl.pipeline(name="no step")
def output_that_no_step_has():
    """An output has a name that the step has (O-06)."""
    echo("next", echo("made", file_outputs={"a": "/a"}).outputs["b"])


@dsl.pipeline(name="twice")
def argument_given_twice():
    """One value for an argument."""
    typed("x", text="y")


@dsl.pipeline(name="none for a text")
def none_where_a_value_is_needed():
    """A required input takes no None."""
    typed(None)
