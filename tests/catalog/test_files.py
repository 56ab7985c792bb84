"""Pipeline files, executed as scripts are (D-01, Z-06): what is found in them, and what is said of what is wrong."""

import re
import sys
import textwrap
from pathlib import Path

import pytest

from kfp_airflow.catalog.files import PipelineFunction, choose_function, load_functions
from kfp_airflow.diagnostics import PipelineError, UsageError
from kfp_airflow.graph.model import ContainerStep

PIPELINE = """\
    import kfp
    from kfp import dsl

    def echo(text):
        return dsl.ContainerOp(name="echo", image="busybox", command=["echo", text])

    @dsl.pipeline(name="My pipeline", description="Says it.")
    def first(text: str = "x"):
        echo(text)
"""


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def nothing_is_left_behind() -> object:
    before = list(sys.path), set(sys.modules)
    yield
    assert sys.path == before[0]
    left = {name for name in set(sys.modules) - before[1] if not name.startswith(("kfp_airflow", "docstring_parser"))}
    assert not [name for name in left if name.startswith(("kfp", "_kfp")) or name in {"sibling", "package", "helper"}]


pytestmark = pytest.mark.filterwarnings("ignore:Please create reusable components:FutureWarning")


def problem(path: Path) -> str:
    with pytest.raises((PipelineError, UsageError)) as caught:
        load_functions(path)
    return str(caught.value)


def choice(path: Path, name: str | None = None) -> str:
    with pytest.raises(UsageError) as caught:
        choose_function(load_functions(path), name, path)
    return str(caught.value)


def test_the_pipelines_of_a_file_are_found_in_order_and_built(tmp_path: Path) -> None:
    path = write(tmp_path, "p.py", PIPELINE + "\n    @dsl.pipeline()\n    def second_one():\n        echo('y')\n")
    functions = load_functions(path)
    assert [(function.name, str(function.where)) for function in functions] == [
        ("My pipeline", f"{path}:7"),
        ("Second one", f"{path}:11"),
    ]
    graph = functions[0].build()
    assert (graph.name, graph.description) == ("My pipeline", "Says it.")
    assert [type(member) for member in graph.members] == [ContainerStep]


def test_what_is_for_a_script_only_is_not_run(tmp_path: Path) -> None:
    script = "\n    if __name__ == '__main__':\n        kfp.compiler.Compiler().compile(first, 'x.yaml')\n"
    script += "        raise SystemExit\n"
    assert [function.name for function in load_functions(write(tmp_path, "p.py", PIPELINE + script))] == ["My pipeline"]


def test_modules_beside_the_file_can_be_imported_at_its_top_and_inside_its_functions(tmp_path: Path) -> None:
    write(tmp_path, "sibling.py", "import kfp\nIMAGE = 'beside'\nLOADED = []\n")
    write(tmp_path, "package/__init__.py", "")
    write(tmp_path, "package/inner.py", "from kfp.dsl import ContainerOp\n")
    path = write(
        tmp_path,
        "p.py",
        """\
        from kfp import dsl
        import sibling
        sibling.LOADED.append(1)

        @dsl.pipeline(name="p")
        def p():
            import kfp.dsl, sibling
            from package.inner import ContainerOp
            assert ContainerOp is kfp.dsl.ContainerOp and sibling.LOADED == [1]
            ContainerOp(name="a", image=sibling.IMAGE)
        """,
    )
    (function,) = load_functions(path)
    for _ in range(2):
        (step,) = function.build().members
        assert isinstance(step, ContainerStep)
        assert step.container.image.constant == "beside"


def test_modules_of_one_name_in_two_folders_do_not_meet(tmp_path: Path) -> None:
    text = "from kfp import dsl\nimport sibling\n@dsl.pipeline(name=sibling.NAME)\ndef p(): pass\n"
    for name in ("one", "two"):
        write(tmp_path, f"{name}/sibling.py", f"NAME = '{name}'\n")
        write(tmp_path, f"{name}/p.py", text)
    assert [load_functions(tmp_path / name / "p.py")[0].name for name in ("one", "two")] == ["one", "two"]


def test_a_module_that_was_there_before_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = type(sys)("helper")
    monkeypatch.setitem(sys.modules, "helper", other)
    write(tmp_path, "helper.py", "NAME = 'mine'\n")
    path = write(
        tmp_path, "p.py", "from kfp import dsl\nimport helper\n@dsl.pipeline(name=helper.NAME)\ndef p(): pass\n"
    )
    assert load_functions(path)[0].name == "mine"
    assert sys.modules["helper"] is other


