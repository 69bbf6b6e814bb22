"""What is held of files that came back from practices: answers with free text, sealed files, reports; and litter."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal, NamedTuple

from pipeline.ledger import feedback
from pipeline.ledger.feedback import FeedbackFile
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout, tables

COLUMN = "feedback_id"


class Found(NamedTuple):
    """One thing: its zone, what kind of thing it is, where, the day its time is counted from, its name."""

    zone: str
    kind: Literal["path", "slice", "answers", "returned"]
    path: Path
    day: date
    name: str


def held(context: Context, *, day: date) -> Iterator[Found]:
    """Everything held of returned files, and on which day each was received.

    What no file in the ledger names is litter. A sealed file is given once its own last day has passed.
    """
    home = context.settings.home
    files = {one.feedback_id: one for one in feedback.list_files(context.ledger)}
    words = layout.answer_words(home)
    slices = tables.slices(words, column=COLUMN)
    told = feedback.files_with_answers(context.ledger)
    for name in sorted({*slices, *told}):
        known = files.get(name)
        if known is None:
            yield Found("litter", "slice", words, day, name)
            continue
        if name in slices:
            yield Found("feedback", "slice", words, known.received_at.date(), name)
        if name in told:
            yield Found("feedback", "answers", words, known.received_at.date(), name)
    yield from _sealed(home, files, day=day)
    for name, one in sorted(files.items()):
        report = layout.feedback_report(home, name)
        if report.is_dir():
            yield Found("reports", "path", report, one.received_at.date(), name)


def _sealed(home: Path, files: dict[str, FeedbackFile], *, day: date) -> Iterator[Found]:
    """Sealed files past their last day, and those of a reading that was killed before it was entered."""
    for name, one in sorted(files.items()):
        if one.original_deleted_at is None and one.original_expires_on < day:
            yield Found("originals", "returned", layout.original(home, name), one.original_expires_on, name)
    for path in sorted(layout.original(home, "any").parent.glob("feedback.*.bin")):
        if path.stem not in files:
            yield Found("litter", "path", path, day, path.stem)
