"""One clinical sentence per concept that says why risk is up: dated, countable, checkable in the record.

Each function gives None when the values do not bear a sentence, even if the model weighed them. The figures
that make something worth saying (five kinds of medicine, eGFR below 60 …) are stated here with their source.
"""

from collections.abc import Callable, Mapping
from datetime import date

from pipeline.rules import reasons_services_sentences
from pipeline.rules.reasons_concepts import CONDITIONS
from pipeline.rules.reasons_facts import (
    count,
    counted,
    day_since,
    in_words,
    joined,
    number,
    plain,
    sentence,
    truth,
)

Values = Mapping[str, object]

CONDITIONS_NAMED = 4
MEDICINES_MANY = 5  # five or more regular medicines: the usual mark of polypharmacy (Masnoon 2017, BMC Geriatrics)
GP_CONTACTS_MANY = 6
OUTPATIENT_MANY = 3
ADULT = 18
EGFR_LOW = 60  # mL/min/1.73m2; NICE NG203, chronic kidney disease
SYSTOLIC_HIGH = 160  # mmHg; NICE NG136, stage 2 hypertension
SYSTOLIC_LOW = 100  # mmHg; NEWS2 gives a point at 110, two at 100
HAEMOGLOBIN_LOW_WOMEN, HAEMOGLOBIN_LOW_MEN = 120, 130  # g/L; WHO, anaemia in adults
SMOKER = 2  # sql/codelists/smoking_status.csv
SYMPTOMS: Mapping[str, str] = {
    "breathlessness_days_12m": "breathlessness",
    "dizziness_or_syncope_days_12m": "dizziness or fainting",
    "urinary_infection_days_12m": "urinary infection",
    "weight_loss_days_12m": "weight loss or poor appetite",
    "skin_ulcer_days_12m": "skin ulcer",
    "memory_problem_days_12m": "memory problems",
    "mobility_problem_days_12m": "reduced mobility",
    "low_mood_or_sleep_days_12m": "anxiety or poor sleep",
}
CIRCUMSTANCES: Mapping[str, str] = {
    "is_noted_living_alone_24m": "noted as living alone in the last 24 months",
    "is_noted_lonely_24m": "noted as lonely in the last 24 months",
    "is_carer": "looks after somebody",
    "is_noted_in_care_home": "noted as living in a care home",
}
BMI_LOW, BMI_HIGH = 18.5, 40  # kg/m2; WHO classes underweight and obesity III


def emergency_admissions(values: Values, index_date: date) -> str | None:
    recent, longer = count(values, "emergency_admissions_12m"), count(values, "emergency_admissions_24m")
    if recent:
        text = f"{counted(recent, 'emergency admission', 'emergency admissions')} in 12 months"
    elif longer:
        text = f"{counted(longer, 'emergency admission', 'emergency admissions')} in 24 months"
    else:
        return None
    last = day_since(values, "emergency_admission_days_since", index_date=index_date)
    if last:
        text += f", last admitted {last}"
    days = count(values, "emergency_bed_days_12m")
    if recent and days:
        text += f"; {counted(days, 'day', 'days')} in hospital"
    return sentence(text)


def elective_admissions(values: Values, _: date) -> str | None:
    planned = count(values, "elective_admissions_12m")
    return sentence(f"{counted(planned, 'planned admission', 'planned admissions')} in 12 months") if planned else None


def ambulatory_care_sensitive_admissions(values: Values, _: date) -> str | None:
    found = count(values, "ambulatory_care_sensitive_admissions_12m")
    if not found:
        return None
    what = counted(found, "emergency admission", "emergency admissions")
    condition = "a condition" if found == 1 else "conditions"
    return sentence(f"{what} in 12 months for {condition} usually managed outside hospital")


def emergency_attendances(values: Values, index_date: date) -> str | None:
    found = count(values, "emergency_attendances_12m")
    if not found:
        return None
    what = counted(found, "emergency department attendance", "emergency department attendances")
    text = f"{what} in 12 months"
    last = day_since(values, "emergency_attendance_days_since", index_date=index_date)
    return sentence(f"{text}, last on {last}" if last else text)


