"""`import kfp` inside `kfp_alias()` (K-01 to K-07, §1.2), and nothing of it outside."""

import importlib
import subprocess
import sys
import threading
import warnings
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kubernetes import client

from kfp_airflow import components, dsl
from kfp_airflow.catalog.files import load_functions
from kfp_airflow.catalog.kfp_alias import HOMES, kfp_alias
from kfp_airflow.cli.checking import check_file
from kfp_airflow.client import bystander, server_api
from kfp_airflow.client.auth import ServiceAccountTokenVolumeCredentials, TokenCredentialsBase
from kfp_airflow.compiler import images
from kfp_airflow.components import lightweight, of_v2
from kfp_airflow.components.of_v2 import Dataset, Input
from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.dsl import ops, private_names, switches
from kfp_airflow.dsl.containers import Container
from kfp_airflow.graph.text import text
from kfp_airflow.modifiers import aws, azure, gcp, kubernetes, onprem


def run(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(code, names)
    return names


@pytest.mark.row("K-01", "K-02", "K-03", "K-04")
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
        ("import kfp.onprem as onprem", "onprem.mount_pvc", onprem.mount_pvc),
        ("from kfp import gcp", "gcp.use_gcp_secret", gcp.use_gcp_secret),
        ("from kfp.aws import use_aws_secret", "use_aws_secret", aws.use_aws_secret),
        ("from kfp.azure import use_azure_secret", "use_azure_secret", azure.use_azure_secret),
        ("from kfp.dsl.extensions.kubernetes import use_secret", "use_secret", kubernetes.use_secret),
        ("from kfp.dsl.extensions import kubernetes as k", "k.use_secret", kubernetes.use_secret),
        ("import kfp.dsl.extensions.kubernetes", "kfp.dsl.extensions.kubernetes.use_secret", kubernetes.use_secret),
        ("from kfp.dsl.data_passing_methods import KubernetesVolume", "KubernetesVolume", None),
        ("from kfp.dsl._container_op import Container", "Container", Container),
        ("from kfp.dsl._for_loop import LoopArguments", "LoopArguments", None),
        ("from kfp.dsl._component import graph_component", "graph_component", dsl.graph_component),
        ("from kfp import auth", "auth.ServiceAccountTokenVolumeCredentials", ServiceAccountTokenVolumeCredentials),
        ("from kfp.auth import TokenCredentialsBase", "TokenCredentialsBase", TokenCredentialsBase),
        ("from kfp import containers", "containers.build_image_from_working_dir", images.build_image_from_working_dir),
        ("from kfp.containers import ContainerBuilder", "ContainerBuilder", images.ContainerBuilder),
        ("import kfp", "kfp.containers.default_image_builder", images.default_image_builder),
        ("from kfp.compiler import VersionedDependency", "VersionedDependency", images.VersionedDependency),
        ("from kfp import Client, LocalClient", "LocalClient", None),
        ("from kfp import gcp, notebook", "gcp.use_gcp_secret", gcp.use_gcp_secret),
        ("import kfp.notebook", "kfp.notebook.__name__", "kfp.notebook"),
        ("from kfp.v2 import dsl", "dsl.Condition", dsl.Condition),
        ("from kfp.v2.dsl import *", "pipeline", dsl.pipeline),
        ("import kfp.v2.dsl", "kfp.v2.dsl.InputPath", of_v2.InputPath),
        ("from kfp.dsl.io_types import Dataset", "Dataset", Dataset),
        ("from kfp.v2.components.types.artifact_types import Dataset", "Dataset", Dataset),
        ("from kfp.v2.components.types.type_annotations import Input", "Input", Input),
        ("from kfp.v2.google.client import AIPlatformClient", "AIPlatformClient", bystander.AIPlatformClient),
        ("import kfp.deprecated as kfp", "kfp.dsl.pipeline", dsl.pipeline),
        ("from kfp.deprecated import dsl, components, compiler", "dsl.ContainerOp", dsl.ContainerOp),
        ("from kfp.deprecated.dsl.types import Integer", "Integer", dsl.types.Integer),
        ("from kfp import deprecated", "deprecated.__version__", "1.8.22"),
        ("from kfp._client import Client", "Client", bystander.Client),
        ("from kfp.dsl._container_op import _get_cpu_number", "_get_cpu_number('250m')", 0.25),
        ("from kfp.compiler._k8s_helper import convert_k8s_obj_to_json", "convert_k8s_obj_to_json(3)", 3),
        ("from kfp.dsl._metadata import _extract_pipeline_metadata", "callable(_extract_pipeline_metadata)", True),
        ("import kfp", "kfp.__version__", "1.8.22"),
        ("import kfp", "kfp.TYPE_CHECK", True),
        ("import kfp", "kfp.COMPILING_FOR_V2", False),
    ],
)  # fmt: skip
def test_the_ways_in_which_authors_import_kfp_lead_here(code: str, name: str, expected: Any) -> None:  # K-01 to K-04
    with kfp_alias():
        found = eval(name, run(code))
    assert expected is None or found is expected or found == expected


