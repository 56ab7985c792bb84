"""An Argo workflow that a KFP v1 compiler wrote, as a graph: the way back from `write` (Z-07)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from kfp_airflow.diagnostics import Diagnostic, Where
from kfp_airflow.graph.model import ExitHandler, Member, Pipeline, Step, walk
from kfp_airflow.graph.text import ParameterRef, Text
from kfp_airflow.package.calls import Call, Caller
from kfp_airflow.package.fields import Notes, by_name
from kfp_airflow.package.files import read_package_text
from kfp_airflow.package.names import unique
from kfp_airflow.package.placeholders import Frame
from kfp_airflow.package.read_members import Exit, MemberReader, TaskOutputs
from kfp_airflow.package.read_settings import WORKFLOW, Described, read_description, read_parameters, read_settings
from kfp_airflow.package.read_volume import read_path_prefix
from kfp_airflow.package.recognize import require_package
from kfp_airflow.package.volume import VOLUME_NAME
from kfp_airflow.package.yaml_data import Block, Data, read_yaml

EXIT_GROUP: Final = "exit-handler"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """What was read: the pipeline, and what is misleading in its package, as warnings."""

    pipeline: Pipeline
    warnings: tuple[Diagnostic, ...]


def read_package(path: Path) -> Package:
    """Return the pipeline of a package file: `.yaml`, `.yml`, `.zip`, `.tar.gz` or `.tgz` (Z-07).

    Raises PipelineError with everything that is wrong with it, UsageError where there is no such file.
    """
    found = read_package_text(path)
    return read(read_yaml(found.content, found.file), found.file)


def read(document: Data, file: str) -> Package:
    """Return the pipeline of an Argo workflow as `read_yaml` gives it; `file` is what messages call it.

    The graph has yet to pass `graph.check`. References are followed to what they stand for, so that what the compiler
    handed from template to template leaves no trace; ids of steps and groups are the names of tasks. What a workflow
    does not say is not in the graph: the author's order, names of groups, the pull policy of the whole pipeline.
    Raises PipelineError with everything that is wrong.
    """
    workflow = require_package(document, file)
    notes = Notes(file)
    reader = _WorkflowReader(workflow, notes)
    pipeline = reader.pipeline()
    notes.require_sound()
    return Package(pipeline=pipeline, warnings=tuple(notes.found))


class _WorkflowReader:
    """Reads the parts of one workflow."""

    def __init__(self, workflow: Block, notes: Notes) -> None:
        self._notes = notes
        self._spec = notes.block(workflow, "spec", WORKFLOW)
        self._described: Described = read_description(workflow, notes)
        self._parameters = read_parameters(self._spec, self._described, notes)
        templates = self._templates()
        self._caller = Caller(templates, notes)
        self._path_prefix = read_path_prefix(templates, notes)

    def pipeline(self) -> Pipeline:
        notes, spec = self._notes, self._spec
        entrypoint = notes.required(spec, "entrypoint", WORKFLOW)
        root = self._called(entrypoint)
        handler = self._called(on_exit) if (on_exit := notes.text(spec, "onExit", WORKFLOW)) else None
        self._note_unused()
        notes.require_sound()
        frame = self._frame()
        return Pipeline(
            name=self._described.name,
            description=self._described.description,
            parameters=self._parameters,
            outputs=self._described.outputs,
            members=self._members(root, handler, frame) if root else (),
            settings=read_settings(spec, frame, self._path_prefix, notes),
            where=Where(notes.file, 0),
        )

    def _templates(self) -> list[Block]:
        templates = self._notes.blocks(self._spec, "templates", WORKFLOW)
        for template in templates:
            self._notes.required(template, "name", "a template")
        repeated = len(templates) - len(by_name(templates))
        if repeated:
            problem = f"{repeated} of {len(templates)} templates have a name that another one has, or none"
            self._notes.note("KA405", self._spec, problem, "Compile the pipeline again.")
        return templates

    def _called(self, template: str) -> Call | None:
        task = Block(self._spec.line)
        task.update(name=template, template=template)
        return self._caller.call(task)

    def _note_unused(self) -> None:
        unused = sorted(set(self._caller.templates) - self._caller.called)
        if unused:
            listed = ", ".join(f"'{name}'" for name in unused[:10])
            problem = f"nothing calls the template{'s' if len(unused) > 1 else ''} {listed}: left out, as Argo does"
            advice = "KFP's compiler drops an exit handler which is not the first group of its pipeline (EH-03)."
            self._notes.note("KA413", self._caller.templates[unused[0]], problem, advice, severity="warning")

    def _frame(self) -> Frame:
        """Return what the workflow hands to its entrypoint and to its exit handler: its parameters."""
        arguments = self._notes.block(self._spec, "arguments", WORKFLOW)
        entries = self._notes.blocks(arguments, "parameters", WORKFLOW)
        names = {str(entry.get("name")): found.name for entry, found in zip(entries, self._parameters, strict=True)}
        bare = Frame(parameters=names, values={name: Text((ParameterRef(real),)) for name, real in names.items()})
        reader = MemberReader(self._notes, bare)
        files = {
            str(entry.get("name")): reader.file(entry, bare, WORKFLOW)
            for entry in self._notes.blocks(arguments, "artifacts", WORKFLOW)
        }
        return replace(bare, files=files)

    def _members(self, root: Call, handler: Call | None, frame: Frame) -> tuple[Member, ...]:
        volumes = by_name(self._notes.blocks(self._spec, "volumes", WORKFLOW))
        if self._path_prefix is not None:
            volumes.pop(VOLUME_NAME, None)
        reader = MemberReader(self._notes, replace(frame, outputs=TaskOutputs(root)), volumes)
        step = self._handler(handler, reader, frame)
        groups = [call.id for call in root.tasks.values() if _is_exit_group(call)] if step else []
        if step is not None and len(groups) == 1:
            reader = replace(reader, at_exit=Exit(group=groups[0], handler=step))
        placed = reader.members(root, frame) if root.is_dag else ()
        members = tuple(found.member for found in placed) if root.is_dag else (reader.step(root, frame),)
        if step is None or len(groups) == 1:
            return members
        # Not written by KFP's compiler: whatever runs, the handler comes after it.
        name = unique(f"{EXIT_GROUP}-1", {member.id for member in walk(members)})
        return (ExitHandler(id=name, handler=step, members=members, where=self._notes.where(self._spec)),)

    def _handler(self, call: Call | None, reader: MemberReader, frame: Frame) -> Step | None:
        if call is None:
            return None
        if call.is_dag:
            self._notes.feature(call.template, call.what, "several tasks as 'onExit'")
            return None
        return reader.step(call, frame)


def _is_exit_group(call: Call) -> bool:
    plain = call.is_dag and not {"when", "withItems", "withParam"} & call.task.keys()
    return plain and call.id.startswith(EXIT_GROUP)
