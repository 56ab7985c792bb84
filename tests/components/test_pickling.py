"""Functions pickled into components, `use_code_pickling` (W-04)."""

import ast
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType

import cloudpickle
import pytest

from kfp_airflow.catalog.files import load_functions
from kfp_airflow.components import InputPath, func_to_component_text, func_to_container_op, lightweight
from kfp_airflow.components.factory import TaskFactory
from kfp_airflow.components.pickling import PYTHON, pickled
from kfp_airflow.components.python_function import MAX_PROGRAM_BYTES
from kfp_airflow.diagnostics import PipelineError
from tests.components.running import Run, run

HOW = (
    "functions are pickled with what they use of their module, also from prompts and lambdas; the image is python:X.Y "
    "of the Python that pickled unless you choose one, and another Python is refused with a message instead of a crash"
)
FACTOR = 3


class Scale:
    """What a function uses of its module."""

    def __init__(self, factor: int) -> None:
        self.factor = factor

    def of(self, number: int) -> int:
        return number * self.factor


def scaled(number: int, data_path: InputPath("Text"), more: int = 1) -> int:
    with open(data_path) as file:  # noqa: PTH123
        return Scale(FACTOR).of(number) + more + len(file.read())


def running(factory: TaskFactory, tmp_path: Path, version: str | None = None, **arguments: object) -> Run:
    """Run a step beside nothing but cloudpickle: this package is not there, as in its image."""
    tmp_path.mkdir(exist_ok=True)
    shutil.copytree(Path(cloudpickle.__file__).parent, tmp_path / "site" / "cloudpickle")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(tmp_path / "site"))
        return run(factory, tmp_path, version, **arguments)


@pytest.mark.better("W-04", how=HOW)
def test_a_pickled_function_runs_with_what_its_module_has(tmp_path: Path) -> None:
    factory = func_to_container_op(scaled, use_code_pickling=True, extra_code="SEEN = 1")
    assert isinstance(factory, TaskFactory)
    container = factory.component_spec.implementation.container
    assert container.image == f"python:{PYTHON}"
    assert container.command[-1].startswith("SEEN = 1\n\n\n")
    ast.parse(container.command[-1], feature_version=(3, 6))
    done = running(factory, tmp_path, PYTHON, number=5, data="four")
    assert (done.code, done.stderr, done.outputs) == (0, "", {"Output": b"20"})
    assert scaled.__annotations__["number"] is int


@pytest.mark.better("W-04", how=HOW)
def test_another_python_says_which_one_is_needed(tmp_path: Path) -> None:
    other = "3.10" if PYTHON != "3.10" else "3.12"
    done = running(func_to_container_op(scaled, use_code_pickling=True), tmp_path, other, number=5, data="x")
    assert done.code == 2
    assert done.stderr == (
        f"error: this code was pickled by Python {PYTHON}, and this image has Python {other}. "
        f"Choose a base_image with Python {PYTHON}, or pickle it with Python {other}\n"
    )


def test_cloudpickle_is_installed_where_it_is_missing(tmp_path: Path) -> None:
    factory = func_to_container_op(lambda: 5, use_code_pickling=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "bare" / "bin"), prepend=":")
        done = run(factory, tmp_path / "run")
    assert done.code == 2
    assert done.stderr.count("No module named pip") == 2
    expected = "error: cloudpickle is not in this image and cannot be installed. Choose a base_image that has it\n"
    assert done.stderr.endswith(expected)


def test_a_lambda_and_a_function_without_source_can_be_pickled(tmp_path: Path) -> None:
    names: dict[str, object] = {}
    exec("BASE = 7\ndef typed(a: int) -> int:\n    return BASE + a", names)
    typed = names["typed"]
    assert running(func_to_container_op(typed, use_code_pickling=True), tmp_path, a=1).outputs == {"Output": b"8"}
    assert func_to_container_op(lambda: 5, use_code_pickling=True).component_spec.name == "<lambda>"


