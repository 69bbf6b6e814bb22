"""Everyone on one practice's list, by name, with why and with what the practice may not know.

Facts of a source that may not be shown are unknown here, so nothing below can tell them.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from pipeline.contracts.answers import Answers
from pipeline.contracts.register import Activity, LivesIn, RegisterPerson
from pipeline.engines.learner import contributions
from pipeline.ledger.registers import Entry
from pipeline.rules.changes import change
from pipeline.rules.frailty_words import frailty
from pipeline.rules.need_tiers import need_tier
from pipeline.rules.pseudonym import practice_key
from pipeline.rules.reasons import reasons
from pipeline.rules.reasons_concepts import CONDITIONS, only_shown
from pipeline.rules.segments import SEGMENTS, Segment, segment
from pipeline.rules.times import age_in_years, index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.feedback_state import with_words
from pipeline.steps.at_hand.previous import Previous
from pipeline.steps.publish.pack_activity import activity_of
from pipeline.steps.publish.pack_identities import reidentified
from pipeline.steps.publish.pack_news import Then, news_of, then_of
from pipeline.steps.publish.pack_night import Night, known_of
from pipeline.store.vault import Identity

SEGMENT_TITLES = {segment.code: segment.title for segment in SEGMENTS}
_LIVES_IN: dict[bool | None, LivesIn] = {True: "care_home", False: "home", None: "unknown"}
RENUMBERED = "Some records came under an earlier NHS number that this one has replaced"
GAPS = {
    "is_social_care_covered": "No social care data: lives outside the councils that supply it, or it is not used",
    "is_community_covered": "No community services data",
    "is_emergency_covered": "No emergency department data",
    "is_acute_covered": "No hospital admission data",
    "is_outpatient_covered": "No outpatient data",
    "is_mental_health_covered": "No mental health services data",
    "is_gp_covered": "No GP data",
}


def people_of_pack(
    context: Context,
    night: Night,
    *,
    code: str,
    listed: list[dict[str, Any]],
    before: Previous,
    once_listed: frozenset[str],
) -> tuple[RegisterPerson, ...]:
    keys = [str(row["person_key"]) for row in listed]
    identities = reidentified(night, code=code, person_keys=keys)
    weights, known = _contributions(context, night, keys), known_of(night, keys)
    # What the practice wrote itself is told to it alone, so its words are asked for here and for these people.
    then = then_of(context, night, last=before.own, keys=keys)
    answers = with_words(context, night.run, {key: night.answers[key] for key in keys if key in night.answers})
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
            then=then,
            answers=answers.get(str(row["person_key"])),
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
    then: Then | None,
    answers: Answers | None,
) -> RegisterPerson:
    key, day = identity.person_key, index_date(night.run.as_of)
    # From the day of birth the vault knows: the cohort knows the month only, and a page must not contradict itself.
    age = age_in_years(identity.birth_date, day)
    values: dict[str, Any] = only_shown({**known, "age_years": age}, sources=night.shown, withheld=night.withheld)
    group = segment(values)
    why = reasons(values, weights, index_date=day)
    risk = Decimal(str(row["risk_score"]))
    changed = change(
        risk=risk,
        risk_before=before.risk_score if before else None,
        was_listed_earlier=was_listed_earlier,
        has_joined=has_joined,
    )
    return RegisterPerson(
        nhs_number=identity.nhs_number,
        family_name=identity.family_name,
        given_name=identity.given_name,
        birth_date=identity.birth_date,
        age_years=age,
        sex=known["sex"],
        listing=row["listing"],
        rank=row["rank"],
        rank_before=_rank_before(before, listing=row["listing"], has_joined=has_joined),
        risk_score=risk,
        risk_before=before.risk_score if before else None,
        change=changed,
        first_listed_on=row["first_listed_on"],
        editions_on_register=row["editions_on_register"],
        segment=group.code,
        segment_title=group.title,
        segment_before_title=_moved_from(known, group),
        need_tier_title=need_tier(values).title,
        reasons=why.for_risk,
        against=why.against,
        not_in_gp_record=why.not_in_gp_record,
        is_pressing=why.is_pressing,
        **news_of(then, key=key, values=values, weights=weights, is_rising=changed == "rising"),
        emergency_admissions_12m=values["emergency_admissions_12m"],
        emergency_admission_last_date=_days_before(day, values["emergency_admission_days_since"]),
        emergency_attendances_12m=values["emergency_attendances_12m"],
        in_hospital_since=night.in_hospital.get(key),
        long_term_conditions=tuple(name for column, name in CONDITIONS.items() if values.get(column)),
        lives_in=_LIVES_IN[values["is_care_home_resident"]],
        has_home_care=values["has_home_care"],
        data_gaps=tuple(says for column, says in GAPS.items() if not known[column]),
        practice_key=practice_key(key, practice_code=known["practice_code"], key=context.keys.practice),
        link_note=RENUMBERED if key in night.renumbered else None,
        answers=answers,
        **_for_the_reader(values, activity_of(night, known), day=day, last_time=then.last.as_of if then else None),
    )


def _rank_before(before: Entry | None, *, listing: str, has_joined: bool) -> int | None:
    """A rank on another practice's list is no rank on this one, nor is one among children a rank among adults."""
    if before is None or has_joined or (before.listing == "child") != (listing == "child"):
        return None
    return before.rank


def _for_the_reader(
    values: Mapping[str, Any], activity: Activity, *, day: date, last_time: date | None
) -> dict[str, Any]:
    """What is told beside the reasons: frailty, who needs what, and what has happened since the last edition."""
    carer = [values.get("is_carer"), values.get("has_unpaid_carer_support")]
    return {
        "frailty": frailty(values, index_date=day),
        "is_palliative": values.get("has_palliative_care"),
        "is_carer": None if carer == [None, None] else any(carer),
        "needs_interpreter": values.get("needs_interpreter"),
        "last_gp_contact_date": _days_before(day, values.get("gp_contact_days_since")),
        "discharged_on": None
        if values.get("is_in_hospital")
        else _days_before(day, values.get("discharge_days_since")),
        "attendances_since": None
        if activity.attendances is None or last_time is None
        else sum(attended > last_time for attended in activity.attendances),
        "activity": activity,
    }


def _days_before(day: date, days: int | None) -> date | None:
    return None if days is None else day - timedelta(days=days)


def _moved_from(known: Mapping[str, Any], group: Segment) -> str | None:
    """The need group on the night of the last edition; None where it is the same or not known.

    Nor where what may be shown gives another group than everything does: it cannot be said what it gave then. A group
    that a later release no longer has is no group to have come from.
    """
    before = known["segment_before"]
    return None if before == group.code or known["segment"] != group.code else SEGMENT_TITLES.get(before)
