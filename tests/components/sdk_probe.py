"""Runs under the real kfp and under ours, and prints what each makes of the same components, as one JSON object.

`python sdk_probe.py` under the real SDK; `probe()` is called inside `kfp_alias()` under ours.
"""
# ruff: noqa: B006, BLE001, F722, F821, UP006, UP035, UP045 - the functions are written as KFP authors write them

import contextlib
import inspect
import json
import sys
import warnings
from pathlib import Path

FILES = Path(__file__).with_name("files")

COMPONENT = """\
name: A component
description: It does.
inputs: %s
outputs: [{name: Out 1, type: Model}, {name: out_1}, {name: mlpipeline_metrics}]
implementation:
  container:
    image: busybox
    command: [run, '5']
    args: %s
"""

CASES = {
    "value": ("[{name: a}]", "[--a, {inputValue: a}]", {"a": "x"}),
    "path": ("[{name: A file}]", "[{inputPath: A file}, {outputPath: Out 1}]", {"a_file": "text"}),
    "integer": ("[{name: a, type: Integer}]", "[{inputValue: a}]", {"a": 5}),
    "integer_of_float": ("[{name: a, type: Integer}]", "[{inputValue: a}]", {"a": 5.5}),
    "integer_of_bool": ("[{name: a, type: Integer}]", "[{inputValue: a}]", {"a": True}),
    "float_of_int": ("[{name: a, type: Float}]", "[{inputValue: a}]", {"a": 4}),
    "bool": ("[{name: a, type: Bool}]", "[{inputValue: a}]", {"a": False}),
    "bool_of_int": ("[{name: a, type: Boolean}]", "[{inputValue: a}]", {"a": 1}),
    "string_of_int": ("[{name: a, type: String}]", "[{inputValue: a}]", {"a": 5}),
    "json": ("[{name: a, type: JsonObject}]", "[{inputValue: a}]", {"a": {"b": [1, None], "a": "ü"}}),
    "list_of_tuple": ("[{name: a, type: JsonArray}]", "[{inputValue: a}]", {"a": (1, 2)}),
    "typing_list": ("[{name: a, type: 'typing.List[int]'}]", "[{inputValue: a}]", {"a": [1]}),
    "type_of_several_words": ("[{name: a, type: List of numbers}]", "[{inputValue: a}]", {"a": [1, "x"]}),
    "union_of_types": ("[{name: a, type: 'int | None'}]", "[{inputValue: a}]", {"a": 5}),
    "untyped_list": ("[{name: a}]", "[{inputValue: a}]", {"a": [True]}),
    "untyped_tuple": ("[{name: a}]", "[{inputValue: a}]", {"a": (1,)}),
    "unknown_type": ("[{name: a, type: Foo}]", "[{inputValue: a}]", {"a": 5}),
    "default": ("[{name: a, default: 3}]", "[{inputValue: a}]", {}),
    "default_bool": ("[{name: a, default: true, type: Bool}]", "[{inputValue: a}]", {}),
    "default_text_of_integer": ("[{name: a, default: '007', type: Integer}]", "[{inputValue: a}]", {}),
    "optional": ("[{name: a, optional: true}]", "[--a, {inputValue: a}]", {}),
    "optional_default": ("[{name: a, optional: true, default: '7'}]", "[--a, {inputValue: a}]", {}),
    "optional_none": ("[{name: a, optional: true, default: '7'}]", "[--a, {inputValue: a}]", {"a": None}),
    "optional_file_none": ("[{name: a, optional: true}]", "[{inputPath: a}]", {"a": None}),
    "required_none": ("[{name: a}]", "[{inputValue: a}]", {"a": None}),
    "empty": ("[{name: a}]", "[{inputValue: a}]", {"a": ""}),
    "unused": ("[{name: a}, {name: b, default: x}, {name: c, optional: true}]", "[]", {"a": "1"}),
    "concat": ("[{name: a}, {name: b}]", "[{concat: [a, {inputValue: a}, {inputPath: b}]}]", {"a": "1", "b": 2}),
    "if_present": (
        "[{name: a}]", "[{if: {cond: {isPresent: a}, then: [--a, {inputValue: a}], else: none}}]", {"a": "1"}),
    "if_absent": ("[{name: a, optional: true}]", "[{if: {cond: {isPresent: a}, then: y, else: [n, m]}}]", {}),
    "if_text": ("[]", "[{if: {cond: 'off', then: y, else: n}}, {if: {cond: true, then: y}}]", {}),
    "names": ("[{name: A b}, {name: a_b}, {name: 1st}]", "[]", {"a_b": 1, "a_b_2": 2, "n1st": 4}),
    "missing": ("[{name: a}, {name: b}]", "[]", {}),
    "unexpected": ("[{name: a}]", "[]", {"a": 1, "c": 1}),
    "twice": ("[{name: a}, {name: a}]", "[]", {"a": 1}),
    "unknown_input": ("[{name: a}]", "[{inputValue: b}]", {"a": 1}),
    "unknown_key": ("[{name: a, typ: x}]", "[]", {"a": 1}),
    "number_in_args": ("[]", "[5]", {}),
}  # fmt: skip


