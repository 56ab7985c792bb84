"""A component written for KFP v2, whose placeholders KFP v1 hands on as text (Y-08)."""

from kfp import components, dsl

trainer = components.load_component_from_text("""
name: Trainer of v2
inputs:
- {name: data set, type: Dataset}
- {name: rate, type: Float, default: '0.1'}
- {name: unused, optional: true}
outputs:
- {name: model, type: Model}
implementation:
  container:
    image: trainer
    command: [train]
    args:
    - {inputUri: data set}
    - {concat: [--model=, {outputUri: model}]}
    - {inputMetadata: data set}
    - {outputMetadata: null}
    - {inputOutputPortName: rate}
    - {executorInput: null}
    - if: {cond: {isPresent: unused}, then: [{inputUri: unused}], else: [none]}
""")

maker = components.load_component_from_text("""
name: Maker
outputs: [{name: data, type: Dataset}]
implementation:
  container: {image: maker, command: [make, {outputPath: data}]}
""")


@dsl.pipeline(name="second version")
def components_of_the_second_version(rate: float = 0.5):
    data = maker()
    trainer(data.output, rate)
    trainer("constant", unused="given")
