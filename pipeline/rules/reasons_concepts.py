"""Which feature column belongs to which concept, and which source each concept comes from.

The concepts are the files of `sql/features`. Sources let a caller withhold what the policy permits for
scoring but not for showing.
"""

from collections.abc import Iterable, Mapping

CONDITIONS: Mapping[str, str] = {  # in the order a clinician would want them read out
    "has_heart_failure": "heart failure",
    "has_copd": "COPD",
    "has_dementia": "dementia",
    "has_cancer": "cancer",
    "has_coronary_heart_disease": "coronary heart disease",
    "has_stroke_or_tia": "stroke or TIA",
    "has_chronic_kidney_disease": "chronic kidney disease",
    "has_diabetes": "diabetes",
    "has_severe_mental_illness": "severe mental illness",
    "has_atrial_fibrillation": "atrial fibrillation",
    "has_asthma": "asthma",
    "has_depression": "depression",
    "has_hypertension": "hypertension",
}

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "demographics": ("age_years", "is_female", "imd_decile"),
    "emergency_admissions": (
        "emergency_admissions_3m",
        "emergency_admissions_12m",
        "emergency_admissions_24m",
        "emergency_bed_days_12m",
        "emergency_admission_days_since",
    ),
    "elective_admissions": ("elective_admissions_12m",),
    "ambulatory_care_sensitive_admissions": ("ambulatory_care_sensitive_admissions_12m",),
    "emergency_attendances": (
        "emergency_attendances_3m",
        "emergency_attendances_12m",
        "emergency_attendance_days_since",
    ),
    "outpatient_appointments": (
        "outpatient_attendances_12m",
        "outpatient_did_not_attend_12m",
        "outpatient_attendance_days_since",
    ),
    "long_term_conditions": (*CONDITIONS, "long_term_condition_count"),
    "falls_and_frailty": ("falls_12m", "has_frailty_code", "is_housebound"),
    "medication": ("medicines_distinct_6m", "medication_items_12m"),
    "measurements": ("systolic_pressure_mmhg", "body_mass_index", "egfr_ml_min", "haemoglobin_g_l"),
    "gp_contacts": ("gp_contacts_3m", "gp_contacts_12m", "gp_contact_days_since"),
    "community_contacts": (
        "community_contacts_3m",
        "community_contacts_12m",
        "community_did_not_attend_12m",
        "community_contact_days_since",
    ),
    "community_referrals": (
        "community_referrals_open",
        "has_community_nursing",
        "community_referrals_closed_3m",
    ),
    "mental_health": (
        "mental_health_contacts_12m",
        "mental_health_crisis_contacts_12m",
        "mental_health_inpatient_days_12m",
        "mental_health_contact_days_since",
    ),
    "social_care": (
        "has_home_care",
        "is_care_home_resident",
        "care_requests_12m",
        "care_package_days_since_start",
    ),
}

CONCEPT_OF: Mapping[str, str] = {column: concept for concept, group in COLUMNS.items() for column in group}

SOURCE_OF: Mapping[str, str] = {
    "demographics": "gp",
    "emergency_admissions": "acute",
    "elective_admissions": "acute",
    "ambulatory_care_sensitive_admissions": "acute",
    "emergency_attendances": "emergency",
    "outpatient_appointments": "outpatient",
    "long_term_conditions": "gp",
    "falls_and_frailty": "gp",
    "medication": "gp",
    "measurements": "gp",
    "gp_contacts": "gp",
    "community_contacts": "community",
    "community_referrals": "community",
    "mental_health": "mental_health",
    "social_care": "social_care",
}


def only_shown(
    values: Mapping[str, object], *, sources: Iterable[str], withheld: Iterable[str] = ()
) -> dict[str, object]:
    """The values, made unknown where they may not be told: of sources not shown, and of concepts withheld."""
    allowed, hidden = set(sources), set(withheld)
    return {
        column: value if column not in CONCEPT_OF or _is_told(CONCEPT_OF[column], allowed, hidden) else None
        for column, value in values.items()
    }


def _is_told(concept: str, sources: set[str], withheld: set[str]) -> bool:
    return SOURCE_OF[concept] in sources and concept not in withheld
