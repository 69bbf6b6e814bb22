"""Known scores that are made of feature columns, and the people each known score was made for.

Numpy only. LACE: van Walraven and others, CMAJ 2010;182:551, points as published. PARR-30: Billings and others, BMJ
Open 2012;2:e001667, coefficients of its appendix as public implementations carry them (check before use), without the
hospital's own term and with our records' conditions: an approximation. Limits: docs/reference-scores.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Columns = Mapping[str, Floats]
RECENT_DAYS = 30

# (first value, points): the points hold from that value up to the next.
LACE_STAY = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (7, 5), (14, 7))
LACE_COMORBIDITY = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 5))
LACE_ATTENDANCES = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4))
LACE_ACUTE = 3

PARR_30_CONSTANT, PARR_30_AGE_SQUARED = -2.91821, 0.000060581
PARR_30_ADMISSIONS, PARR_30_LAST_MONTH, PARR_30_EMERGENCY = 0.1215, 0.5258, 0.5565
# The paper's bands are of the 2007 score of deprivation; by tenths of areas, 1 most deprived, they are about these.
PARR_30_DEPRIVATION = (0.1017, 0.0661, 0.0661, 0.0239, 0.0239, 0.0239, 0.0209, 0.0, 0.0, 0.0)
PARR_30_CONDITIONS = {
    "heart_failure": 0.0950,
    "peripheral_vascular_disease": 0.1043,
    "dementia": 0.0467,
    "chronic_pulmonary_disease": 0.2243,
    "other_liver_disease": 0.2133,
    "malignant_cancer": 0.5069,
    "metastatic_cancer": 0.2762,
    "severe_liver_disease": 0.2673,
    "diabetes_with_complications": 0.1457,
    "hemiplegia": 0.1061,
    "renal_disease": 0.1977,
}
# What our records say of these conditions; those without a column are left out, which lowers the score.
PARR_30_COLUMNS = {
    "heart_failure": "has_heart_failure",
    "peripheral_vascular_disease": "has_peripheral_arterial_disease",
    "dementia": "has_dementia",
    "chronic_pulmonary_disease": "has_copd",
    "malignant_cancer": "has_cancer",
    "renal_disease": "has_chronic_kidney_disease",
}


def lace(*, nights: Floats, is_emergency: Floats, comorbidity: Floats, attendances_6m: Floats) -> Floats:
    """LACE points, 0 to 19, of the latest stay; NaN where anything is unknown.

    `comorbidity` is a Charlson score; the paper uses a variant with other weights for some conditions.
    """
    return (
        _points(nights, LACE_STAY)
        + np.where(np.isnan(is_emergency), np.nan, LACE_ACUTE * is_emergency)
        + _points(comorbidity, LACE_COMORBIDITY)
        + _points(attendances_6m, LACE_ATTENDANCES)
    )


def parr_30(
    *,
    age_years: Floats,
    imd_decile: Floats,
    emergency_admissions_12m: Floats,
    is_in_last_month: Floats,
    is_emergency: Floats,
    conditions: Mapping[str, Floats],
) -> Floats:
    """The approximated probability of an emergency readmission within 30 days; NaN where anything but deprivation is.

    `conditions`: by the names of PARR_30_CONDITIONS, 1 or 0; unknown counts as not had, as in hospital records.
    """
    tenth = np.where(np.isnan(imd_decile), 10, imd_decile).astype(np.int64)
    total = (
        PARR_30_CONSTANT
        + PARR_30_AGE_SQUARED * age_years**2
        + np.array(PARR_30_DEPRIVATION)[tenth - 1]
        + PARR_30_ADMISSIONS * emergency_admissions_12m
        + PARR_30_LAST_MONTH * is_in_last_month
        + PARR_30_EMERGENCY * is_emergency
    )
    for name, has in conditions.items():
        total = total + PARR_30_CONDITIONS[name] * np.nan_to_num(has, nan=0.0)
    return np.asarray(1 / (1 + np.exp(-total)))


def score_of(column: str, columns: Columns) -> Floats | None:
    """The score by its declared column: a feature, or made here; None when a column it needs is not there."""
    if column in columns:
        return columns[column]
    made = MADE.get(column)
    if made is None or any(name not in columns for name in made.needs):
        return None
    return made.of(columns)


def columns_needed(column: str) -> tuple[str, ...]:
    """The feature columns of which a score is made: itself, or what `MADE` names."""
    return MADE[column].needs if column in MADE else (column,)


def people_of(people: str, ages: Sequence[int], columns: Columns) -> npt.NDArray[np.bool_] | None:
    """Who a score is for: an age range, and of those everyone, or who was in hospital; None when that is not known."""
    low, high = ages
    within = (columns["age_years"] >= low) & (columns["age_years"] <= high)
    if people == "everyone":
        return np.asarray(within)
    names, known = PEOPLE[people]
    if any(name not in columns for name in names):
        return None
    return np.asarray(within & known(columns))


def _points(values: Floats, steps: Sequence[tuple[int, int]]) -> Floats:
    starts, points = (np.array(part) for part in zip(*steps, strict=True))
    place = np.searchsorted(starts, np.nan_to_num(values, nan=0.0), side="right") - 1
    return np.where(np.isnan(values), np.nan, points[np.maximum(place, 0)].astype(np.float64))


def _lace_of(columns: Columns) -> Floats:
    return lace(
        nights=columns["latest_stay_nights"],
        is_emergency=columns["is_latest_stay_emergency"],
        comorbidity=columns["charlson_index"],
        # The attendance that led to the stay is not one of those before it.
        attendances_6m=np.maximum(columns["emergency_attendances_6m"] - columns["is_latest_stay_emergency"], 0.0),
    )


def _parr_30_of(columns: Columns) -> Floats:
    own = columns["is_latest_stay_emergency"]
    return parr_30(
        age_years=columns["age_years"],
        imd_decile=columns["imd_decile"],
        # The stay just ended is not one of the earlier ones.
        emergency_admissions_12m=np.maximum(columns["emergency_admissions_12m"] - own, 0.0),
        is_in_last_month=(columns["emergency_discharges_1m"] - own > 0).astype(np.float64),
        is_emergency=own,
        conditions={name: columns[column] for name, column in PARR_30_COLUMNS.items() if column in columns},
    )


@dataclass(frozen=True)
class Made:
    """A score made of features: which, and how."""

    needs: tuple[str, ...]
    of: Callable[[Columns], Floats]


MADE: Mapping[str, Made] = {
    "lace": Made(
        needs=("latest_stay_nights", "is_latest_stay_emergency", "charlson_index", "emergency_attendances_6m"),
        of=_lace_of,
    ),
    "parr_30": Made(
        needs=(
            "age_years",
            "imd_decile",
            "emergency_admissions_12m",
            "emergency_discharges_1m",
            "is_latest_stay_emergency",
        ),
        of=_parr_30_of,
    ),
}
PEOPLE: Mapping[str, tuple[tuple[str, ...], Callable[[Columns], npt.NDArray[np.bool_]]]] = {
    "admitted": (
        ("emergency_admissions_24m", "elective_admissions_12m"),
        lambda columns: (columns["emergency_admissions_24m"] > 0) | (columns["elective_admissions_12m"] > 0),
    ),
    "admitted_as_emergency": (("emergency_admissions_24m",), lambda columns: columns["emergency_admissions_24m"] > 0),
    "discharged_within_30_days": (
        ("discharge_days_since", "is_in_hospital"),
        lambda columns: (columns["discharge_days_since"] <= RECENT_DAYS) & (columns["is_in_hospital"] == 0),
    ),
}
