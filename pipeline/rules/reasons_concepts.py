"""Which feature column belongs to which concept, and which source each concept comes from.

The concepts are the files of `sql/features`. Sources let a caller withhold what the policy permits for
scoring but not for showing.
"""

from collections.abc import Iterable, Mapping

from pipeline.rules import reasons_services

# In the order a clinician would want them read out. Obesity is left out: it is no disease to look for, and the BMI says
# more. Whoever counts conditions and whoever lists them reads this.
CONDITIONS: Mapping[str, str] = {
    "has_heart_failure": "heart failure",
    "has_copd": "COPD",
    "has_dementia": "dementia",
    "has_learning_disability": "learning disability",
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
    "has_epilepsy": "epilepsy",
    "has_peripheral_arterial_disease": "peripheral arterial disease",
    "has_rheumatoid_arthritis": "rheumatoid arthritis",
    "has_osteoporosis": "osteoporosis",
}

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "demographics": ("age_years", "is_female", "imd_decile"),
    "emergency_admissions": (
        "emergency_admissions_1m",
        "emergency_admissions_3m",
        "emergency_admissions_6m",
        "emergency_admissions_12m",
        "emergency_admissions_24m",
        "emergency_bed_days_12m",
        "emergency_admission_days_since",
    ),
    "elective_admissions": (
        "elective_admissions_12m",
        "elective_admissions_24m",
        "elective_day_cases_12m",
        "elective_admission_days_since",
    ),
    "ambulatory_care_sensitive_admissions": (
        "ambulatory_care_sensitive_admissions_12m",
        "ambulatory_care_sensitive_admissions_24m",
        "ambulatory_care_sensitive_acute_24m",
        "ambulatory_care_sensitive_chronic_24m",
        "ambulatory_care_sensitive_vaccine_preventable_24m",
    ),
    "emergency_attendances": (
        "emergency_attendances_1m",
        "emergency_attendances_3m",
        "emergency_attendances_6m",
        "emergency_attendances_12m",
        "emergency_attendances_24m",
        "emergency_attendance_days_since",
    ),
    "outpatient_appointments": (
        "outpatient_attendances_3m",
        "outpatient_attendances_12m",
        "outpatient_did_not_attend_12m",
        "outpatient_attendance_days_since",
    ),
    "long_term_conditions": (
        "has_heart_failure",
        "has_copd",
        "has_dementia",
        "has_cancer",
        "has_coronary_heart_disease",
        "has_stroke_or_tia",
        "has_chronic_kidney_disease",
        "has_diabetes",
        "has_severe_mental_illness",
        "has_atrial_fibrillation",
        "has_asthma",
        "has_depression",
        "has_hypertension",
        "long_term_condition_count",
    ),
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
        "community_referrals_opened_3m",
        "community_referrals_opened_12m",
        "community_referrals_urgent_12m",
        "community_referral_days_since",
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
    "further_conditions": (
        "has_epilepsy",
        "has_learning_disability",
        "has_obesity",
        "has_osteoporosis",
        "has_peripheral_arterial_disease",
        "has_rheumatoid_arthritis",
        "further_condition_count",
    ),
    "condition_history": (
        "conditions_new_12m",
        "conditions_new_36m",
        "newest_condition_days_since",
        "oldest_condition_days_since",
        "heart_failure_days_since",
        "copd_days_since",
        "cancer_days_since",
        "dementia_days_since",
    ),
    "frailty_deficits": ("efi_style_deficits", "efi_style_index", "efi_style_band", "efi_style_deficits_new_12m"),
    "cambridge_multimorbidity": ("cambridge_conditions", "cambridge_general_score", "cambridge_mortality_score"),
    "medicine_groups": (
        "has_anticoagulant_6m",
        "has_antiplatelet_6m",
        "has_diuretic_6m",
        "has_diabetes_medicine_6m",
        "has_antipsychotic_6m",
        "has_antidepressant_6m",
        "has_hypnotic_or_anxiolytic_6m",
        "has_rheumatic_medicine_6m",
        "high_risk_medicine_groups_6m",
        "analgesic_items_12m",
        "antibacterial_items_12m",
        "corticosteroid_items_12m",
    ),
    "medicine_changes": (
        "has_five_medicines_6m",
        "has_ten_medicines_6m",
        "repeat_medicines_12m",
        "medicines_change_6m",
        "medicines_started_6m",
        "medicines_stopped_6m",
    ),
    "further_measurements": (
        "diastolic_pressure_mmhg",
        "body_weight_kg",
        "hba1c_mmol_mol",
        "cholesterol_mmol_l",
        "measurement_days_since",
        "measurement_days_12m",
    ),
    "measurement_changes": (
        "systolic_pressure_change_mmhg",
        "body_mass_index_change",
        "body_weight_change_percent",
        "egfr_change_ml_min",
        "haemoglobin_change_g_l",
        "hba1c_change_mmol_mol",
    ),
    "gp_contact_kinds": (
        "gp_surgery_contacts_12m",
        "gp_telephone_contacts_12m",
        "gp_home_visits_12m",
        "gp_home_visit_days_since",
        "gp_contacts_change_3m",
        "gp_missed_appointments_12m",
    ),
    "gp_symptoms": (
        "breathlessness_days_12m",
        "dizziness_or_syncope_days_12m",
        "urinary_infection_days_12m",
        "weight_loss_days_12m",
        "skin_ulcer_days_12m",
        "memory_problem_days_12m",
        "mobility_problem_days_12m",
        "low_mood_or_sleep_days_12m",
        "symptom_kinds_12m",
    ),
    "gp_fall_history": ("gp_falls_3m", "gp_falls_24m", "gp_fall_days_since"),
    "frailty_grade": ("frailty_grade", "frailty_grade_days_since", "housebound_days_since"),
    "palliative_care": ("has_palliative_care", "palliative_care_days_since"),
    "support_at_home": (
        "is_carer",
        "is_noted_living_alone_24m",
        "is_noted_lonely_24m",
        "social_need_days_24m",
        "help_at_home_days_24m",
        "is_noted_in_care_home",
    ),
    "smoking": ("smoking_level", "smoking_status_days_since"),
    "household": ("household_size", "is_alone_in_household", "household_people_65_and_over"),
    "registration": ("registration_days", "is_newly_registered_12m", "needs_interpreter"),
    **reasons_services.COLUMNS,
}

