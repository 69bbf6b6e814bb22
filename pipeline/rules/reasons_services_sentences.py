"""Words of the concepts about hospitals, community teams, mental health and social care in detail.

They stand beside the older concepts of `reasons_sentences`, which tell the plain counts; here is the pattern: how long,
how soon again, what for, what has changed. None where the values do not bear a sentence.
"""

from collections.abc import Callable, Mapping
from datetime import date

from pipeline.rules import reasons_care
from pipeline.rules.reasons_facts import count, counted, day_since, joined, number, plain, sentence, truth

Values = Mapping[str, object]

SPECIALTIES_MANY = 3
COMORBIDITIES_MANY = 2
MISSED_MANY = 3  # appointments; one or two everybody misses


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
    return f"Discharged from hospital {left}"


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
    return sentence(f"came to A&E with {joined(parts)} in 12 months") if parts else None


def outpatient_pattern(values: Values, _: date) -> str | None:
    found = count(values, "outpatient_specialties_distinct_12m")
    many = found if found is not None and found >= SPECIALTIES_MANY else None
    urgent = _some(values, "outpatient_urgent_12m", "urgent appointment", "urgent appointments", "in 12 months")
    return _told([f"seen in {counted(many, '', 'specialties')} in 12 months" if many else None, urgent])


def community_change(values: Values, index_date: date) -> str | None:
    return _told([reasons_care.nursing_silence(values, index_date), reasons_care.community_rise(values, index_date)])


def mental_health_crisis(values: Values, _: date) -> str | None:
    liaison = _some(
        values,
        "mental_health_liaison_contacts_12m",
        "contact with a liaison team in hospital",
        "contacts with a liaison team in hospital",
        "in 12 months",
    )
    missed = count(values, "mental_health_did_not_attend_12m")
    often = missed is not None and missed >= MISSED_MANY
    return _told(
        [liaison, f"{counted(missed or 0, '', 'missed mental health appointments')} in 12 months" if often else None]
    )


def mental_health_stays(values: Values, index_date: date) -> str | None:
    if truth(values, "is_mental_health_inpatient"):
        return "In a mental health hospital now"
    one, many = "stay in a mental health hospital", "stays in a mental health hospital"
    stays = _some(values, "mental_health_admissions_24m", one, many, "in 24 months")
    last = day_since(values, "mental_health_discharge_days_since", index_date=index_date)
    return _told([f"{stays}, discharged {last}" if stays and last else stays])


def care_change(values: Values, index_date: date) -> str | None:
    return _told([reasons_care.care_change(values, index_date)])


def care_activity(values: Values, _: date) -> str | None:
    changed = _some(
        values,
        "care_reviews_unplanned_12m",
        "review by the council because needs had changed",
        "reviews by the council because needs had changed",
        "in 12 months",
    )
    return _told([changed, reasons_care.care_review(values)])


def short_term_care(values: Values, index_date: date) -> str | None:
    return _told([reasons_care.reablement(values, index_date)])


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