def outpatient_appointments(values: Values, index_date: date) -> str | None:
    parts = []
    found = count(values, "outpatient_attendances_12m")
    if found is not None and found >= OUTPATIENT_MANY:
        text = f"{counted(found, 'outpatient attendance', 'outpatient attendances')} in 12 months"
        last = day_since(values, "outpatient_attendance_days_since", index_date=index_date)
        parts.append(f"{text}, last on {last}" if last else text)
    missed = count(values, "outpatient_did_not_attend_12m")
    if missed:
        parts.append(outpatient_missed(missed))
    return sentence("; ".join(parts)) if parts else None


def long_term_conditions(values: Values, _: date) -> str | None:
    found = [name for column, name in CONDITIONS.items() if truth(values, column)]
    if not found:
        return None
    named = found[:CONDITIONS_NAMED]
    more = len(found) - len(named)
    if more:
        named = [*named, counted(more, "more condition", "more conditions")]
    return sentence(f"{joined(named)} on the GP record")


def falls_and_frailty(values: Values, _: date) -> str | None:
    parts = []
    falls = count(values, "falls_12m")
    if falls:
        parts.append(f"{counted(falls, 'fall', 'falls')} recorded in 12 months")
    if truth(values, "has_frailty_code"):
        parts.append("moderate or severe frailty on the GP record")
    if truth(values, "is_housebound"):
        parts.append("housebound")
    return sentence("; ".join(parts)) if parts else None


def medication(values: Values, _: date) -> str | None:
    # Counted by section of the British National Formulary, so kinds of medicine, not products.
    kinds = count(values, "medicines_distinct_6m")
    if kinds is None or kinds < MEDICINES_MANY:
        return None
    return sentence(f"{in_words(kinds)} different kinds of medicine in the last 6 months")


def measurements(values: Values, _: date) -> str | None:
    """Latest values outside the adult limits above; children have other limits and get no sentence."""
    age = number(values, "age_years")
    if age is None or age < ADULT:
        return None
    parts = []
    egfr = number(values, "egfr_ml_min")
    if egfr is not None and egfr < EGFR_LOW:
        parts.append(f"eGFR {plain(egfr)}")
    haemoglobin = number(values, "haemoglobin_g_l")
    low = HAEMOGLOBIN_LOW_MEN if number(values, "is_female") == 0 else HAEMOGLOBIN_LOW_WOMEN
    if haemoglobin is not None and haemoglobin < low:
        parts.append(f"haemoglobin {plain(haemoglobin)} g/L")
    systolic = number(values, "systolic_pressure_mmhg")
    if systolic is not None and (systolic >= SYSTOLIC_HIGH or systolic <= SYSTOLIC_LOW):
        parts.append(f"systolic blood pressure {plain(systolic)} mmHg")
    body_mass = number(values, "body_mass_index")
    if body_mass is not None and (body_mass < BMI_LOW or body_mass >= BMI_HIGH):
        parts.append(f"BMI {plain(body_mass, places=1)}")
    return sentence(f"{joined(parts)} (latest in 24 months)") if parts else None


def gp_contacts(values: Values, index_date: date) -> str | None:
    found = count(values, "gp_contacts_12m")
    if found is None or found < GP_CONTACTS_MANY:
        return None
    text = f"{counted(found, 'GP contact', 'GP contacts')} in 12 months"
    last = day_since(values, "gp_contact_days_since", index_date=index_date)
    return sentence(f"{text}, last on {last}" if last else text)


def community_contacts(values: Values, index_date: date) -> str | None:
    parts = []
    found = count(values, "community_contacts_12m")
    if found:
        text = f"{counted(found, 'community contact', 'community contacts')} in 12 months"
        last = day_since(values, "community_contact_days_since", index_date=index_date)
        parts.append(f"{text}, last on {last}" if last else text)
    missed = count(values, "community_did_not_attend_12m")
    if missed:
        parts.append(community_missed(missed))
    return sentence("; ".join(parts)) if parts else None


def community_referrals(values: Values, _: date) -> str | None:
    parts = []
    found = count(values, "community_referrals_open")
    if found:
        text = counted(found, "open referral to community services", "open referrals to community services")
        nursing = "to nursing" if found == 1 else "to nursing too"
        parts.append(f"{text}, {nursing}" if truth(values, "has_community_nursing") else text)
    closed = count(values, "community_referrals_closed_3m")
    if closed:
        parts.append(referrals_closed(closed))
    return sentence("; ".join(parts)) if parts else None


