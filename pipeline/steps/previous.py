"""What a practice's next edition continues: its own last one and, after a merger, those of the practices it took over.

Reads the ledger and the organisations the run knows. Decides nothing about who is listed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.contracts.reference import Organisation, Reference
from pipeline.ledger import registers, runs
from pipeline.ledger.connect import Ledger
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.runs import Run
from pipeline.rules.organisations import closed_on, continued
from pipeline.rules.times import day_in_words, index_date
from pipeline.steps.context import Context
from pipeline.steps.reference_data import reference_as_known


@dataclass(frozen=True)
class Previous:
    """The editions before this one: `own` (None before the first) and, by practice code, those of merged practices."""

    own: Edition | None
    own_entries: Mapping[str, Entry]
    merged: Mapping[str, Edition]
    merged_entries: Mapping[str, Entry]

    @property
    def entries(self) -> dict[str, Entry]:
        """By person key, the practice's own before those of others."""
        return {**self.merged_entries, **self.own_entries}

    @property
    def people(self) -> int:
        """How many stood on these editions when they were published, those since forgotten included."""
        editions = [edition for edition in (self.own, *self.merged.values()) if edition is not None]
        return sum(int(edition.counts["people"]) for edition in editions)


def reference_of(context: Context, run: Run) -> Reference:
    """Reference data as the run knows them."""
    return reference_as_known(context, delivery_ids=runs.run_deliveries(context.ledger, run.run_key))


def codes_of(reference: Reference, code: str, *, as_of: date) -> frozenset[str]:
    """The practice and every closed one whose patients are its own on the night's index date."""
    return frozenset({code, *reference.predecessors(code, index_date(as_of))})


def previous_editions(
    ledger: Ledger, reference: Reference, *, code: str, as_of: date
) -> tuple[Edition | None, dict[str, Edition]]:
    """The practice's last edition, and by code those of merged practices that the next one continues."""
    day = index_date(as_of)
    own = registers.last_edition(ledger, plane="practice", code=code, before=as_of)
    found: dict[str, Edition] = {}
    dated: dict[str, tuple[date, date]] = {}
    for merged in reference.predecessors(code, day):
        edition = registers.last_edition(ledger, plane="practice", code=merged, before=as_of)
        closed = closed_on(reference.organisations, merged, day)
        if edition is not None and closed is not None:
            found[merged], dated[merged] = edition, (closed, edition.as_of)
    return own, {merged: found[merged] for merged in continued(own.as_of if own else None, dated)}


def previous(ledger: Ledger, reference: Reference, *, code: str, as_of: date) -> Previous:
    """What the practice's edition of this night continues."""
    own, merged = previous_editions(ledger, reference, code=code, as_of=as_of)
    entries: dict[str, Entry] = {}
    for edition in merged.values():
        entries |= _entries(ledger, edition)
    return Previous(own, _entries(ledger, own) if own else {}, merged, entries)


def merger_notices(reference: Reference, before: Previous, *, as_of: date) -> tuple[str, ...]:
    """What a practice is told on the first edition after another one merged into it."""
    day = index_date(as_of)
    return tuple(
        f"{_name(reference.organisations, code)} ({code}) closed on "
        f"{day_in_words(closed_on(reference.organisations, code, day) or day)} and its patients are yours: who was on "
        "its last list and is on this one is marked as joined, with their history."
        for code in sorted(before.merged)
    )


def _name(organisations: Sequence[Organisation], code: str) -> str:
    own = [row for row in organisations if row.practice_code == code]
    return max(own, key=lambda row: row.valid_from).practice_name


def _entries(ledger: Ledger, edition: Edition) -> dict[str, Entry]:
    return {entry.person_key: entry for entry in registers.entries(ledger, edition_id=edition.edition_id)}