def functions():
    from typing import Dict, List, NamedTuple, Optional

    from kfp.components import InputBinaryFile, InputPath, InputTextFile, OutputBinaryFile, OutputPath, OutputTextFile

    def plain(a, b=3, c="x", d=None, e=True, f=(1,)):
        """Plain. More of the same.

        Args:
            a: First.
            c (str): Third
              of all.
        """

    def typed(
        a: int, b: float = 1, c: bool = False, d: List[int] = [1], e: Dict[str, int] = {}, f: Optional[str] = None
    ) -> int:
        """Short.

        Parameters
        ----------
        a : int
            The a.
        """

    def files(
        a_path: InputPath("CSV"),
        b_file: InputTextFile(str),
        c: InputBinaryFile(),
        d_file_path: OutputPath({"M": {"x": 1}}),
        e_file: OutputTextFile(int),
        f_path: OutputBinaryFile(),
        a: int = 1,
        g_path: InputPath() = None,
    ) -> NamedTuple("Outputs", [("x", int), ("mlpipeline_metrics", "Metrics"), ("y", Optional[int])]):
        """:param a: the a"""

    def _odd__name(a: "Custom", *, b: "list" = [2]) -> Dict[str, int]:
        pass

    def wrong_default(a: int = 5.5, b: "Custom" = 3):
        pass

    def file_default(a: InputTextFile() = None):
        pass

    def types_as_texts(a: "int | None" = None, b: "int | str" = 1, c: "List of texts" = ["x"], d: "Model" = "m"):
        pass

    return [plain, typed, files, _odd__name, wrong_default, file_default, types_as_texts]


def functions_of_v2():
    from typing import NamedTuple

    from kfp.v2.dsl import Artifact, Dataset, Input, InputPath, Metrics, Model, Output, OutputPath

    def of_v2(
        data_path: Input[Dataset],
        m_file: Output[Model],
        n: int,
        p_path: InputPath("X"),
        q_path: OutputPath(str),
        file: Input[Artifact],
        metrics: Output[Metrics],
        z: bool = True,
        items: list = [1],
        o: str = None,  # noqa: RUF013
    ) -> NamedTuple("O", [("x", float), ("y", dict)]):
        """Do it.

        Args:
            n: how many
            data_path: from where
        """

    def single_of_v2(x: float = 1) -> int: ...

    def default_of_v2(x: Input[Dataset] = None): ...

    return [of_v2, single_of_v2, default_of_v2]


