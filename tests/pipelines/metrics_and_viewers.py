"""The two outputs with names of their own (DP-10)."""

from kfp import components, dsl

evaluate = components.load_component_from_text("""
name: Evaluate
outputs:
- {name: MLPipeline UI metadata}
- {name: MLPipeline metrics}
- {name: Score, type: Float}
implementation:
  container:
    image: alpine
    command: [sh, -c, 'echo 1 >"$2"', {outputPath: MLPipeline UI metadata}, {outputPath: MLPipeline metrics}]
    args: [{outputPath: Score}]
""")


@dsl.pipeline(name="metrics")
def metrics_and_viewers():
    score = evaluate()
    dsl.ContainerOp(name="show", image="alpine", command=["echo"], arguments=[score.output])
    dsl.ContainerOp(
        name="own",
        image="alpine",
        command=["true"],
        file_outputs={
            "mlpipeline-metrics": "/mlpipeline-metrics.json",
            "mlpipeline-ui-metadata": "/mlpipeline-ui-metadata.json",
            "x": "/x",
        },
    )


@dsl.pipeline(name="to-be-seen")
def files_to_be_seen_only():
    """O-08: what tools that turn notebooks into pipelines add to a step."""
    step = evaluate().add_pvolumes({"/data": dsl.PipelineVolume(pvc="data")}).after()
    step.output_artifact_paths.update({"mlpipeline-ui-metadata": "/tmp/ui.json", "evaluate_model": "/evaluate.html"})
    step.dependent_names = [*step.dependent_names]
    dsl.ContainerOp(
        name="Second", image="alpine", file_outputs={"page": "/page"}, output_artifact_paths={"plot": "/plot.png"}
    ).dependent_names.append(step.name)
