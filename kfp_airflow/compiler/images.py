"""`kfp.containers`, and what `kfp.compiler` has of the same: images built on Google Cloud are refused (Z-05, §1.11)."""

from __future__ import annotations

from typing import Final, NoReturn

from kfp_airflow.diagnostics import UsageError

_ELSEWHERE: Final = (
    "Build the image with docker, podman or buildah where your other images are built, and name it in the pipeline."
)


class VersionedDependency:
    """A Python package with the versions that will do; `version` is both the lowest and the highest."""

    def __init__(
        self, name: str, version: str | None = None, min_version: str | None = None, max_version: str | None = None
    ) -> None:
        self.name = name
        self.min_version = version if version is not None else min_version
        self.max_version = version if version is not None else max_version

    def has_min_version(self) -> bool:
        """Tell whether there is a lowest version."""
        return self.min_version is not None

    def has_max_version(self) -> bool:
        """Tell whether there is a highest version."""
        return self.max_version is not None

    def has_versions(self) -> bool:
        """Tell whether there is any."""
        return self.has_min_version() or self.has_max_version()


class ContainerBuilder:
    """What KFP builds images with; it can be made, so that files load, and refuses to build."""

    def __init__(
        self,
        gcs_staging: str | None = None,
        default_image_name: str | None = None,
        namespace: str | None = None,
        service_account: str = "kubeflow-pipelines-container-builder",
        kaniko_executor_image: str | None = None,
        k8s_client_configuration: object = None,
    ) -> None:
        self.default_image_name = default_image_name

    def build(self, *args: object, **options: object) -> NoReturn:
        """Refuse, and say what to use instead."""
        raise UsageError(f"ContainerBuilder.build() builds images by way of Google Cloud's storage. {_ELSEWHERE}")


default_image_builder: Final = ContainerBuilder()


def build_image_from_working_dir(*_args: object, **_options: object) -> NoReturn:
    """Refuse, and say what to use instead."""
    raise UsageError(
        f"build_image_from_working_dir() builds images by way of Google Cloud's storage. {_ELSEWHERE} For packages "
        "from an index, create_component_from_func(func, packages_to_install=[…]) needs no image of its own."
    )


def build_python_component(*_args: object, **_options: object) -> NoReturn:
    """Refuse, and say what to use instead."""
    raise UsageError(
        "build_python_component builds images on Google Cloud. Use kfp.components.create_component_from_func("
        "func, base_image=…, packages_to_install=[…]), or build the image yourself and name it as base_image."
    )


def build_docker_image(*_args: object, **_options: object) -> NoReturn:
    """Refuse, and say what to use instead."""
    raise UsageError(f"build_docker_image builds images on Google Cloud. {_ELSEWHERE}")
