"""Pipelines, their decorator, their settings (rows D-01 to D-05, P-01 to P-11)."""

import pytest

from kfp_airflow import dsl


@pytest.mark.row("D-01")
def test_the_decorator_returns_the_function_with_its_names() -> None:
    """D-01."""

    def function() -> None: ...

    assert dsl.pipeline(name="P", description="D", pipeline_root="r")(function) is function
    assert (function._component_human_name, function._component_description, function.pipeline_root) == ("P", "D", "r")


@pytest.mark.row("Z-06")
@pytest.mark.row("D-01")
def test_decorated_functions_are_collected_inside_the_block_only() -> None:
    """D-01, Z-06."""
    with dsl.collect_pipelines() as found:

        @dsl.pipeline(name="one")
        def one() -> None: ...

        with dsl.collect_pipelines() as inner:

            @dsl.pipeline()
            def two() -> None: ...

    dsl.pipeline()(lambda: None)
    assert (found, inner) == ([one, two], [two])


@pytest.mark.row("D-02")
def test_pipelines_do_not_nest_and_end_with_their_block() -> None:
    """D-02."""
    with dsl.Pipeline("a") as pipeline:
        assert dsl.Pipeline.get_default_pipeline() is pipeline
        with pytest.raises(Exception, match=r"^Nested pipelines are not allowed\.$"), dsl.Pipeline("b"):
            pass
        assert dsl.get_pipeline_conf() is pipeline.conf  # D-04
    assert dsl.Pipeline.get_default_pipeline() is None


@pytest.mark.row("D-04")
def test_settings_are_for_pipeline_functions_only() -> None:
    """D-04."""
    with pytest.raises(
        ValueError, match=r"^this is possible inside a pipeline function only, and none is being built now$"
    ):
        dsl.get_pipeline_conf()


@pytest.mark.row("P-01", "P-02", "P-03", "P-04", "P-05", "P-06", "P-07", "P-08", "P-09", "P-11", "D-05")
def test_settings_are_stored_and_return_what_kfp_returns() -> None:
    """P-01 to P-11, D-05."""
    conf = dsl.PipelineConf()
    assert (conf.timeout, conf.ttl_seconds_after_finished, conf.parallelism, conf.image_pull_secrets) == (
        0,
        -1,
        None,
        [],
    )
    chained = (
        conf.set_image_pull_secrets(["s"])
        .set_timeout(5)
        .set_parallelism(2)
        .set_ttl_seconds_after_finished(3)
        .set_pod_disruption_budget(1)
        .set_default_pod_node_selector("a", "b")
        .set_default_pod_node_selector("c", "d")
        .set_image_pull_policy("anything")
    )
    assert chained is conf
    assert conf.add_op_transformer(print) is None  # P-08
    assert conf.set_dns_config("dns") is None  # P-09
    assert (conf.timeout, conf.parallelism, conf.ttl_seconds_after_finished, conf.dns_config) == (5, 2, 3, "dns")
    assert (conf.default_pod_node_selector, conf.op_transformers) == ({"a": "b", "c": "d"}, [print])
    conf.data_passing_method = method = object()  # P-10
    assert conf.data_passing_method is method


@pytest.mark.row("P-03")
def test_a_parallelism_below_one_is_refused() -> None:
    """P-03."""
    with pytest.raises(ValueError, match=r"^Pipeline max_num_pods set to < 1, allowed values are > 0\. Got: 0$"):
        dsl.PipelineConf().set_parallelism(0)


@pytest.mark.row("D-03")
def test_modes_are_kfps() -> None:
    """D-03."""
    assert [mode.name for mode in dsl.PipelineExecutionMode] == ["V1_LEGACY", "V2_COMPATIBLE", "V2_ENGINE"]


@pytest.mark.row("D-27", "D-28", "D-29")
def test_every_name_of_kfp_dsl_is_there() -> None:
    """§1.2 and D-27 to D-29."""
    names = (
        "PipelineParam match_serialized_pipelineparam Pipeline PipelineExecutionMode pipeline "
        "get_pipeline_conf PipelineConf BaseOp ContainerOp InputArgumentPath UserContainer Sidecar "
        "ResourceOp VolumeOp VOLUME_MODE_RWO VOLUME_MODE_RWM "
        "VOLUME_MODE_ROM PipelineVolume VolumeSnapshotOp OpsGroup ExitHandler Condition ParallelFor SubGraph "
        "python_component graph_component component importer EXECUTION_ID_PLACEHOLDER RUN_ID_PLACEHOLDER "
        "ROOT_PARAMETER_NAME types data_passing_methods"
    )
    assert [name for name in names.split() if not hasattr(dsl, name)] == []
    assert (dsl.RUN_ID_PLACEHOLDER, dsl.EXECUTION_ID_PLACEHOLDER) == (
        "{{workflow.uid}}",
        "{{workflow.uid}}-{{pod.name}}",
    )


@pytest.mark.refused("D-26", message="dsl.importer is not supported with v1 compiler; a step imports the artifact")
def test_importer_is_refused() -> None:
    """D-26."""
    with pytest.raises(ValueError, match=r"^dsl\.importer is not supported with v1 compiler\."):
        dsl.importer("gs://x")
