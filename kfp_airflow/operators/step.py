"""The life of a step, the same for every runtime: guards, inputs, one attempt, outputs."""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from kfp_airflow import config
from kfp_airflow.artifacts.store import Published, Store, Stored
from kfp_airflow.diagnostics import ImageUnavailable, OutputMissing, StepError, StepFailed
from kfp_airflow.graph.model import ContainerStep, InputFile, OutputFile
from kfp_airflow.graph.resolved import Outcome, ResolvedStep, resolve_step
from kfp_airflow.graph.text import ArgumentRef, Json, OutputRef
from kfp_airflow.operators.callers import ended_with_callers
from kfp_airflow.operators.construction import QuickConstruction
from kfp_airflow.operators.guards import check_guards
from kfp_airflow.operators.limits import Deadline, Limits, ended_by
from kfp_airflow.operators.placement import Placement
from kfp_airflow.operators.reasons import explained
from kfp_airflow.operators.retries import Attempts, attempts_of, kept_to_policy
from kfp_airflow.operators.values import OperandSkipped, RunValues, open_store
from kfp_airflow.version_compat import AirflowFailException, AirflowSkipException

if TYPE_CHECKING:
    from airflow.sdk import Context

log = logging.getLogger(__name__)

ITEM_TEMPLATE: Final = "{{ kfp_item }}"
"""The `map_index_template` of tasks in loops; a value put in by a variable is not rendered again."""


class StepLife(QuickConstruction):
    """A mixin of the operators that run steps: `execute` is the life of a step, `run_attempt` what a runtime adds."""

    step: ContainerStep
    placement: Placement
    told_to_end: bool = False
    """Whether the task was told to end: a step that has not begun then never does."""

    def on_kill(self) -> None:
        """End what runs. Airflow calls it in a signal handler, at any moment, and more than once."""
        if not self.told_to_end:
            self.told_to_end = True
            self.end_attempt()

    def execute(self, context: Context) -> None:
        """Run the step once and publish its outputs, one XCom each.

        Raises AirflowSkipException where a condition is false or a value's step was skipped, StepFailed where the
        program ended with an exit code other than 0, OutputMissing where it wrote no such file, ImageUnavailable where
        its image cannot be had, StepError where it could not be run otherwise.
        """
        values = RunValues(self.placement, context, store := open_store())
        with explained(context):
            show_item(values, context)
            values.require_known_parameters()
            check_guards(values)
            attempts = self._attempts(values, context, store)
            with kept_to_policy(attempts), _work_folder() as work:
                resolved, inputs = self._resolve(values, store, work)
                deadlines = (*_run_deadlines(values), *(attempts.deadlines if attempts is not None else ()))
                limits = Limits(deadlines=deadlines, shared=values.shared_limit)
                with ended_with_callers(values, self.on_kill):
                    outcome = self._run_attempt(resolved, limits, inputs, _folder(work / "attempt"), context)
                _publish(self.step, outcome, context, store)
                if outcome.exit_code != 0:
                    raise StepFailed(f"step '{self.step.id}': {outcome.message}", exit_code=outcome.exit_code)
                _require_outputs(self.step, outcome)

    def _attempts(self, values: RunValues, context: Context, store: Store) -> Attempts | None:
        """Return what is known of the attempts of a step that is retried.

        Raises AirflowFailException where that is nothing: another attempt would know no more.
        """
        if self.step.retry is None:
            return None
        try:
            with self._named():
                return attempts_of(self.step.retry, values, context, store)
        except StepError as error:
            raise AirflowFailException(str(error)) from error

    @abstractmethod
    def run_attempt(
        self, step: ResolvedStep, *, limits: Limits, inputs: Mapping[str, Path], work: Path, context: Context
    ) -> Outcome:
        """Run one attempt: see `graph.resolved.Runtime.run`.

        Where it shares a limit, it waits for its turn first. It has the time that `bounded` gives when it begins.
        """

    def end_attempt(self) -> None:
        """End the attempt that runs, if one does: `run_attempt` looks at `told_to_end` as soon as it has something."""

    def bounded(self, step: ResolvedStep, limits: Limits) -> ResolvedStep:
        """Return the step with the time that is left to it.

        Raises StepError where none is, or where the task was told to end.
        """
        if self.told_to_end:
            raise StepError(f"step '{self.step.id}': was told to end before it began")
        return ended_by(limits.deadlines, step)

    def _run_attempt(
        self, step: ResolvedStep, limits: Limits, inputs: Mapping[str, Path], work: Path, context: Context
    ) -> Outcome:
        self.bounded(step, limits)
        try:
            return self.run_attempt(step, limits=limits, inputs=inputs, work=work, context=context)
        except ImageUnavailable as error:
            raise ImageUnavailable(f"{self.step.where}: step '{self.step.id}': {error}") from error

    def _resolve(self, values: RunValues, store: Store, work: Path) -> tuple[ResolvedStep, dict[str, Path]]:
        with self._named():
            resolved = resolve_step(self.step, values)
            folder = _folder(work / "inputs")
            inputs = {
                item.name: _stage(item, values, store, folder / str(index))
                for index, item in enumerate(self.step.inputs)
            }
        return resolved, inputs

    @contextmanager
    def _named(self) -> Iterator[None]:
        """Let what goes wrong with a value say whose it is; without the value the step is skipped."""
        try:
            yield
        except OperandSkipped as skipped:
            raise AirflowSkipException(f"step '{self.step.id}' is skipped: {skipped}") from None
        except StepError as error:
            raise type(error)(f"step '{self.step.id}': {error}") from error


