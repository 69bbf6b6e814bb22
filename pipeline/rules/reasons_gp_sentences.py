"""What the practice's own record says for the risk: conditions, frailty, medicines, measurements, contacts, symptoms.

One sentence a topic, dated where a date is known; the figures that make something worth saying are stated here with
their source. None where the values do not bear a sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from pipeline.rules.reasons_concepts import CONDITIONS
from pipeline.rules.reasons_facts import (
    count,
    counted,
    day,
    day_since,
    in_words,
    joined,
    number,
    plain,
    sentence,
    told_day,
    truth,
    word,
)
from pipeline.rules.times import months_before

Values = Mapping[str, object]

CONDITIONS_NAMED = 4
MEDICINES_MANY = 5  # five or more regular medicines: the usual mark of polypharmacy (Masnoon 2017, BMC Geriatrics)
COURSES_MANY = 3
GP_CONTACTS_MANY = 6
MISSED_MANY = 2
ADULT = 18
EGFR_LOW = 60  # mL/min/1.73m2; NICE NG203, chronic kidney disease
EGFR_FALL = 15  # mL/min/1.73m2 within a year; NICE NG203, accelerated progression
SYSTOLIC_HIGH = 160  # mmHg; NICE NG136, stage 2 hypertension
SYSTOLIC_LOW = 100  # mmHg; NEWS2 gives a point at 110, two at 100
HAEMOGLOBIN_LOW = 110  # g/L; WHO, below it moderate anaemia in adults, men as women
PASSING_MONTHS = 6  # how long a blood pressure or a haemoglobin out of bounds stays news
HAEMOGLOBIN_FALL = 20  # g/L; the fall that many definitions of a major bleed ask for (ISTH 2005)
WEIGHT_LOSS_PERCENT = 5  # within a year; Fried 2001, a sign of frailty
HBA1C_HIGH = 75  # mmol/mol; QOF's upper target for people who are frail
BMI_LOW, BMI_HIGH = 18.5, 40  # kg/m2; WHO classes underweight and obesity III
DEFICITS_MODERATE = 2  # band of the eFI-style count
SMOKER = 2  # sql/codelists/smoking_status.csv
HIGH_RISK: Mapping[str, str] = {
    "has_anticoagulant_6m": "anticoagulants",
    "has_diuretic_6m": "diuretics",
    "has_diabetes_medicine_6m": "medicines for diabetes",
    "has_antipsychotic_6m": "antipsychotics",
    "has_hypnotic_or_anxiolytic_6m": "sedatives",
    "has_rheumatic_medicine_6m": "anti-inflammatory or gout medicines",
}
GRADES = {1: "mild", 2: "moderate", 3: "severe"}
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


def _told(parts: list[str | None]) -> str | None:
    found = [part for part in parts if part]
    return sentence("; ".join(found)) if found else None


def long_term_conditions(values: Values, _: date) -> str | None:
    found = [name for column, name in CONDITIONS.items() if truth(values, column)]
    if not found:
        return None
    more = len(found) - CONDITIONS_NAMED
    # A single one more is as short by its name.
    named = found if more <= 1 else [*found[:CONDITIONS_NAMED], counted(more, "", "more conditions")]
    return _told([f"{joined(named)} on the GP record", _newest(values)])


def _newest(values: Values) -> str | None:
    name, coded = word(values, "newest_condition"), told_day(values, "newest_condition_date")
    words = CONDITIONS.get(f"has_{name}")
    return f"{words} first coded on {coded}" if words and coded else None


def falls_and_frailty(values: Values, index_date: date) -> str | None:
    falls, last = count(values, "falls_12m"), day_since(values, "gp_fall_days_since", index_date=index_date)
    fallen = f"{counted(falls, 'fall', 'falls')} recorded in 12 months" if falls else None
    if fallen and last:
        fallen += f", last on {last}"
    deficits = count(values, "efi_style_deficits")
    many = deficits is not None and (count(values, "efi_style_band") or 0) >= DEFICITS_MODERATE
    return _told(
        [
            fallen,
            _frailty(values, index_date),
            "housebound" if truth(values, "is_housebound") else None,
            f"{in_words(deficits)} of 36 frailty deficits on the GP record" if many and deficits else None,
        ]
    )


def _frailty(values: Values, index_date: date) -> str | None:
    grade = count(values, "frailty_grade")
    if grade is None:
        return "moderate or severe frailty on the GP record" if truth(values, "has_frailty_code") else None
    since = day_since(values, "frailty_grade_days_since", index_date=index_date)
    if grade not in GRADES or since is None:
        return None
    return f"{GRADES[grade]} frailty by the practice's judgement of {since}"


def medication(values: Values, _: date) -> str | None:
    # Counted by section of the British National Formulary, so kinds of medicine, not products.
    kinds, courses = count(values, "medicines_distinct_6m"), count(values, "antibacterial_items_12m")
    many = kinds if kinds is not None and kinds >= MEDICINES_MANY else None
    started = count(values, "medicines_started_6m")
    named = [name for column, name in HIGH_RISK.items() if truth(values, column)]
    counted_kinds = f"{in_words(many)} different kinds of medicine in the last 6 months" if many else None
    if counted_kinds and named:
        counted_kinds += f", {joined(named)} among them"
    return _told(
        [
            counted_kinds,
            f"{counted(started, 'of them is', 'of them are')} new" if many and started else None,
            f"{in_words(courses)} issues of antibacterials in 12 months"
            if courses is not None and courses >= COURSES_MANY
            else None,
        ]
    )


def measurements(values: Values, index_date: date) -> str | None:
    """Values outside the adult limits above, and losses within a year; children have other limits: no sentence."""
    age = number(values, "age_years")
    if age is None or age < ADULT:
        return None
    parts = [
        *(_measured(values, one, index_date) for one in _MEASURES),
        _weight(values),
    ]
    found = [part for part in parts if part]
    if not found:
        return None
    undated = not any(" on " in part for part in found)
    return sentence(f"{joined(found)} (latest in 24 months)") if undated else sentence("; ".join(found))


def _measured(values: Values, one: "_Measure", index_date: date) -> str | None:
    """`eGFR 38 on 3 February 2026, 57 on 5 January 2025`: out of bounds, or fallen since the year before."""
    now, before = number(values, one.column), number(values, f"{one.fact}_before")
    if now is None:
        return None
    has_fallen = one.fall is not None and before is not None and before - now >= one.fall and _two_years(values, one)
    is_old = one.months is not None and _is_before(values, f"{one.fact}_date", months_before(index_date, one.months))
    if not has_fallen and (is_old or not one.is_out(now)):
        return None
    text = f"{one.name} {plain(now, places=one.places)}{one.unit}"
    measured, then = told_day(values, f"{one.fact}_date"), told_day(values, f"{one.fact}_before_date")
    text += f" on {measured}" if measured else ""
    if has_fallen and before is not None and measured and then:
        text += f", {plain(before, places=one.places)} on {then}"
    return text


def _two_years(values: Values, one: "_Measure") -> bool:
    """Whether the latest value is of the last year, so that the one before is another."""
    now, then = values.get(f"{one.fact}_date"), values.get(f"{one.fact}_before_date")
    return now is not None and then is not None and now != then


def _is_before(values: Values, fact: str, first: date) -> bool:
    found = day(values, fact)
    return found is not None and found < first


@dataclass(frozen=True)
class _Measure:
    """How a measurement is called, where its value and its facts stand, and which value is worth telling."""

    name: str
    column: str
    fact: str
    unit: str
    is_out: Callable[[float], bool]
    places: int = 0
    fall: float | None = None
    months: int | None = None


_MEASURES = (
    _Measure("eGFR", "egfr_ml_min", "egfr", "", lambda value: value < EGFR_LOW, fall=EGFR_FALL),
    _Measure(
        "haemoglobin",
        "haemoglobin_g_l",
        "haemoglobin",
        " g/L",
        lambda value: value < HAEMOGLOBIN_LOW,
        fall=HAEMOGLOBIN_FALL,
        months=PASSING_MONTHS,
    ),
    _Measure(
        "systolic blood pressure",
        "systolic_pressure_mmhg",
        "systolic_pressure",
        " mmHg",
        lambda value: value >= SYSTOLIC_HIGH or value <= SYSTOLIC_LOW,
        months=PASSING_MONTHS,
    ),
    _Measure(
        "BMI", "body_mass_index", "body_mass_index", "", lambda value: value < BMI_LOW or value >= BMI_HIGH, places=1
    ),
    _Measure("HbA1c", "hba1c_mmol_mol", "hba1c", " mmol/mol", lambda value: value >= HBA1C_HIGH),
)


def _weight(values: Values) -> str | None:
    change, now, before = (
        number(values, name) for name in ("body_weight_change_percent", "body_weight_kg", "body_weight_before")
    )
    weighed, then = told_day(values, "body_weight_date"), told_day(values, "body_weight_before_date")
    if change is None or change > -WEIGHT_LOSS_PERCENT or now is None or before is None or not weighed or not then:
        return None
    return f"weight {plain(now, places=1)} kg on {weighed}, {plain(before, places=1)} kg on {then}"


def gp_contacts(values: Values, index_date: date) -> str | None:
    found, visits = count(values, "gp_contacts_12m"), count(values, "gp_home_visits_12m")
    missed = count(values, "gp_missed_appointments_12m")
    text = None
    if found is not None and found >= GP_CONTACTS_MANY:
        text = f"{counted(found, 'GP contact', 'GP contacts')} in 12 months"
        last = day_since(values, "gp_contact_days_since", index_date=index_date)
        text += f", last on {last}" if last else ""
    visited = f"{counted(visits, 'home visit by the practice', 'home visits by the practice')}" if visits else None
    last_visit = day_since(values, "gp_home_visit_days_since", index_date=index_date)
    if visited:
        visited += " in 12 months" + (f", last on {last_visit}" if last_visit else "")
    return _told(
        [
            text,
            visited,
            f"{in_words(missed)} days with a missed GP appointment in 12 months"
            if missed is not None and missed >= MISSED_MANY
            else None,
        ]
    )


def gp_symptoms(values: Values, _: date) -> str | None:
    found = [name for column, name in SYMPTOMS.items() if count(values, column)]
    return sentence(f"{joined(found)} coded by the practice in 12 months") if found else None


def palliative_care(values: Values, index_date: date) -> str | None:
    if not truth(values, "has_palliative_care"):
        return None
    since = day_since(values, "palliative_care_days_since", index_date=index_date)
    return f"On the palliative care register, first coded on {since}" if since else "On the palliative care register"


def smoking(values: Values, index_date: date) -> str | None:
    if count(values, "smoking_level") != SMOKER:
        return None
    asked = day_since(values, "smoking_status_days_since", index_date=index_date)
    return f"Smoker, by the GP record of {asked}" if asked else "Smoker, by the GP record"


def support_at_home(values: Values, _: date) -> str | None:
    return _told([name for column, name in CIRCUMSTANCES.items() if truth(values, column)])


FOR_RISK: Mapping[str, Callable[[Values, date], str | None]] = {
    "long_term_conditions": long_term_conditions,
    "falls_and_frailty": falls_and_frailty,
    "medication": medication,
    "measurements": measurements,
    "gp_contacts": gp_contacts,
    "gp_symptoms": gp_symptoms,
    "palliative_care": palliative_care,
    "smoking": smoking,
    "support_at_home": support_at_home,
}
