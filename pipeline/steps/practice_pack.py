"""Puts together what one practice is handed: people by name, what changed, why, and how sure we may be.

Reads the slices of the run, the last edition and the vault. Facts of a source that may not be shown are unknown
here, so nothing below can tell them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pipeline.channels.folder import MANIFEST
from pipeline.channels.page import practice_page
from pipeline.channels.register_files import manifest, practice_csv, register_file_name
from pipeline.contracts.policy import Policy
from pipeline.contracts.reference import Reference
from pipeline.contracts.register import LeftPerson, LivesIn, PracticePack, RegisterPerson, SourceState
from pipeline.engines.learner import Model, contributions
from pipeline.ledger import registers
from pipeline.ledger.registers import Edition, Entry
from pipeline.ledger.runs import Run
from pipeline.rules.changes import change, reason_for_leaving
from pipeline.rules.need_tiers import need_tier
from pipeline.rules.pseudonym import practice_key
from pipeline.rules.reasons import reasons
from pipeline.rules.reasons_concepts import CONDITIONS, only_shown
from pipeline.rules.segments import SEGMENTS, Segment, segment
from pipeline.rules.times import age_in_years, index_date
from pipeline.steps.codelists import kept_model_notice
from pipeline.steps.context import Context
from pipeline.steps.deaths import visible_deaths
from pipeline.steps.night_people import Details, details_of, people_of
from pipeline.steps.previous import Previous, codes_of, merger_notices, previous, reference_of
from pipeline.steps.score import promoted_model
from pipeline.steps.source_states import model_says, notices, observed_like_these, source_states
from pipeline.steps.vault_use import audited_vault
from pipeline.store import layout, tables
from pipeline.store.vault import Identity, Vault

SEGMENT_TITLES = {segment.code: segment.title for segment in SEGMENTS}
_LIVES_IN: dict[bool | None, LivesIn] = {True: "care_home", False: "home", None: "unknown"}
GAPS = {
    "is_social_care_covered": "No social care data: lives outside the councils that supply it, or it is not used",
    "is_community_covered": "No community services data",
    "is_emergency_covered": "No emergency department data",
    "is_acute_covered": "No hospital admission data",
    "is_outpatient_covered": "No outpatient data",
    "is_mental_health_covered": "No mental health services data",
    "is_gp_covered": "No GP data",
}


@dataclass(frozen=True)
class Night:
    """Everything of a run that several packs share, read once."""

    run: Run
    policy: Policy
    reference: Reference
    shown: tuple[str, ...]
    withheld: frozenset[str]
    people: dict[str, dict[str, Any]]
    details: Details
    listed: dict[str, list[dict[str, Any]]]
    deaths: dict[str, date]
    in_hospital: dict[str, date]
    sources: tuple[SourceState, ...]
    notices: tuple[str, ...]
    model: Model
    vault: Vault


@dataclass(frozen=True)
class Made:
    """A practice's files and the register entries behind them."""

    files: dict[str, bytes]
    entries: list[Entry]


def open_night(context: Context, *, run: Run, policy: Policy) -> Night:
    """Read the slices of the run; `people` maps person key to cohort, score and segment values."""
    home = context.settings.home
    listed: dict[str, list[dict[str, Any]]] = {}
    register = tables.read(layout.table(home, "register"), column="run_key", values=[run.run_key])
    for row in register.sort_by([("practice_code", "ascending"), ("rank", "ascending")]).to_pylist():
        listed.setdefault(row["practice_code"], []).append(row)
    day = index_date(run.as_of)
    shown, withheld = policy.usable_sources("show", day), policy.not_shown(day)
    tells_stays = "acute" in shown and not withheld & {"emergency_admissions", "hospital_discharges"}
    return Night(
        run=run,
        policy=policy,
        reference=reference_of(context, run),
        shown=shown,
        withheld=withheld,
        people=people_of(context, run),
        details=details_of(context, run),
        listed=listed,
        deaths=visible_deaths(context, run=run),
        in_hospital=_in_hospital(context, run) if tells_stays else {},
        sources=source_states(context, run=run, policy=policy),
        notices=notices(context, run=run),
        model=promoted_model(context, run),
        vault=audited_vault(context, purpose="publication", run_key=run.run_key),
    )


