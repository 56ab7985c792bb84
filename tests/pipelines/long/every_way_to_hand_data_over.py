"""Constants, parameters, outputs, typed and untyped, by value and by file (DP-03, DP-04, DP-08, DP-09)."""

from kfp import components, dsl

PRODUCE = """
name: Produce {kind}
outputs: [{{name: Data{type}}}, {{name: Second{type}}}]
implementation: {{container: {{image: alpine, command: [produce, {{outputPath: Data}}, {{outputPath: Second}}]}}}}
"""
PROCESS = """
name: {how} to {kind}
inputs: [{{name: Input{type}}}]
outputs: [{{name: Result{type}}}]
implementation: {{container: {{image: alpine, command: [process, {{{how}: Input}}, {{outputPath: Result}}]}}}}
"""
CONSUME = """
name: Consume {how} {kind}
inputs: [{{name: Input{type}}}, {{name: Another, optional: true}}]
implementation: {{container: {{image: alpine, command: [consume, {{{how}: Input}},
  {{if: {{cond: {{isPresent: Another}}, then: [{{{how}: Another}}]}}}}]}}}}
"""
KINDS = {"anything": "", "text": ", type: String", "table": ", type: {Table: {rows: many}}"}


def load(template, kind, how=""):
    return components.load_component_from_text(template.format(kind=kind, how=how, type=KINDS[kind]))


@dsl.pipeline(name="Every way")
def every_way_to_hand_data_over(anything="1", text: str = "2", table: {"Table": {"rows": "many"}} = "3"):
    given = {"anything": anything, "text": text, "table": table}
    for kind in KINDS:
        made = load(PRODUCE, kind)()
        for how in ("inputValue", "inputPath"):
            processed = load(PROCESS, kind, how)
            consume = load(CONSUME, kind, how)
            consume("constant")
            consume(given[kind], another="x")
            consume(made.outputs["Data"], made.outputs["second"])
            for source in ("constant", given[kind], made.outputs["data"]):
                result = processed(source)
                consume(result.output, another=f"{text}: {made.outputs['Second']}")
