"""What KFP builds images with is refused, where it is called (Z-05, §1.11)."""

from collections.abc import Callable

import pytest

from kfp_airflow.compiler import images
from kfp_airflow.components import create_component_from_func
from kfp_airflow.diagnostics import UsageError

ELSEWHERE = (
    "Build the image with docker, podman or buildah where your other images are built, and name it in the pipeline."
)
STORAGE = "builds images by way of Google Cloud's storage."


@pytest.mark.refused("Z-05", message="images are built elsewhere; functions need none of their own")
@pytest.mark.parametrize(
    ("build", "message"),
    [
        (
            lambda: images.build_image_from_working_dir("image"),
            (
                f"build_image_from_working_dir() {STORAGE} {ELSEWHERE} For packages from an index, "
                "create_component_from_func(func, packages_to_install=[…]) needs no image of its own."
            ),
        ),
        (
            lambda: images.ContainerBuilder(gcs_staging="gs://b").build("/src", "Dockerfile"),
            f"ContainerBuilder.build() {STORAGE} {ELSEWHERE}",
        ),
        (
            lambda: images.default_image_builder.build("/src", "Dockerfile"),
            f"ContainerBuilder.build() {STORAGE} {ELSEWHERE}",
        ),
        (
            lambda: images.build_docker_image("gs://b", "image", "Dockerfile"),
            f"build_docker_image builds images on Google Cloud. {ELSEWHERE}",
        ),
        (
            lambda: images.build_python_component(print, "image", staging_gcs_path="gs://b"),
            (
                "build_python_component builds images on Google Cloud. Use "
                "kfp.components.create_component_from_func(func, base_image=…, packages_to_install=[…]), "
                "or build the image yourself and name it as base_image."
            ),
        ),
    ],
)
def test_building_an_image_says_what_to_do_instead(build: Callable[[], object], message: str) -> None:
    with pytest.raises(UsageError) as refused:
        build()
    assert str(refused.value) == message


def test_a_builder_as_base_image_is_refused_when_the_component_is_made() -> None:
    def function() -> None: ...

    with pytest.raises(UsageError, match=r"^build_image_from_working_dir\(\) builds images"):
        create_component_from_func(function, base_image=images.build_image_from_working_dir)


@pytest.mark.row("Z-05")
def test_the_versions_of_a_dependency_are_those_given() -> None:
    exact = images.VersionedDependency("a", version="1", max_version="9")
    assert (exact.name, exact.min_version, exact.max_version) == ("a", "1", "1")
    up = images.VersionedDependency("a", min_version="2")
    assert (up.has_min_version(), up.has_max_version(), up.has_versions()) == (True, False, True)
    assert not images.VersionedDependency("a").has_versions()
