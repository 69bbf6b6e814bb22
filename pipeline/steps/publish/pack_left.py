"""Who was on a practice's last edition and is not on this one, and why."""

from dataclasses import dataclass
from typing import Any

from pipeline.contracts.register import LeftPerson
from pipeline.rules.changes import reason_for_leaving
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.previous import Previous, codes_of
from pipeline.steps.publish.pack_identities import reidentified
from pipeline.steps.publish.pack_night import Night


@dataclass(frozen=True)
class Left:
    """Who may be named, how many others there are, and how many of those may not be used any longer."""

    named: tuple[LeftPerson, ...]
    others: int
    opted_out: int


def people_who_left(
    night: Night, *, code: str, listed: list[dict[str, Any]], before: Previous, is_source_lost: bool = False
) -> Left:
    """People of the last edition who are not on this one.

    Named are those the vault still knows as this practice's: its patients, and who died as one. Everyone else (moved,
    deducted, now confidential) is counted, not named. Of who may not be used any longer the ledger keeps no entry,
    only that there was one more.
    """
    entries = before.entries
    gone = sorted(set(entries) - {str(row["person_key"]) for row in listed})
    practices = night.vault.practices(gone)
    own = codes_of(night.reference, code, as_of=night.run.as_of)
    ours = [key for key in gone if practices.get(key) in own]
    identities = reidentified(night, code=code, person_keys=ours)
    day = index_date(night.run.as_of)
    named = tuple(
        LeftPerson(
            nhs_number=identities[key].nhs_number,
            name=f"{identities[key].family_name.upper()}, {identities[key].given_name}",
            birth_date=identities[key].birth_date,
            reason=reason_for_leaving(
                death_date=night.deaths.get(key),
                index_date=day,
                is_registered_here=night.people.get(key, {}).get("practice_code") == code,
                was_nominated=entries[key].listing == "nominated",
                is_source_lost=is_source_lost,
            ),
            rank_before=entries[key].rank if key in before.own_entries else None,
        )
        for key in ours
    )
    forgotten = before.people - len(entries)
    # An edition past its retention has lost everyone's entry: that says nothing of anybody's wish.
    opted_out = forgotten if entries else 0
    return Left(named, others=forgotten + len(gone) - len(ours), opted_out=opted_out)
