"""Files that came back from practices, what became of each, and what they changed about whom, as pseudonyms.

A file is entered once, with its answers, in one transaction with the audit row that tells of it. Answers are never
rewritten; `forget_people` and `forget_answers` take them away.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import date, datetime
from typing import Any

from sqlalchemy import delete, select, update

from pipeline.ledger.audit import append_within
from pipeline.ledger.connect import Ledger, empty_write_ahead_log, reading, writing
from pipeline.ledger.tables import feedback_answer as answer_table
from pipeline.ledger.tables import feedback_file as file_table

# Well below the number of parameters either database takes in one statement.
CHUNK = 500
READ, REFUSED = "read_feedback", "refuse_feedback"
# Stands in the place of free text, which is kept sealed in the identified zone.
SEALED = "sealed"


@dataclass(frozen=True)
class FeedbackFile:
    """One returned file. `report` names rules and row numbers; it holds no value."""

    feedback_id: str
    practice_code: str
    run_key: str | None
    sha256: str
    received_at: datetime
    entered_at: datetime
    who: str
    state: str
    reason_code: str | None
    content_digest: str | None
    rows_in: int
    rows_changed: int
    rows_unchanged: int
    rows_nominated: int
    rows_rejected: int
    report: dict[str, Any]
    original_expires_on: date
    original_deleted_at: datetime | None = None

    @property
    def counts(self) -> dict[str, int]:
        """Rows by what became of them."""
        names = ("rows_in", "rows_changed", "rows_unchanged", "rows_nominated", "rows_rejected")
        return {name.removeprefix("rows_"): getattr(self, name) for name in names}


@dataclass(frozen=True)
class Answer:
    """One column of one person as a file changed it; dates are ISO text, None is emptied."""

    person_key: str
    name: str
    value: str | None
    row_number: int


def record_file(ledger: Ledger, *, file: FeedbackFile, answers: Sequence[Answer]) -> FeedbackFile:
    """Enter a file with its answers and tell the audit, all or nothing; one that is there already is left alone."""
    with writing(ledger) as connection:
        known = connection.execute(select(file_table).where(file_table.c.feedback_id == file.feedback_id)).one_or_none()
        if known is not None:
            return FeedbackFile(**known._mapping)
        connection.execute(file_table.insert(), [asdict(file)])
        rows = [{"feedback_id": file.feedback_id, **vars(answer)} for answer in answers]
        for start in range(0, len(rows), CHUNK):
            connection.execute(answer_table.insert(), rows[start : start + CHUNK])
        append_within(
            connection,
            at=file.entered_at,
            who=file.who,
            action=READ if file.state == "accepted" else REFUSED,
            run_key=file.run_key,
            subject=f"{file.feedback_id} sha256 {file.sha256}" + (f", {file.reason_code}" if file.reason_code else ""),
            counts={**file.counts, "answers": len(rows)},
        )
    return file


def list_files(
    ledger: Ledger,
    *,
    practice_code: str | None = None,
    state: str | None = None,
) -> list[FeedbackFile]:
    """Files that fit every condition given, in the order they were received."""
    chosen = select(file_table)
    if practice_code is not None:
        chosen = chosen.where(file_table.c.practice_code == practice_code)
    if state is not None:
        chosen = chosen.where(file_table.c.state == state)
    with reading(ledger) as connection:
        found = [FeedbackFile(**row._mapping) for row in connection.execute(chosen)]
    return sorted(found, key=lambda one: (one.received_at, one.feedback_id))


def answers_in(ledger: Ledger, *, feedback_ids: Iterable[str]) -> dict[str, list[Answer]]:
    """What these files changed, by file."""
    wanted, found = sorted(set(feedback_ids)), dict[str, list[Answer]]()
    columns = [answer_table.c.feedback_id, *(answer_table.c[field.name] for field in fields(Answer))]
    with reading(ledger) as connection:
        for start in range(0, len(wanted), CHUNK):
            chosen = select(*columns).where(answer_table.c.feedback_id.in_(wanted[start : start + CHUNK]))
            for row in connection.execute(chosen):
                feedback_id, *rest = row
                found.setdefault(feedback_id, []).append(Answer(*rest))
    return found


def people_with_answers(ledger: Ledger) -> set[str]:
    """Everybody of whom an answer is held."""
    with reading(ledger) as connection:
        return set(connection.execute(select(answer_table.c.person_key).distinct()).scalars())


def files_with_answers(ledger: Ledger) -> set[str]:
    """Ids of files of which it is still held what they changed."""
    with reading(ledger) as connection:
        return set(connection.execute(select(answer_table.c.feedback_id).distinct()).scalars())


def forget_people(ledger: Ledger, *, person_keys: Sequence[str]) -> int:
    """Remove what was answered about these people, down to the bytes; number of answers removed."""
    return _forget(ledger, column="person_key", values=person_keys)


def forget_answers(ledger: Ledger, *, feedback_ids: Sequence[str]) -> int:
    """Remove what these files changed, down to the bytes; that they came stays. Number of answers removed."""
    return _forget(ledger, column="feedback_id", values=feedback_ids)


def record_original_deleted(ledger: Ledger, *, feedback_id: str, at: datetime) -> None:
    """Say that the sealed bytes of a file are gone."""
    with writing(ledger) as connection:
        here = file_table.c.feedback_id == feedback_id
        connection.execute(update(file_table).where(here).values(original_deleted_at=at))


def _forget(ledger: Ledger, *, column: str, values: Sequence[str]) -> int:
    wanted, removed = sorted(set(values)), 0
    with writing(ledger) as connection:
        for start in range(0, len(wanted), CHUNK):
            gone = delete(answer_table).where(answer_table.c[column].in_(wanted[start : start + CHUNK]))
            removed += connection.execute(gone).rowcount
    if wanted:
        # Also when none was left: a run killed before this has yet to do it.
        empty_write_ahead_log(ledger)
    return removed
