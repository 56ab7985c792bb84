"""Private names of `kfp.dsl` and `kfp.compiler` that public projects import, under their own names (C-01, C-03)."""

from __future__ import annotations

import datetime
from typing import Final

from kfp_airflow.dsl.ops import MultipleOutputsError
from kfp_airflow.dsl.params import PipelineParam

_GB: Final = 10**9
_BYTES: Final[dict[str, int]] = {
    **{unit: 1000**power for power, unit in enumerate(("", "K", "M", "G", "T", "P", "E"))},
    **{f"{unit}i": 1024**power for power, unit in enumerate(("", "K", "M", "G", "T", "P", "E")) if unit},
}

_MultipleOutputsError = MultipleOutputsError


def _get_cpu_number(cpu_string: str) -> float:
    """Return a quantity of cpu as a number of processors: `500m` is 0.5."""
    return float(cpu_string[:-1]) / 1000 if cpu_string.endswith("m") else float(cpu_string)


def _get_resource_number(resource_string: str) -> float:
    """Return a quantity of bytes as a number of GB, each 10⁹ bytes: `512Mi` is 0.536870912."""
    digits = resource_string.rstrip("KMGTPEi")
    return float(digits) * _BYTES[resource_string[len(digits) :]] / _GB


def convert_k8s_obj_to_json(k8s_obj: object) -> object:
    """Return an object of the kubernetes client as plain data in Kubernetes' spelling; plain data stays."""
    match k8s_obj:
        case datetime.date():
            return k8s_obj.isoformat()
        case PipelineParam():
            return k8s_obj.value if isinstance(k8s_obj.value, str) else f"{{{{inputs.parameters.{k8s_obj.full_name}}}}}"
        case list():
            return [convert_k8s_obj_to_json(item) for item in k8s_obj]
        case tuple():
            return tuple(convert_k8s_obj_to_json(item) for item in k8s_obj)
        case dict():
            return {key: convert_k8s_obj_to_json(value) for key, value in k8s_obj.items()}
    spelled = getattr(k8s_obj, "attribute_map", None)
    if not isinstance(spelled, dict):
        return k8s_obj
    values = ((spelling, getattr(k8s_obj, name)) for name, spelling in spelled.items())
    return {spelling: convert_k8s_obj_to_json(value) for spelling, value in values if value is not None}