def show_item(values: RunValues, context: Context) -> None:
    """Let Airflow show the loop's item in place of the map index."""
    if (label := values.item_label) is not None:
        context["kfp_item"] = label  # type: ignore[typeddict-unknown-key] # the name that ITEM_TEMPLATE shows


@contextmanager
def _work_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="kfp-airflow-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _stage(item: InputFile, values: RunValues, store: Store, target: Path) -> Path:
    """Return a local file or folder with an input's content.

    That is an output byte for byte, anything else as its text (DP-03, DP-09).
    """
    reference = item.source.sole_reference
    published: Published
    if isinstance(reference, OutputRef | ArgumentRef):
        published = values.handed(reference).value
    else:
        published = item.source.resolve(values)
    match published:
        case Stored():
            return store.fetch(published, target)
        case list():
            texts = _elements(published, values, item)
            target.write_text(json.dumps(texts, ensure_ascii=False), encoding="utf-8")
        case str():
            target.write_bytes(published.encode())
    return target


def _elements(published: Published, values: RunValues, item: InputFile) -> Json:
    """Return the outputs of a loop's iterations as the JSON list that a step outside the loop takes (DP-13)."""
    if isinstance(published, list):
        return [_elements(value, values, item) for value in published]
    return _element(published, values, item)


def _element(value: str | Stored, values: RunValues, item: InputFile) -> str:
    if isinstance(value, str):
        return value
    if value.kind == "directory":
        raise StepError(
            f"input '{item.name}' collects directories from a loop; collect texts, or use them inside the loop"
        )
    try:
        return values.bytes_of(value, limit_bytes=value.size).decode()
    except UnicodeDecodeError as error:
        problem = f"input '{item.name}' collects files from a loop into a JSON list, and one of them is not UTF-8 text"
        raise StepError(f"{problem}. Write it as text (JSON, base64) inside the loop") from error


def _publish(step: ContainerStep, outcome: Outcome, context: Context, store: Store) -> None:
    """Push one XCom per output that is there.

    Short UTF-8 text goes as it is, anything else as a reference into the store.
    """
    ti = context["ti"]
    limit = config.get_int("inline_limit")
    for output in step.outputs:
        path = outcome.outputs.get(output.name)
        if path is not None:
            ti.xcom_push(key=output.name, value=_as_xcom(output, path, context, store, limit))


def _as_xcom(output: OutputFile, path: Path, context: Context, store: Store, limit: int) -> Json:
    if path.is_file() and path.stat().st_size <= limit:
        try:
            content = path.read_bytes().decode()
        except UnicodeDecodeError:
            pass
        else:
            if "\0" not in content:  # a database may refuse it (PostgreSQL does)
                return content
    ti = context["ti"]
    index = [str(ti.map_index)] if ti.map_index is not None and ti.map_index >= 0 else []
    stored = store.put(path, ti.dag_id, ti.run_id, ti.task_id, *index, str(ti.try_number), output.name)
    log.info("Output '%s': %s, %s B", output.name, stored.uri, f"{stored.size:,}")
    return dict(stored.as_xcom())


def _require_outputs(step: ContainerStep, outcome: Outcome) -> None:
    missing = [output for output in step.outputs if output.name not in outcome.outputs and not output.optional]
    if missing:
        files = ", ".join(f"output '{output.name}' ({output.path})" for output in missing)
        advice = "Write the file, even if it is empty, or take it out of the step's outputs"
        raise OutputMissing(f"step '{step.id}' succeeded and did not write {files}. {advice}")


def _run_deadlines(values: RunValues) -> tuple[Deadline, ...]:
    """Return the end of the pipeline's time, which counts from the start of the root run.

    Only where an exit handler has to run after that (§4 of the design).
    """
    limit = values.placement.facts.timeout
    if limit is None or values.placement.handles_exit:
        return ()
    return (Deadline(values.root.started + limit, f"the run's time limit of {int(limit.total_seconds())} s"),)
