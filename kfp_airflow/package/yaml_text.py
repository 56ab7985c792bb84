"""JSON data as YAML text that Python and Go read alike."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import yaml
from typing_extensions import override

from kfp_airflow.graph.text import Json

if TYPE_CHECKING:
    from yaml import SafeDumper as _FastestDumper
else:
    _FastestDumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)

_LITERAL_BLOCK: Final = re.compile(
    r"[^ \t\n\x00-\x1f\x7f-\x9f\ufeff\u2028\u2029][^\x00-\x09\x0b-\x1f\x7f-\x9f\ufeff\u2028\u2029]*"
)


class _Dumper(_FastestDumper):
    """No anchors, texts of several lines as blocks, and `y` and `n` quoted."""

    @override
    def ignore_aliases(self, data: object) -> bool:
        return True


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    several = "\n" in text and " \n" not in text and _LITERAL_BLOCK.fullmatch(text)
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if several else None)


_Dumper.add_representer(str, _represent_text)
# Go's YAML takes an unquoted `y` or `n` for a boolean, PyYAML does not (argo-semantics, row D-13).
_Dumper.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"^(?:y|Y|n|N)$"), list("yYnN"))


def yaml_text(data: Json) -> str:
    """Return the data as YAML, keys in their order; it reads back as the same data."""
    return yaml.dump(
        data, Dumper=_Dumper, sort_keys=False, default_flow_style=False, allow_unicode=True, width=1_000_000
    )
