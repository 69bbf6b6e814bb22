"""What PCNs, boroughs and ICBs get: pseudonymous ranked lists and counts, each under the basis the policy declares.

No basis, no list. A list ranks everyone on the registers that the locality's practices hold; its rows carry a key that
only the person's own practice can resolve, on its own register. A network has a shorter one too, for its meeting.
Counts come from aggregate.py; an ICB gets no list.
"""

from dataclasses import dataclass, replace
from typing import Literal

from pipeline.channels.aggregate_files import aggregate_files
from pipeline.channels.meeting_files import meeting_files
from pipeline.channels.register_files import locality_csv, locality_file_name
from pipeline.contracts.aggregate import AggregatePack
from pipeline.contracts.meeting import MeetingPack
from pipeline.contracts.policy import Policy
from pipeline.contracts.register import LocalityPack
from pipeline.rules.times import index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import edition_before, taken_back
from pipeline.steps.at_hand.signing import signed
from pipeline.steps.publish.locality_lists import Register, locality_rows, meeting_rows, registers_of
from pipeline.steps.publish.pack_night import Night


@dataclass(frozen=True)
class Locality:
    """A PCN, borough or ICB, by the participating practices in it."""

    code: str
    name: str
    kind: Literal["pcn", "borough", "icb"]
    practice_codes: tuple[str, ...]


def has_lists(night: Night, *, policy: Policy) -> bool:
    """Whether the policy releases pseudonymous lists on the day."""
    return policy.localities.release and policy.localities.covers(index_date(night.run.as_of))


def localities(night: Night, *, policy: Policy) -> list[Locality]:
    """Every locality of the participating practices."""
    day = index_date(night.run.as_of)
    found: dict[tuple[Literal["pcn", "borough", "icb"], str, str], list[str]] = {}
    for entry in policy.participating(day):
        place = night.reference.practice(entry.practice_code, day)
        found.setdefault(("pcn", place.pcn_code, place.pcn_name), []).append(entry.practice_code)
        found.setdefault(("borough", place.borough_code, place.borough_name), []).append(entry.practice_code)
        found.setdefault(("icb", place.icb_code, place.icb_code), []).append(entry.practice_code)
    return [Locality(code, name, kind, tuple(codes)) for (kind, code, name), codes in sorted(found.items())]


def locality_files(
    context: Context,
    night: Night,
    locality: Locality,
    *,
    revision: int,
    supersedes: str | None,
    counts: AggregatePack | None,
    why_no_counts: str | None,
) -> dict[str, bytes]:
    """The list, the counts and the manifest of one locality; of list and counts what there may be."""
    policy, run = night.policy, night.run
    before = edition_before(context.ledger, plane="locality", code=locality.code, run=run)
    recalled = taken_back(
        context.ledger, plane="locality", code=locality.code, run=run, since=before.as_of if before else None,
        revision=revision,
    )  # fmt: skip
    reason = str(run.inputs.get("correction") or "") or None if supersedes else None
    if counts is not None:
        counts = replace(counts, revision=revision, supersedes=supersedes, reason=reason, recalled=recalled)
    is_listed = locality.kind != "icb" and has_lists(night, policy=policy)
    held = registers_of(context, night, locality.practice_codes) if is_listed else []
    pack = LocalityPack(
        locality_code=locality.code,
        locality_name=locality.name,
        kind=locality.kind,
        as_of=night.run.as_of,
        index_date=index_date(night.run.as_of),
        revision=revision,
        run_key=night.run.run_key,
        model_id=str(night.run.model_id),
        source_set=night.run.inputs.get("source_set"),
        basis=policy.localities.basis if is_listed else None,
        policy_name=policy.policy,
        is_fictitious=policy.fictitious,
        rows=tuple(locality_rows(context, night, held)),
        sources=night.sources,
        supersedes=supersedes,
        planning=counts.bases if counts is not None else (),
        why_no_counts=why_no_counts,
        reason=reason,
        recalled=recalled,
    )
    files = {locality_file_name(pack, "csv"): locality_csv(pack)} if is_listed else {}
    numbers = {"people": len(pack.rows)}
    if is_listed and locality.kind == "pcn":
        meeting = _meeting(context, night, pack, held)
        files |= meeting_files(meeting)
        numbers["to_discuss"] = len(meeting.rows)
    files |= aggregate_files(counts) if counts is not None else {}
    return signed(context, pack, files, counts=numbers)


def _meeting(context: Context, night: Night, pack: LocalityPack, held: list[Register]) -> MeetingPack:
    rows, practices = meeting_rows(context, night, held)
    return MeetingPack(
        locality_code=pack.locality_code,
        locality_name=pack.locality_name,
        as_of=pack.as_of,
        revision=pack.revision,
        run_key=pack.run_key,
        basis=str(pack.basis),
        policy_name=pack.policy_name,
        is_fictitious=pack.is_fictitious,
        practices=tuple(practices),
        rows=tuple(rows),
        supersedes=pack.supersedes,
        reason=pack.reason,
        recalled=pack.recalled,
    )
