"""Recall: a person takes a published edition back, with a reason. It stays where it is and counts no more.

The ledger and its audit are told first, then a notice is put beside the files; a recall that was killed between the
two is finished by asking again. What follows from it: docs/decisions/0029. Nothing is deleted, and nothing undone.
"""

from dataclasses import dataclass
from datetime import date

from pipeline.channels.correction_files import recall_notice
from pipeline.channels.folder import put_file
from pipeline.channels.pack_seal import RECALLED
from pipeline.errors import UserError
from pipeline.ledger import outbox, registers
from pipeline.ledger.recalls import Recall, recalls, record_recall
from pipeline.ledger.registers import Edition
from pipeline.rules.decision_words import check_words
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.leaving import notice_leaves


@dataclass(frozen=True)
class Recalling:
    """A recall as it stands; `is_new` is False when the edition had been recalled before.

    `has_notice`: False where the pack's folder is gone, so that there was nothing to put a notice beside.
    """

    recall: Recall
    is_new: bool
    has_notice: bool


@dataclass(frozen=True)
class Look:
    """An edition whose recall leaves something to do."""

    says: str
    next_step: str
    edition_id: str


def recall(context: Context, *, edition_id: str, who: str, reason: str) -> Recalling:
    """Take the edition back; the second time nothing changes, but a missing notice is written.

    Raises UserError when no such edition was published, when it is a replay, and when who or why is not said or holds
    what looks like an NHS number.
    """
    check_words(who, reason)
    edition = _published(context, edition_id)
    known = recalls(context.ledger).get(edition_id)
    told = known or _record(context, edition, who=who, reason=reason)
    return Recalling(recall=told, is_new=known is None, has_notice=_put_notice(context, edition, told))


def editions(context: Context, *, code: str | None) -> list[str]:
    """A line for every edition that was published, replays left out: its id, run, people, and what became of it."""
    every = [one for one in registers.list_editions(context.ledger, code=code) if one.kind == "current"]
    taken_back = recalls(context.ledger)
    newest = {(one.plane, one.code, one.as_of): one.revision for one in every}
    return [_line(one, taken_back.get(one.edition_id), newest[one.plane, one.code, one.as_of]) for one in every]


def recalls_to_look_at(context: Context) -> list[Look]:
    """Practices and localities whose newest edition is recalled, and has no successor yet."""
    taken_back = recalls(context.ledger)
    every = [one for one in registers.list_editions(context.ledger) if one.kind == "current"]
    newest = {(one.plane, one.code): one for one in sorted(every, key=lambda one: (one.as_of, one.revision))}
    return [
        Look(
            f"Edition {one.edition_id} is recalled ({taken_back[one.edition_id].reason}) and nothing has replaced it",
            f"Replace it: riskstrat nightly --as-of {one.as_of} --correct REASON, or let the next night do it",
            one.edition_id,
        )
        for _, one in sorted(newest.items())
        if one.edition_id in taken_back
    ]


def _published(context: Context, edition_id: str) -> Edition:
    edition = registers.get_edition(context.ledger, edition_id)
    if edition is None:
        raise UserError(
            "No such edition was ever published, so there is nothing to recall",
            where=edition_id,
            next_step="look for its id with riskstrat editions",
        )
    if edition.kind != "current" and not outbox.list_outbox(context.ledger, edition_id=edition_id):
        raise UserError(
            "This is a replay: nobody was handed it, so there is nothing to recall",
            where=edition_id,
            next_step="name an edition that riskstrat editions lists; a replay's folder may simply be deleted",
        )
    return edition


def _record(context: Context, edition: Edition, *, who: str, reason: str) -> Recall:
    at = context.now()
    notice = _notice(edition, recalled_on=at.date(), reason=reason)
    leaves = notice_leaves(context, edition, notice=notice)
    return record_recall(context.ledger, edition=edition, who=who, reason=reason, at=at, notice=leaves)


def _put_notice(context: Context, edition: Edition, told: Recall) -> bool:
    pack = context.settings.home / edition.path
    if not pack.is_dir():
        return False
    if not (pack / RECALLED).is_file():
        put_file(pack / RECALLED, _notice(edition, recalled_on=told.recalled_at.date(), reason=told.reason))
    return True


def _notice(edition: Edition, *, recalled_on: date, reason: str) -> bytes:
    return recall_notice(
        edition_id=edition.edition_id, code=edition.code, as_of=edition.as_of, recalled_on=recalled_on, reason=reason
    )


def _line(edition: Edition, recalled: Recall | None, newest: int) -> str:
    state = "in force" if edition.revision == newest else "replaced"
    if recalled is not None:
        state = f"RECALLED on {recalled.recalled_at.date()} by {recalled.who}: {recalled.reason}"
    return f"{edition.edition_id}  run {edition.run_key}  people {edition.counts.get('people', 0):,}  {state}"
