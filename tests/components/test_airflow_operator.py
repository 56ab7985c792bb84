"""Airflow operators as components, their programs run by the Airflow of this environment (M-16)."""

import ast
import inspect
import subprocess
from pathlib import Path
from typing import Any

import pytest
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.python import PythonOperator

from kfp_airflow.components import create_component_from_airflow_op
from kfp_airflow.components.airflow_operator import default_image
from kfp_airflow.components.factory import TaskFactory
from kfp_airflow.components.pickling import PYTHON
from tests.components.own_operators import GreetOperator
from tests.components.running import Run, run

HOW = (
    "operators of Airflow 3, also with keyword-only arguments; values arrive as lists, dicts and numbers, functions "
    "as arguments too; JSON outputs; the image is that of your Airflow and Python"
)


def program(factory: TaskFactory) -> str:
    text: str = factory.component_spec.implementation.container.command[-1]
    return text


def step(factory: TaskFactory, tmp_path: Path, **arguments: Any) -> Run:
    return run(factory, tmp_path, PYTHON, **arguments)


@pytest.mark.better("M-16", how=HOW)
def test_the_inputs_of_an_operator_are_the_arguments_of_its_constructor() -> None:
    spec = create_component_from_airflow_op(
        GreetOperator, variable_output_names=["v"], xcom_output_names=["x"]
    ).component_spec.to_dict()
    assert (spec["name"], spec["description"]) == ("GreetOperator", "Greets somebody.")
    assert spec["inputs"] == [
        {"name": "name", "type": "String", "description": "who is greeted"},
        {"name": "count", "type": "Float", "description": "how often", "optional": True},
        {"name": "mixed", "optional": True},
        {"name": "wait", "optional": True},
        {"name": "anything", "optional": True},
        {"name": "codes", "type": "Json", "optional": True},
    ]
    assert [output["name"] for output in spec["outputs"]] == ["Result", "Variables", "XComs", "v", "x"]


@pytest.mark.row("M-16")
def test_the_image_is_airflows_own_of_the_same_airflow_and_python_unless_one_is_chosen() -> None:
    assert (
        create_component_from_airflow_op(BashOperator).component_spec.to_dict()["implementation"]["container"]["image"]
        == default_image()
    )
    assert default_image().startswith("apache/airflow:3.")
    assert default_image().endswith(f"-python{PYTHON}")
    chosen = create_component_from_airflow_op(BashOperator, "mine:1").component_spec
    assert chosen.to_dict()["implementation"]["container"]["image"] == "mine:1"


def test_an_operator_of_airflow_is_imported_and_another_is_pickled() -> None:
    imported = program(create_component_from_airflow_op(BashOperator))
    assert '_kfp_fetch("airflow.providers.standard.operators.bash:BashOperator")' in imported
    assert "_kfp_unpickle" not in imported.replace("_kfp_read_function", "").partition("_kfp_operator_runner(\n")[2]
    own = program(create_component_from_airflow_op(GreetOperator))
    assert "_kfp_operator_runner(\n_kfp_unpickle(" in own
    for text in (imported, own):
        ast.parse(text, feature_version=(3, 6))


def test_an_operator_of_airflow_is_pickled_where_modules_are_named() -> None:
    factory = create_component_from_airflow_op(BashOperator, modules_to_capture=[])
    assert "_kfp_operator_runner(\n_kfp_unpickle(" in program(factory)


@pytest.mark.parametrize(
    ("operator", "options", "error", "message"),
    [
        (int, {}, TypeError, r"create_component_from_airflow_op\(\) takes the class of an operator, got <class 'int'>"),
        (lambda: 1, {}, TypeError, "takes the class of an operator, got <function"),
        (
            BashOperator,
            {"xcom_output_names": ["Result", "a"], "variable_output_names": ["a"]},
            ValueError,
            r"^component 'BashOperator' would have several outputs 'Result', 'a'$",
        ),
    ],
)
def test_what_is_no_operator_is_refused(
    operator: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        create_component_from_airflow_op(operator, **options)


def test_a_value_that_is_no_function_is_refused() -> None:
    factory = create_component_from_airflow_op(PythonOperator)
    assert str(inspect.signature(factory)).startswith("(python_callable: 'PickledFunction', op_args: list")
    with pytest.raises(ValueError, match=r"5 \(int\) is no value of type \"PickledFunction\": it takes functions only"):
        factory(5)


@pytest.mark.slow
@pytest.mark.row("M-16")
def test_a_python_operator_runs_and_its_results_are_outputs(tmp_path: Path) -> None:
    def work(number: int, *, words: list[str]) -> dict[str, Any]:
        from airflow.sdk import Variable, get_current_context

        Variable.set("place", "here")
        get_current_context()["ti"].xcom_push(key="half", value=number / 2)
        return {"number": number, "words": words}

    factory = create_component_from_airflow_op(
        PythonOperator, variable_output_names=["place"], xcom_output_names=["half"]
    )
    done = step(factory, tmp_path, python_callable=work, op_args=[5], op_kwargs={"words": ["ü", "{x}"]})
    assert done.code == 0, done.stdout + done.stderr
    assert done.outputs == {
        "Result": b'{"number": 5, "words": ["\\u00fc", "{x}"]}',
        "Variables": b'{"place": "here"}',
        "XComs": b'{"half": 2.5, "return_value": {"number": 5, "words": ["\\u00fc", "{x}"]}}',
        "place": b"here",
        "half": b"2.5",
    }


@pytest.mark.slow
@pytest.mark.row("M-16")
def test_an_operator_of_an_author_runs_with_what_its_module_has(tmp_path: Path) -> None:
    factory = create_component_from_airflow_op(GreetOperator, xcom_output_names=["mixed", "none"])
    done = step(factory, tmp_path, name="{{ task.task_id }}", count=2, mixed='["a", 1]')
    assert done.code == 1
    assert done.stderr.rstrip().endswith("error: the operator made no XCom none, only: mixed, return_value")
    assert done.outputs == {}


@pytest.mark.slow
def test_an_operator_that_fails_fails_the_step(tmp_path: Path) -> None:
    factory = create_component_from_airflow_op(BashOperator)
    done = step(factory, tmp_path, bash_command="echo said; exit 3")
    assert done.code == 1
    assert "Bash command failed. The command returned a non-zero exit code 3." in done.stdout
    assert done.stderr.rstrip().endswith("error: the operator ended as failed; its log above says why")


def test_a_program_in_an_image_without_airflow_says_so(tmp_path: Path) -> None:
    factory = create_component_from_airflow_op(BashOperator)
    python = tmp_path / "python3"
    python.write_text("#!/bin/sh\nexit 0\n")
    command = factory.component_spec.implementation.container.command
    bare = tmp_path / "bare"
    subprocess.run(["python3", "-m", "venv", "--without-pip", str(bare)], check=True)
    done = subprocess.run(
        [*command, "--bash-command", "x"], capture_output=True, text=True, check=False,
        env={"PATH": f"{bare}/bin:/usr/bin:/bin", "TMPDIR": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 1
    assert "No module named airflow" in done.stderr
    assert done.stderr.rstrip().endswith("error: Airflow cannot make its database. Choose a base_image of Airflow 3")