def test_modules_are_captured_where_they_are_named(tmp_path: Path) -> None:
    module = ModuleType("not_in_the_image")
    exec("def doubled(x):\n    return 2 * x", module.__dict__)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "not_in_the_image", module)

        def use(a: int) -> int:
            import not_in_the_image

            return not_in_the_image.doubled(a)

        doubled = module.doubled

        def call(a: int) -> int:
            return doubled(a)

        wanted = ["not_in_the_image", __name__]
        factory = func_to_container_op(call, use_code_pickling=True, modules_to_capture=wanted)
        assert running(factory, tmp_path / "1", a=4).outputs == {"Output": b"8"}
        left_out = func_to_container_op(use, use_code_pickling=True)
        assert "No module named 'not_in_the_image'" in running(left_out, tmp_path / "2", a=4).stderr
    assert not cloudpickle.list_registry_pickle_by_value()


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"modules_to_capture": "json"},
            TypeError,
            r"^modules_to_capture takes a list of names of modules, got the text 'json': write \['json'\]$",
        ),
    ],
)
def test_modules_that_cannot_be_captured_are_refused(options: dict[str, object], error: type, message: str) -> None:
    with pytest.raises(error, match=message):
        func_to_component_text(scaled, use_code_pickling=True, **options)


def test_a_module_that_is_not_imported_is_a_warning() -> None:
    with pytest.warns(UserWarning, match=r"^modules_to_capture names 'no_such_module', which is not imported here$"):
        func_to_component_text(scaled, use_code_pickling=True, modules_to_capture=[__name__, "no_such_module"])


@pytest.mark.row("W-04")
@pytest.mark.parametrize("captured", [None, ["helper"], ["helper", "__main__"], ["helper", "pick"]])
def test_functions_of_a_file_that_is_loaded_are_pickled_with_it(tmp_path: Path, captured: list[str] | None) -> None:
    """A script's functions are pickled by value, as they are of `__main__` there: no image has the file as a module."""
    (tmp_path / "helper.py").write_text("def twice(x):\n    return 2 * x\n")
    (tmp_path / "pick.py").write_text(
        "import helper\n"
        "from kfp.components import func_to_container_op\n"
        "def plus(x):\n    return x + 1\n"
        f"def work(n: int) -> int:\n    return plus({'n' if captured is None else 'helper.twice(n)'})\n"
        f"work_op = func_to_container_op(work, use_code_pickling=True, modules_to_capture={captured})\n"
    )
    factory = load_functions(tmp_path / "pick.py").file.module.work_op
    result = "4" if captured is None else "7"
    assert running(factory, tmp_path / "run", n=3).outputs == {"Output": result.encode()}


def test_what_cannot_be_pickled_is_named() -> None:
    lock = threading.Lock()

    def holding() -> None:
        lock.acquire()

    with pytest.raises(TypeError, match=r"holding' cannot be pickled with what it uses: "):
        pickled(holding)


def test_a_chosen_default_image_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lightweight, "default_base_image_or_builder", "mine:1")
    factory = func_to_container_op(scaled, use_code_pickling=True)
    assert factory.component_spec.implementation.container.image == "mine:1"
    factory = func_to_container_op(scaled, use_code_pickling=True, base_image="other:2")
    assert factory.component_spec.implementation.container.image == "other:2"


@pytest.mark.better("W-01", how="a program too long for a command is refused where it is written, not by the container")
def test_a_program_that_fits_into_no_command_is_refused() -> None:
    def small() -> None: ...

    fits = func_to_container_op(small, extra_code="#" * 120_000)
    assert len(fits.component_spec.implementation.container.command[-1].encode()) <= MAX_PROGRAM_BYTES
    with pytest.raises(
        PipelineError, match=r"test_pickling\.py:\d+: the program of component 'Small' has 13\d,\d+ B, "
    ):
        func_to_container_op(small, extra_code="#" * 130_000)