# Concepts that speak of one thing together, so that a list of reasons does not say it twice. Of a concept that is not
# named here the topic is the concept itself.
_TOGETHER: Mapping[str, tuple[str, ...]] = {
    "long_term_conditions": ("further_conditions", "condition_history", "cambridge_multimorbidity"),
    "falls_and_frailty": ("gp_fall_history", "frailty_grade", "frailty_deficits"),
    "medication": ("medicine_groups", "medicine_changes"),
    "measurements": ("further_measurements", "measurement_changes"),
    "gp_contacts": ("gp_contact_kinds",),
    "support_at_home": ("household",),
    "demographics": ("registration",),
    **reasons_services.TOGETHER,
}
_DETAILS = reasons_services.DETAILS
TOPIC_OF: Mapping[str, str] = {concept: concept for concept in COLUMNS} | {
    concept: topic for topic, concepts in _TOGETHER.items() for concept in concepts
}

# What a sentence or the strip may tell beside the features, by the concept that it is withheld with: sql/facts, and how
# far the records of the person's senders reach.
FACTS: Mapping[str, tuple[str, ...]] = {
    "emergency_admissions": (
        "emergency_stay_date",
        "emergency_stay_end_date",
        "emergency_stay_diagnosis",
        "activity_emergency_stays",
    ),
    "elective_admissions": ("activity_planned_stays",),
    "emergency_attendances": ("activity_attendances",),
    "community_contacts": (
        "activity_community",
        "community_senders",
        "community_unclear_date",
        "community_records_date",
    ),
    "social_care": (
        "activity_care",
        "care_councils",
        "care_records_date",
        "care_home_date",
        "home_care_date",
    ),
    "social_care_change": ("home_care_changed_date", "home_care_end_date"),
    "short_term_care": ("reablement_councils", "reablement_date", "reablement_end_date"),
    "condition_history": ("newest_condition", "newest_condition_date"),
    "measurements": ("systolic_pressure_date", "body_mass_index_date", "egfr_date", "haemoglobin_date"),
    "further_measurements": ("body_weight_date", "hba1c_date"),
    "measurement_changes": (
        "egfr_before",
        "egfr_before_date",
        "haemoglobin_before",
        "haemoglobin_before_date",
        "body_weight_before",
        "body_weight_before_date",
    ),
}

CONCEPT_OF: Mapping[str, str] = {column: concept for concept, group in COLUMNS.items() for column in group}

_WITHHELD_WITH: Mapping[str, str] = {
    **CONCEPT_OF,
    **{fact: concept for concept, group in FACTS.items() for fact in group},
}

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
    "further_conditions": "gp",
    "condition_history": "gp",
    "frailty_deficits": "gp",
    "cambridge_multimorbidity": "gp",
    "medicine_groups": "gp",
    "medicine_changes": "gp",
    "further_measurements": "gp",
    "measurement_changes": "gp",
    "gp_contact_kinds": "gp",
    "gp_symptoms": "gp",
    "gp_fall_history": "gp",
    "frailty_grade": "gp",
    "palliative_care": "gp",
    "support_at_home": "gp",
    "smoking": "gp",
    "household": "gp",
    "registration": "gp",
    **reasons_services.SOURCE_OF,
}


def only_shown(
    values: Mapping[str, object], *, sources: Iterable[str], withheld: Iterable[str] = ()
) -> dict[str, object]:
    """Features and facts, made unknown where they may not be told: of sources not shown, and of concepts withheld.

    With a concept goes what tells the same in more detail, so that a policy need not name each.
    """
    named = set(withheld)
    details = {detail for concept in named for detail in (*_TOGETHER.get(concept, ()), *_DETAILS.get(concept, ()))}
    allowed, hidden = set(sources), named | details
    return {
        column: value if column not in _WITHHELD_WITH or _is_told(_WITHHELD_WITH[column], allowed, hidden) else None
        for column, value in values.items()
    }


def _is_told(concept: str, sources: set[str], withheld: set[str]) -> bool:
    return SOURCE_OF[concept] in sources and concept not in withheld
