"""Which images processes of this machine can stand in for."""

from __future__ import annotations

import re

import pytest

from kfp_airflow.diagnostics import ImageUnavailable
from kfp_airflow.local.images import PythonImage, ShellImage, find_image


@pytest.mark.parametrize(
    ("image", "version"),
    [
        ("python:3.7", (3, 7)),
        ("python", ()),
        ("python:latest", ()),
        ("python:3", (3,)),
        ("python:3.9-slim-bullseye", (3, 9)),
        ("python:3.10.4-alpine3.16", (3, 10)),
        ("library/python:3.8", (3, 8)),
        ("docker.io/python:3.8", (3, 8)),
        ("docker.io/library/python:3.11@sha256:0123", (3, 11)),
        ("public.ecr.aws/docker/library/python:3.11", None),
        ("mirror.local:5000/library/python:3.12", (3, 12)),
    ],
)
def test_an_official_python_is_a_python_of_that_version(image: str, version: tuple[int, ...] | None) -> None:
    """W-01."""
    if version is None:
        with pytest.raises(ImageUnavailable):
            find_image(image)
    else:
        assert find_image(image) == PythonImage(version=version)


@pytest.mark.parametrize(
    ("image", "program"),
    [
        ("library/bash:4.4.23", "bash"),
        ("bash", "bash"),
        ("busybox:1.36", "sh"),
        ("gcr.io/google-containers/busybox:latest", "sh"),
        ("k8s.gcr.io/busybox", "sh"),
        ("alpine:3.6", "sh"),
        ("debian", "bash"),
        ("docker.io/library/ubuntu:22.04", "bash"),
    ],
)
def test_a_bare_system_is_the_shell_of_this_machine(image: str, program: str) -> None:
    found = find_image(image)
    assert isinstance(found, ShellImage)
    assert found.program == program


@pytest.mark.parametrize(
    "image",
    [
        "google/cloud-sdk:279.0.0",
        "team/python:3.9",
        "gcr.io/project/bash",
        "tensorflow/tensorflow",
        "python:2.7-slim",
        "",
    ],
)
def test_any_other_image_is_refused_with_the_way_out(image: str) -> None:
    message = f"processes of this machine cannot stand in for the image {image!r}; they can for python:3* "
    with pytest.raises(ImageUnavailable, match=f"^{re.escape(message)}") as error:
        find_image(image)
    assert str(error.value).endswith("set [kfp_airflow] runtime to kubernetes or container")
