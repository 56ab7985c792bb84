"""A component made of components is expanded in place (§1.7.1: graph implementations)."""

from kfp import components, dsl

GRAPH = """
name: Graph component
inputs:
- {name: word, type: String}
- {name: count, type: Integer, default: '2'}
outputs:
- {name: said, type: String}
implementation:
  graph:
    tasks:
      first:
        componentRef:
          spec:
            name: Say
            inputs:
            - {name: text, type: String}
            outputs:
            - {name: said, type: String}
            implementation:
              container:
                image: alpine
                command: [sh, -c, 'mkdir -p "$(dirname "$1")"; echo "$0" >"$1"', {inputValue: text}, {outputPath: said}]
        arguments:
          text: {graphInput: {inputName: word}}
      second:
        componentRef:
          spec:
            name: Say again
            inputs:
            - {name: text}
            - {name: count, type: Integer}
            outputs:
            - {name: said, type: String}
            implementation:
              container:
                image: alpine
                command: [sh, -c, 'cat "$0" >"$1"', {inputPath: text}, {outputPath: said}, {inputValue: count}]
        arguments:
          text: {taskOutput: {taskId: first, outputName: said, type: String}}
          count: {graphInput: {inputName: count}}
    outputValues:
      said: {taskOutput: {taskId: second, outputName: said, type: String}}
"""
graph = components.load_component_from_text(GRAPH)


@dsl.pipeline(name="graph")
def graph_of_components(word: str = "hello"):
    said = graph(word=word, count=3)
    graph(said.outputs["said"])