def practice_files(context: Context, night: Night, *, code: str, revision: int, supersedes: str | None) -> Made:
    """The CSV, the page and the manifest of one practice, and the entries for the ledger."""
    listed = _still_here(night, code)
    before = previous(context.ledger, night.reference, code=code, as_of=night.run.as_of)
    earlier = _earlier_editions(context, code=code, before=night.run.as_of)
    once_listed = _once_listed(context, earlier)
    people = _people(context, night, code=code, listed=listed, before=before, once_listed=once_listed)
    left, left_other = _left(night, code=code, listed=listed, before=before)
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
    files[MANIFEST] = manifest(pack, files, counts=counts)
    return Made(files=files, entries=[_entry(night, row) for row in listed])


def _still_here(night: Night, code: str) -> list[dict[str, Any]]:
    """Listed people whom the vault knows as this practice's patients now; others are not named to it.

    Those of a practice that has merged into this one are this one's, though its last list put them in the vault.
    """
    rows, own = night.listed.get(code, []), codes_of(night.reference, code, as_of=night.run.as_of)
    practices = night.vault.practices([str(row["person_key"]) for row in rows])
    return [row for row in rows if practices.get(str(row["person_key"])) in own]


def _reidentified(night: Night, *, code: str, person_keys: list[str]) -> dict[str, Identity]:
    """Identities of the practice's people, asked for under the practice that the vault knows each by."""
    own = codes_of(night.reference, code, as_of=night.run.as_of)
    practices = night.vault.practices(person_keys)
    if not set(practices.values()) <= own:
        return night.vault.reidentify(practice_code=code, person_keys=person_keys)  # refused by the vault, in words
    found: dict[str, Identity] = {}
    for known_by in sorted(own):
        keys = [key for key in person_keys if practices.get(key, code) == known_by]
        found |= night.vault.reidentify(practice_code=known_by, person_keys=keys)
    return found


def _people(
    context: Context,
    night: Night,
    *,
    code: str,
    listed: list[dict[str, Any]],
    before: Previous,
    once_listed: frozenset[str],
) -> tuple[RegisterPerson, ...]:
    keys = [str(row["person_key"]) for row in listed]
    identities = _reidentified(night, code=code, person_keys=keys)
    weights, known = _contributions(context, night, keys), known_of(night, keys)
    return tuple(
        _person(
            context,
            night,
            row=row,
            identity=identities[str(row["person_key"])],
            known=known[str(row["person_key"])],
            weights=weights[str(row["person_key"])],
            before=before.entries.get(str(row["person_key"])),
            has_joined=str(row["person_key"]) in before.merged_entries.keys() - before.own_entries.keys(),
            was_listed_earlier=str(row["person_key"]) in once_listed,
        )
        for row in listed
    )


def _contributions(context: Context, night: Night, keys: list[str]) -> dict[str, dict[str, float]]:
    """Log-odds by feature for the listed people only: explaining everyone would cost more than the night."""
    some = night.details.features_of(keys)
    if some.num_rows == 0:
        return {}
    shares = contributions(night.model, some, threads=context.settings.threads)
    columns = night.model.feature_columns
    # A column that the night's model does not read adds nothing to a risk.
    nothing = dict.fromkeys(night.model.all_columns, 0.0)
    return {
        key: nothing | dict(zip(columns, (float(share) for share in row), strict=True))
        for key, row in zip(some["person_key"].to_pylist(), shares, strict=True)
    }


