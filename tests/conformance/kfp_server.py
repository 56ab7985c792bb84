"""Runs inside the environment of the real SDK: one JSON question a line in, one JSON answer a line out.

`{"file": path, "type_check": bool}` → `{function: {"workflow": …} | {"error": …}}`, every `@dsl.pipeline` of the file;
with `"rounds": n` → `{function: {"seconds": …}}`, the shortest time of n compilations.
"""

import contextlib
import json
import os
import runpy
import sys
import time
import warnings
from pathlib import Path

import kfp
import kfp.compiler
from kfp import dsl
from kfp.dsl import _pipeline as real_pipeline


def load(path):
    """Return the pipeline functions of a file, in the order in which they are declared."""
    found = []

    def collect(function):
        found.append(function)
        return function

    before = set(sys.modules)
    real_pipeline._pipeline_decorator_handler = collect
    sys.path.insert(0, str(path.parent))
    try:
        runpy.run_path(str(path), run_name=path.stem)
    finally:
        sys.path.remove(str(path.parent))
        real_pipeline._pipeline_decorator_handler = None
        for name in set(sys.modules) - before:
            if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(path.parent)):
                del sys.modules[name]
    return found


def compile_file(path, type_check, rounds):
    """Compile every pipeline of a file; with `rounds` only tell how long it takes."""
    os.chdir(path.parent)
    try:
        functions = load(path)
    except Exception as error:  # noqa: BLE001 - whatever a file raises is its verdict
        return {"": {"error": f"{type(error).__name__}: {error}"}}
    if rounds:
        return {function.__name__: {"seconds": shortest(function, path, rounds)} for function in functions}
    return {function.__name__: compile_function(function, type_check) for function in functions}


def shortest(function, path, rounds):
    """Return the shortest time of some compilations to a YAML file, after one that does not count."""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        kfp.compiler.Compiler().compile(function, str(path.with_suffix(".theirs.yaml")))
        times.append(time.perf_counter() - start)
    return min(times[1:])


def compile_function(function, type_check):
    """Compile one pipeline as `Compiler.compile` does, without the file."""
    kfp.TYPE_CHECK = type_check
    try:
        workflow = kfp.compiler.Compiler()._create_workflow(function)
        return {"workflow": json.loads(json.dumps(workflow))}
    except Exception as error:  # noqa: BLE001 - as above
        return {"error": f"{type(error).__name__}: {error}"}
    finally:
        kfp.TYPE_CHECK = True


def main():
    """Answer until standard input ends; whatever pipelines print goes to standard error."""
    warnings.simplefilter("ignore")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        question = json.loads(line)
        with contextlib.redirect_stdout(sys.stderr):
            answer = compile_file(Path(question["file"]), question["type_check"], question.get("rounds", 0))
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    assert dsl
    main()
