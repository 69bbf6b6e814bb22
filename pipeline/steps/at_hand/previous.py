"""What a practice's next edition continues: its own last one and, after a merger, those of the practices it took over.

A run is frozen with the editions it continues; its stages read those, whatever was published or recalled since. Reads
the ledger and the organisations the run knows. Decides nothing about who is listed.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from pipeline.contracts.correction import Recalled
from pipeline.contracts.reference import Organisation, Reference
from pipeline.ledger import registers, runs
from pipeline.ledger.connect import Ledger
from pipeline.ledger.recalls import recalls
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.runs import Run
from pipeline.rules.organisations import closed_on, continued
from pipeline.rules.times import day_in_words, index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.reference_data import reference_as_known


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


def to_continue(
    ledger: Ledger,
    reference: Reference,
    *,
    codes: Iterable[str],
    as_of: date,
    first: Run | None,
    corrects: bool,
    among: Collection[str] | None = None,
    reopens: str | None = None,
) -> dict[str, object]:
    """What a run of this night is to be frozen with: the editions it continues, by code, and those known as recalled.

    `first` is the run that finished the night before, when the night is to be as it was known then: what that one
    continued counts, not what was published, corrected or recalled since. A corrected edition knows of recalls of its
    own date too. An ICB's is the edition that its counts are kept safe beside: see `last_counted`. With `among`, a
    backfill's, only editions of these runs: those that had finished when it began. `reopens` is the key of a run that
    was cut short: the counts it handed out before that are its own, not what it continues.
    """
    kept: dict[str, str | None] = dict(first.inputs.get("previous_editions") or {}) if first else {}
    found: dict[str, str | None] = {}
    for code in codes:
        own, merged = previous_editions(ledger, reference, code=code, as_of=as_of, among=among)
        found |= {closed: edition.edition_id for closed, edition in merged.items()}
        found[code] = own.edition_id if own else None
        icb = reference.practice(code, index_date(as_of)).icb_code
        counted = last_counted(ledger, code=icb, among=among, reopens=reopens)
        found[icb] = counted.edition_id if counted else None
    if first is not None:
        return {
            "previous_editions": {code: kept.get(code, found[code]) for code in found} | kept,
            "recalled": list(first.inputs.get("recalled") or []),
        }
    taken_back = recalls(ledger)
    current = [one for one in registers.list_editions(ledger) if one.kind == "current"]
    dated = [one for one in current if one.edition_id in taken_back]
    recalled = [one.edition_id for one in dated if one.as_of < as_of or (corrects and one.as_of == as_of)]
    return {"previous_editions": found, "recalled": sorted(recalled)}


def last_counted(
    ledger: Ledger, *, code: str, among: Collection[str] | None = None, reopens: str | None = None
) -> Edition | None:
    """The ICB's edition handed out last, whatever its date, recalled or not, or None; none of the run that `reopens`.

    Whoever was handed figures keeps them, so the next ones must be safe beside them: a chain in the order in which
    they were handed out, in which every edition is named by the run behind the next. No clock is asked.
    """
    editions = [one for one in registers.list_editions(ledger, plane="locality", code=code) if one.kind == "current"]
    editions = [one for one in editions if one.run_key != reopens and (among is None or one.run_key in among)]
    made_by = [runs.get_run(ledger, one.run_key) for one in editions]
    followed = {dict(run.inputs.get("previous_editions") or {}).get(code) for run in made_by if run is not None}
    last = [one for one in editions if one.edition_id not in followed]
    # More than one only of runs frozen before corrections stood in the chain.
    return max(last, key=lambda one: (one.published_at, one.as_of, one.revision), default=None)


def previous_editions(
    ledger: Ledger, reference: Reference, *, code: str, as_of: date, among: Collection[str] | None = None
) -> tuple[Edition | None, dict[str, Edition]]:
    """The practice's last edition, and by code those of merged practices that the next one continues."""
    own = registers.last_edition(ledger, plane="practice", code=code, before=as_of, among=among)
    found: dict[str, Edition] = {}
    for merged in reference.predecessors(code, index_date(as_of)):
        edition = registers.last_edition(ledger, plane="practice", code=merged, before=as_of, among=among)
        if edition is not None:
            found[merged] = edition
    return own, _still_to_tell(reference, own, found, as_of=as_of)


