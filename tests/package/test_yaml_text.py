"""JSON data as YAML text: as PyYAML would write it."""

import re
import unicodedata

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kfp_airflow.graph.text import Json
from kfp_airflow.package.yaml_text import yaml_text

PIECES = (
    *("", " ", "  ", "\n", "\n\n", "\t", "a", "é", "☃", "😀", "x" * 50, "é" * 63, "k" * 127, "k" * 128),
    *("\x00", "\x1b", "\x7f", "\x85", "\u2028", "\ufeff", "\ufffd"),
    *(
        "-",
        "?",
        ":",
        "#",
        ",",
        "[",
        "]",
        "{",
        "}",
        "&",
        "*",
        "!",
        "|",
        ">",
        "'",
        '"',
        "%",
        "@",
        "`",
        "\\",
        "---",
        "...",
    ),
    *("y", "N", "yes", "off", "true", "null", "~", "=", "<<", "1", "1.5", "1e3", "0x1f", "12:30", "2001-01-01"),
    *("--flag", "{{inputs.parameters.x}}", "set -e\necho a\n", "a.b/c_d"),
)
TEXTS = st.lists(st.sampled_from(PIECES), max_size=5).map("".join) | st.text(max_size=12)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
DATA = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3), max_leaves=8
)


class Dumper(yaml.SafeDumper if not hasattr(yaml, "CSafeDumper") else yaml.CSafeDumper):  # type: ignore[misc] # either
    """PyYAML with texts of several lines as blocks."""

    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    odd = any(unicodedata.category(character) in {"Cc", "Zl", "Zp"} for character in text.replace("\n", ""))
    block = "\n" in text and not text.startswith((" ", "\n")) and not odd and "\ufeff" not in text
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if block else None)


Dumper.add_representer(str, _represent_text)
Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:y|Y|n|N)$"), list("yYnN"))


@given(data=DATA)
def test_data_is_written_as_pyyaml_writes_it(data: Json) -> None:
    expected = yaml.dump(
        data, Dumper=Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=1_000_000
    )
    assert yaml_text(data) in {expected, expected.removesuffix("...\n")}  # the sign for the end of a document


@pytest.mark.parametrize(
    ("data", "written"),
    [
        ({"a": {"b": [1, {"c": "d", "e": []}, ["f"]]}}, "a:\n  b:\n  - 1\n  - c: d\n    e: []\n  - - f\n"),
        ({"script": "set -e\n\n  echo a"}, "script: |-\n  set -e\n\n    echo a\n"),
        (["a\n\n", "b\n"], "- |+\n  a\n\n- |\n  b\n"),
        ({"a": {"é" * 65: {"b": "two\n\nlines"}}}, f"a:\n  ? {'é' * 65}\n  : b: |-\n      two\n\n      lines\n"),
        ({"a": {"b": "\nlast"}}, "a:\n  b: '\n\n    last'\n"),
        (
            {"a": "1", "b": "it's", "c": "it's:", "d": "-f", "e": "- f"},
            "a: '1'\nb: it's\nc: 'it''s:'\nd: -f\ne: '- f'\n",
        ),
    ],
    ids=["nested", "block", "ends", "long key", "quoted lines", "quotes"],
)
def test_written_lines(data: Json, written: str) -> None:
    assert yaml_text(data) == written
