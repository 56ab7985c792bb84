"""KFP's types (rows D-30, T-02 to T-07)."""

import re

import pytest

from kfp_airflow.dsl import types
from kfp_airflow.dsl.params import PipelineParam


class Plain(types.BaseType): ...


class Sized(types.BaseType):
    def __init__(self, size: int) -> None:
        self.size = size


@pytest.mark.row("D-30")
def test_a_type_is_written_by_its_name_and_properties() -> None:
    """D-30."""
    assert types.Integer().to_dict() == {"Integer": {"openapi_schema_validator": {"type": "integer"}}}
    assert types.GCSPath().to_dict() == {
        "GCSPath": {"openapi_schema_validator": {"type": "string", "pattern": "^gs://.*$"}}
    }
    assert (Plain().to_dict(), Sized(3).to_dict()) == ("Plain", {"Sized": {"size": 3}})


@pytest.mark.row("T-02", "T-04", "T-05")
@pytest.mark.parametrize(
    ("given", "expected", "fits"),
    [
        ("Integer", "Integer", True),
        ("Integer", "Float", False),
        ("Boolean", "Bool", False),
        ("JsonArray", "List", False),
        ("typing.List[int]", "List", False),
        (None, "Integer", True),
        ("Integer", None, True),
        ("", "Integer", True),
        ({"A": {"p": 1}}, "A", False),
        ("A", {"A": {"p": 1}}, True),
        ({"A": {"p": 1}}, {"A": {"p": 1, "q": 2}}, True),
        ({"A": {"p": 1}}, {"A": {"p": 2}}, False),
        ("CSV", "Artifact", True),
        ("artifact", "CSV", True),
        ("Artifact", "artifact", True),
        ("Artifact", "String", False),
        ("Integer", "Artifact", False),
    ],
)
def test_types_fit_by_name_and_properties(given: object, expected: object, fits: bool) -> None:
    """T-02, T-04, T-05."""
    if fits:
        assert types.verify_type_compatibility(given, expected, "Input: ")
        return
    message = f'Input: Argument type "{given}" is incompatible with the input type "{expected}"'
    with pytest.raises(types.InconsistentTypeException, match=f"^{re.escape(message)}$"):  # T-06
        types.verify_type_compatibility(given, expected, "Input: ")


@pytest.mark.row("F-09")
@pytest.mark.parametrize(("given", "expected"), [("Boolean", "Bool"), ("JsonArray", "List"), ("Integer", "int")])
def test_names_of_one_thing_are_different_types_unless_types_are_ignored(given: str, expected: str) -> None:
    assert not types.check_types(given, expected)
    param = PipelineParam("a", param_type=given)
    assert types.verify_type_compatibility(param.ignore_type().param_type, expected)


@pytest.mark.row("T-06")
@pytest.mark.row("K-02")
def test_types_only_warn_where_they_are_not_enforced() -> None:
    """T-06, K-02."""
    with types.type_checking(enabled=False), pytest.warns(types.InconsistentTypeWarning, match='"A" is incompatible'):
        assert types.verify_type_compatibility("A", "B") is False
    assert types.is_type_checking()
