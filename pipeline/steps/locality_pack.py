"""What PCNs, boroughs and ICBs get: pseudonymous ranked lists and counts, each under the basis the policy declares.

No basis, no list. A list ranks the same share of adults as a practice's register, across the locality; its rows carry
a key that only the person's own practice can resolve. Counts come from aggregate.py; an ICB gets no list.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from pipeline.channels.aggregate_files import aggregate_files
from pipeline.channels.register_files import locality_csv, locality_file_name
from pipeline.contracts.aggregate import AggregatePack
from pipeline.contracts.policy import Policy
from pipeline.contracts.register import LocalityPack, LocalityRow
from pipeline.rules.pseudonym import practice_key
from pipeline.rules.ranking import Ranked, capacity, rank
from pipeline.rules.times import index_date
from pipeline.steps.context import Context
from pipeline.steps.pack_night import Night, known_of, shown_segment
from pipeline.steps.previous import edition_before, taken_back
from pipeline.steps.signing import signed

SHARE_PCT = Decimal("2.0")


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
        rows=tuple(_rows(context, night, locality)) if is_listed else (),
        sources=night.sources,
        supersedes=supersedes,
        planning=counts.bases if counts is not None else (),
        why_no_counts=why_no_counts,
        reason=reason,
        recalled=recalled,
    )
    files = {locality_file_name(pack, "csv"): locality_csv(pack)} if is_listed else {}
    files |= aggregate_files(counts) if counts is not None else {}
    return signed(context, pack, files, counts={"people": len(pack.rows)})


def _rows(context: Context, night: Night, locality: Locality) -> list[LocalityRow]:
    here = _ranked(night, locality.practice_codes)
    in_practice = {
        person.person_key: person.rank for code in locality.practice_codes for person in _ranked(night, (code,))
    }
    rows = []
    top = here[: capacity(len(here), pct=SHARE_PCT)]
    details = known_of(night, [person.person_key for person in top])
    for person in top:
        known = details[person.person_key]
        code = str(known["practice_code"])
        rows.append(
            LocalityRow(
                practice_code=code,
                rank=person.rank,
                rank_in_practice=in_practice[person.person_key],
                risk_score=person.risk_score,
                segment=shown_segment(night, known).code,
                practice_key=practice_key(person.person_key, practice_code=code, key=context.keys.practice),
            )
        )
    return rows


def _ranked(night: Night, practice_codes: Sequence[str]) -> list[Ranked]:
    return rank(
        [
            (key, Decimal(str(known["risk_score"])))
            for key, known in night.people.items()
            if known["practice_code"] in practice_codes and known["is_adult"]
        ]
    )
