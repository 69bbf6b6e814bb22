"""Feedback: read a register that a practice sent back, keep what it answers, and say what became of every row.

A file that is not what it should be is refused whole, under a rule; of one that is, each row counts or is left out
under a rule of its own. Either way the bytes are sealed as they came, the ledger has it, and the audit says so. What
stands of several answers is decided when it is asked for (feedback_state.py), never here.
"""

import hashlib
import io
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from pipeline.channels.returned_file import read_returned
from pipeline.contracts.answers import LONGEST_TEXT
from pipeline.contracts.receipt import RefusedByRule
from pipeline.contracts.retention import load_retention
from pipeline.contracts.returned import MOST_BYTES, Rejected, Returned, ReturnedRow
from pipeline.errors import UserError
from pipeline.ledger import audit, registers
from pipeline.ledger import feedback as ledger_feedback
from pipeline.ledger.feedback import SEALED, Answer, FeedbackFile
from pipeline.rules.answers import (
    DONE,
    NOMINATED,
    NOMINATION_TEXTS,
    SETS_ASIDE,
    Answers,
    Value,
    printed,
    standing,
)
from pipeline.rules.decision_words import check_words
from pipeline.rules.returned_row import Problem, RowRead, read_answers, read_text
from pipeline.rules.run_key import digest_of
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.feedback_state import FREE_TEXT, changes_of, files_of, seal_words, words_of
from pipeline.steps.feedback.people import Answered, answered_edition, people_nominated, people_of_rows
from pipeline.steps.feedback.report import write_report
from pipeline.store import layout
from pipeline.store.sealed import seal

AGAIN = "feedback_again"
# What an ended or declined case had is emptied when the practice nominates the person anew.
_BEGINS_ANEW = ("status", "status_date", "decline_reason", "review_date")


@dataclass(frozen=True)
class Read:
    """What the ledger says of the file, and whether its bytes were new."""

    file: FeedbackFile
    is_new: bool


@dataclass(frozen=True)
class _Judged:
    """What of a file counts: changes by person, with the row each came in, and counts and rows for the report."""

    answers: tuple[Answer, ...]
    words: tuple[tuple[str, str, Mapping[str, str]], ...]
    counts: Mapping[str, int]
    rejected: tuple[Rejected, ...]
    notes: tuple[str, ...]
    answered: Answered


def feedback(
    context: Context,
    *,
    content: bytes,
    file_name: str,
    practice_code: str,
    who: str,
    received_at: datetime | None = None,
) -> Read:
    """Read one returned file of a practice; `received_at` is when it reached us (default now).

    The same bytes again change nothing. Raises UserError without a name, or for a practice to which nothing was ever
    published; RefusedByRule, once it is entered as refused, for a file that cannot count.
    """
    check_words(who, "feedback")
    received = _received_at(context, received_at)
    _check_practice(context, practice_code)
    digest = hashlib.sha256(content).hexdigest()
    known = _known(context, practice_code=practice_code, digest=digest)
    if known is not None:
        _tell_again(context, known, who=who)
        return Read(known, is_new=False)
    feedback_id = f"feedback.{practice_code}.{received:%Y%m%dT%H%M%SZ}.{digest[:8]}"
    _check_new(context, feedback_id, practice_code=practice_code)
    _keep_original(context, feedback_id, content)
    entered = _entered(context, feedback_id, practice_code=practice_code, digest=digest, received=received, who=who)
    try:
        returned = read_returned(content, file_name=file_name)
        judged = _judged(context, returned, practice_code=practice_code, received=received, who=who)
    except RefusedByRule as refusal:
        report = {"where": refusal.where, "notes": []}
        file = replace(entered, state="refused", reason_code=refusal.code, report=report)
        write_report(context, ledger_feedback.record_file(context.ledger, file=file, answers=[]))
        raise
    seal_words(context, feedback_id=feedback_id, said=judged.words)
    file = replace(
        entered,
        run_key=judged.answered.run.run_key,
        content_digest=digest_of([digest, sorted([a.row_number, a.name, a.value or ""] for a in judged.answers)]),
        report={"rejected": [vars(one) for one in sorted(judged.rejected)], "notes": list(judged.notes)},
        rows_in=judged.counts["in"],
        rows_changed=judged.counts["changed"],
        rows_unchanged=judged.counts["unchanged"],
        rows_nominated=judged.counts["nominated"],
        rows_rejected=judged.counts["rejected"],
    )
    recorded = ledger_feedback.record_file(context.ledger, file=file, answers=judged.answers)
    write_report(context, recorded)
    return Read(recorded, is_new=True)


