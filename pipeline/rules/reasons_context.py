"""What speaks against the risk, and what a GP would not see in their own record.

Facts from hospital, community and council alone; which of them the model weighed does not matter here.
"""

from collections.abc import Callable, Mapping
from datetime import date

from pipeline.rules import reasons_services_sentences
from pipeline.rules.reasons_facts import (
    count,
    counted,
    day_since,
    in_words,
    known_false,
    number,
    plain,
    sentence,
)
from pipeline.rules.reasons_gp_sentences import ADULT, MEDICINES_MANY
from pipeline.rules.reasons_sentences import (
    care_requests,
    community_missed,
    council_care,
    mental_health_crises,
    mental_health_days,
    outpatient_missed,
    referrals_closed,
)

Values = Mapping[str, object]

COMMUNITY_REGULAR = 3  # contacts in 12 months that make a silence of 3 months worth telling
TRUSTS_SEVERAL = 2  # in 12 months: no single letter tells of all of them
OLDER = 65  # years; where the NHS begins to speak of older people (NHS England, "Improving care for older people")
EGFR_NORMAL = 90  # mL/min/1.73m2; NICE NG203, category G1


def not_in_gp_record(values: Values, *, index_date: date) -> tuple[str, ...]:
    """Every sentence that could be told, in a fixed order. What is worth telling, and in which order, is decided by
    `reasons_beyond`.

    A sentence may hold several statements, parted by semicolons; a reason words the same statement the same way.
    """
    return tuple(each for each in from_outside(values, index_date=index_date).values() if each is not None)


def from_outside(values: Values, *, index_date: date) -> dict[str, str | None]:
    """The same by what each is about: council, community, mental health, outpatients, emergency department."""
    return {
        "care": _council_care(values, index_date),
        "care_change": reasons_services_sentences.care_change(values, index_date),
        "short_term_care": reasons_services_sentences.short_term_care(values, index_date),
        "care_requests": _counted(values, "care_requests_12m", care_requests),
        "care_activity": reasons_services_sentences.care_activity(values, index_date),
        "unpaid_carer": reasons_services_sentences.unpaid_carer(values, index_date),
        "community_stopped": _community_stopped(values, index_date),
        "community_change": reasons_services_sentences.community_change(values, index_date),
        "community_missed": _counted(values, "community_did_not_attend_12m", community_missed),
        "referrals_closed": _counted(values, "community_referrals_closed_3m", referrals_closed),
        "crises": _counted(values, "mental_health_crisis_contacts_12m", mental_health_crises),
        "crisis": reasons_services_sentences.mental_health_crisis(values, index_date),
        "mental_health_days": _counted(values, "mental_health_inpatient_days_12m", mental_health_days),
        "mental_health_stays": reasons_services_sentences.mental_health_stays(values, index_date),
        "outpatient_missed": _counted(values, "outpatient_did_not_attend_12m", outpatient_missed),
        "attended": _attended_not_admitted(values),
        "attended_elsewhere": _attended_elsewhere(values),
    }


def _council_care(values: Values, index_date: date) -> str | None:
    care = council_care(values, index_date)
    return sentence(care) if care else None


def _counted(values: Values, column: str, words: Callable[[int], str]) -> str | None:
    found = count(values, column)
    return sentence(words(found)) if found else None


def _community_stopped(values: Values, index_date: date) -> str | None:
    year, quarter = count(values, "community_contacts_12m"), count(values, "community_contacts_3m")
    last = day_since(values, "community_contact_days_since", index_date=index_date)
    if year is None or quarter is None or last is None or year < COMMUNITY_REGULAR or quarter > 0:
        return None
    return f"Community contacts have stopped: {in_words(year)} in 12 months, none since {last}"


def _attended_not_admitted(values: Values) -> str | None:
    # The features do not tie an attendance to an admission. Each admission takes up at most one attendance,
    # so the difference is the fewest that cannot have ended in one.
    attended, admitted = count(values, "emergency_attendances_12m"), count(values, "emergency_admissions_12m")
    if attended is None or admitted is None or attended <= admitted:
        return None
    what = counted(attended, "emergency department attendance", "emergency department attendances")
    if admitted == 0:
        return sentence(f"{what} in 12 months without an admission")
    return sentence(f"{what} in 12 months, at least {in_words(attended - admitted)} without an admission")


def _attended_elsewhere(values: Values) -> str | None:
    trusts = count(values, "emergency_providers_distinct_12m")
    if trusts is None or trusts < TRUSTS_SEVERAL:
        return None
    return f"Attended emergency departments of {in_words(trusts)} trusts in 12 months"


