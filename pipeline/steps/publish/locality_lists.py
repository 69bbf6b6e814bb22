"""Who stands on the registers that the practices of a locality hold, for lists that leave the practices.

Taken from the editions in use, not from tonight's scores: every key on a locality's list is then one that the practice
finds on the file it has. Who was set aside by an answer is left out, and so is who may not be used any longer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pipeline.contracts.meeting import MeetingPractice, MeetingRow
from pipeline.contracts.register import LocalityRow
from pipeline.ledger import registers, runs
from pipeline.ledger.registers import Edition, Entry
from pipeline.rules.answers import care_plan_overdue, discharged_without_contact
from pipeline.rules.changes import change
from pipeline.rules.meeting import OnList, to_discuss
from pipeline.rules.pseudonym import practice_key
from pipeline.rules.reasons_concepts import only_shown
from pipeline.rules.segments import Segment
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import once_listed, previous
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.steps.publish.pack_night import Night, known_of, shown_segment

SHOWN = ("by_rank", "kept", "nominated")


@dataclass(frozen=True)
class Register:
    """The register that a practice holds, and who of it may stand on a list; both empty before its first."""

    code: str
    edition: Edition | None
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Known:
    """What a list may say of somebody: need group, and what may be shown of the night's facts."""

    segment: Segment
    values: Mapping[str, Any]


def registers_of(context: Context, night: Night, codes: Sequence[str]) -> list[Register]:
    """The register each practice holds once this run has published: this run's, or else the last one that counts."""
    gone = current_erasure(context).person_keys
    found = []
    for code in sorted(codes):
        edition = _edition_in_use(context, night, code=code)
        entries = registers.entries(context.ledger, edition_id=edition.edition_id) if edition else []
        here = tuple(
            entry
            for entry in entries
            if entry.listing in SHOWN
            and entry.person_key not in gone
            and night.people.get(entry.person_key, {}).get("practice_code") == code
        )
        found.append(Register(code, edition, here))
    return found


def locality_rows(context: Context, night: Night, held: Sequence[Register]) -> list[LocalityRow]:
    """Everyone on these registers, ranked across them; equal risks by person key, as on the registers."""
    known = _known(night, held)
    everyone = [(register.code, entry) for register in held for entry in register.entries]
    everyone.sort(key=lambda each: (-each[1].risk_score, each[1].person_key))
    return [
        LocalityRow(
            practice_code=code,
            rank=place,
            rank_in_practice=entry.rank,
            risk_score=entry.risk_score,
            segment=known[entry.person_key].segment.code,
            practice_key=practice_key(entry.person_key, practice_code=code, key=context.keys.practice),
        )
        for place, (code, entry) in enumerate(everyone, start=1)
    ]


def meeting_rows(
    context: Context, night: Night, held: Sequence[Register]
) -> tuple[list[MeetingRow], list[MeetingPractice]]:
    """Whom to talk about, and the practices with how many more each might bring."""
    known, rows, practices = _known(night, held), [], []
    day = index_date(night.run.as_of)
    for register in held:
        people = _on_list(context, night, register, known=known)
        chosen, left_over = to_discuss(people)
        entries = {entry.person_key: entry for entry in register.entries}
        rows += [
            MeetingRow(
                practice_code=register.code,
                practice_key=practice_key(one.person_key, practice_code=register.code, key=context.keys.practice),
                rank_in_practice=entries[one.person_key].rank,
                risk_score=entries[one.person_key].risk_score,
                segment=known[one.person_key].segment.code,
                segment_title=known[one.person_key].segment.title,
                why=one.why,
            )
            for one in chosen
        ]
        name = night.reference.practice(register.code, day).practice_name
        as_of = register.edition.as_of if register.edition else None
        practices.append(MeetingPractice(code=register.code, name=name, as_of=as_of, left_over=left_over))
    return rows, practices


def changes_on(context: Context, night: Night, register: Register) -> dict[str, str]:
    """What changed for each person since the edition before; empty on a practice's first."""
    edition = register.edition
    run = runs.get_run(context.ledger, edition.run_key) if edition is not None else None
    if run is None:
        return {}
    before = previous(context.ledger, night.reference, code=register.code, run=run)
    if not before.entries:
        return {}
    listed_once = once_listed(context.ledger, code=register.code, run=run)
    joined = before.merged_entries.keys() - before.own_entries.keys()
    return {
        entry.person_key: change(
            risk=entry.risk_score,
            risk_before=_risk(before.entries.get(entry.person_key)),
            was_listed_earlier=entry.person_key in listed_once,
            has_joined=entry.person_key in joined,
        )
        for entry in register.entries
    }


def _edition_in_use(context: Context, night: Night, *, code: str) -> Edition | None:
    run = night.run
    made = registers.find_edition(context.ledger, plane="practice", code=code, as_of=run.as_of, run_key=run.run_key)
    named = dict(run.inputs.get("previous_editions") or {}).get(code)
    return made or (registers.get_edition(context.ledger, named) if named else None)


def _known(night: Night, held: Sequence[Register]) -> dict[str, Known]:
    keys = [entry.person_key for register in held for entry in register.entries]
    return {
        key: Known(shown_segment(night, known), only_shown(known, sources=night.shown, withheld=night.withheld))
        for key, known in known_of(night, keys).items()
    }


def _on_list(context: Context, night: Night, register: Register, *, known: Mapping[str, Known]) -> list[OnList]:
    changes, day = changes_on(context, night, register), index_date(night.run.as_of)
    return [
        OnList(
            person_key=entry.person_key,
            rank=entry.rank,
            is_nominated=entry.listing == "nominated",
            change=changes.get(entry.person_key),
            is_discharged_without_contact=_is_discharged(night, entry, known[entry.person_key].values, day=day),
            is_care_plan_overdue=care_plan_overdue(night.answers.get(entry.person_key), day),
        )
        for entry in register.entries
    ]


def _is_discharged(night: Night, entry: Entry, values: Mapping[str, Any], *, day: date) -> bool:
    if values.get("is_in_hospital"):
        return False
    return discharged_without_contact(
        night.answers.get(entry.person_key),
        discharged_on=_days_before(day, values.get("discharge_days_since")),
        last_gp_contact_on=_days_before(day, values.get("gp_contact_days_since")),
        day=day,
    )


def _risk(entry: Entry | None) -> Decimal | None:
    return None if entry is None else entry.risk_score


def _days_before(day: date, days: int | None) -> date | None:
    return None if days is None else day - timedelta(days=days)