@pytest.mark.parametrize(
    ("code", "name", "expected"),
    [
        ("import kfp_server_api", "kfp_server_api.ApiException", server_api.ApiException),
        ("from kfp_server_api.rest import ApiException", "ApiException", server_api.ApiException),
        ("from kfp_server_api.exceptions import ApiException as e", "e(404, 'Not Found').status", 404),
        ("from kfp_server_api.models.api_run import ApiRun", "ApiRun(name='x').name", "x"),
        ("import kfp_server_api as a", "a.ApiJob(trigger=a.ApiTrigger(x='@daily')).trigger.x", "@daily"),
        ("import kfp_server_api as a", "a.models.ApiResourceType.EXPERIMENT", "EXPERIMENT"),
        ("import kfp_server_api as a", "bool(a.RunServiceApi(a.ApiClient(a.Configuration())).list_runs())", False),
        ("import kfp_server_api as a", "a.Configuration().api_key", {}),
        ("import kfp_server_api as a", "a.ApiRun(name='x').to_dict()", {"name": "x"}),
        ("import kfp_server_api as a", "a.ApiRun is a.ApiRun and a.ApiRun(name='x').status", None),
    ],
)  # fmt: skip
def test_the_generated_client_that_comes_with_kfp_can_be_named(code: str, name: str, expected: Any) -> None:  # K-05
    with kfp_alias():
        assert eval(name, run(code)) == expected
    assert "kfp_server_api" not in sys.modules


def test_what_the_generated_client_does_not_have_is_refused() -> None:
    with kfp_alias():
        for code in ("import kfp_server_api.nope", "from kfp_server_api import nope"):
            with pytest.raises(ImportError, match="kfp_server_api has no 'nope' here, neither a name nor a module"):
                run(code)
        with pytest.raises(AttributeError, match=r"^ApiRun has no attribute 'nope' here$"):
            run("import kfp_server_api\nkfp_server_api.ApiRun.nope")


@pytest.mark.parametrize(
    "quantity", ["1", "3K", "3Ki", "512M", "512Mi", "2G", "2Gi", "1T", "1Ti", "1P", "1Pi", "1E", "1Ei"]
)
def test_quantities_are_numbers_of_gigabytes(quantity: str) -> None:  # C-01
    factor = {"": 1, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}
    digits, unit = quantity.rstrip("KMGTPEi"), quantity.lstrip("0123456789")
    powers = {f"{name}i": 1024**power for power, name in enumerate(factor)}
    expected = float(digits) * (factor | powers)[unit] / 1e9
    assert private_names._get_resource_number(quantity) == pytest.approx(expected)
    assert private_names._get_cpu_number("1.5") == 1.5


def test_objects_of_the_kubernetes_client_become_plain_data() -> None:
    variable = client.V1EnvVar(
        name="A", value_from=client.V1EnvVarSource(field_ref=client.V1ObjectFieldSelector("v1", "p"))
    )
    data = private_names.convert_k8s_obj_to_json({"env": [variable], "t": (dsl.PipelineParam("x"),)})
    assert data == {
        "env": [{"name": "A", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "p"}}}],
        "t": ("{{inputs.parameters.x}}",),
    }


@pytest.mark.parametrize("module", [name for name in HOMES if "._" in name])
def test_every_private_module_of_kfp_that_is_answered_for_has_names(module: str) -> None:
    with kfp_alias():
        assert [name for name in dir(importlib.import_module(module)) if not name.startswith("_")]