def read_file(path: Path) -> bytes:
    """The bytes of a file, at most one more than a returned file may have; raises UserError when it is none."""
    if path.is_symlink() or not path.is_file():
        raise UserError("There is no plain file of that name", where="the file given", next_step="look at its path")
    with path.open("rb") as file:
        return file.read(MOST_BYTES + 1)


def _received_at(context: Context, received_at: datetime | None) -> datetime:
    now = context.now()
    if received_at is not None and (received_at.tzinfo is None or received_at > now):
        raise UserError(
            "The moment of receipt has no time zone, or lies ahead",
            where="--received-at",
            next_step="write it like 2026-11-24T09:00:00Z, or leave it out for now",
        )
    return (received_at or now).replace(microsecond=0)


def _check_practice(context: Context, practice_code: str) -> None:
    if not registers.list_editions(context.ledger, plane="practice", code=practice_code):
        raise UserError(
            "No register was ever published to this practice",
            where="--practice",
            next_step="give the code of the practice that sent the file",
        )


def _known(context: Context, *, practice_code: str, digest: str) -> FeedbackFile | None:
    accepted = ledger_feedback.list_files(context.ledger, practice_code=practice_code, state="accepted")
    return next((one for one in accepted if one.sha256 == digest), None)


def _check_new(context: Context, feedback_id: str, *, practice_code: str) -> None:
    files = ledger_feedback.list_files(context.ledger, practice_code=practice_code)
    if any(one.feedback_id == feedback_id for one in files):
        raise UserError(
            "These bytes, received at this moment, were refused before",
            where=feedback_id,
            next_step="leave --received-at out to have them read again",
        )


def _tell_again(context: Context, known: FeedbackFile, *, who: str) -> None:
    write_report(context, known)
    audit.append(
        context.ledger,
        at=context.now(),
        who=who,
        action=AGAIN,
        run_key=known.run_key,
        subject=known.feedback_id,
        counts={},
    )


