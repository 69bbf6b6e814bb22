"""Reasons from the practice's own record: the right words for the right values, dated where a date is known."""

from datetime import date
from decimal import Decimal

import pytest

from pipeline.rules.reasons import reasons
from pipeline.rules.reasons_concepts import COLUMNS, CONDITIONS

INDEX_DATE = date(2026, 11, 16)
SINCE_4_MARCH = (INDEX_DATE - date(2026, 3, 4)).days
SINCE_12_MAY = (INDEX_DATE - date(2026, 5, 12)).days


@pytest.mark.parametrize(
    ("topic", "values", "sentence"),
    [
        (
            "long_term_conditions",
            {"has_diabetes": True, "has_heart_failure": True, "has_copd": True, "has_asthma": None},
            "Heart failure, COPD and diabetes on the GP record",
        ),
        ("long_term_conditions", {"has_copd": True, "has_obesity": True}, "COPD on the GP record"),
        ("long_term_conditions", {"has_obesity": True, "newest_condition": "obesity"}, None),
        (
            "long_term_conditions",
            dict.fromkeys(CONDITIONS, True),
            "Heart failure, COPD, dementia, learning disability and 14 more conditions on the GP record",
        ),
        (
            "long_term_conditions",
            dict.fromkeys(list(CONDITIONS)[:5], True),
            "Heart failure, COPD, dementia, learning disability and cancer on the GP record",
        ),
        (
            "falls_and_frailty",
            {"falls_12m": 2, "has_frailty_code": True, "is_housebound": True},
            "Two falls recorded in 12 months; moderate or severe frailty on the GP record; housebound",
        ),
        ("falls_and_frailty", {"falls_12m": 0, "is_housebound": True}, "Housebound"),
        ("medication", {"medicines_distinct_6m": 12}, "12 different kinds of medicine in the last 6 months"),
        ("medication", {"medicines_distinct_6m": 5}, "Five different kinds of medicine in the last 6 months"),
        ("medication", {"medicines_distinct_6m": 4}, None),
        ("measurements", {"age_years": 70, "egfr_ml_min": Decimal("38.0000")}, "eGFR 38 (latest in 24 months)"),
        (
            "measurements",
            {
                "age_years": 70,
                "egfr_ml_min": 59.4,
                "haemoglobin_g_l": 109,
                "systolic_pressure_mmhg": 160,
                "body_mass_index": 17.25,
            },
            "eGFR 59, haemoglobin 109 g/L, systolic blood pressure 160 mmHg and BMI 17.2 (latest in 24 months)",
        ),
        (
            "measurements",
            {"age_years": 70, "haemoglobin_g_l": 125, "haemoglobin_date": date(2026, 2, 3)}
            | {"haemoglobin_before": 145, "haemoglobin_before_date": date(2025, 1, 5)},
            "Haemoglobin 125 g/L on 3 February 2026, 145 on 5 January 2025",
        ),
        ("measurements", {"age_years": 70, "is_female": False, "haemoglobin_g_l": 110}, None),
        (
            "measurements",
            {"age_years": 70, "systolic_pressure_mmhg": 100, "systolic_pressure_date": date(2026, 5, 16)},
            "Systolic blood pressure 100 mmHg on 16 May 2026",
        ),
        (
            "measurements",
            {"age_years": 70, "systolic_pressure_mmhg": 100, "systolic_pressure_date": date(2026, 5, 15)},
            None,
        ),
        (
            "measurements",
            {
                "age_years": 70,
                "egfr_ml_min": 38,
                "egfr_date": date(2026, 2, 3),
                "egfr_before": 57,
                "egfr_before_date": date(2025, 1, 5),
                "hba1c_mmol_mol": 75,
                "hba1c_date": date(2026, 2, 4),
            },
            "eGFR 38 on 3 February 2026, 57 on 5 January 2025; HbA1c 75 mmol/mol on 4 February 2026",
        ),
        (
            "measurements",
            {"age_years": 70, "egfr_ml_min": 70, "egfr_date": date(2026, 2, 3)}
            | {"egfr_before": 85, "egfr_before_date": date(2025, 1, 5)},
            "eGFR 70 on 3 February 2026, 85 on 5 January 2025",
        ),
        (
            "measurements",
            {"age_years": 70, "egfr_ml_min": 70, "egfr_date": date(2026, 2, 3)}
            | {"egfr_before": 84.9, "egfr_before_date": date(2025, 1, 5)},
            None,
        ),
        (
            "measurements",
            {"age_years": 70, "egfr_ml_min": 55, "egfr_date": date(2025, 1, 5)}
            | {"egfr_before": 75, "egfr_before_date": date(2025, 1, 5)},
            "eGFR 55 on 5 January 2025",
        ),
        (
            "measurements",
            {"age_years": 70, "body_weight_kg": 57, "body_weight_before": 60, "body_weight_change_percent": -5}
            | {"body_weight_date": date(2026, 2, 3), "body_weight_before_date": date(2025, 1, 5)},
            "Weight 57 kg on 3 February 2026, 60 kg on 5 January 2025",
        ),
        (
            "measurements",
            {"age_years": 70, "body_weight_kg": 57.1, "body_weight_before": 60, "body_weight_change_percent": -4.83}
            | {"body_weight_date": date(2026, 2, 3), "body_weight_before_date": date(2025, 1, 5)},
            None,
        ),
        (
            "measurements",
            {"age_years": 70, "systolic_pressure_mmhg": 100},
            "Systolic blood pressure 100 mmHg (latest in 24 months)",
        ),
        (
            "long_term_conditions",
            {"has_copd": True, "has_epilepsy": True, "newest_condition": "epilepsy"}
            | {"newest_condition_date": date(2026, 6, 4)},
            "COPD and epilepsy on the GP record; epilepsy first coded on 4 June 2026",
        ),
        (
            "falls_and_frailty",
            {"falls_12m": 1, "gp_fall_days_since": SINCE_4_MARCH, "has_frailty_code": True, "frailty_grade": 3}
            | {"frailty_grade_days_since": SINCE_12_MAY, "efi_style_deficits": 11, "efi_style_band": 2},
            "One fall recorded in 12 months, last on 4 March 2026; severe frailty by the practice's judgement of "
            "12 May 2026; 11 of 36 frailty deficits on the GP record",
        ),
        ("falls_and_frailty", {"frailty_grade": 0, "efi_style_deficits": 8, "efi_style_band": 1}, None),
        (
            "medication",
            {"medicines_distinct_6m": 7, "medicines_started_6m": 1, "has_anticoagulant_6m": True}
            | {"has_diuretic_6m": True, "antibacterial_items_12m": 3},
            "Seven different kinds of medicine in the last 6 months, anticoagulants and diuretics among them; "
            "one of them is new; three issues of antibacterials in 12 months",
        ),
        ("medication", {"medicines_distinct_6m": 4, "medicines_started_6m": 2, "antibacterial_items_12m": 2}, None),
        (
            "gp_contacts",
            {"gp_contacts_12m": 5, "gp_home_visits_12m": 2, "gp_home_visit_days_since": 14}
            | {"gp_missed_appointments_12m": 2},
            "Two home visits by the practice in 12 months, last on 2 November 2026; two days with a missed GP "
            "appointment in 12 months",
        ),
        (
            "gp_symptoms",
            {"breathlessness_days_12m": 2, "weight_loss_days_12m": 1},
            "Breathlessness and weight loss or poor appetite coded by the practice in 12 months",
        ),
        ("gp_symptoms", {"symptom_kinds_12m": 1}, None),
        (
            "palliative_care",
            {"has_palliative_care": True, "palliative_care_days_since": SINCE_12_MAY},
            "On the palliative care register, first coded on 12 May 2026",
        ),
        ("palliative_care", {"has_palliative_care": False}, None),
        (
            "smoking",
            {"smoking_level": 2, "smoking_status_days_since": SINCE_4_MARCH},
            "Smoker, by the GP record of 4 March 2026",
        ),
        ("smoking", {"smoking_level": 1, "smoking_status_days_since": 9}, None),
        (
            "support_at_home",
            {"is_noted_living_alone_24m": True, "is_carer": True},
            "Noted as living alone in the last 24 months; looks after somebody",
        ),
        ("measurements", {"age_years": 7, "body_mass_index": 15, "haemoglobin_g_l": 110}, None),
        ("measurements", {"age_years": 70, "egfr_ml_min": float("nan")}, None),
        (
            "gp_contacts",
            {"gp_contacts_12m": 14, "gp_contact_days_since": 14},
            "14 GP contacts in 12 months, last on 2 November 2026",
        ),
        ("gp_contacts", {"gp_contacts_12m": 5}, None),
    ],
)
def test_sentences_for_the_risk(topic, values, sentence):
    told = reasons(values, {COLUMNS[topic][-1]: 0.5}, index_date=INDEX_DATE).for_risk
    assert told == ((sentence,) if sentence else ())
