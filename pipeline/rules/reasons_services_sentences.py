"""Words of the concepts about hospitals, community teams, mental health and social care in detail.

They stand beside the older concepts of `reasons_sentences`, which tell the plain counts; here is the pattern: how long,
how soon again, what for, what has changed. None where the values do not bear a sentence.
"""

from collections.abc import Callable, Mapping
from datetime import date

from pipeline.rules.reasons_facts import count, counted, day_since, joined, known_false, number, plain, sentence, truth

Values = Mapping[str, object]

SPECIALTIES_MANY = 3
COMORBIDITIES_MANY = 2


def _told(parts: list[str | None]) -> str | None:
    found = [part for part in parts if part is not None]
    return sentence("; ".join(found)) if found else None


def _some(values: Values, column: str, one: str, many: str, after: str) -> str | None:
    found = count(values, column)
    return f"{counted(found, one, many)} {after}" if found else None


def readmissions(values: Values, _: date) -> str | None:
    one, many = "emergency readmission within 30 days", "emergency readmissions within 30 days"
    recent = _some(values, "emergency_readmissions_30d_12m", one, many, "in 12 months")
    return _told([recent or _some(values, "emergency_readmissions_30d_24m", one, many, "in 24 months")])


def discharges(values: Values, index_date: date) -> str | None:
    if truth(values, "is_in_hospital"):
        return "In hospital now"
    left = day_since(values, "discharge_days_since", index_date=index_date)
    if not count(values, "emergency_discharges_1m") or left is None:
        return None
    return f"Home from hospital since {left}"


def admission_reasons(values: Values, _: date) -> str | None:
    named = (
        ("fall_admissions_24m", "a fall"),
        ("fracture_admissions_24m", "a fracture"),
        ("delirium_admissions_24m", "delirium"),
        ("infection_admissions_24m", "an infection"),
        ("self_harm_admissions_24m", "self-harm"),
    )
    parts = [f"{words} ({times})" for column, words in named if (times := count(values, column))]
    return sentence(f"emergency admissions with {joined(parts)} in 24 months") if parts else None


def hospital_frailty(values: Values, _: date) -> str | None:
    band, score = count(values, "hospital_frailty_risk_band"), number(values, "hospital_frailty_risk_score")
    if not band or not score:
        return None
    level = "intermediate" if band == 1 else "high"
    return f"Hospital Frailty Risk Score {plain(score, places=1)} ({level}), from diagnoses of 24 months"


def charlson(values: Values, _: date) -> str | None:
    found = count(values, "charlson_comorbidities_24m")
    if found is None or found < COMORBIDITIES_MANY:
        return None
    return sentence(f"{counted(found, '', 'conditions')} of the Charlson index in hospital diagnoses of 24 months")


def maternity(values: Values, _: date) -> str | None:
    found = count(values, "maternity_admissions_12m")
    return sentence(f"{counted(found, 'maternity admission', 'maternity admissions')} in 12 months") if found else None


def complaints(values: Values, _: date) -> str | None:
    named = (
        ("fall_attendances_12m", "a fall"),
        ("heart_or_lung_attendances_12m", "chest pain, breathlessness or collapse"),
        ("mental_distress_attendances_12m", "self-harm, low mood or anxiety"),
    )
    parts = [f"{words} ({times})" for column, words in named if (times := count(values, column))]
    return sentence(f"came to an emergency department with {joined(parts)} in 12 months") if parts else None


def outpatient_pattern(values: Values, _: date) -> str | None:
    found = count(values, "outpatient_specialties_distinct_12m")
    many = found if found is not None and found >= SPECIALTIES_MANY else None
    urgent = _some(values, "outpatient_urgent_12m", "urgent appointment", "urgent appointments", "in 12 months")
    return _told([f"seen in {counted(many, '', 'specialties')} in 12 months" if many else None, urgent])


def community_change(values: Values, index_date: date) -> str | None:
    change = count(values, "community_contacts_change_3m")
    last = day_since(values, "community_nursing_days_since", index_date=index_date)
    stopped = f"community nursing has stopped, last on {last}" if last else "community nursing has stopped"
    more = None
    if change is not None and change > 0:
        what = counted(change, "community contact", "community contacts")
        more = f"{what} more in three months than in the three before"
    return _told([stopped if truth(values, "has_community_nursing_stopped") else None, more])


