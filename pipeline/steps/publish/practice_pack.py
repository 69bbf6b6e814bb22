"""Puts together what one practice is handed: people by name, what changed, why, and how sure we may be.

Who is named comes from `pack_people` and `pack_left`; here the edition is made of them, and its files.
"""

from collections import Counter
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, get_args

from pipeline.channels.import_list import import_lists
from pipeline.channels.page import practice_page
from pipeline.channels.register_files import practice_csv, register_file_name
from pipeline.channels.workbook import register_workbook
from pipeline.contracts.register import Listing, PracticePack, RegisterPerson
from pipeline.ledger import runs
from pipeline.ledger.registers import Entry
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.codelists import kept_model_notice
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import (
    Previous,
    earlier_editions,
    merger_notices,
    once_listed,
    previous,
    taken_back,
)
from pipeline.steps.at_hand.signing import signed
from pipeline.steps.model.like_these import cut_finds, observed_in_pcn, tested_on
from pipeline.steps.publish.pack_correction import correction_of
from pipeline.steps.publish.pack_identities import still_here
from pipeline.steps.publish.pack_left import Left, people_who_left
from pipeline.steps.publish.pack_night import Night
from pipeline.steps.publish.pack_people import people_of_pack
from pipeline.steps.watch.source_states import model_says, observed_like_these, sources_lost


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
    pack = _pack(
        context, night, code=code, revision=revision, supersedes=supersedes, people=people,
        left=_left(context, night, code=code, listed=listed, before=before), before=before,
        edition_number=len({e.as_of for e in earlier}) + 1,
    )  # fmt: skip
    pack = replace(
        pack,
        correction=correction_of(context, night, code=code, supersedes=supersedes, listed=listed, people=people),
        recalled=taken_back(
            context.ledger, plane="practice", code=code, run=night.run, since=pack.previous_as_of, revision=revision
        ),
    )
    not_named = len(night.listed.get(code, [])) - len(listed)
    return Made(files=_files_of(context, pack, not_named=not_named), entries=[_entry(night, row) for row in listed])


def _files_of(context: Context, pack: PracticePack, *, not_named: int) -> dict[str, bytes]:
    """Every file of the pack by name, the signed manifest over them last.

    `not_named`: listed by rank, and no patient of the practice any more as the vault knows it now.
    """
    files = {
        register_file_name(pack, "csv"): practice_csv(pack),
        register_file_name(pack, "html"): practice_page(pack),
        register_file_name(pack, "xlsx"): register_workbook(pack),
        **import_lists(pack),
    }
    listed = Counter(person.listing for person in pack.people)
    counts = {"people": len(pack.people), **{listing: listed[listing] for listing in get_args(Listing)}}
    counts |= {"scored_adults": pack.scored_adults, "left": len(pack.left) + pack.left_count_other}
    counts |= {"not_named": not_named} if not_named else {}
    return signed(context, pack, files, counts=counts)


def _left(context: Context, night: Night, *, code: str, listed: list[dict[str, Any]], before: Previous) -> Left:
    last_run = runs.get_run(context.ledger, before.own.run_key) if before.own else None
    lost = sources_lost(context, night.run, since=last_run)
    return people_who_left(night, code=code, listed=listed, before=before, is_source_lost=bool(lost))


def _pack(
    context: Context,
    night: Night,
    *,
    code: str,
    revision: int,
    supersedes: str | None,
    people: tuple[RegisterPerson, ...],
    left: Left,
    before: Previous,
    edition_number: int,
) -> PracticePack:
    day = index_date(night.run.as_of)
    organisation = night.reference.practice(code, day)
    ages = [known["is_adult"] for known in night.people.values() if known["practice_code"] == code]
    adults, children = sum(ages), len(ages) - sum(ages)
    listed = Counter(person.listing for person in people)
    k = sum(1 for row in night.listed.get(code, []) if row["listing"] == "by_rank")
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
        k=k,
        kept_count=listed["kept"],
        nominated_count=listed["nominated"],
        declined_count=listed["declined"],
        children_count=listed["child"],
        scored_children=children,
        people=people,
        left=left.named,
        left_count_other=left.others,
        left_opted_out=left.opted_out,
        sources=night.sources,
        notices=(
            *night.notices,
            *kept_model_notice(context, night.run),
            *merger_notices(night.reference, before, as_of=night.run.as_of),
        ),
        policy_name=night.policy.policy,
        is_fictitious=night.policy.fictitious,
        observed_like_these=observed_like_these(context, night.run),
        observed_in_pcn=observed_in_pcn(night.tested, pcn_code=organisation.pcn_code),
        cut=cut_finds(night.tested, tested_on=tested_on(context, night.run), k=k, scored_adults=adults),
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