def test_modules_that_are_not_here_say_what_is() -> None:
    with kfp_alias():
        with pytest.raises(ImportError) as caught:
            run("import kfp.v2.experimental")
        assert str(caught.value).startswith(
            "kfp.v2 has no 'experimental' here, neither a name nor a module. KFP v2 is another language: this "
            "package reads KFP v1. The modules of kfp that are here: kfp, "
        )
        with pytest.raises(
            ImportError, match=r"^kfp has no 'componets' here, .* Did you mean 'components'\? The modules"
        ):
            run("from kfp.componets import InputPath")
        with pytest.raises(ImportError, match="kfp has no 'nope' here, neither a name nor a module"):
            run("from kfp import nope")
        with pytest.raises(ImportError, match=r"kfp\.dsl has no 'ParalelFor' here, .* Did you mean 'ParallelFor'\?"):
            run("from kfp.dsl import ParalelFor")


OF_V2 = "KFP v2 is another language: this package reads KFP v1."
FILES = f"{OF_V2} Files are handed on by kfp.components.InputPath and OutputPath."
INTERNAL = "is of KFP's own implementation, which is not here."


@pytest.mark.parametrize("code", ["import kfp.v2.components.executor_main", "from kfp.v2 import experimental"])
def test_a_module_that_will_not_come_says_what_to_use_instead(code: str) -> None:
    with kfp_alias(), pytest.raises(ImportError) as caught:
        run(code)
    assert f" here, neither a name nor a module. {OF_V2} The modules of kfp that are here: " in str(caught.value)


@pytest.mark.parametrize(
    ("code", "use", "message"),
    [
        ("from kfp.dsl._container_op import _register_op_handler", "_register_op_handler(None)", INTERNAL),
        ("from kfp.deprecated.dsl._container_op import _register_op_handler", "_register_op_handler(None)", INTERNAL),
        ("from kfp.compiler._op_to_template import _op_to_template", "_op_to_template(None)", INTERNAL),
        ("import kfp.compiler._op_to_template as t", "t._op_to_template(None)", INTERNAL),
        ("from kfp.components.modelbase import T", "class_of(T)", INTERNAL),
        ("from kfp import _auth", "_auth.get_auth_token('x')", INTERNAL),
        ("from kfp._client import KF_PIPELINES_ENDPOINT_ENV as e", "f'{e}'", INTERNAL),
        (
            "from kfp.dsl import type_utils as t",
            "t.is_parameter_type('x')",
            f"{INTERNAL} {OF_V2} Types and their checks",
        ),
        ("from kfp.dsl.artifact import Artifact", "Artifact()", f"{INTERNAL} {FILES}"),
        (
            "from kfp import cli, pipeline_spec; import kfp.cli.cli as c",
            "c.main()",
            f"{INTERNAL} Run pipelines with the",
        ),
    ],
)
@pytest.mark.refused("D-33", message="modules of KFP v2 say so when they are used, and what to use instead")
def test_what_is_kfp_s_own_can_be_imported_and_says_so_where_it_is_used(code: str, use: str, message: str) -> None:
    with kfp_alias():
        names = run(f"{code}\ndef class_of(base):\n    class Mine(base): ...")
        with pytest.raises(
            ImportError, match=r"^kfp(\.deprecated)?\._?\w+(\.\w+)* is of KFP's own implementation"
        ) as caught:
            eval(use, names)
    assert message in str(caught.value)


def test_every_module_of_kfp_can_be_imported() -> None:
    """Some files import all that an editor offered."""
    with kfp_alias():
        run("from kfp import cli, dsl, notebook, pipeline_spec, v2")
        run("from kfp.components import modelbase, type_annotation_utils, type_annotation_utils_test")
        run("import kfp.compiler.main, kfp.dsl._component_bridge, kfp.containers._gcs_helper")