def mental_health_crisis(values: Values, index_date: date) -> str | None:
    last = day_since(values, "mental_health_crisis_days_since", index_date=index_date)
    liaison = _some(
        values,
        "mental_health_liaison_contacts_12m",
        "contact with a liaison team in hospital",
        "contacts with a liaison team in hospital",
        "in 12 months",
    )
    missed = _some(
        values,
        "mental_health_did_not_attend_12m",
        "missed mental health appointment",
        "missed mental health appointments",
        "in 12 months",
    )
    return _told([f"last contact with a mental health crisis team on {last}" if last else None, liaison, missed])


def mental_health_stays(values: Values, index_date: date) -> str | None:
    if truth(values, "is_mental_health_inpatient"):
        return "In a mental health hospital now"
    one, many = "stay in a mental health hospital", "stays in a mental health hospital"
    stays = _some(values, "mental_health_admissions_24m", one, many, "in 24 months")
    last = day_since(values, "mental_health_discharge_days_since", index_date=index_date)
    return _told([f"{stays}, home since {last}" if stays and last else stays])


def care_change(values: Values, _: date) -> str | None:
    started = _some(
        values, "care_services_started_6m", "council service begun", "council services begun", "in the last 6 months"
    )
    ended = _some(
        values, "care_services_ended_6m", "council service ended", "council services ended", "in the last 6 months"
    )
    stopped = "support from the council stopped in the last 12 months"
    return _told([stopped if truth(values, "has_care_stopped_12m") else None, started, ended])


def care_activity(values: Values, _: date) -> str | None:
    asked = _some(
        values,
        "care_requests_from_hospital_12m",
        "request to social care on leaving hospital",
        "requests to social care on leaving hospital",
        "in 12 months",
    )
    changed = _some(
        values,
        "care_reviews_unplanned_12m",
        "review by the council because needs had changed",
        "reviews by the council because needs had changed",
        "in 12 months",
    )
    overdue = "no review of the care package for a year"
    return _told([asked, changed, overdue if truth(values, "is_care_review_overdue") else None])


def short_term_care(values: Values, index_date: date) -> str | None:
    since = day_since(values, "reablement_days_since", index_date=index_date)
    recent = since and (truth(values, "has_reablement") or count(values, "reablement_services_12m"))
    equipment = _some(
        values,
        "low_level_support_12m",
        "piece of equipment or low-level support",
        "pieces of equipment or low-level support",
        "from the council in 12 months",
    )
    return _told([f"reablement began {since}" if recent else None, equipment])


def unpaid_carer(values: Values, _: date) -> str | None:
    if truth(values, "has_unpaid_carer_support"):
        return "Supported by the council as an unpaid carer"
    return "Known to the council as an unpaid carer" if count(values, "unpaid_carer_requests_24m") else None


FOR_RISK: Mapping[str, Callable[[Values, date], str | None]] = {
    "emergency_readmissions": readmissions,
    "hospital_discharges": discharges,
    "admission_reasons": admission_reasons,
    "hospital_frailty": hospital_frailty,
    "charlson": charlson,
    "maternity": maternity,
    "emergency_complaints": complaints,
    "outpatient_pattern": outpatient_pattern,
    "community_change": community_change,
    "mental_health_crisis": mental_health_crisis,
    "mental_health_stays": mental_health_stays,
    "social_care_change": care_change,
    "social_care_activity": care_activity,
    "short_term_care": short_term_care,
    "unpaid_carer_support": unpaid_carer,
}


def _none_of(column: str, text: str) -> Callable[[Values], str | None]:
    return lambda values: text if known_false(values, column) else None


def _nothing(_: Values) -> None:
    """Where the absence is no news."""


AGAINST: Mapping[str, Callable[[Values], str | None]] = {
    **dict.fromkeys(FOR_RISK, _nothing),
    "emergency_readmissions": _none_of("emergency_readmissions_30d_24m", "No emergency readmission in 24 months"),
    "hospital_frailty": _none_of("hospital_frailty_codes_24m", "No sign of frailty in hospital diagnoses of 24 months"),
    "charlson": _none_of("charlson_comorbidities_24m", "No condition of the Charlson index in hospital diagnoses"),
    "mental_health_stays": _none_of("mental_health_admissions_24m", "No mental health admission in 24 months"),
}
