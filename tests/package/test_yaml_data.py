"""YAML of strangers as data: safe, bounded, with lines."""

from __future__ import annotations

import time

import pytest
import yaml

from kfp_airflow.diagnostics import PipelineError
from kfp_airflow.graph.text import Json
from kfp_airflow.package import yaml_data
from kfp_airflow.package.yaml_data import MAX_DEPTH, MAX_VALUES, Block, read_yaml
from kfp_airflow.package.yaml_text import yaml_text


def refusal(content: bytes) -> str:
    with pytest.raises(PipelineError) as refused:
        read_yaml(content, "p.yaml")
    return str(refused.value)


def test_what_was_written_is_read() -> None:
    data: dict[str, Json] = {
        "texts": ["y", "no", "1", "", "1.5", "~", "null", "0x1f", "two\nlines\n", "é☃", "{{x}}", "2020-01-01", "1:30"],
        "others": [1, -1, 1.5, True, False, None, 10**20],
        "on": {"1": [], "nested": {}},
    }
    assert read_yaml(yaml_text(data).encode(), "p.yaml") == data
    assert read_yaml(yaml.safe_dump(data).encode(), "p.yaml") == data


def test_plain_values_are_read_as_the_sdk_wrote_them() -> None:
    values = ["010", "0x1F", "0b11", "-1_0", ".5", "yes", "y", "~", "", "2020-01-01", "1:30", "1e5", "'1'", "!!str 1"]
    values += ["!!int '7'", "0b", ".inf"]
    content = "".join(f"- {value}\n" for value in values).encode()
    expected = [8, 31, 3, -10, 0.5, True, "y", None, None, "2020-01-01", "1:30", "1e5", "1", "1", 7, "0b", ".inf"]
    assert read_yaml(content, "p.yaml") == expected


def test_keys_are_texts_as_they_are_written() -> None:
    """D-13: `y` and `on` are keys of dicts."""
    assert read_yaml(b"y: 1\non: 2\n1: 3\n~: 4\n", "p.yaml") == {"y": 1, "on": 2, "1": 3, "~": 4}


def test_objects_know_their_lines() -> None:
    found = read_yaml(b"a:\n- b: 1\n- c: 2\n", "p.yaml")
    assert isinstance(found, Block)
    assert [item.line for item in found["a"]] == [2, 3]  # type: ignore[union-attr] # blocks in a list


def test_an_alias_is_what_it_stands_for() -> None:
    assert read_yaml(b"a: &x [1, {b: 2}]\nc: *x\n", "p.yaml") == {"a": [1, {"b": 2}], "c": [1, {"b": 2}]}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"a: &a [1, *a]", "p.yaml:1: the alias '*a' stands inside what it stands for"),
        (b"a: 1\nb: *b", "p.yaml:2: nothing is named by the alias '*b'"),
        (b"a: 1\n\na: 2", "p.yaml:3: the key 'a' stands twice in one object"),
        (
            b"a: !!python/object/apply:os.system [ls]",
            "p.yaml:1: it has the tag 'tag:yaml.org,2002:python/object/apply:os.system', and a package is data only",
        ),
        (b"a: !x y", "it has the tag '!x', and a package is data only"),
        (b"a: !!binary aGk=", "it has the tag 'tag:yaml.org,2002:binary'"),
        (b"a: 1\nb: \xff", "p.yaml:2: it is no UTF-8: byte 0xff at position 8"),
        ("a: é".encode("utf-16"), "p.yaml:1: it is no UTF-8: byte 0xff at position 0"),
        (b"a: \x00", "p.yaml: it is no UTF-8 text: it holds NUL bytes"),
        (b"", "p.yaml: it is empty"),
        (b"a: 1\n---\nb: 2", "p.yaml:2: it holds several YAML documents"),
        (b"a: [1,", "it is no YAML: "),
        (b"a:\n  b: 1\n c: 2", "p.yaml:3: it is no YAML: did not find expected"),
        (b"a: \x07", "it is no YAML: control characters are not allowed"),
        (b"? [a]\n: b", "a key is an object, a list or an alias; only texts can be keys"),
        (b"<<: {a: 1}", "it has the merge key '<<', which no compiler of KFP writes"),
        (b"[" * 100_000, f"p.yaml:1: more than {MAX_DEPTH} objects and lists stand inside each other"),
    ],
)
def test_what_is_no_data_is_refused_at_its_line(content: bytes, says: str) -> None:
    found = refusal(content)
    assert says in found
    assert found.endswith(
        "[KA403]\n  Compile the pipeline again; a package is one UTF-8 YAML document as KFP's compiler writes it."
    )


def test_aliases_that_multiply_are_counted_and_not_followed() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    started = time.process_time()
    assert f"p.yaml:6: it holds more than {MAX_VALUES:,} values" in refusal("\n".join(lines).encode())
    assert time.process_time() - started < 1


def test_values_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_data, "MAX_VALUES", 10)
    assert "p.yaml:1: it holds more than 10 values" in refusal(b"[1,2,3,4,5,6,7,8,9,10]")
