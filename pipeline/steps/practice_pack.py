"""Puts together what one practice is handed: people by name, what changed, why, and how sure we may be.

Who is named comes from `pack_people` and `pack_left`; here the edition is made of them, and its files.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pipeline.channels.page import practice_page
from pipeline.channels.register_files import practice_csv, register_file_name
from pipeline.contracts.register import LeftPerson, PracticePack, RegisterPerson
from pipeline.ledger.registers import Entry
from pipeline.rules.times import index_date
from pipeline.steps.codelists import kept_model_notice
from pipeline.steps.context import Context
from pipeline.steps.pack_identities import still_here
from pipeline.steps.pack_left import people_who_left
from pipeline.steps.pack_night import Night
from pipeline.steps.pack_people import people_of_pack
from pipeline.steps.previous import Previous, earlier_editions, merger_notices, once_listed, previous
from pipeline.steps.signing import signed
from pipeline.steps.source_states import model_says, observed_like_these


@dataclass(frozen=True)
class Made:
    """A practice's files and the register entries behind them."""

    files: dict[str, bytes]
    entries: list[Entry]


def practice_files(context: Context, night: Night, *, code: str, revision: int, supersedes: str | None) -> Made:
    """The CSV, the page and the manifest of one practice, and the entries for the ledger."""
    listed = still_here(night, code)
    before = previous(context.ledger, night.reference, code=code, run=night.run)
    earlier = earlier_editions(context.ledger, code=code, run=night.run)
    listed_once = once_listed(context.ledger, code=code, run=night.run)
    people = people_of_pack(context, night, code=code, listed=listed, before=before, once_listed=listed_once)
    left, left_other = people_who_left(night, code=code, listed=listed, before=before)
    pack = _pack(
        context, night, code=code, revision=revision, supersedes=supersedes, people=people, left=left,
        left_other=left_other, before=before, edition_number=len({e.as_of for e in earlier}) + 1,
    )  # fmt: skip
    files = {
        register_file_name(pack, "csv"): practice_csv(pack),
        register_file_name(pack, "html"): practice_page(pack),
    }
    counts = {"people": len(people), "by_rank": len(people) - pack.kept_count, "kept": pack.kept_count}
    counts |= {"scored_adults": pack.scored_adults, "left": len(left) + left_other}
    return Made(files=signed(context, pack, files, counts=counts), entries=[_entry(night, row) for row in listed])


def _pack(
    context: Context,
    night: Night,
    *,
    code: str,
    revision: int,
    supersedes: str | None,
    people: tuple[RegisterPerson, ...],
    left: tuple[LeftPerson, ...],
    left_other: int,
    before: Previous,
    edition_number: int,
) -> PracticePack:
    day = index_date(night.run.as_of)
    organisation = night.reference.practice(code, day)
    adults = sum(1 for known in night.people.values() if known["practice_code"] == code and known["is_adult"])
    kept = sum(person.listing == "kept" for person in people)
    return PracticePack(
        practice_code=code,
        practice_name=organisation.practice_name,
        pcn_code=organisation.pcn_code,
        pcn_name=organisation.pcn_name,
        as_of=night.run.as_of,
        index_date=day,
        edition_number=edition_number,
        revision=revision,
        previous_as_of=before.own.as_of if before.own else None,
        run_key=night.run.run_key,
        model_id=str(night.run.model_id),
        source_set=night.run.inputs.get("source_set"),
        model_says=model_says(context, night.run),
        scored_adults=adults,
        k=sum(1 for row in night.listed.get(code, []) if row["listing"] == "by_rank"),
        kept_count=kept,
        people=people,
        left=left,
        left_count_other=left_other,
        sources=night.sources,
        notices=(
            *night.notices,
            *kept_model_notice(context, night.run),
            *merger_notices(night.reference, before, as_of=night.run.as_of),
        ),
        policy_name=night.policy.policy,
        is_fictitious=night.policy.fictitious,
        observed_like_these=observed_like_these(context, night.run),
        supersedes=supersedes,
    )


def _entry(night: Night, row: dict[str, Any]) -> Entry:
    return Entry(
        person_key=str(row["person_key"]),
        listing=str(row["listing"]),
        rank=int(str(row["rank"])),
        risk_score=Decimal(str(row["risk_score"])),
        segment=str(night.people[str(row["person_key"])]["segment"]),
        first_listed_on=row["first_listed_on"],
        editions_on_register=int(str(row["editions_on_register"])),
        editions_beyond=int(str(row["editions_beyond"])),
    )
