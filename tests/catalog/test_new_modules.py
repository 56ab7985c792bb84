"""Which modules count as new."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from kfp_airflow.catalog.new_modules import new_modules


def add(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setitem(sys.modules, name, ModuleType(name))


def test_new_are_those_that_came_inside_and_the_mark_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, "_old")
    before = set(sys.modules)
    with new_modules() as outer:
        add(monkeypatch, "_one")
        with new_modules() as inner:
            add(monkeypatch, "_two")
            assert inner.names() == ["_two"]
        assert outer.names() == ["_one", "_two"]
    assert set(sys.modules) - before == {"_one", "_two"}


def test_one_that_was_taken_out_and_came_back_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    add(monkeypatch, "_old")
    last = next(reversed(sys.modules))
    assert last == "_old"
    with new_modules() as new:
        sys.modules["_old"] = sys.modules.pop("_old")
        assert new.names() == ["_old"]


def test_the_mark_goes_where_the_block_fails() -> None:
    before = list(sys.modules)
    with pytest.raises(ValueError, match="inside"), new_modules():
        raise ValueError("inside")
    assert list(sys.modules) == before
