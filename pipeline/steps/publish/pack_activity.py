"""What happened to a listed person in the last 18 months, from the facts of the night (sql/facts).

A fact that may not be shown, or of a source that does not reach the person, is not known: never "nothing happened".
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, cast

from pipeline.contracts.register import Activity, CareKind, CareSpell, Stay
from pipeline.rules.reasons_concepts import only_shown
from pipeline.steps.publish.pack_night import Night

# Fact -> the cohort's word on whether its source reaches the person.
COVERED_BY = {
    "activity_emergency_stays": "is_acute_covered",
    "activity_planned_stays": "is_acute_covered",
    "activity_attendances": "is_emergency_covered",
    "activity_community": "is_community_covered",
    "activity_care": "is_social_care_covered",
}


def activity_of(night: Night, known: Mapping[str, Any]) -> Activity:
    """The four lanes of the strip; `known` is everything the night knows of the person."""
    made = night.details.fact_names
    told: dict[str, Any] = only_shown(
        {fact: known.get(fact) or "" for fact in COVERED_BY}, sources=night.shown, withheld=night.withheld
    )
    # A night of an earlier release has no such facts.
    lanes = {
        fact: str(told[fact]).split() if known[covered] and fact in made and told[fact] is not None else None
        for fact, covered in COVERED_BY.items()
    }
    emergencies, planned = lanes["activity_emergency_stays"], lanes["activity_planned_stays"]
    # Without how stays ended a bar would tell what may not be told; half of the stays would look like all.
    tells_stays = emergencies is not None and planned is not None and "hospital_discharges" not in night.withheld
    return Activity(
        stays=_stays(emergencies or (), planned or ()) if tells_stays else None,
        attendances=_days(lanes["activity_attendances"]),
        community_contacts=_days(lanes["activity_community"]),
        care=None if lanes["activity_care"] is None else tuple(_care(told) for told in lanes["activity_care"]),
    )


def _days(told: list[str] | None) -> tuple[date, ...] | None:
    return None if told is None else tuple(date.fromisoformat(day) for day in told)


def _stays(emergencies: list[str] | tuple[()], planned: list[str] | tuple[()]) -> tuple[Stay, ...]:
    found = [Stay(*_period(told), is_emergency=True) for told in emergencies]
    found += [Stay(*_period(told), is_emergency=False) for told in planned]
    return tuple(sorted(found, key=lambda stay: (stay.first_day, stay.is_emergency, stay.last_day or date.max)))


def _care(told: str) -> CareSpell:
    *period, kind = told.split("/")
    return CareSpell(*_period("/".join(period)), kind=cast(CareKind, kind))


def _period(told: str) -> tuple[date, date | None]:
    first, last = told.split("/")
    return date.fromisoformat(first), date.fromisoformat(last) if last else None