def test_a_part_of_kfp_that_a_file_replaces_is_a_warning(tmp_path: Path) -> None:
    file = tmp_path / "p.py"
    file.write_text(
        "from kfp import components, dsl\n"
        "before = components._components._container_task_constructor\n"
        "components._components._container_task_constructor = print\n"
        "components._components._container_task_constructor = before\n"
        "@dsl.pipeline(name='p')\ndef p():\n    dsl.ContainerOp(name='a', image='x')\n"
    )
    found = check_file(file, verbose=False)
    assert (found.pipelines, found.errors) == (1, ())
    assert [warning.partition("\n")[0] for warning in found.warnings] == [
        f"{file}:{line}: kfp.components._components._container_task_constructor is replaced, which changes nothing "
        "here: it is of KFP's own implementation [KA359]"
        for line in (3, 4)
    ]


def test_a_client_can_be_named_in_annotations_and_derived_from() -> None:  # K-05
    with kfp_alias():
        names = run(
            "import kfp\ndef f(client: kfp.Client) -> kfp.LocalClient: ...\nsame = kfp.Client is kfp.Client\n"
            "class Mine(kfp.Client): ..."
        )
        assert names["same"]
        assert isinstance(names["Mine"](host="x"), bystander.Client)
        run("import kfp\nkfp.LocalClient(pipeline_root='x')\nkfp.LocalClient.ExecutionMode('local')")


WRONG_TYPES = """\
import kfp
from kfp import components, dsl

kfp.TYPE_CHECK = {checked}
MAKE = "{{name: make, outputs: [{{name: o, type: Integer}}], implementation: {{container: {{image: i, command: [x, {{outputPath: o}}]}}}}}}"
TAKE = "{{name: take, inputs: [{{name: i, type: Model}}], implementation: {{container: {{image: i, command: [x, {{inputPath: i}}]}}}}}}"
make, take = components.load_component_from_text(MAKE), components.load_component_from_text(TAKE)


@dsl.pipeline(name="wrong")
def wrong():
    take(make().output)
"""  # noqa: E501


@pytest.mark.better("K-02", how="an author's kfp.TYPE_CHECK = False holds for the file, also where it is compiled")
def test_an_author_switches_the_check_of_types_off_for_a_file(tmp_path: Path) -> None:
    (tmp_path / "on.py").write_text(WRONG_TYPES.format(checked=True))
    (tmp_path / "off.py").write_text(WRONG_TYPES.format(checked=False))
    (on,), (off,) = load_functions(tmp_path / "on.py"), load_functions(tmp_path / "off.py")
    assert switches.TYPE_CHECK
    for _ in range(2):  # each is built in a block of its own
        with pytest.warns(dsl.types.InconsistentTypeWarning, match="is incompatible with the input type"):
            assert len(off.build().members) == 2
        with pytest.raises(PipelineError, match="InconsistentTypeException"):
            on.build()
    assert switches.TYPE_CHECK


def test_settings_of_a_file_go_from_block_to_block() -> None:
    settings: Any = {}
    with kfp_alias(settings):
        run("import kfp\nkfp.components._python_op.default_base_image_or_builder = 'mine'")
    assert lightweight.default_base_image_or_builder == "python:3.7"
    with kfp_alias(settings), kfp_alias():
        assert lightweight.default_base_image_or_builder == "mine"
    assert lightweight.default_base_image_or_builder == "python:3.7"


def test_what_an_inner_block_assigns_ends_with_it() -> None:
    with kfp_alias():
        with kfp_alias():
            run("import kfp\nkfp.TYPE_CHECK = False")
            assert not switches.TYPE_CHECK
        assert switches.TYPE_CHECK


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


@pytest.mark.row("K-04")
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


@pytest.mark.row("D-09")
def test_the_advice_about_container_ops_is_switched_off_for_the_file_that_does_it(tmp_path: Path) -> None:
    file = tmp_path / "quiet.py"
    file.write_text(
        "from kfp import dsl\n\ndsl.ContainerOp._DISABLE_REUSABLE_COMPONENT_WARNING = True\n\n\n"
        '@dsl.pipeline(name="quiet")\ndef quiet():\n    dsl.ContainerOp(name="a", image="alpine")\n'
    )
    (quiet,) = load_functions(file)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        quiet.build()
    assert not ops.ContainerOp._DISABLE_REUSABLE_COMPONENT_WARNING


