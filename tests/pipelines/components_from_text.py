"""A component.yaml with every placeholder (Y-01 to Y-07, OP-02, OP-03)."""

from kfp import components, dsl

full = components.load_component_from_text("""
name: Full component
description: Does everything.
inputs:
- {name: Required text, type: String, description: A text}
- {name: number, type: Integer, default: '3'}
- {name: rate, type: Float, default: '0.5', optional: true}
- {name: maybe, optional: true}
- {name: data file, type: CSV}
- {name: optional file, optional: true}
outputs:
- {name: Model Dir, type: {Model: {framework: xgboost}}}
- {name: fixed, type: String}
implementation:
  container:
    image: alpine:3
    command: [program, '1', 'true', --text, {inputValue: Required text}]
    args:
    - --number
    - {inputValue: number}
    - if:
        cond: {isPresent: rate}
        then: [--rate, {inputValue: rate}]
        else: [--no-rate]
    - {inputValue: maybe}
    - {concat: ['--file=', {inputPath: data file}, ';', {inputValue: maybe}]}
    - if: {cond: {isPresent: optional file}, then: [--optional, {inputPath: optional file}]}
    - {outputPath: Model Dir}
    env: {MODE: test, COUNT: '1'}
    fileOutputs: {fixed: /fixed/output.txt}
""")


@dsl.pipeline(name="component text")
def components_from_text(text: str = "t", count: int = 2):
    full("constant", data_file="a,b\n")
    first = full(text, number=count, data_file="x", maybe="m", rate=2.5)
    full(
        first.outputs["fixed"],
        maybe="",
        data_file=first.outputs["model_dir"].ignore_type(),
        optional_file=first.outputs["fixed"],
    )
    full(required_text=f"{text} {count}", rate=0.25, data_file=f"{text}\n", optional_file="inline")
    full("positional", "file", count)
