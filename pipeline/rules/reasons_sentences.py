"""One clinical sentence per topic that says why risk is up: dated, countable, checkable in the record.

Each function gives None when the values do not bear a sentence, even if the model weighed them. Here are hospitals,
community, mental health and social care; the practice's own record is in `reasons_gp_sentences`.
"""

from collections.abc import Callable, Mapping
from datetime import date

from pipeline.rules import reasons_gp_sentences, reasons_services_sentences
from pipeline.rules.reasons_care import care_requests, community_silence, council_care
from pipeline.rules.reasons_facts import count, counted, day, day_since, sentence, truth, word

Values = Mapping[str, object]

OUTPATIENT_MANY = 3
MISSED_MANY = 3  # appointments; one or two everybody misses


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
        stay = _stay(values, index_date)
        text += f", last admitted {last}{stay}"
    else:
        stay = ""
    nights = count(values, "emergency_bed_days_12m")
    # Of a single stay its own nights say it all.
    if recent and nights and not (recent == 1 and "night" in stay):
        text += f"; {counted(nights, 'night', 'nights')} in hospital in all"
    return sentence(text)


def _stay(values: Values, index_date: date) -> str:
    """` (nine nights, COPD)`: of the stay that the feature counts from, and only what is known of it."""
    admitted, ended = day(values, "emergency_stay_date"), day(values, "emergency_stay_end_date")
    since = count(values, "emergency_admission_days_since")
    if admitted is None or since is None or (index_date - admitted).days != since:
        return ""
    nights = None if ended is None else (ended - admitted).days
    length = None if nights is None else counted(nights, "night", "nights") if nights else "discharged the same day"
    parts = [part for part in (length, word(values, "emergency_stay_diagnosis")) if part]
    return f" ({', '.join(parts)})" if parts else ""


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
    what = counted(found, "A&E attendance", "A&E attendances")
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
    missed = outpatient_missed(values)
    if missed:
        parts.append(missed)
    return sentence("; ".join(parts)) if parts else None


def community_contacts(values: Values, index_date: date) -> str | None:
    parts = []
    found, silence = count(values, "community_contacts_12m"), community_silence(values, index_date)
    if silence:
        parts.append(silence)
    elif found:
        text = f"{counted(found, 'community contact', 'community contacts')} in 12 months"
        last = day_since(values, "community_contact_days_since", index_date=index_date)
        parts.append(f"{text}, last on {last}" if last else text)
    missed = community_missed(values)
    if missed:
        parts.append(missed)
    return sentence("; ".join(parts)) if parts else None


def community_referrals(values: Values, _: date) -> str | None:
    found = count(values, "community_referrals_open")
    if not found:
        return None
    text = counted(found, "open referral to community services", "open referrals to community services")
    nursing = "to nursing" if found == 1 else "to nursing too"
    return sentence(f"{text}, {nursing}" if truth(values, "has_community_nursing") else text)


def mental_health(values: Values, index_date: date) -> str | None:
    parts = []
    found = count(values, "mental_health_contacts_12m")
    if found:
        text = f"{counted(found, 'mental health contact', 'mental health contacts')} in 12 months"
        last = day_since(values, "mental_health_contact_days_since", index_date=index_date)
        parts.append(f"{text}, last on {last}" if last else text)
    crises, days = mental_health_crises(values, index_date), count(values, "mental_health_inpatient_days_12m")
    if crises:
        parts.append(crises)
    if days:
        parts.append(mental_health_days(days))
    return sentence("; ".join(parts)) if parts else None


def social_care(values: Values, _: date) -> str | None:
    parts = [part for part in (council_care(values), care_requests(values)) if part]
    return sentence("; ".join(parts)) if parts else None


# The next ones are also facts that a GP record lacks (reasons_context), as are those of reasons_care. Both say them in
# the same words, so that a page can tell when it would repeat itself.
def community_missed(values: Values) -> str | None:
    missed = count(values, "community_did_not_attend_12m")
    if missed is None or missed < MISSED_MANY:
        return None
    return f"did not attend {counted(missed, '', 'community appointments')} in 12 months"


def outpatient_missed(values: Values) -> str | None:
    missed = count(values, "outpatient_did_not_attend_12m")
    if missed is None or missed < MISSED_MANY:
        return None
    return f"did not attend {counted(missed, '', 'outpatient appointments')} in 12 months"


def mental_health_crises(values: Values, index_date: date) -> str | None:
    crises = count(values, "mental_health_crisis_contacts_12m")
    if not crises:
        return None
    told = f"{counted(crises, 'contact', 'contacts')} with a mental health crisis team in 12 months"
    last = day_since(values, "mental_health_crisis_days_since", index_date=index_date)
    return f"{told}, last on {last}" if last else told


def mental_health_days(days: int) -> str:
    return f"{counted(days, 'day', 'days')} in a mental health hospital in 12 months"


# Demographics is absent on purpose: age, sex and deprivation are context, not something to act on.
FOR_RISK: Mapping[str, Callable[[Values, date], str | None]] = {
    "emergency_admissions": emergency_admissions,
    "elective_admissions": elective_admissions,
    "ambulatory_care_sensitive_admissions": ambulatory_care_sensitive_admissions,
    "emergency_attendances": emergency_attendances,
    "outpatient_appointments": outpatient_appointments,
    "community_contacts": community_contacts,
    "community_referrals": community_referrals,
    "mental_health": mental_health,
    "social_care": social_care,
    **reasons_gp_sentences.FOR_RISK,
    **reasons_services_sentences.FOR_RISK,
}