def editions_of_run(
    ledger: Ledger, reference: Reference, *, code: str, run: Run
) -> tuple[Edition | None, dict[str, Edition]]:
    """As `previous_editions`, by what the run was frozen with."""
    named = dict(run.inputs.get("previous_editions") or {})
    if code not in named:
        return previous_editions(ledger, reference, code=code, as_of=run.as_of)
    predecessors = reference.predecessors(code, index_date(run.as_of))
    wanted = {one: str(named[one]) for one in (code, *predecessors) if named.get(one)}
    found = {one: registers.get_edition(ledger, edition_id) for one, edition_id in wanted.items()}
    own = found.pop(code, None)
    merged = {one: edition for one, edition in found.items() if edition is not None}
    return own, _still_to_tell(reference, own, merged, as_of=run.as_of)


def _still_to_tell(
    reference: Reference, own: Edition | None, merged: Mapping[str, Edition], *, as_of: date
) -> dict[str, Edition]:
    day = index_date(as_of)
    closed = {code: closed_on(reference.organisations, code, day) for code in merged}
    dated = {code: (on, merged[code].as_of) for code, on in closed.items() if on is not None}
    return {code: merged[code] for code in continued(own.as_of if own else None, dated)}


def previous(ledger: Ledger, reference: Reference, *, code: str, run: Run) -> Previous:
    """What the practice's edition of this run continues."""
    own, merged = editions_of_run(ledger, reference, code=code, run=run)
    entries: dict[str, Entry] = {}
    for edition in merged.values():
        entries |= _entries(ledger, edition)
    return Previous(own, _entries(ledger, own) if own else {}, merged, entries)


def once_listed(ledger: Ledger, *, code: str, run: Run) -> frozenset[str]:
    """Who stood on any of the practice's earlier editions, but for those the run knows as recalled."""
    recalled = set(run.inputs.get("recalled") or ())
    editions = [one for one in earlier_editions(ledger, code=code, run=run) if one.edition_id not in recalled]
    return frozenset(
        entry.person_key for one in editions for entry in registers.entries(ledger, edition_id=one.edition_id)
    )


def earlier_editions(ledger: Ledger, *, code: str, run: Run) -> list[Edition]:
    """The practice's current editions of earlier nights, recalled ones among them: no number is given out twice."""
    return _earlier(ledger, plane="practice", code=code, run=run)


def _earlier(ledger: Ledger, *, plane: str, code: str, run: Run) -> list[Edition]:
    """Editions of earlier nights that the run comes after; one of a chain of backfills: those of the chain, and what
    was current before it began."""
    editions = [one for one in registers.list_editions(ledger, plane=plane, code=code) if one.as_of < run.as_of]
    chain = set(run.inputs.get("chain") or ())
    chained = [one for one in editions if one.kind == "replay" and one.run_key in chain]
    begun = min((one.as_of for one in chained), default=run.as_of)
    return [one for one in editions if one.kind == "current" and one.as_of < begun] + chained


def edition_before(ledger: Ledger, *, plane: str, code: str, run: Run) -> Edition | None:
    """The last edition of an earlier night that counts, as the run knows recalls; of a night the highest revision."""
    recalled = set(run.inputs.get("recalled") or ())
    newest = {one.as_of: one for one in _earlier(ledger, plane=plane, code=code, run=run)}
    return next((newest[day] for day in sorted(newest, reverse=True) if newest[day].edition_id not in recalled), None)


def taken_back(
    ledger: Ledger, *, plane: str, code: str, run: Run, since: date | None, revision: int
) -> tuple[Recalled, ...]:
    """What the run's edition says of recalled ones: those after the last that counts, as the run knows them."""
    known, told = set(run.inputs.get("recalled") or ()), recalls(ledger)
    editions = registers.list_editions(ledger, plane=plane, code=code)
    return tuple(
        Recalled(
            edition_id=one.edition_id,
            as_of=one.as_of,
            recalled_on=told[one.edition_id].recalled_at.date(),
            reason=told[one.edition_id].reason,
        )
        for one in editions
        if one.edition_id in known and (since is None or one.as_of > since)
        if one.as_of < run.as_of or one.revision < revision
    )


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
