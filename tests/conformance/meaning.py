"""What a workflow means: the same for two packages that do the same, whoever wrote them.

Left aside: names and order of templates, order of tasks and declarations, what is empty, time stamps and SDK versions.
Kept: names of tasks, parameters and artifacts (they are KFP's op ids and show up in logs, caches and annotations).
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import yaml

Json: TypeAlias = Any
PREFIX = "pipelines.kubeflow.org/"
OF_THE_SDK = {f"{PREFIX}kfp_sdk_version", f"{PREFIX}pipeline-sdk-type", f"{PREFIX}pipeline_compilation_time"}
JSON_ANNOTATIONS = {
    f"{PREFIX}{name}" for name in ("pipeline_spec", "component_spec", "component_ref", "arguments.parameters")
}

GENERATED_CALL = re.compile(r"^(?:_parsed_args = | *_kfp_run\()", re.MULTILINE)
GENERATED_NAME = re.compile(
    r"_kfp_|_parse[dr]|_output|_serialize_|_deserialize_|_make_parent_dirs_|_parent_dirs_maker_"
)
GENERATED_VOLUME = re.compile(r"\bpvolume-[0-9a-f]{16,}")


def meaning(workflow: Mapping[str, Json]) -> dict[str, Json]:
    """Return the meaning of an Argo workflow that a KFP compiler wrote, as plain data to compare."""
    spec = workflow["spec"]
    templates = {template["name"]: template for template in spec["templates"]}
    rest = {
        name: value for name, value in spec.items() if name not in {"templates", "entrypoint", "onExit", "arguments"}
    }
    return _clean(
        {
            "name": workflow["metadata"]["generateName"],
            "metadata": _metadata(workflow["metadata"]),
            "arguments": {kind: _by_name(listed) for kind, listed in spec.get("arguments", {}).items()},
            "spec": rest,
            "run": _template(spec["entrypoint"], templates, ()),
            "at_exit": _template(spec["onExit"], templates, ()) if "onExit" in spec else None,
        }
    )


def differences(left: Json, right: Json, at: str = "") -> list[str]:
    """Return one line for each place where two meanings differ: path, left value, right value."""
    if isinstance(left, dict) and isinstance(right, dict):
        keys = sorted(left.keys() | right.keys(), key=str)
        return [line for key in keys for line in differences(left.get(key), right.get(key), f"{at}/{key}")]
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        pairs = enumerate(zip(left, right, strict=True))
        return [line for index, (one, other) in pairs for line in differences(one, other, f"{at}/{index}")]
    same = left == right and isinstance(left, bool) == isinstance(right, bool)
    return [] if same else [f"{at}: {_short(left)} | {_short(right)}"]


def _short(value: Json) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 400 else f"{text[:200]} … {text[-200:]}"


def _template(name: str, templates: Mapping[str, Json], around: tuple[str, ...]) -> Json:
    if name in around:
        return {"again": len(around) - around.index(name)}
    template = dict(templates[name])
    del template["name"]
    if "dag" in template:
        tasks = template["dag"]["tasks"]
        template["dag"] = {task["name"]: _task(task, templates, (*around, name)) for task in tasks}
    if "metadata" in template:
        template["metadata"] = _metadata(template["metadata"])
    for side in ("inputs", "outputs"):
        if side in template:
            template[side] = {kind: _by_name(listed) for kind, listed in template[side].items()}
    if "volumes" in template:
        template["volumes"] = sorted(template["volumes"], key=lambda volume: str(volume["name"]))
    if "podSpecPatch" in template:
        template["podSpecPatch"] = json.loads(template["podSpecPatch"])
    if "manifest" in template.get("resource", {}):
        template["resource"] = template["resource"] | {"manifest": yaml.safe_load(template["resource"]["manifest"])}
    if template.get("parallelism") == 0:
        del template["parallelism"]
    return template


def _task(task: Mapping[str, Json], templates: Mapping[str, Json], around: tuple[str, ...]) -> Json:
    rest = {
        name: value for name, value in task.items() if name not in {"name", "template", "dependencies", "arguments"}
    }
    return {
        **rest,
        "after": sorted(set(task.get("dependencies", ()))),
        "arguments": {kind: _by_name(listed) for kind, listed in task.get("arguments", {}).items()},
        "does": _template(task["template"], templates, around),
    }


def _by_name(listed: Iterable[Mapping[str, Json]]) -> Json:
    named: dict[str, Json] = {}
    for entry in listed:
        name = entry["name"]
        while name in named:
            name += " (again)"
        named[name] = {"declared": True, **{key: value for key, value in entry.items() if key != "name"}}
    return named


def _metadata(metadata: Mapping[str, Json]) -> Json:
    annotations = {name: value for name, value in metadata.get("annotations", {}).items() if name not in OF_THE_SDK}
    for name in JSON_ANNOTATIONS & annotations.keys():
        annotations[name] = json.loads(annotations[name])
    reference = annotations.get(f"{PREFIX}component_ref") or {}
    if "://" not in reference.get("url", "://"):
        del reference["url"]  # a path on the machine that compiled
    labels = {name: value for name, value in metadata.get("labels", {}).items() if name not in OF_THE_SDK}
    return {"annotations": annotations, "labels": labels}


def _clean(value: Json) -> Json:
    """Leave out whatever is empty, all the way down; an empty text is a value."""
    if isinstance(value, dict):
        cleaned = {key: _clean(item) for key, item in value.items()}
        return {key: item for key, item in cleaned.items() if item is not None and item not in ([], {})}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    return _text(value) if isinstance(value, str) else value


def _text(text: str) -> Json:
    """Return a text without what has no meaning: hashed names of volumes, the program around an author's function."""
    if GENERATED_CALL.search(text):
        return {"function": _author_part(text)}
    return GENERATED_VOLUME.sub("pvolume", text)


def _author_part(program: str) -> str:
    """Return the author's part of a lightweight component's program (W-03, W-05); the rest is run, not compared."""
    statements = ast.parse(program).body
    return "\n".join(ast.unparse(statement) for statement in statements if not _is_generated(statement))


def _is_generated(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.ClassDef):
        return bool(GENERATED_NAME.match(statement.name))
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return all(alias.asname or alias.name in {"argparse", "json", "os"} for alias in statement.names)
    text = ast.unparse(statement)
    for opening in ("if __name__ == '__main__':", "for idx, output_file in enumerate("):
        text = text.removeprefix(opening).lstrip()
    return bool(GENERATED_NAME.match(text))
