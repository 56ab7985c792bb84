"""Components from Python functions (rows M-07 to M-11, M-14)."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, overload

from kfp_airflow.components.factory import TaskFactory
from kfp_airflow.components.pickling import PYTHON
from kfp_airflow.components.python_function import function_to_spec, pickled_code
from kfp_airflow.components.structures import ComponentSpec
from kfp_airflow.components.yaml_text import write_yaml

DEFAULT_IMAGE: Final = "python:3.7"
default_base_image_or_builder: str | Callable[[], str] = DEFAULT_IMAGE
"""The image of components that name none, or what returns it (M-14); authors assign it."""

_Decorator = Callable[[Callable[..., Any]], TaskFactory]


@overload
def create_component_from_func(
    func: Callable[..., Any],
    output_component_file: str | None = None,
    base_image: str | Callable[[], str] | None = None,
    packages_to_install: Sequence[str] | None = None,
    annotations: dict[str, Any] | None = None,
) -> TaskFactory: ...


@overload
def create_component_from_func(
    func: None = None,
    output_component_file: str | None = None,
    base_image: str | Callable[[], str] | None = None,
    packages_to_install: Sequence[str] | None = None,
    annotations: dict[str, Any] | None = None,
) -> _Decorator: ...


def create_component_from_func(
    func: Callable[..., Any] | None = None,
    output_component_file: str | None = None,
    base_image: str | Callable[[], str] | None = None,
    packages_to_install: Sequence[str] | None = None,
    annotations: dict[str, Any] | None = None,
) -> TaskFactory | _Decorator:
    """Return the component that runs a function in a container (M-07); without `func`, a decorator with these options.

    `base_image` is an image with sh, mktemp and python3, or what returns its name; `packages_to_install` are what pip
    installs when the step starts. The component is also written to `output_component_file` where one is given.
    """
    if func is None:
        return partial(
            create_component_from_func,
            output_component_file=output_component_file,
            base_image=base_image,
            packages_to_install=packages_to_install,
            annotations=annotations,
        )
    spec = _to_spec(func, _Options(base_image, packages_to_install, annotations=annotations))
    _save(spec, func, output_component_file)
    return TaskFactory(spec)


def func_to_container_op(
    func: Callable[..., Any] | None = None,
    output_component_file: str | None = None,
    base_image: str | Callable[[], str] | None = None,
    extra_code: str | None = "",
    packages_to_install: Sequence[str] | None = None,
    modules_to_capture: Sequence[str] | None = None,
    use_code_pickling: bool = False,
    annotations: dict[str, Any] | None = None,
) -> TaskFactory | _Decorator:
    """Return the component that runs a function in a container (M-08): `create_component_from_func` with more options.

    `extra_code` stands before the function in its program. With `use_code_pickling` the program has the function
    pickled instead of its source, with what it uses of `modules_to_capture` (by default: of its own module); the image
    needs the Python that runs now, and is `python:<that version>` where none was chosen (W-04).
    """
    if func is None:
        return partial(  # type: ignore[return-value] # a partial of itself with `func` left to give
            func_to_container_op,
            output_component_file=output_component_file,
            base_image=base_image,
            extra_code=extra_code,
            packages_to_install=packages_to_install,
            modules_to_capture=modules_to_capture,
            use_code_pickling=use_code_pickling,
            annotations=annotations,
        )
    spec = _to_spec(
        func,
        _Options(base_image, packages_to_install, extra_code, modules_to_capture, use_code_pickling, annotations),
    )
    _save(spec, func, output_component_file)
    return TaskFactory(spec)


def func_to_component_text(
    func: Callable[..., Any],
    extra_code: str | None = "",
    base_image: str | Callable[[], str] | None = None,
    packages_to_install: Sequence[str] | None = None,
    modules_to_capture: Sequence[str] | None = None,
    use_code_pickling: bool = False,
) -> str:
    """Return the YAML text of the component that runs a function (M-09)."""
    options = _Options(base_image, packages_to_install, extra_code, modules_to_capture, use_code_pickling)
    return write_yaml(_to_spec(func, options).to_dict())


def func_to_component_file(
    func: Callable[..., Any],
    output_component_file: str,
    base_image: str | Callable[[], str] | None = None,
    extra_code: str | None = "",
    packages_to_install: Sequence[str] | None = None,
    modules_to_capture: Sequence[str] | None = None,
    use_code_pickling: bool = False,
) -> None:
    """Write the component that runs a function as YAML (M-10)."""
    options = _Options(base_image, packages_to_install, extra_code, modules_to_capture, use_code_pickling)
    _to_spec(func, options).save(output_component_file)


def create_component_from_func_v2(*args: Any, **kwargs: Any) -> TaskFactory | _Decorator:
    """Return `create_component_from_func(…)`, with a warning: KFP's second version is not what runs here (M-11)."""
    warnings.warn(
        "create_component_from_func_v2() is deprecated: use create_component_from_func()", FutureWarning, stacklevel=2
    )
    made: TaskFactory | _Decorator = create_component_from_func(*args, **kwargs)
    return made


@dataclass(frozen=True, slots=True)
class _Options:
    """How a function becomes a component, in the words of `func_to_container_op`."""

    base_image: str | Callable[[], str] | None = None
    packages_to_install: Sequence[str] | None = None
    extra_code: str | None = ""
    modules_to_capture: Sequence[str] | None = None
    use_code_pickling: bool = False
    annotations: dict[str, Any] | None = None


def _to_spec(func: Callable[..., Any], options: _Options) -> ComponentSpec:
    _check_list("packages_to_install", options.packages_to_install, "requirements")
    _check_list("modules_to_capture", options.modules_to_capture, "names of modules")
    return function_to_spec(
        func,
        base_image=_image_of(func, options),
        packages=tuple(options.packages_to_install or ()),
        extra_code=options.extra_code or "",
        code=pickled_code(func, options.modules_to_capture) if options.use_code_pickling else None,
        annotations=options.annotations,
    )


def _check_list(option: str, value: Sequence[str] | None, what: str) -> None:
    if isinstance(value, str):
        raise TypeError(f"{option} takes a list of {what}, got the text {value!r}: write [{value!r}]")


def _image_of(func: Callable[..., Any], options: _Options) -> str:
    decorated = getattr(func, "_component_base_image", None)
    base_image = options.base_image
    if decorated is not None and base_image is not None and decorated != base_image:
        raise ValueError(
            f"base_image ({base_image}) conflicts with the decorator-specified base image metadata ({decorated})"
        )
    chosen = base_image or decorated or default_base_image_or_builder
    if chosen == DEFAULT_IMAGE and base_image is None and options.use_code_pickling:
        return f"python:{PYTHON}"
    return chosen() if callable(chosen) else str(chosen)


def _save(spec: ComponentSpec, func: Callable[..., Any], output_component_file: str | None) -> None:
    target = output_component_file or getattr(func, "_component_target_component_file", None)
    if target:
        spec.save(target)