def _demographics(values: Values) -> str | None:
    # The model may weigh 82 below 90, but to a clinician no such age speaks against an admission.
    age = count(values, "age_years")
    if age is None or age >= OLDER:
        return None
    return f"Aged {age}" if age else "Under one year old"


def _emergency_admissions(values: Values) -> str | None:
    if known_false(values, "emergency_admissions_24m"):
        return "No emergency admission in 24 months"
    return "No emergency admission in 12 months" if known_false(values, "emergency_admissions_12m") else None


def _elective_admissions(values: Values) -> str | None:
    return "No planned admission in 12 months" if known_false(values, "elective_admissions_12m") else None


def _ambulatory_care_sensitive_admissions(values: Values) -> str | None:
    if not known_false(values, "ambulatory_care_sensitive_admissions_12m"):
        return None
    return "No emergency admission in 12 months for a condition usually managed outside hospital"


def _emergency_attendances(values: Values) -> str | None:
    return (
        "No emergency department attendance in 12 months" if known_false(values, "emergency_attendances_12m") else None
    )


def _outpatient_appointments(values: Values) -> str | None:
    return "No outpatient attendance in 12 months" if known_false(values, "outpatient_attendances_12m") else None


def _long_term_conditions(values: Values) -> str | None:
    return "No long-term condition on the GP record" if known_false(values, "long_term_condition_count") else None


def _falls_and_frailty(values: Values) -> str | None:
    looked = ("falls_12m", "has_frailty_code", "is_housebound")
    return "No fall and no frailty recorded" if all(known_false(values, column) for column in looked) else None


def _medication(values: Values) -> str | None:
    kinds = count(values, "medicines_distinct_6m")
    if kinds is None or kinds >= MEDICINES_MANY:
        return None
    return sentence(f"{counted(kinds, 'kind of medicine', 'kinds of medicine')} in the last 6 months")


def _measurements(values: Values) -> str | None:
    age, egfr = number(values, "age_years"), number(values, "egfr_ml_min")
    if age is None or age < ADULT or egfr is None or egfr < EGFR_NORMAL:
        return None
    return f"eGFR {plain(egfr)} (latest in 24 months)"


def _gp_contacts(values: Values) -> str | None:
    return "No GP contact in 12 months" if known_false(values, "gp_contacts_12m") else None


def _community_contacts(values: Values) -> str | None:
    return "No community contact in 12 months" if known_false(values, "community_contacts_12m") else None


def _community_referrals(values: Values) -> str | None:
    return "No open referral to community services" if known_false(values, "community_referrals_open") else None


def _mental_health(values: Values) -> str | None:
    without = known_false(values, "mental_health_contacts_12m") and known_false(
        values, "mental_health_inpatient_days_12m"
    )
    return "No mental health contact in 12 months" if without else None


def _social_care(values: Values) -> str | None:
    without = known_false(values, "has_home_care") and known_false(values, "is_care_home_resident")
    return "No care package from the council" if without else None


def _gp_symptoms(values: Values) -> str | None:
    return "No symptom coded by the practice in 12 months" if known_false(values, "symptom_kinds_12m") else None


def _palliative_care(values: Values) -> str | None:
    return "Not on the palliative care register" if known_false(values, "has_palliative_care") else None


def _smoking(values: Values) -> str | None:
    return "Never smoked, by the latest entry on the GP record" if known_false(values, "smoking_level") else None


def _support_at_home(_: Values) -> str | None:
    return None  # that nothing was noted means little, and how many share a home is not the person's own record


AGAINST: Mapping[str, Callable[[Values], str | None]] = {
    "demographics": _demographics,
    "emergency_admissions": _emergency_admissions,
    "elective_admissions": _elective_admissions,
    "ambulatory_care_sensitive_admissions": _ambulatory_care_sensitive_admissions,
    "emergency_attendances": _emergency_attendances,
    "outpatient_appointments": _outpatient_appointments,
    "long_term_conditions": _long_term_conditions,
    "falls_and_frailty": _falls_and_frailty,
    "medication": _medication,
    "measurements": _measurements,
    "gp_contacts": _gp_contacts,
    "community_contacts": _community_contacts,
    "community_referrals": _community_referrals,
    "mental_health": _mental_health,
    "social_care": _social_care,
    "gp_symptoms": _gp_symptoms,
    "palliative_care": _palliative_care,
    "smoking": _smoking,
    "support_at_home": _support_at_home,
    **reasons_services_sentences.AGAINST,
}
