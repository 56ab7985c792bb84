"""What Argo would refuse of a workflow before it runs anything: names that nothing declares."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = Any
KINDS = ("parameters", "artifacts")
_INPUT = re.compile(r"\{\{inputs\.(parameters|artifacts)\.([\w.-]+)\}\}")
_TASK = re.compile(r"\{\{tasks\.([\w-]+)\.outputs\.(parameters|artifacts)\.([\w.-]+)\}\}")
_WORKFLOW = re.compile(r"\{\{workflow\.parameters\.([\w.-]+)\}\}")
_ITEM = re.compile(r"\{\{item(?:\.\w+)?\}\}")


def refusals(workflow: Mapping[str, Json]) -> list[str]:
    """Return one line for each name that is used but not declared, declared twice, or not handed over."""
    spec = workflow["spec"]
    templates = {template["name"]: template for template in spec["templates"]}
    known = {parameter["name"] for parameter in spec["arguments"]["parameters"]}
    found = [f"two templates '{name}'" for name in _repeated(template["name"] for template in spec["templates"])]
    found += [f"no template '{name}'" for name in {spec["entrypoint"], spec.get("onExit")} - templates.keys() - {None}]
    for name in sorted(set(_WORKFLOW.findall(_text(spec))) - known):
        found.append(f"no parameter '{name}' of the workflow")
    for template in templates.values():
        found += [f"{template['name']}: {problem}" for problem in _of_template(template, templates)]
    return found


def _of_template(template: Json, templates: Mapping[str, Json]) -> Iterator[str]:
    declared = {(kind, name) for kind in KINDS for name in _declared(template, "inputs", kind)}
    for side in ("inputs", "outputs"):
        for kind in KINDS:
            yield from (f"{side} {kind} '{name}' twice" for name in _repeated(_declared(template, side, kind)))
    for kind, name in sorted(set(_INPUT.findall(_text(template))) - declared):
        yield f"no input {kind} '{name}'"
    tasks = {task["name"]: task for task in template.get("dag", {}).get("tasks", ())}
    for owner, kind, name in _TASK.findall(_text(template)):
        produced = _declared(templates[tasks[owner]["template"]], "outputs", kind) if owner in tasks else ()
        if name not in produced:
            yield f"task '{owner}' has no output {kind} '{name}'"
    for task in tasks.values():
        yield from (f"task '{task['name']}': {problem}" for problem in _of_task(task, tasks, templates))


def _of_task(task: Json, tasks: Mapping[str, Json], templates: Mapping[str, Json]) -> Iterator[str]:
    before = _before(task["name"], tasks)
    if task["name"] in before:
        yield "depends on itself"
    for owner, _, _ in _TASK.findall(_text(task)):
        if owner not in before:
            yield f"uses an output of '{owner}' and does not wait for it"
    yield from (f"waits for '{name}', which is no task" for name in task.get("dependencies", ()) if name not in tasks)
    if _ITEM.search(_text(task.get("arguments"))) and not {"withItems", "withParam"} & task.keys():
        yield "uses an item without a loop"
    target = templates[task["template"]]
    for kind in KINDS:
        given = [argument["name"] for argument in task.get("arguments", {}).get(kind, ())]
        missing = [entry["name"] for entry in target.get("inputs", {}).get(kind, ()) if "raw" not in entry]
        yield from (f"hands over no {kind} '{name}'" for name in sorted(set(missing) - set(given)))
        yield from (f"hands over {kind} '{name}' twice" for name in _repeated(given))


def _before(name: str, tasks: Mapping[str, Json]) -> set[str]:
    before: set[str] = set()
    waiting = list(tasks[name].get("dependencies", ()))
    while waiting:
        found = waiting.pop()
        if found not in before and found in tasks:
            before.add(found)
            waiting += tasks[found].get("dependencies", ())
    return before


def mended(workflow: Mapping[str, Json]) -> dict[str, Json]:
    """Return the real SDK's workflow with the outputs that its compiler forgets on the way out of a group (DP-13)."""
    complete: dict[str, Json] = copy.deepcopy(dict(workflow))
    templates = {template["name"]: template for template in complete["spec"]["templates"]}
    missing = True
    while missing:
        missing = False
        for template in templates.values():
            tasks = {task["name"]: task for task in template.get("dag", {}).get("tasks", ())}
            for owner, kind, name in set(_TASK.findall(_text(template))):
                target = templates[tasks[owner]["template"]] if owner in tasks else None
                if target is not None and name not in _declared(target, "outputs", kind):
                    missing = _declare(target, kind, name, templates) or missing
    return complete


def _declare(template: Json, kind: str, name: str, templates: Mapping[str, Json]) -> bool:
    entry = _of_own_files(template, name) or _of_inner_task(template, kind, name, templates)
    if entry is None:
        return False
    template.setdefault("outputs", {}).setdefault(kind, []).append({"name": name, **entry})
    return True


def _of_own_files(template: Json, name: str) -> Json:
    files = {artifact["name"]: artifact for artifact in template.get("outputs", {}).get("artifacts", ())}
    return {"valueFrom": {"path": files[name]["path"]}} if "path" in files.get(name, {}) else None


def _of_inner_task(template: Json, kind: str, name: str, templates: Mapping[str, Json]) -> Json:
    for task in template.get("dag", {}).get("tasks", ()):
        if _makes(templates[task["template"]], name, templates):
            source = f"{{{{tasks.{task['name']}.outputs.{kind}.{name}}}}}"
            return {"valueFrom": {"parameter": source}} if kind == "parameters" else {"from": source}
    return None


def _makes(template: Json, name: str, templates: Mapping[str, Json]) -> bool:
    if name in _declared(template, "outputs", "artifacts"):
        return True
    return any(
        _makes(templates[task["template"]], name, templates) for task in template.get("dag", {}).get("tasks", ())
    )


def _declared(template: Json, side: str, kind: str) -> list[str]:
    return [entry["name"] for entry in template.get(side, {}).get(kind, ())]


def _repeated(names: Any) -> list[str]:
    return sorted(name for name, count in Counter(names).items() if count > 1)


def _text(value: Json) -> str:
    return json.dumps(value)
