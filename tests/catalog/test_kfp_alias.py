"""`import kfp` inside `kfp_alias()` (K-01 to K-07, §1.2), and nothing of it outside."""

import importlib
import subprocess
import sys
import threading
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from kfp_airflow import components, dsl
from kfp_airflow.catalog.kfp_alias import HOMES, kfp_alias
from kfp_airflow.components import lightweight


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code, names)
    return names


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("import kfp", "kfp.dsl.ContainerOp", dsl.ContainerOp),
        ("import kfp.dsl as dsl", "dsl.pipeline", dsl.pipeline),
        ("from kfp import dsl, components, compiler", "components.InputPath", components.InputPath),
        ("from kfp.components import InputPath, OutputPath, func_to_container_op", "InputPath", components.InputPath),
        ("from kfp.components import structures", "structures.ComponentSpec", components.structures.ComponentSpec),
        ("from kfp.components.structures import ComponentSpec", "ComponentSpec", components.structures.ComponentSpec),
        ("from kfp.dsl import *", "ParallelFor", dsl.ParallelFor),
        ("from kfp.components import *", "load_component_from_file", components.load_component_from_file),
        ("from kfp.dsl import types", "types.GCSPath", dsl.types.GCSPath),
        ("from kfp.dsl.types import Integer", "Integer", dsl.types.Integer),
        ("from kfp.dsl._container_op import ContainerOp, Container, Sidecar", "Sidecar", dsl.Sidecar),
        ("from kfp.dsl._pipeline_param import PipelineParam", "PipelineParam", dsl.PipelineParam),
        ("from kfp.dsl import _component", "_component.graph_component", dsl.graph_component),
        ("import kfp.dsl as dsl", "dsl._component.graph_component", dsl.graph_component),
        ("import kfp.compiler as compiler", "compiler.Compiler().compile", None),
        ("import kfp", "kfp.compiler.Compiler", None),
        ("from kfp.compiler import compiler", "compiler.Compiler", None),
        ("from kfp.components._python_op import InputPath", "InputPath", components.InputPath),
        ("import kfp", "kfp.__version__", "1.8.22"),
        ("import kfp", "kfp.TYPE_CHECK", True),
        ("import kfp", "kfp.COMPILING_FOR_V2", False),
    ],
)  # fmt: skip
def test_the_ways_in_which_authors_import_kfp_lead_here(code: str, name: str, expected: Any) -> None:  # K-01 to K-04
    with kfp_alias():
        found = eval(name, run(code))
    assert expected is None or found is expected or found == expected


@pytest.mark.parametrize("module", [name for name in HOMES if "._" in name])
def test_every_private_module_of_kfp_that_is_answered_for_has_names(module: str) -> None:
    with kfp_alias():
        assert [name for name in dir(importlib.import_module(module)) if not name.startswith("_")]


def test_modules_that_are_not_here_say_what_is() -> None:
    with kfp_alias():
        with pytest.raises(ImportError) as caught:
            run("import kfp.v2")
        assert str(caught.value).startswith(
            "kfp has no 'v2' here, neither a name nor a module. KFP v2 is another language: this package reads KFP v1. "
            "The modules of kfp that are here: kfp, "
        )
        with pytest.raises(
            ImportError, match=r"^kfp has no 'componets' here, .* Did you mean 'components'\? The modules"
        ):
            run("from kfp.componets import InputPath")
        with pytest.raises(ImportError, match="kfp has no 'nope' here, neither a name nor a module"):
            run("from kfp import nope")
        with pytest.raises(ImportError, match=r"kfp\.dsl has no 'ParalelFor' here, .* Did you mean 'ParallelFor'\?"):
            run("from kfp.dsl import ParalelFor")


@pytest.mark.parametrize("name", ["Client", "LocalClient", "run_pipeline_func_on_cluster", "run_pipeline_func_locally"])
def test_what_talks_to_a_server_says_that_it_comes_later(name: str) -> None:  # K-05 to K-07
    with kfp_alias():
        function = getattr(run("import kfp")["kfp"], name)
    with pytest.raises(
        NotImplementedError, match=rf"kfp\.{name}\(\) comes with a later release \(K-0[567]\)\. Drop the"
    ):
        function("x")


def test_nothing_is_left_behind() -> None:
    path, finders = list(sys.path), list(sys.meta_path)
    with kfp_alias():
        run("import kfp.compiler, kfp.components.structures, kfp.dsl.types")
        assert "kfp.dsl.types" in sys.modules
    assert (sys.path, sys.meta_path) == (path, finders)
    assert not [name for name in sys.modules if name.partition(".")[0] == "kfp"]
    with pytest.raises(ModuleNotFoundError, match="No module named 'kfp'"):
        run("import kfp")


def test_a_block_in_a_block_ends_with_the_outer_one() -> None:
    with kfp_alias():
        with kfp_alias():
            inner = run("import kfp")["kfp"]
        assert run("import kfp")["kfp"] is inner


def test_an_exception_in_the_block_leaves_nothing_behind() -> None:
    with pytest.raises(RuntimeError, match="x"), kfp_alias():
        run("import kfp\nraise RuntimeError('x')")
    assert "kfp" not in sys.modules


def test_blocks_of_threads_do_not_disturb_each_other() -> None:
    problems: list[Exception] = []

    def load() -> None:
        try:
            for _ in range(50):
                with kfp_alias():
                    assert run("import kfp\nfrom kfp.dsl import types")["kfp"].dsl.ContainerOp is dsl.ContainerOp
        except Exception as error:  # noqa: BLE001 - it is looked at by the test
            problems.append(error)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems
    assert "kfp" not in sys.modules


def test_a_real_kfp_stays_for_everybody_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kfp").mkdir()
    (tmp_path / "kfp/__init__.py").write_text("from kfp import dsl\n__version__ = 'real'\n")
    (tmp_path / "kfp/dsl.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    with kfp_alias():
        assert run("import kfp")["kfp"].__version__ == "1.8.22"
    real = importlib.import_module("kfp")
    try:
        assert real.__version__ == "real"
        with kfp_alias():
            assert run("import kfp.dsl")["kfp"].dsl.ContainerOp is dsl.ContainerOp
        assert sys.modules["kfp"] is real
        assert isinstance(sys.modules["kfp.dsl"], ModuleType)
    finally:
        for name in ("kfp", "kfp.dsl"):
            sys.modules.pop(name, None)


def test_what_an_author_assigns_holds_until_the_block_ends() -> None:  # M-14
    with kfp_alias():
        run("import kfp\nkfp.components._python_op.default_base_image_or_builder = 'mine'")
        assert lightweight.default_base_image_or_builder == "mine"
        run("import kfp\nkfp.mine = 1\nassert kfp.mine == 1\nkfp.TYPE_CHECK = False\nassert not kfp.TYPE_CHECK")
    assert lightweight.default_base_image_or_builder == "python:3.7"
    with kfp_alias():
        assert not hasattr(run("import kfp")["kfp"], "mine")


def test_the_alias_imports_neither_airflow_nor_kubernetes() -> None:
    code = (
        "import sys\nfrom kfp_airflow.catalog.kfp_alias import kfp_alias\n"
        "with kfp_alias():\n    import kfp; kfp.dsl.ContainerOp; kfp.components.InputPath; kfp.compiler.Compiler\n"
        "assert not {'airflow', 'kubernetes', 'requests'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])
