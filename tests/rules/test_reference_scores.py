"""Known scores against published worked examples, and the people each is for."""

import numpy as np
import pytest

from pipeline.rules.reference_scores import (
    PARR_30_COLUMNS,
    PARR_30_CONDITIONS,
    columns_needed,
    lace,
    parr_30,
    people_of,
    score_of,
)


def one(*values):
    return np.array(values, dtype=float)


@pytest.mark.parametrize(
    ("nights", "is_emergency", "comorbidity", "attendances", "points"),
    [
        # The documentation of the R package cliot (CRAN) works out the first two.
        (5, 1, 5, 2, 14),
        (2, 0, 0, 0, 2),
        # van Walraven 2010, table of points: the ends of every step, and the highest score of all.
        (0, 0, 0, 0, 0),
        (1, 0, 0, 0, 1),
        (3, 0, 0, 0, 3),
        (4, 0, 0, 0, 4),
        (6, 0, 0, 0, 4),
        (7, 0, 0, 0, 5),
        (13, 0, 0, 0, 5),
        (14, 0, 0, 0, 7),
        (0, 0, 3, 0, 3),
        (0, 0, 4, 0, 5),
        (0, 0, 0, 3, 3),
        (0, 0, 0, 9, 4),
        (60, 1, 12, 9, 19),
    ],
)
def test_lace_gives_the_published_points(nights, is_emergency, comorbidity, attendances, points):
    told = lace(
        nights=one(nights),
        is_emergency=one(is_emergency),
        comorbidity=one(comorbidity),
        attendances_6m=one(attendances),
    )
    assert told.tolist() == [points]


def test_lace_is_not_known_where_anything_is_not():
    told = lace(
        nights=one(np.nan, 1, 1, 1),
        is_emergency=one(1, np.nan, 1, 1),
        comorbidity=one(1, 1, np.nan, 1),
        attendances_6m=one(1, 1, 1, np.nan),
    )
    assert np.isnan(told).all()


def readmission(**changed):
    given = {
        "age_years": one(80),
        "imd_decile": one(1),
        "emergency_admissions_12m": one(3),
        "is_in_last_month": one(1),
        "is_emergency": one(1),
        "conditions": {"chronic_pulmonary_disease": one(1), "renal_disease": one(1)},
    }
    return float(parr_30(**(given | changed))[0])


def test_parr_30_is_the_sum_of_its_published_terms():
    """By hand: -2.91821 + 0.000060581 x 6400 + 0.1017 + 3 x 0.1215 + 0.5258 + 0.5565 + 0.2243 + 0.1977 = -0.5600."""
    total = -2.91821 + 0.3877184 + 0.1017 + 0.3645 + 0.5258 + 0.5565 + 0.2243 + 0.1977
    assert readmission() == pytest.approx(1 / (1 + np.exp(-total)), abs=1e-9)
    assert readmission() == pytest.approx(0.3636, abs=1e-3)


def test_every_term_of_parr_30_raises_it_and_the_unknown_does_not_count():
    base = readmission()
    assert readmission(age_years=one(81)) > base > readmission(imd_decile=one(10))
    assert readmission(emergency_admissions_12m=one(4)) > base > readmission(is_in_last_month=one(0))
    assert base > readmission(conditions={}) == readmission(conditions={"dementia": one(np.nan)})
    assert readmission(imd_decile=one(np.nan)) == readmission(imd_decile=one(10))
    assert all(weight > 0 for weight in PARR_30_CONDITIONS.values())
    assert set(PARR_30_COLUMNS) <= set(PARR_30_CONDITIONS)


COLUMNS = {
    "age_years": one(10, 30, 70, 80, 96),
    "imd_decile": one(1, 2, 3, 4, 5),
    "emergency_admissions_12m": one(0, 0, 1, 0, 2),
    "emergency_admissions_24m": one(1, 0, 1, np.nan, 2),
    "emergency_discharges_1m": one(0, 0, 1, 0, 2),
    "elective_admissions_12m": one(0, 1, 0, 0, 0),
    "discharge_days_since": one(np.nan, 31, 30, np.nan, 1),
    "is_in_hospital": one(0, 0, 0, 0, 0),
    "latest_stay_nights": one(0, 0, 3, 0, 8),
    "is_latest_stay_emergency": one(0, 0, 1, 0, 1),
    "charlson_index": one(0, 0, 2, 1, 4),
    "emergency_attendances_6m": one(0, 0, 1, 0, 5),
}


@pytest.mark.parametrize(
    ("people", "ages", "expected"),
    [
        ("everyone", (65, 95), [False, False, True, True, False]),
        ("admitted", (18, 120), [False, True, True, False, True]),
        ("admitted_as_emergency", (75, 120), [False, False, False, False, True]),
        ("discharged_within_30_days", (18, 120), [False, False, True, False, True]),
    ],
)
def test_each_score_has_its_own_people(people, ages, expected):
    assert people_of(people, ages, COLUMNS).tolist() == expected


def test_a_score_is_a_column_or_is_made_of_columns_or_is_not_there():
    assert score_of("charlson_index", COLUMNS) is COLUMNS["charlson_index"]
    assert score_of("lace", COLUMNS).tolist() == [0, 0, 3 + 3 + 2 + 0, 1, 5 + 3 + 5 + 4]
    assert score_of("parr_30", COLUMNS).shape == (5,)
    lacking = {name: values for name, values in COLUMNS.items() if name != "latest_stay_nights"}
    assert score_of("lace", lacking) is None and score_of("efi_style_index", COLUMNS) is None
    assert "latest_stay_nights" in columns_needed("lace") and columns_needed("efi_style_index") == ("efi_style_index",)
    assert people_of("discharged_within_30_days", (0, 120), {"age_years": one(3)}) is None
    inside = COLUMNS | {"is_in_hospital": one(0, 0, 1, 0, 0)}
    assert people_of("discharged_within_30_days", (18, 120), inside).tolist() == [False] * 4 + [True]