def test_what_a_file_sets_on_a_class_holds_for_that_file_only(tmp_path: Path) -> None:
    """Wrappers of KFP put methods of their own in the place of KFP's, and new ones beside them."""
    pipeline = (
        "from kfp import dsl\n{change}\n"
        "@dsl.pipeline(name='p')\ndef p():\n"
        "    op = dsl.ContainerOp(name='a', image='bash', command=['echo'])\n    op.set_display_name('said')\n{use}\n"
    )
    change = (
        "def shouted(self, name):\n    self.shown = name\n    return plain(self, name.upper())\n"
        "plain, dsl.ContainerOp.set_display_name = dsl.ContainerOp.set_display_name, shouted\n"
        "dsl.ContainerOp.own = lambda self: self.set_env_like()\n"
        "dsl.ContainerOp.set_env_like = lambda self: self.add_pod_label('own', 'yes')\n"
    )
    (tmp_path / "changed.py").write_text(pipeline.format(change=change, use="    op.own()"))
    (tmp_path / "plain.py").write_text(pipeline.format(change="", use=""))
    (changed,), (plain,) = load_functions(tmp_path / "changed.py"), load_functions(tmp_path / "plain.py")
    for _ in range(2):
        shown = [function.build().members[0].display_name for function in (changed, plain)]
        assert shown == [text("SAID"), text("said")]
    assert not hasattr(ops.ContainerOp, "own")


STARS = [
    *("kfp", "kfp.dsl", "kfp.components", "kfp.compiler", "kfp.gcp", "kfp.aws", "kfp.azure", "kfp.onprem"),
    *("kfp.dsl.types", "kfp.auth", "kfp.containers", "kfp.components.structures", "kfp.compiler.compiler"),
]


@pytest.mark.row("K-04")
@pytest.mark.parametrize("module", STARS)
def test_a_star_import_takes_no_names_from_the_author(module: str) -> None:
    """What the modules of this package have for themselves is not of kfp."""
    own = "annotations build components_of conf groups loading members naming notes ops params steps values where note "
    own += "collect override Any Callable Final Iterator Mapping TypeVar dataclass os Path shapes check warnings Json"
    with kfp_alias():
        names = run("\n".join([*(f"{name} = 'mine'" for name in own.split()), f"from {module} import *"]))
    assert {name: names[name] for name in own.split()} == dict.fromkeys(own.split(), "mine")


@pytest.mark.row("K-04")
@pytest.mark.parametrize(
    ("module", "wanted"),
    [
        ("kfp", "Client auth compiler components containers dsl run_pipeline_func_on_cluster v2"),
        (
            "kfp.dsl",
            "ContainerOp Condition ParallelFor PipelineParam VOLUME_MODE_RWO RUN_ID_PLACEHOLDER pipeline types",
        ),
        ("kfp.components", "func_to_container_op InputPath load_component_from_file structures"),
        ("kfp.compiler", "Compiler compiler"),
        ("kfp.onprem", "mount_pvc"),
        ("kfp.dsl.types", "Integer GCSPath InconsistentTypeException"),
    ],
)
def test_a_star_import_brings_names_and_modules(module: str, wanted: str) -> None:
    with kfp_alias():
        names = run(f"from {module} import *")
        assert set(wanted.split()) - names.keys() == set()


@pytest.mark.row("M-18")
def test_a_class_of_an_author_may_derive_from_the_base_of_specifications() -> None:
    code = """
from kfp.components import _structures as structures
class Container(structures.ModelBase):
    _serialized_names = {"file_outputs": "fileOutputs"}
    def __init__(self, image, command=None, file_outputs=None):
        super().__init__(locals())
"""
    with kfp_alias():
        made = run(code)["Container"]
    container = made("i", file_outputs={"a": "/a"})
    assert container.to_dict() == {"image": "i", "fileOutputs": {"a": "/a"}}
    assert (container, repr(made("i"))) == (
        made("i", file_outputs={"a": "/a"}),
        "Container(image='i', command=None, file_outputs=None)",
    )
    assert container != made("i")


def test_a_module_that_is_not_there_may_be_tried() -> None:
    with kfp_alias():
        names = run("try:\n    import kfp.local\nexcept ModuleNotFoundError as error:\n    told = str(error)")
    assert names["told"].startswith("kfp has no 'local' here")
