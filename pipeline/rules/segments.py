"""Which kind of need a person has: eight segments, first match wins, from recorded facts alone.

Risk says who comes first; the segment says what help fits, and it changes more slowly. It uses no score and no model.

The eight are those of "Bridges to Health" (Lynn J, Straube BM, Bell KM et al. Milbank Q 2007;85:185-208), which NHS
England's segmentation dataset follows (https://outcomesbasedhealthcare.com/nhse-segmentation-dataset-reference-guide/).
The rules are this project's own, close to the published descriptions where our sources tell as much: the dataset has
codes and hospital services that are not received here. Where more than one fits, the segment whose care is most
unlike ordinary care comes first; the order is declared here, not published.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pipeline.rules.reasons_facts import number, truth

AGE_FRAILTY = 65
# NHS England's dataset asks for four emergency admissions in a year beside kidney disease of stage 4; the same is asked
# here beside heart failure and COPD, or two for the chronic condition itself in two years.
ADMISSIONS_FAILING, CHRONIC_ADMISSIONS_FAILING = 4, 2
EGFR_FAILURE = 15  # mL/min/1.73m2; NICE NG203, category G5
HOSPITAL_FRAILTY_INTERMEDIATE = 1  # from 65 on, as in NHS England's dataset
# Every feature column the rules look at.
COLUMNS = (
    "age_years",
    "has_palliative_care",
    "has_cancer",
    "egfr_ml_min",
    "has_heart_failure",
    "has_copd",
    "has_chronic_kidney_disease",
    "emergency_admissions_12m",
    "ambulatory_care_sensitive_chronic_24m",
    "has_dementia",
    "has_frailty_code",
    "is_care_home_resident",
    "is_housebound",
    "has_home_care",
    "hospital_frailty_risk_band",
    "has_learning_disability",
    "is_mental_health_inpatient",
    "maternity_admissions_12m",
    "has_birth_record_12m",
    "long_term_condition_count",
    "further_condition_count",
    "is_in_hospital",
    "emergency_admissions_3m",
)
_ORGANS = ("has_heart_failure", "has_copd", "has_chronic_kidney_disease")
_LASTING = ("long_term_condition_count", "further_condition_count")


def segment(values: Mapping[str, object]) -> "Segment":
    """The first of the eight that matches the feature values of one person; a null matches nothing.

    A person whose GP record is unknown and whom nothing else places is `not_known`, never well.
    """
    if truth(values, "has_palliative_care") and truth(values, "has_cancer"):
        return INCURABLE_CANCER
    if _is_failing(values):
        return ORGAN_FAILURE
    if _is_frail(values):
        return FRAILTY_OR_DEMENTIA
    if _is_disabled(values):
        return SERIOUS_DISABILITY
    if _is_maternal_or_infant(values):
        return MATERNAL_AND_INFANT
    conditions = [number(values, column) for column in _LASTING]
    if any(found is not None and found >= 1 for found in conditions):
        return LONG_TERM_CONDITION
    if truth(values, "is_in_hospital") or _at_least(values, "emergency_admissions_3m", 1):
        return ACUTELY_ILL
    return GENERALLY_WELL if conditions[0] is not None else NOT_KNOWN


def moves(pairs: Iterable[tuple[str | None, str]]) -> dict[tuple[str, str], int]:
    """People who changed segment, by (before, now); who has no segment before has not moved."""
    return dict(Counter((before, now) for before, now in pairs if before is not None and before != now))


def _at_least(values: Mapping[str, object], column: str, least: float) -> bool:
    found = number(values, column)
    return found is not None and found >= least


def _is_failing(values: Mapping[str, object]) -> bool:
    """An organ with little reserve: kidneys by their function, heart and lungs and kidneys by what they bring about."""
    kidneys = number(values, "egfr_ml_min")
    if kidneys is not None and kidneys < EGFR_FAILURE:
        return True
    return any(truth(values, column) for column in _ORGANS) and (
        truth(values, "has_palliative_care")
        or _at_least(values, "emergency_admissions_12m", ADMISSIONS_FAILING)
        or _at_least(values, "ambulatory_care_sensitive_chronic_24m", CHRONIC_ADMISSIONS_FAILING)
    )


def _is_frail(values: Mapping[str, object]) -> bool:
    """Dwindling slowly: dementia, frailty, a care home, and whoever else the practice expects to lose."""
    plain = ("has_dementia", "has_frailty_code", "is_care_home_resident", "has_palliative_care")
    if any(truth(values, column) for column in plain):
        return True
    at_home = truth(values, "is_housebound") or truth(values, "has_home_care")
    in_hospital = _at_least(values, "hospital_frailty_risk_band", HOSPITAL_FRAILTY_INTERMEDIATE)
    return _at_least(values, "age_years", AGE_FRAILTY) and (at_home or in_hospital)


def _is_disabled(values: Mapping[str, object]) -> bool:
    """Help in daily life for other reasons than age: below 65 this is what care at home stands for."""
    lasting = ("has_learning_disability", "is_housebound", "has_home_care", "is_mental_health_inpatient")
    return any(truth(values, column) for column in lasting)


def _is_maternal_or_infant(values: Mapping[str, object]) -> bool:
    age = number(values, "age_years")
    return _at_least(values, "maternity_admissions_12m", 1) or truth(values, "has_birth_record_12m") or age == 0


@dataclass(frozen=True)
class Segment:
    """One of the eight: `code` is stable across releases, `title` is what people read."""

    code: str
    title: str
    meaning: str


INCURABLE_CANCER = Segment(
    "incurable_cancer", "Cancer at the end of life", "Cancer, and on the palliative care register"
)
ORGAN_FAILURE = Segment(
    "organ_failure",
    "Failing heart, lungs or kidneys",
    "Kidney function below 15; or heart failure, COPD or kidney disease with four emergency admissions in a year, two "
    "for a chronic condition in two years, or palliative care",
)
FRAILTY_OR_DEMENTIA = Segment(
    "frailty_or_dementia",
    "Frailty or dementia",
    "Dementia, moderate or severe frailty, a care home the council pays for, or palliative care; or 65 and over and "
    "housebound, with home care, or frail by the diagnoses of hospitals",
)
SERIOUS_DISABILITY = Segment(
    "serious_disability",
    "Serious disability",
    "Learning disability, or under 65 and housebound or with home care, or on a mental health ward",
)
MATERNAL_AND_INFANT = Segment(
    "maternal_and_infant", "Mother or infant", "A maternity admission in the last 12 months, or born in them"
)
LONG_TERM_CONDITION = Segment("long_term_condition", "Long-term condition", "One or more on the GP record")
ACUTELY_ILL = Segment(
    "acutely_ill",
    "Acutely ill",
    "No long-term condition; in hospital now, or admitted as an emergency in the last 3 months",
)
GENERALLY_WELL = Segment("generally_well", "Generally well", "None of these, and the GP record was looked at")
NOT_KNOWN = Segment("not_known", "Not known", "The GP record could not be used and nothing else places the person")

SEGMENTS: tuple[Segment, ...] = (
    INCURABLE_CANCER,
    ORGAN_FAILURE,
    FRAILTY_OR_DEMENTIA,
    SERIOUS_DISABILITY,
    MATERNAL_AND_INFANT,
    LONG_TERM_CONDITION,
    ACUTELY_ILL,
    GENERALLY_WELL,
    NOT_KNOWN,
)