def test_a_file_named_like_a_standard_module_does_not_replace_it(tmp_path: Path) -> None:
    write(tmp_path, "random.py", "raise RuntimeError('not this one')\n")
    import random

    path = write(tmp_path, "p.py", "import random\nrandom.random()\n" + textwrap.dedent(PIPELINE))
    assert len(load_functions(path)) == 1
    assert sys.modules["random"] is random


def test_pipelines_of_an_imported_module_belong_to_that_module(tmp_path: Path) -> None:
    write(tmp_path, "sibling.py", PIPELINE)
    path = write(tmp_path, "p.py", "from sibling import first\n")
    assert load_functions(path) == ()
    assert choose_function(load_functions(path), "first", path).name == "My pipeline"


def test_a_pipeline_that_another_module_makes_for_the_file_belongs_to_the_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        "sibling.py",
        "from kfp import dsl\ndef make(n):\n    @dsl.pipeline(name=n)\n    def p(): pass\n    return p\n",
    )
    path = write(tmp_path, "p.py", "import sibling\na = sibling.make('A')\nb = sibling.make('B')\n")
    assert [function.name for function in load_functions(path)] == ["A", "B"]


def test_dataclasses_and_components_of_a_file_work(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "p.py",
        """\
        from __future__ import annotations
        import dataclasses, typing
        from kfp import components, dsl

        @dataclasses.dataclass
        class Settings:
            rate: float = 0.5
            kinds: typing.ClassVar[list] = []

        @components.create_component_from_func
        def train(rate: float, out_path: components.OutputPath('Model')) -> float:
            return rate

        @dsl.pipeline(name="p")
        def p():
            train(Settings().rate)
        """,
    )
    (step,) = load_functions(path)[0].build().members
    assert isinstance(step, ContainerStep)
    assert [output.name for output in step.outputs] == ["out", "Output"]
    assert step.where.file == str(path)


def test_a_changed_file_is_read_anew(tmp_path: Path) -> None:
    text = (
        "from kfp import components, dsl\n@components.create_component_from_func\ndef op() -> str:\n    return '%s'\n"
    )
    text += "@dsl.pipeline(name='p')\ndef p(): op()\n"
    for value in ("one", "three"):
        path = write(tmp_path, "p.py", text % value)
        (step,) = load_functions(path)[0].build().members
        assert isinstance(step, ContainerStep)
        assert value in str(step.container.command[-1].constant)  # type: ignore[index]


def test_a_single_pipeline_needs_no_name_and_any_can_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, "p.py", PIPELINE)
    functions = load_functions(path)
    for name in (None, "first", "My pipeline"):
        assert choose_function(functions, name, path) is functions[0]


def test_a_function_without_the_decorator_can_be_chosen_by_name(tmp_path: Path) -> None:  # D-01
    path = write(tmp_path, "p.py", "from kfp import dsl\ndef plain_one(a: int = 1):\n    pass\n")
    chosen = choose_function(load_functions(path), "plain_one", path)
    assert isinstance(chosen, PipelineFunction)
    assert (chosen.name, chosen.build().name) == ("Plain one", "Plain one")


@pytest.mark.row("D-01")
def test_the_decorated_pipeline_is_chosen_before_one_that_is_only_compiled(tmp_path: Path) -> None:
    text = (
        "import kfp\nfrom kfp import dsl\ndef plain(): ...\n@dsl.pipeline(name='p')\ndef decorated(): ...\n"
        "if __name__ == '__main__':\n    kfp.compiler.Compiler().compile(plain, 'x.yaml')\n"
    )
    path = write(tmp_path, "p.py", text)
    functions = load_functions(path)
    assert [function.function.__name__ for function in functions] == ["decorated", "plain"]
    assert choose_function(functions, None, path).name == "p"
    assert choose_function(functions, "plain", path).name == "Plain"


def test_several_pipelines_are_listed_when_none_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, "p.py", PIPELINE + "\n    @dsl.pipeline()\n    def second():\n        pass\n")
    assert choice(path) == (
        f"{path}: there are 2 pipelines in this file\n"
        "  Choose one by its function's name (--function): 'first' (line 7), 'second' (line 11)."
    )


def test_no_pipeline_says_what_is_missing(tmp_path: Path) -> None:
    path = write(tmp_path, "p.py", "def one(): pass\ndef two(): pass\n")
    assert choice(path) == (
        f"{path}: there is no pipeline in this file: no function has @dsl.pipeline\n"
        "  Put @dsl.pipeline(name=…) above one of its functions, or choose one by name: 'one' (line 1), 'two' (line 2)."
    )
    assert choice(write(tmp_path, "q.py", "")).endswith(
        "  Write a function with @dsl.pipeline(name=…) that makes the steps."
    )