def probe():
    """Return case → what came out, in plain data: of errors only that there was one."""
    import kfp
    from kfp import components

    def step(factory, arguments):
        with kfp.dsl.Pipeline("p"):
            op = factory(**arguments)
            return {
                "command": list(op.command), "arguments": list(op.arguments), "artifacts": dict(op.artifact_arguments),
                "paths": dict(op.input_artifact_paths), "values": dict(op._parameter_arguments),
                "files": dict(op.file_outputs), "legacy": dict(op.output_artifact_paths),
                "outputs": {name: [str(value), value.param_type] for name, value in op.outputs.items()},
                "reference": op._component_ref.to_dict(), "name": op.name,
            }  # fmt: skip

    def loaded(inputs, args, arguments):
        factory = components.load_component_from_text(COMPONENT % (inputs, args))
        return {"signature": str(inspect.signature(factory)), "doc": factory.__doc__, **step(factory, arguments)}

    def described(function):
        factory = components.create_component_from_func(function, packages_to_install=["a==1"])
        spec = factory.component_spec.to_dict()
        spec["implementation"]["container"]["command"][-1] = "program"
        return {"signature": str(inspect.signature(factory)), "spec": spec}

    def described_of_v2(function):
        from kfp.v2.dsl import component

        factory = component(function)
        spec = factory.component_spec.to_dict()
        image = spec.pop("implementation")["container"]["image"]
        return {"signature": str(inspect.signature(factory)), "spec": spec, "image": image}

    found = {name: attempt(loaded, *case) for name, case in CASES.items()}
    found.update({function.__name__: attempt(described_of_v2, function) for function in functions_of_v2()})
    found.update({function.__name__: attempt(described, function) for function in functions()})
    return json.loads(json.dumps(found))


def corpus():
    """Return component file → what it is when it is loaded, and what it makes of every set of arguments."""
    from kfp import components

    sets = json.loads((FILES / "arguments.json").read_text(encoding="utf-8"))
    found = {}
    for path in sorted(FILES.glob("*.yaml")):
        found[path.stem] = {"loaded": attempt(described, path)}
        for index, arguments in enumerate(sets.get(path.stem, [{}])):
            made = attempt(expanded, components.load_component_from_file, path, arguments)
            found[path.stem][str(index)] = made
    return json.loads(json.dumps(found))


def described(path):
    """Return signature, docstring and specification of a component file."""
    from kfp import components

    factory = components.load_component_from_file(str(path))
    signature = {name: repr(item.default) for name, item in inspect.signature(factory).parameters.items()}
    return {"signature": signature, "doc": factory.__doc__, "spec": factory.component_spec.to_dict()}


def expanded(load, path, arguments):
    """Return the steps of a component, and the outputs of a graph."""
    import kfp

    with kfp.dsl.Pipeline("p") as pipeline:
        task = load(str(path))(**{name: given(value) for name, value in arguments.items()})
        # Ours gives the outputs of a graph Python names too, as both do for those of a step.
        names = [item.name for item in task.component_spec.outputs or ()] if isinstance(task, tuple) else None
        outputs = {name: str(task.outputs[name]) for name in names or task.outputs}
    return {
        "outputs": outputs,
        "steps": {
            name: {
                "command": list(op.command), "arguments": list(op.arguments), "artifacts": dict(op.artifact_arguments),
                "inputs": dict(op.input_artifact_paths), "values": dict(op._parameter_arguments),
                "files": dict(op.file_outputs), "legacy": dict(op.output_artifact_paths), "image": op.container.image,
                "env": [[item.name, item.value] for item in op.container.env or []],
                "annotations": dict(op.pod_annotations), "labels": dict(op.pod_labels),
                "staleness": op.execution_options.caching_strategy.max_cache_staleness,
            }
            for name, op in pipeline.ops.items()
        },
    }  # fmt: skip


def given(value):
    """Return an argument: `param` and `param:Type` stand for a parameter of the pipeline."""
    from kfp import dsl

    if isinstance(value, str) and value.partition(":")[0] == "param":
        return dsl.PipelineParam("x", param_type=value.partition(":")[2] or None)
    return value


def attempt(make, *arguments):
    """Return what `make` returns, or the word "refused"."""
    try:
        return make(*arguments)
    except Exception:
        return "refused"


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    with contextlib.redirect_stdout(sys.stderr):  # the SDK prints when types differ
        answer = {**probe(), "corpus": corpus()}
    sys.stdout.write(json.dumps(answer))