def _keep_original(context: Context, feedback_id: str, content: bytes) -> None:
    target = layout.original(context.settings.home, feedback_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = target.with_name(f".{target.name}.part")
    with staged.open("wb") as sealed:
        seal(io.BytesIO(content), sealed, key=context.keys.original, name=feedback_id)
    staged.replace(target)


def _entered(
    context: Context, feedback_id: str, *, practice_code: str, digest: str, received: datetime, who: str
) -> FeedbackFile:
    keep = load_retention(context.settings.project, context.settings.home).feedback_originals_days
    return FeedbackFile(
        feedback_id=feedback_id,
        practice_code=practice_code,
        run_key=None,
        sha256=digest,
        received_at=received,
        entered_at=context.now(),
        who=who,
        state="accepted",
        reason_code=None,
        content_digest=None,
        rows_in=0,
        rows_changed=0,
        rows_unchanged=0,
        rows_nominated=0,
        rows_rejected=0,
        report={},
        original_expires_on=received.date() + timedelta(days=keep),
    )


def _judged(context: Context, returned: Returned, *, practice_code: str, received: datetime, who: str) -> _Judged:
    """What of the rows counts; raises RefusedByRule when the file as a whole cannot."""
    every, day = (*returned.rows, *returned.nominations), received.date()
    answered = answered_edition(context, every, practice_code=practice_code, received_on=day)
    known = people_of_rows(context, returned.rows, answered=answered, practice_code=practice_code, who=who)
    named = people_nominated(
        context, returned.nominations, answered=answered, practice_code=practice_code, who=who, received_on=day
    )
    people = sorted({key for key, _ in (*known.rows, *named.rows)})
    shown = _shown(context, answered, people, practice_code=practice_code)
    read = [(key, row, _of_row(row, shown.get(key), day=day)) for key, row in known.rows]
    put = [(key, row, _of_nomination(row, shown.get(key), day=day)) for key, row in named.rows]
    told = [*_sorted_out(read, is_nomination=False), *_sorted_out(put, is_nomination=True)]
    rejected = [*known.rejected, *named.rejected, *(one for one in told if isinstance(one, Rejected))]
    kept = [one for one in told if isinstance(one, _Kept)]
    counts = Counter(one.became for one in kept)
    return _Judged(
        answers=tuple(answer for one in kept for answer in one.answers()),
        words=tuple(one.words() for one in kept if one.words()[2]),
        counts={
            "in": len(every),
            "changed": counts["changed"],
            "unchanged": counts["unchanged"],
            "nominated": counts["nominated"],
            "rejected": len(rejected),
        },
        rejected=tuple(rejected),
        notes=returned.notes,
        answered=answered,
    )


def _shown(
    context: Context, answered: Answered, person_keys: Sequence[str], *, practice_code: str
) -> dict[str, Answers]:
    """What the edition that was answered showed of these people, free text included."""
    files = files_of(context, answered.run, practice_code=practice_code)
    words = words_of(context, files, person_keys=person_keys)
    changes = changes_of(context, files, person_keys=set(person_keys), words=words)
    found = {key: standing(told, practice_code=practice_code) for key, told in changes.items()}
    return {key: one for key, one in found.items() if one is not None}


def _of_row(row: ReturnedRow, shown: Answers | None, *, day: date) -> RowRead:
    return read_answers(row.cells, shown=printed(shown), received_on=day, longest=LONGEST_TEXT)


def _of_nomination(row: ReturnedRow, shown: Answers | None, *, day: date) -> RowRead:
    changes: dict[str, Value] = {NOMINATED: day}
    for name in NOMINATION_TEXTS:
        text = read_text(name, row.cells.get(name, ""), longest=LONGEST_TEXT)
        if isinstance(text, Problem):
            return RowRead(problem=text)
        changes[name] = text
    if shown is not None and shown.status in (*SETS_ASIDE, DONE):
        changes |= dict.fromkeys(_BEGINS_ANEW)
    return RowRead(changes=changes)


@dataclass(frozen=True)
class _Kept:
    """A row that counts: about whom, what it changes, and what it is counted as."""

    person_key: str
    number: int
    changes: Mapping[str, Value]
    became: str

    def answers(self) -> list[Answer]:
        return [
            Answer(self.person_key, name, _stored(name, value), self.number)
            for name, value in sorted(self.changes.items())
        ]

    def words(self) -> tuple[str, str, dict[str, str]]:
        texts = {name: str(value) for name, value in self.changes.items() if name in FREE_TEXT and value is not None}
        row = f"n{self.number}" if self.became == "nominated" else str(self.number)
        return self.person_key, row, texts


def _stored(name: str, value: Value) -> str | None:
    if value is None:
        return None
    if name in FREE_TEXT:
        return SEALED
    return value.isoformat() if isinstance(value, date) else value


def _sorted_out(read: Sequence[tuple[str, ReturnedRow, RowRead]], *, is_nomination: bool) -> list[_Kept | Rejected]:
    """Each row as what it counts as; a person's rows that say different things are all left out."""
    by_person: dict[str, list[tuple[ReturnedRow, RowRead]]] = defaultdict(list)
    for key, row, one in read:
        by_person[key].append((row, one))
    told: list[_Kept | Rejected] = []
    for key, rows in by_person.items():
        is_torn = any(one.changes != rows[0][1].changes for _, one in rows)
        for turn, (row, one) in enumerate(rows):
            if one.problem is not None:
                told.append(Rejected(row.number, one.problem.code, one.problem.column, is_nomination))
            elif is_torn:
                told.append(Rejected(row.number, "ROW-011", "", is_nomination))
            elif turn or not one.changes:
                told.append(_Kept(key, row.number, {}, "unchanged"))
            else:
                told.append(_Kept(key, row.number, one.changes, "nominated" if is_nomination else "changed"))
    return told
