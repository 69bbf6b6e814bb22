"""What lowers the risk, and what a GP would not see in their own record.

Facts from hospital, community and council alone; which of them the model weighed does not matter here.
"""

from collections.abc import Callable, Mapping
from datetime import date

from pipeline.rules import reasons_care, reasons_services_sentences
from pipeline.rules.reasons_facts import count, counted, in_words, known_false, number, plain, sentence
from pipeline.rules.reasons_gp_sentences import ADULT, MEDICINES_MANY
from pipeline.rules.reasons_sentences import (
    FOR_RISK,
    community_missed,
    mental_health_crises,
    mental_health_days,
    outpatient_missed,
)

Values = Mapping[str, object]

TRUSTS_SEVERAL = 3  # in 12 months; in a city two are usual
EGFR_NORMAL = 90  # mL/min/1.73m2; NICE NG203, category G1


def from_outside(values: Values, *, index_date: date) -> dict[str, str | None]:
    """Every sentence that could be told, by what it is about; None where nothing is to be said of that.

    A sentence may hold several statements, parted by semicolons; a reason words the same statement the same way. What
    nearly everybody has (one missed appointment, a piece of equipment, a referral that was closed) is not told.
    """
    return {
        "care": _sentence(reasons_care.council_care(values)),
        "care_change": reasons_services_sentences.care_change(values, index_date),
        "short_term_care": reasons_services_sentences.short_term_care(values, index_date),
        "care_requests": _sentence(reasons_care.care_requests(values)),
        "care_activity": reasons_services_sentences.care_activity(values, index_date),
        "unpaid_carer": reasons_services_sentences.unpaid_carer(values, index_date),
        "community_stopped": _sentence(reasons_care.community_silence(values, index_date)),
        "nursing_stopped": _sentence(reasons_care.nursing_silence(values, index_date)),
        "community_change": _sentence(reasons_care.community_rise(values, index_date)),
        "community_missed": _sentence(community_missed(values)),
        "crises": _sentence(mental_health_crises(values, index_date)),
        "crisis": reasons_services_sentences.mental_health_crisis(values, index_date),
        "mental_health_stays": _ward(values, index_date),
        "outpatient_missed": _sentence(outpatient_missed(values)),
        "attended": _attended_not_admitted(values),
        "attended_elsewhere": _attended_elsewhere(values),
    }


def _sentence(told: str | None) -> str | None:
    return sentence(told) if told else None


def _ward(values: Values, index_date: date) -> str | None:
    """Stays on a mental health ward; their days where the stays are not told."""
    stays = reasons_services_sentences.mental_health_stays(values, index_date)
    days = count(values, "mental_health_inpatient_days_12m")
    return stays or (sentence(mental_health_days(days)) if days else None)


def _attended_not_admitted(values: Values) -> str | None:
    # The features do not tie an attendance to an admission. Each admission takes up at most one attendance,
    # so the difference is the fewest that cannot have ended in one.
    attended, admitted = count(values, "emergency_attendances_12m"), count(values, "emergency_admissions_12m")
    if attended is None or admitted is None or attended <= admitted:
        return None
    what = counted(attended, "A&E attendance", "A&E attendances")
    if admitted == 0:
        return sentence(f"{what} in 12 months without an admission")
    return sentence(f"{what} in 12 months, at least {in_words(attended - admitted)} without an admission")


def _attended_elsewhere(values: Values) -> str | None:
    trusts = count(values, "emergency_providers_distinct_12m")
    if trusts is None or trusts < TRUSTS_SEVERAL:
        return None
    return f"Attended the A&E of {in_words(trusts)} trusts in 12 months"


# What lowers the risk is told where a clinician would count it too. That somebody is 62, never smoked or had no planned
# operation weighs in the model and says nothing beside what raises it; what nobody noted is no good news.
def _emergency_admissions(values: Values) -> str | None:
    return "No emergency admission in 24 months" if known_false(values, "emergency_admissions_24m") else None


def _emergency_attendances(values: Values) -> str | None:
    return "No A&E attendance in 12 months" if known_false(values, "emergency_attendances_12m") else None


def _long_term_conditions(values: Values) -> str | None:
    none = known_false(values, "long_term_condition_count") and known_false(values, "further_condition_count")
    return "No long-term condition on the GP record" if none else None


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


def _nothing(_: Values) -> None:
    """Where a low value is no news."""


AGAINST: Mapping[str, Callable[[Values], str | None]] = {
    **dict.fromkeys(("demographics", *FOR_RISK), _nothing),
    "emergency_admissions": _emergency_admissions,
    "emergency_attendances": _emergency_attendances,
    "long_term_conditions": _long_term_conditions,
    "falls_and_frailty": _falls_and_frailty,
    "medication": _medication,
    "measurements": _measurements,
}
