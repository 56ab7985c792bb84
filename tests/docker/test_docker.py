"""The image, the compose files and the kind configuration: linted; not every machine has an engine."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from kfp_airflow import config

COMPOSE = ["compose.yaml", "compose.kind.yaml"]


def program(name: str) -> Path:
    """Return a program of this environment."""
    return Path(sys.executable).parent / name


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def run(*command: str | Path, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_dockerfile_passes_hadolint(root: Path) -> None:
    run(program("hadolint"), "docker/Dockerfile", cwd=root)


@pytest.mark.parametrize("name", COMPOSE)
def test_a_compose_file_follows_the_schema(root: Path, name: str) -> None:
    run(program("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", f"docker/{name}", cwd=root)


def test_everything_that_the_image_copies_is_there_and_not_ignored(root: Path) -> None:
    dockerfile = (root / "docker/Dockerfile").read_text(encoding="utf-8")
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, flags=re.MULTILINE)
        for source in shlex.split(line)[:-1]
    ]
    assert copied
    assert [source for source in copied if not (root / source).exists()] == []
    ignore = (root / "docker/Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    assert [source for source in copied if f"!{source}" not in ignore] == []


@pytest.mark.parametrize("name", COMPOSE)
def test_every_setting_of_a_compose_file_is_one_that_is_declared(root: Path, name: str) -> None:
    environment = load(root / "docker" / name)["services"]["airflow"]["environment"]
    ours = {variable: value for variable, value in environment.items() if variable.startswith("AIRFLOW__KFP_AIRFLOW__")}
    declared = {setting.variable: setting for setting in config.SETTINGS}
    assert ours
    for variable, value in ours.items():
        assert declared[variable].check(re.sub(r"\$\{\w+:-(.+)\}", r"\1", value)) is None


@pytest.mark.parametrize("name", COMPOSE)
def test_every_airflow_setting_of_a_compose_file_is_one_that_airflow_has(root: Path, name: str) -> None:
    from airflow.configuration import conf

    for variable in load(root / "docker" / name)["services"]["airflow"]["environment"]:
        if variable.startswith("AIRFLOW__") and "KFP_AIRFLOW" not in variable:
            _, section, option = variable.lower().split("__")
            assert conf.has_option(section, option), variable


def test_only_this_machine_reaches_an_airflow_where_everybody_is_admin(root: Path) -> None:
    airflow = load(root / "docker/compose.yaml")["services"]["airflow"]
    assert airflow["environment"]["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] == "True"
    assert [port.rsplit(":", 2)[0] for port in airflow["ports"]] == ["127.0.0.1"]


def test_the_connection_of_the_kind_compose_file_is_one_that_airflow_reads(root: Path) -> None:
    from airflow.sdk import Connection

    environment = load(root / "docker/compose.kind.yaml")["services"]["airflow"]["environment"]
    connection = Connection.from_json(environment["AIRFLOW_CONN_KUBERNETES_DEFAULT"], conn_id="kubernetes_default")
    assert connection.conn_type == "kubernetes"
    assert connection.extra_dejson == {"kube_config_path": "/opt/airflow/kubeconfig"}


def test_the_kind_cluster_has_one_node_that_knows_native_sidecars(root: Path) -> None:
    cluster = load(root / "docker/kind.yaml")
    assert (cluster["kind"], cluster["apiVersion"]) == ("Cluster", "kind.x-k8s.io/v1alpha4")
    (node,) = cluster["nodes"]
    version = re.fullmatch(r"kindest/node:v1\.(\d+)\.\d+", node["image"])
    assert version is not None
    assert int(version[1]) >= 29


def test_no_kubeconfig_of_anybody_gets_into_the_repository(root: Path) -> None:
    written = re.findall(r"> (docker/\S+)", (root / "docker/compose.kind.yaml").read_text(encoding="utf-8"))
    assert written == ["docker/kubeconfig"]
    assert "/docker/kubeconfig" in (root / ".gitignore").read_text(encoding="utf-8").splitlines()
