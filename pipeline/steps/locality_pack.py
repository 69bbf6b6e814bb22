"""Pseudonymous ranked lists for PCNs and boroughs, under the basis the policy declares; no basis, no list.

The same share of adults as a practice's register, ranked across the locality. Rows carry a key that only the
person's own practice can resolve.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from pipeline.channels.folder import MANIFEST
from pipeline.channels.register_files import locality_csv, locality_file_name, manifest
from pipeline.contracts.policy import Policy
from pipeline.contracts.register import LocalityPack, LocalityRow
from pipeline.rules.pseudonym import practice_key
from pipeline.rules.ranking import Ranked, capacity, rank
from pipeline.rules.times import index_date
from pipeline.steps.context import Context
from pipeline.steps.practice_pack import Night

SHARE_PCT = Decimal("2.0")


@dataclass(frozen=True)
class Locality:
    """A PCN or a borough, by the participating practices in it."""

    code: str
    name: str
    kind: Literal["pcn", "borough"]
    practice_codes: tuple[str, ...]


def localities(night: Night, *, policy: Policy) -> list[Locality]:
    """Localities of the participating practices; none when the policy does not release their lists on the day."""
    day = index_date(night.run.as_of)
    if not (policy.localities.release and policy.localities.covers(day)):
        return []
    found: dict[tuple[Literal["pcn", "borough"], str, str], list[str]] = {}
    for entry in policy.participating(day):
        place = night.reference.practice(entry.practice_code, day)
        found.setdefault(("pcn", place.pcn_code, place.pcn_name), []).append(entry.practice_code)
        found.setdefault(("borough", place.borough_code, place.borough_name), []).append(entry.practice_code)
    return [Locality(code, name, kind, tuple(codes)) for (kind, code, name), codes in sorted(found.items())]


def locality_files(
    context: Context, night: Night, locality: Locality, *, revision: int, supersedes: str | None
) -> dict[str, bytes]:
    """The CSV and the manifest of one locality."""
    policy = night.policy
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
        basis=policy.localities.basis,
        policy_name=policy.policy,
        is_fictitious=policy.fictitious,
        rows=tuple(_rows(context, night, locality)),
        sources=night.sources,
        supersedes=supersedes,
    )
    files = {locality_file_name(pack, "csv"): locality_csv(pack)}
    files[MANIFEST] = manifest(pack, files, counts={"people": len(pack.rows)})
    return files


def _rows(context: Context, night: Night, locality: Locality) -> list[LocalityRow]:
    here = _ranked(night, locality.practice_codes)
    in_practice = {
        person.person_key: person.rank for code in locality.practice_codes for person in _ranked(night, (code,))
    }
    rows = []
    for person in here[: capacity(len(here), pct=SHARE_PCT)]:
        known = night.people[person.person_key]
        code = str(known["practice_code"])
        rows.append(
            LocalityRow(
                practice_code=code,
                rank=person.rank,
                rank_in_practice=in_practice[person.person_key],
                risk_score=person.risk_score,
                segment=str(known["segment"]),
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