def test_a_name_that_is_not_there_is_answered_with_those_that_are(tmp_path: Path) -> None:
    path = write(tmp_path, "p.py", PIPELINE)
    assert choice(path, "frist") == f"{path}: there is no pipeline 'frist' in this file\n  Did you mean 'first'?"
    assert choice(path, "zzz").endswith("  Its functions are 'first', 'echo'.")


def test_what_is_no_python_file_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "pipeline.py", "")
    write(tmp_path, "p.txt", "")
    assert problem(tmp_path / "pipelin.py") == (
        f"{tmp_path}/pipelin.py: there is no such file\n  Did you mean 'pipeline.py'?"
    )
    assert (
        problem(tmp_path) == f"{tmp_path}: this is a folder, not a pipeline file\n  Give the path of a .py file in it."
    )
    assert problem(tmp_path / "p.txt") == (
        f"{tmp_path}/p.txt: this is no Python file: its name ends in '.txt'\n  Give a .py file with a pipeline, "
        "or a package: .yaml, .yml, .zip, .tar.gz or .tgz."
    )


def test_a_syntax_error_is_named_by_line(tmp_path: Path) -> None:
    path = write(tmp_path, "p.py", "import kfp\ndef p(:\n")
    assert problem(path).startswith(f"{path}:2: invalid syntax: def p(: [KA351]\n  Mend the syntax")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "p.py").write_bytes(b"x = '\xff'\n")
    assert re.match(rf"{re.escape(str(tmp_path))}/p\.py(:\d)?: .*utf-8", problem(tmp_path / "p.py"))
    (tmp_path / "p.py").write_bytes(b"x = 1\x00\n")
    assert "null bytes" in problem(tmp_path / "p.py")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("x = 1\nraise ValueError('bad')\n", 2, "loading the file raised ValueError: bad [KA352]\n  Mend this line."),
        (
            "def f():\n    return 1 / 0\n\nf()\n",
            2,
            "loading the file raised ZeroDivisionError: division by zero [KA352]",
        ),
        ("import json\n\njson.loads('')\n", 3, "loading the file raised JSONDecodeError: Expecting value"),
        (
            "import nowhere.at_all\n",
            1,
            "raised ModuleNotFoundError: No module named 'nowhere' [KA352]\n  Install it where",
        ),
        (
            "from kfp import nope\n",
            1,
            "raised ModuleNotFoundError: kfp has no 'nope' here, neither a name nor a module.",
        ),
        (
            "import sys\nsys.exit(3)\n",
            2,
            "the file ended the program while it was loaded: SystemExit(3) [KA352]\n  Put what",
        ),
        (
            "import kfp\nclient = kfp.Client()\nwhile True:\n    client.get_run('1')\n",
            4,
            "raised RuntimeError: kfp.Client().get_run() was asked 1,000 times by one line, which waits for a run",
        ),
    ],
)
def test_an_exception_at_import_is_named_by_the_authors_line(
    tmp_path: Path, text: str, line: int, message: str
) -> None:
    path = write(tmp_path, "p.py", text)
    found = problem(path)
    assert found.startswith(f"{path}:{line}: ")
    assert message in found


def test_an_exception_in_a_module_beside_is_named_there(tmp_path: Path) -> None:
    write(tmp_path, "sibling.py", "x = 1\nundefined\n")
    assert problem(write(tmp_path, "p.py", "import sibling\n")).startswith(
        f"{tmp_path}/sibling.py:2: loading the file raised NameError: name 'undefined' is not defined [KA352]"
    )
    write(tmp_path, "sibling.py", "x = (\n")
    assert problem(tmp_path / "p.py").startswith(f"{tmp_path}/sibling.py:1: loading the file raised SyntaxError")


def test_diagnostics_of_a_component_reach_the_author_unchanged(tmp_path: Path) -> None:
    path = write(tmp_path, "p.py", "from kfp import components\ncomponents.load_component_from_text('name: 5')\n")
    assert problem(path).startswith("<component text>:1: name: the number 5 stands where a text is expected [KA303]")


def test_an_exception_while_the_pipeline_is_built_names_the_authors_line(tmp_path: Path) -> None:
    path = write(tmp_path, "p.py", "from kfp import dsl\n@dsl.pipeline(name='p')\ndef p():\n    1 / 0\n")
    with pytest.raises(PipelineError, match=rf"{re.escape(str(path))}:4: .*ZeroDivisionError"):
        load_functions(path)[0].build()
