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
