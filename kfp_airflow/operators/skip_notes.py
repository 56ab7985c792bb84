"""Why a task was skipped, as its note in Airflow's UI.

A task cannot set its own note: it leaves the reason as an XCom (`operators.reasons`), and the process that ends the
run, the scheduler or the API server, makes notes of them in its own session.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from kfp_airflow.operators.reasons import MESSAGE_KEY

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun

BEGINNING: Final = "Skipped: "
"""How these notes begin. Nobody has written them, so that they can be told from those of people."""
NOTE_LIMIT: Final = 1000
"""Characters that a note takes (airflow/models/taskinstance.py)."""


def note_skipped_tasks(dag_run: DagRun) -> None:
    """Give each skipped task instance of an ended run its reason as a note, where it has none of a person.

    What such a note said before the task was cleared goes.
    """
    from airflow.models.taskinstance import TaskInstance, TaskInstanceNote
    from airflow.models.xcom import XComModel
    from airflow.utils.state import TaskInstanceState
    from sqlalchemy import and_, select
    from sqlalchemy.orm import object_session

    session = object_session(dag_run)
    if session is None:  # nobody's run
        return
    of_run = (TaskInstance.dag_id == dag_run.dag_id, TaskInstance.run_id == dag_run.run_id)
    is_its_note = TaskInstanceNote.ti_id == TaskInstance.id
    noted = (
        select(TaskInstanceNote)
        .join(TaskInstance, is_its_note)
        .where(*of_run, TaskInstanceNote.user_id.is_(None), TaskInstanceNote.content.startswith(BEGINNING))
    )
    reasons = (
        select(TaskInstance.id, XComModel.value, TaskInstanceNote)
        .join(XComModel, and_(XComModel.task_id == TaskInstance.task_id, XComModel.map_index == TaskInstance.map_index))
        .outerjoin(TaskInstanceNote, is_its_note)
        .where(
            *of_run,
            TaskInstance.state == TaskInstanceState.SKIPPED,
            XComModel.dag_run_id == dag_run.id,
            XComModel.key == MESSAGE_KEY,
        )
    )
    # Only what reads is done here; the process writes when it writes the run's state, and knows what to do about a
    # database that is locked just then. Where that fails, it ends the run once more, and comes here again.
    with session.no_autoflush:
        old = {note.ti_id: note for note in session.scalars(noted)}
        for ti_id, reason, found in session.execute(reasons).all():
            text = note_of(reason)
            if text is None or (found is not None and ti_id not in old):
                continue
            if found is None:
                note = TaskInstanceNote(text)  # type: ignore[no-untyped-call]
                note.ti_id = ti_id
                session.add(note)
            elif old.pop(ti_id).content != text:
                found.content = text
        for outdated in old.values():
            session.delete(outdated)


def note_of(reason: object) -> str | None:
    """Return the note of a reason, None for what is no text: a backend of XComs keeps the reason elsewhere."""
    return f"{BEGINNING}{reason}"[:NOTE_LIMIT] if isinstance(reason, str) else None
