"""One output consumed by value, by file, twice, inside a text and not at all (DP-03, DP-04, DP-08, DP-09)."""

from kfp import components, dsl

produce = components.load_component_from_text("""
name: Produce
outputs:
- {name: Out 1}
- {name: out_2, type: String}
- {name: unused}
implementation:
  container:
    image: alpine
    command: [sh, -c, 'mkdir -p "$(dirname "$0")" "$(dirname "$1")"; echo a >"$0"; echo b >"$1"']
    args: [{outputPath: Out 1}, {outputPath: out_2}, {outputPath: unused}]
""")
by_value = components.load_component_from_text("""
name: Take by value
inputs:
- {name: text}
implementation:
  container:
    image: alpine
    command: [echo, {inputValue: text}]
""")
by_file = components.load_component_from_text("""
name: Take by file
inputs:
- {name: some text}
implementation:
  container:
    image: alpine
    command: [cat, {inputPath: some text}]
""")


@dsl.pipeline(name="by value")
def outputs_by_value():
    made = produce()
    by_value(made.outputs["Out 1"])
    by_value(made.outputs["out_2"])
    by_value(f"{made.outputs['out_1']} and {made.outputs['out_2']}")


@dsl.pipeline(name="by file")
def outputs_by_file():
    made = produce()
    by_file(made.outputs["out_1"])
    by_file(made.outputs["out_1"])


@dsl.pipeline(name="both")
def outputs_by_value_and_file(size: int = 3, word: str = "w"):
    made = produce()
    by_value(made.outputs["out_1"])
    by_file(made.outputs["out_1"])
    by_file("a constant\n")
    by_file(word)
    by_value(word)
    by_file(f"size {size} of {made.outputs['out_2']}")
