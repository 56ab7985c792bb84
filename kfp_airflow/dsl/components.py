"""Decorators around functions that return ops (rows D-24, D-25)."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NoReturn, ParamSpec, TypeVar

from kfp_airflow.dsl import naming
from kfp_airflow.dsl.docstrings import read_docstring
from kfp_airflow.dsl.ops import ContainerOp, file_name
from kfp_airflow.dsl.params import PipelineParam
from kfp_airflow.dsl.types import verify_type_compatibility
from kfp_airflow.dsl.where import warn_author

if TYPE_CHECKING:
    from kfp_airflow.components.structures import ComponentSpec

P = ParamSpec("P")
R = TypeVar("R")


def component(func: Callable[P, R]) -> Callable[P, R]:
    """Check arguments against the annotations of a function that returns an op; describe the op by them (D-24, T-01).

    Raises InconsistentTypeException for a PipelineParam of another type than the annotation's.
    """
    spec: list[ComponentSpec] = []

    @functools.wraps(func)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        if not spec:
            spec.append(_interface(func))
        _check_arguments(spec[0], inspect.signature(func).bind(*args, **kwargs).arguments)
        op = func(*args, **kwargs)
        if isinstance(op, ContainerOp):
            describe(op, spec[0])
        return op

    return checked


def python_component(
    name: str,
    description: str | None = None,
    base_image: str | None = None,
    target_component_file: str | None = None,
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Note name, description and image for a lightweight component on its function (D-25, deprecated in KFP 0.2.6)."""
    warn_author(
        "dsl.python_component is deprecated since version 0.2.6. Use kfp.components.create_component_from_func(func, "
        "base_image=…).",
        DeprecationWarning,
    )

    def decorate(func: Callable[P, R]) -> Callable[P, R]:
        func._component_human_name = name  # type: ignore[attr-defined]  # noqa: SLF001 - KFP's attributes (W-13)
        if description:
            func._component_description = description  # type: ignore[attr-defined]  # noqa: SLF001 - as above
        if base_image:
            func._component_base_image = base_image  # type: ignore[attr-defined]  # noqa: SLF001 - as above
        if target_component_file:
            func._component_target_component_file = target_component_file  # type: ignore[attr-defined]  # noqa: SLF001
        return func

    return decorate


def importer(*args: object, **kwargs: object) -> NoReturn:  # noqa: ARG001 - refused whatever it is given
    """Refuse: it belongs to KFP's second version (D-26)."""
    raise ValueError("dsl.importer is not supported with v1 compiler. Import the artifact in the program of a step.")


def describe(op: ContainerOp, spec: ComponentSpec) -> None:
    """Give an op the specification of its component: types of outputs, and outputs that it does not declare."""
    op._metadata = spec  # noqa: SLF001 - KFP's attribute (O-12)
    for output in spec.outputs or ():
        if output.name not in op.file_outputs:
            op.file_outputs[output.name] = f"/tmp/outputs/{file_name(output.name)}/data"  # noqa: S108 - in the container
            op.outputs[output.name] = PipelineParam(output.name, op.name)
        op.outputs[output.name].param_type = output.type
    op._set_single_output_attribute()  # noqa: SLF001 - one room


def _interface(func: Callable[..., object]) -> ComponentSpec:
    from kfp_airflow.components.serialization import type_name
    from kfp_airflow.components.structures import ComponentSpec, InputSpec, OutputSpec

    signature = inspect.signature(func)
    docstring = read_docstring(func)
    inputs = []
    for parameter in signature.parameters.values():
        kind = None if parameter.annotation is inspect.Parameter.empty else type_name(parameter.annotation)
        optional = parameter.default is not inspect.Parameter.empty
        default = _default(parameter, kind) if optional else None
        description = docstring.arguments.get(parameter.name)
        inputs.append(InputSpec(parameter.name, kind, description, default=default, optional=optional))
    returned = signature.return_annotation
    # Of classes a NamedTuple's fields are outputs; `-> dsl.ContainerOp` is one in KFP, too, which nobody writes.
    fields = getattr(returned, "__annotations__", {}) if hasattr(returned, "_fields") else {}
    declared = returned if isinstance(returned, Mapping) else fields
    outputs = (
        [OutputSpec(str(name), type_name(getattr(kind, "__forward_arg__", kind))) for name, kind in declared.items()]
        if isinstance(declared, Mapping)
        else []
    )
    return ComponentSpec(
        name=getattr(func, "_component_human_name", None) or naming.component_name(func.__name__),
        description=getattr(func, "_component_description", None) or docstring.description,
        inputs=inputs or None,
        outputs=outputs or None,
    )


def _default(parameter: inspect.Parameter, kind: object) -> str | None:
    """Return a default as the text that describes it; None, with a warning, where it has none: it applies anyway."""
    from kfp_airflow.components.serialization import serialize

    try:
        return None if parameter.default is None else serialize(parameter.default, kind)
    except (TypeError, ValueError) as error:
        warn_author(
            f"The default of argument '{parameter.name}' is left out of the component's description: {error}",
            UserWarning,
        )
        return None


def _check_arguments(spec: ComponentSpec, arguments: Mapping[str, object]) -> None:
    for declared in spec.inputs or ():
        argument = arguments.get(declared.name)
        if isinstance(argument, PipelineParam):
            verify_type_compatibility(
                argument.param_type,
                declared.type,
                f'Incompatible argument passed to the input "{declared.name}" of component "{spec.name}": ',
            )