def mental_health(values: Values, index_date: date) -> str | None:
    parts = []
    found = count(values, "mental_health_contacts_12m")
    if found:
        text = f"{counted(found, 'mental health contact', 'mental health contacts')} in 12 months"
        last = day_since(values, "mental_health_contact_days_since", index_date=index_date)
        parts.append(f"{text}, last on {last}" if last else text)
    crises, days = count(values, "mental_health_crisis_contacts_12m"), count(values, "mental_health_inpatient_days_12m")
    if crises:
        parts.append(mental_health_crises(crises))
    if days:
        parts.append(mental_health_days(days))
    return sentence("; ".join(parts)) if parts else None


def social_care(values: Values, index_date: date) -> str | None:
    parts = []
    care, requests = council_care(values, index_date), count(values, "care_requests_12m")
    if care:
        parts.append(care)
    if requests:
        parts.append(care_requests(requests))
    return sentence("; ".join(parts)) if parts else None


def gp_symptoms(values: Values, _: date) -> str | None:
    found = [name for column, name in SYMPTOMS.items() if count(values, column)]
    return sentence(f"{joined(found)} coded by the practice in 12 months") if found else None


def palliative_care(values: Values, index_date: date) -> str | None:
    if not truth(values, "has_palliative_care"):
        return None
    since = day_since(values, "palliative_care_days_since", index_date=index_date)
    return f"On the palliative care register since {since}" if since else "On the palliative care register"


def smoking(values: Values, _: date) -> str | None:
    return "Smoker, by the latest entry on the GP record" if count(values, "smoking_level") == SMOKER else None


def support_at_home(values: Values, _: date) -> str | None:
    parts = [name for column, name in CIRCUMSTANCES.items() if truth(values, column)]
    return sentence("; ".join(parts)) if parts else None


# The next ones are also facts that a GP record lacks (reasons_context). Both say them in the same words, so that a
# page can tell when it would repeat itself.
def council_care(values: Values, index_date: date) -> str | None:
    if truth(values, "is_care_home_resident"):
        return "lives in a care home that the council pays for"
    if not truth(values, "has_home_care"):
        return None
    # With a care home as well, the start could be of either, so it is told only here.
    since = day_since(values, "care_package_days_since_start", index_date=index_date)
    return f"home care from the council since {since}" if since else "home care from the council"


def care_requests(requests: int) -> str:
    return f"{counted(requests, 'request', 'requests')} to adult social care in 12 months"


def community_missed(missed: int) -> str:
    return f"did not attend {counted(missed, 'community appointment', 'community appointments')} in 12 months"


def outpatient_missed(missed: int) -> str:
    return f"did not attend {counted(missed, 'outpatient appointment', 'outpatient appointments')} in 12 months"


def referrals_closed(closed: int) -> str:
    return f"{counted(closed, 'community referral', 'community referrals')} closed in the last 3 months"


def mental_health_crises(crises: int) -> str:
    return f"{counted(crises, 'contact', 'contacts')} with a mental health crisis team in 12 months"


def mental_health_days(days: int) -> str:
    return f"{counted(days, 'day', 'days')} in a mental health hospital in 12 months"


# Demographics is absent on purpose: age, sex and deprivation are context, not something to act on.
FOR_RISK: Mapping[str, Callable[[Values, date], str | None]] = {
    "emergency_admissions": emergency_admissions,
    "elective_admissions": elective_admissions,
    "ambulatory_care_sensitive_admissions": ambulatory_care_sensitive_admissions,
    "emergency_attendances": emergency_attendances,
    "outpatient_appointments": outpatient_appointments,
    "long_term_conditions": long_term_conditions,
    "falls_and_frailty": falls_and_frailty,
    "medication": medication,
    "measurements": measurements,
    "gp_contacts": gp_contacts,
    "community_contacts": community_contacts,
    "community_referrals": community_referrals,
    "mental_health": mental_health,
    "social_care": social_care,
    "gp_symptoms": gp_symptoms,
    "palliative_care": palliative_care,
    "smoking": smoking,
    "support_at_home": support_at_home,
    **reasons_services_sentences.FOR_RISK,
}
