"""Which column belongs to which of the concepts about hospital, community, mental health and social care in detail.

They stand beside the older concepts of `reasons_concepts`; their words are in `reasons_services_sentences`.
"""

from collections.abc import Mapping

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "emergency_stay_lengths": (
        "emergency_same_day_stays_12m",
        "emergency_stays_7_nights_24m",
        "emergency_stays_21_nights_24m",
        "emergency_longest_stay_nights_24m",
        "emergency_mean_stay_nights_24m",
    ),
    "hospital_bed_days": (
        "emergency_bed_days_3m",
        "emergency_bed_days_24m",
        "elective_bed_days_12m",
        "hospital_bed_days_12m",
        "hospital_stays_12m",
    ),
    "emergency_readmissions": ("emergency_readmissions_30d_12m", "emergency_readmissions_30d_24m"),
    "hospital_discharges": (
        "is_in_hospital",
        "emergency_discharges_1m",
        "discharge_days_since",
        "latest_stay_nights",
        "is_latest_stay_emergency",
    ),
    "admission_reasons": (
        "infection_admissions_24m",
        "fracture_admissions_24m",
        "fall_admissions_24m",
        "self_harm_admissions_24m",
        "delirium_admissions_24m",
    ),
    "hospital_frailty": ("hospital_frailty_risk_score", "hospital_frailty_risk_band", "hospital_frailty_codes_24m"),
    "charlson": ("charlson_index", "charlson_index_updated", "charlson_comorbidities_24m"),
    "elixhauser": ("elixhauser_score", "elixhauser_comorbidities_24m"),
    "maternity": ("maternity_admissions_12m", "has_birth_record_12m"),
    "emergency_attendance_kinds": (
        "major_department_attendances_12m",
        "minor_department_attendances_12m",
        "emergency_returns_within_7_days_12m",
        "emergency_providers_distinct_12m",
        "is_frequent_attender",
    ),
    "emergency_complaints": (
        "fall_attendances_12m",
        "heart_or_lung_attendances_12m",
        "mental_distress_attendances_12m",
    ),
    "outpatient_pattern": (
        "outpatient_specialties_distinct_12m",
        "outpatient_first_attendances_12m",
        "outpatient_cancelled_12m",
        "outpatient_urgent_12m",
        "outpatient_did_not_attend_pct_12m",
    ),
    "community_teams": (
        "community_nursing_contacts_3m",
        "community_nursing_contacts_12m",
        "community_therapy_contacts_12m",
        "community_palliative_contacts_12m",
        "community_teams_distinct_12m",
    ),
    "community_change": (
        "community_contacts_change_3m",
        "community_nursing_change_3m",
        "has_community_nursing_stopped",
        "community_nursing_days_since",
    ),
    "mental_health_crisis": (
        "mental_health_crisis_contacts_3m",
        "mental_health_liaison_contacts_12m",
        "mental_health_community_contacts_12m",
        "mental_health_did_not_attend_12m",
        "mental_health_crisis_days_since",
    ),
    "mental_health_stays": (
        "mental_health_admissions_24m",
        "mental_health_emergency_admissions_24m",
        "is_mental_health_inpatient",
        "mental_health_discharge_days_since",
    ),
    "social_care_package": ("care_package_components", "has_nursing_home_care", "care_home_days_since_start"),
    "social_care_change": (
        "care_services_started_6m",
        "care_services_ended_6m",
        "care_package_change_12m",
        "has_care_stopped_12m",
    ),
    "social_care_activity": (
        "care_assessments_12m",
        "care_requests_from_hospital_12m",
        "care_reviews_unplanned_12m",
        "care_review_days_since",
        "is_care_review_overdue",
    ),
    "short_term_care": (
        "has_reablement",
        "reablement_services_12m",
        "low_level_support_12m",
        "reablement_days_since",
    ),
    "unpaid_carer_support": ("has_unpaid_carer_support", "unpaid_carer_requests_24m"),
}

# Those that have no words of their own: an older concept already tells what they are about.
TOGETHER: Mapping[str, tuple[str, ...]] = {
    "emergency_admissions": ("emergency_stay_lengths", "hospital_bed_days"),
    "emergency_attendances": ("emergency_attendance_kinds",),
    "community_contacts": ("community_teams",),
    "social_care": ("social_care_package",),
    "charlson": ("elixhauser",),
}

# Those that tell in detail what an older concept tells: who may not be told the one may not be told the other.
DETAILS: Mapping[str, tuple[str, ...]] = {
    "emergency_admissions": (
        "emergency_stay_lengths",
        "hospital_bed_days",
        "emergency_readmissions",
        "hospital_discharges",
        "admission_reasons",
    ),
    "emergency_attendances": ("emergency_attendance_kinds", "emergency_complaints"),
    "outpatient_appointments": ("outpatient_pattern",),
    "community_contacts": ("community_teams", "community_change"),
    "mental_health": ("mental_health_crisis", "mental_health_stays"),
    "social_care": (
        "social_care_package",
        "social_care_change",
        "social_care_activity",
        "short_term_care",
        "unpaid_carer_support",
    ),
}

SOURCE_OF: Mapping[str, str] = {
    "emergency_stay_lengths": "acute",
    "hospital_bed_days": "acute",
    "emergency_readmissions": "acute",
    "hospital_discharges": "acute",
    "admission_reasons": "acute",
    "hospital_frailty": "acute",
    "charlson": "acute",
    "elixhauser": "acute",
    "maternity": "acute",
    "emergency_attendance_kinds": "emergency",
    "emergency_complaints": "emergency",
    "outpatient_pattern": "outpatient",
    "community_teams": "community",
    "community_change": "community",
    "mental_health_crisis": "mental_health",
    "mental_health_stays": "mental_health",
    "social_care_package": "social_care",
    "social_care_change": "social_care",
    "social_care_activity": "social_care",
    "short_term_care": "social_care",
    "unpaid_carer_support": "social_care",
}