def _person(
    context: Context,
    night: Night,
    *,
    row: dict[str, Any],
    identity: Identity,
    known: Mapping[str, Any],
    weights: dict[str, float],
    before: Entry | None,
    has_joined: bool,
    was_listed_earlier: bool,
) -> RegisterPerson:
    key, day = identity.person_key, index_date(night.run.as_of)
    # From the day of birth the vault knows: the cohort knows the month only, and a page must not contradict itself.
    age = age_in_years(identity.birth_date, day)
    values: dict[str, Any] = only_shown({**known, "age_years": age}, sources=night.shown, withheld=night.withheld)
    group = segment(values)
    why = reasons(values, weights, index_date=day)
    since = values["emergency_admission_days_since"]
    risk = Decimal(str(row["risk_score"]))
    return RegisterPerson(
        nhs_number=identity.nhs_number,
        family_name=identity.family_name,
        given_name=identity.given_name,
        birth_date=identity.birth_date,
        age_years=age,
        sex=known["sex"],
        listing=row["listing"],
        rank=row["rank"],
        # A rank on another practice's list is no rank on this one.
        rank_before=before.rank if before and not has_joined else None,
        risk_score=risk,
        risk_before=before.risk_score if before else None,
        change=change(
            risk=risk,
            risk_before=before.risk_score if before else None,
            was_listed_earlier=was_listed_earlier,
            has_joined=has_joined,
        ),
        first_listed_on=row["first_listed_on"],
        editions_on_register=row["editions_on_register"],
        segment=group.code,
        segment_title=group.title,
        segment_before_title=_moved_from(known, group),
        need_tier_title=need_tier(values).title,
        reasons=why.for_risk,
        against=why.against,
        not_in_gp_record=why.not_in_gp_record,
        emergency_admissions_12m=values["emergency_admissions_12m"],
        emergency_admission_last_date=None if since is None else day - timedelta(days=since),
        emergency_attendances_12m=values["emergency_attendances_12m"],
        in_hospital_since=night.in_hospital.get(key),
        long_term_conditions=tuple(name for column, name in CONDITIONS.items() if values[column]),
        lives_in=_LIVES_IN[values["is_care_home_resident"]],
        has_home_care=values["has_home_care"],
        data_gaps=tuple(says for column, says in GAPS.items() if not known[column]),
        practice_key=practice_key(key, practice_code=known["practice_code"], key=context.keys.practice),
    )


def known_of(night: Night, person_keys: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Everything the night knows of these people, by name."""
    return {key: night.people[key] | details for key, details in night.details.of(person_keys).items()}


def shown_segment(night: Night, known: Mapping[str, Any]) -> Segment:
    """The need group by what may be shown alone: a source that may not must not be told by it."""
    return segment(only_shown(known, sources=night.shown, withheld=night.withheld))


def _moved_from(known: Mapping[str, Any], group: Segment) -> str | None:
    """The need group on the night of the last edition; None where it is the same or not known.

    Nor where what may be shown gives another group than everything does: it cannot be said what it gave then. A group
    that a later release no longer has is no group to have come from.
    """
    before = known["segment_before"]
    return None if before == group.code or known["segment"] != group.code else SEGMENT_TITLES.get(before)


def _left(
    night: Night,
    *,
    code: str,
    listed: list[dict[str, Any]],
    before: Previous,
) -> tuple[tuple[LeftPerson, ...], int]:
    """People of the last edition who are not on this one.

    Named are those the vault still knows as this practice's: its patients, and who died as one. Everyone else (moved,
    deducted, now confidential) is counted, not named.
    """
    entries = before.entries
    gone = sorted(set(entries) - {str(row["person_key"]) for row in listed})
    practices = night.vault.practices(gone)
    own = codes_of(night.reference, code, as_of=night.run.as_of)
    ours = [key for key in gone if practices.get(key) in own]
    identities = _reidentified(night, code=code, person_keys=ours)
    day = index_date(night.run.as_of)
    left = tuple(
        LeftPerson(
            nhs_number=identities[key].nhs_number,
            name=f"{identities[key].family_name.upper()}, {identities[key].given_name}",
            birth_date=identities[key].birth_date,
            reason=reason_for_leaving(
                death_date=night.deaths.get(key),
                index_date=day,
                is_registered_here=night.people.get(key, {}).get("practice_code") == code,
            ),
            rank_before=entries[key].rank if key in before.own_entries else None,
        )
        for key in ours
    )
    return left, before.people - len(entries) + len(gone) - len(ours)


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


def _earlier_editions(context: Context, *, code: str, before: date) -> list[Edition]:
    """The practice's current editions of earlier nights."""
    editions = registers.list_editions(context.ledger, plane="practice", code=code)
    return [edition for edition in editions if edition.kind == "current" and edition.as_of < before]


def _once_listed(context: Context, editions: Sequence[Edition]) -> frozenset[str]:
    return frozenset(
        entry.person_key
        for edition in editions
        for entry in registers.entries(context.ledger, edition_id=edition.edition_id)
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


def _in_hospital(context: Context, run: Run) -> dict[str, date]:
    """Day of admission of everyone not yet discharged on the index date (sql/monitoring); none without the slice."""
    path = layout.table(context.settings.home, "in_hospital")
    if not tables.files(path, column="run_key", values=[run.run_key]):
        return {}
    rows = tables.read(path, column="run_key", values=[run.run_key], columns=["person_key", "admission_date"])
    return {row["person_key"]: row["admission_date"] for row in rows.to_pylist()}
