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
