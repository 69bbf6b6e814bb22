"""Hold-out rows of invented people, as training writes them: drawn by a seed, with a true risk that nobody is given.

What is known of a person is a noisy share of the true risk; each variation spoils one thing.
"""

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from pipeline.rules.calibration import probability

INDEX_DATE = date(2025, 10, 16)
FEATURES = (
    "age_years",
    "imd_decile",
    "emergency_admissions_12m",
    "emergency_admissions_24m",
    "emergency_admission_days_since",
    "emergency_discharges_1m",
    "elective_admissions_12m",
    "long_term_condition_count",
    "is_housebound",
    "has_dementia",
    "charlson_index",
    "hospital_frailty_risk_score",
    "discharge_days_since",
    "is_in_hospital",
    "latest_stay_nights",
    "is_latest_stay_emergency",
    "emergency_attendances_6m",
)


def drawn(people: int, *, seed: int = 1, practices: int = 8, unseen: int = 2) -> dict[str, np.ndarray]:
    """Columns by name; `true` is the risk the outcomes were drawn with."""
    rng = np.random.default_rng(seed)
    age = rng.integers(0, 96, people)
    decile = rng.integers(1, 11, people)
    frailty = rng.normal(size=people)
    seen = 0.75 * frailty + 0.45 * rng.normal(size=people)
    odds = -3.6 + 0.02 * age - 0.04 * decile + 0.9 * frailty
    true = probability(odds)
    # The best guess from what is seen: the outcome's own logistic curve flattens a little over what is not.
    known = -3.6 + 0.02 * age - 0.04 * decile + 0.9 * 0.98 * seen
    practice = np.array([f"X{n:05d}" for n in range(practices)])[rng.integers(0, practices, people)]
    outcome = rng.random(people) < true
    return {
        "true": true,
        "seen": seen,
        "person_key": np.array([f"p1_{n:032x}" for n in range(people)]),
        "practice_code": practice,
        "part": np.where(practice >= f"X{practices - unseen:05d}", "unseen_practice", "seen_practice"),
        "outcome": outcome,
        "outcome_or_death": outcome | (rng.random(people) < 0.01),
        "risk": np.round(_matched(known, true), 6),
        "risk_logistic": np.round(_matched(known + 0.4 * rng.normal(size=people), true), 6),
        "risk_age_sex": np.round(_matched(-3.6 + 0.02 * age, true), 6),
        "risk_without_social_care": np.round(_matched(known + 0.3 * rng.normal(size=people), true), 6),
        "age_years": age,
        "sex": np.array(["female", "male"])[rng.integers(0, 2, people)],
        "ethnic_group": np.array(["Asian", "Black", "Mixed", "Other", "White"])[
            rng.choice(5, people, p=(0.15, 0.12, 0.06, 0.05, 0.62))
        ],
        "imd_decile": decile,
        "registration_start_date": np.array(
            [INDEX_DATE - timedelta(days=int(days)) for days in rng.integers(1, 4000, people)], dtype=object
        ),
        "readmission": np.where(rng.random(people) < 0.1, 1.0, 0.0),
        "is_in_training": np.where(practice >= f"X{practices - unseen:05d}", False, rng.random(people) < 0.9),
        **_recorded(rng, age, frailty),
    }


def _recorded(rng: np.random.Generator, age: np.ndarray, frailty: np.ndarray) -> dict[str, np.ndarray]:
    """What the records tell of each person beside age and area."""
    people = len(age)
    admissions = rng.poisson(np.exp(0.8 * frailty - 2.2))
    return {
        "emergency_admissions_12m": admissions,
        "emergency_admissions_24m": admissions + rng.poisson(0.05, people),
        "emergency_admission_days_since": np.where(admissions > 0, rng.integers(1, 365, people), np.nan),
        "elective_admissions_12m": rng.poisson(0.1, people),
        "emergency_discharges_1m": (rng.random(people) < 0.03).astype(np.int64),
        "long_term_condition_count": rng.poisson(np.maximum(age - 20, 1) / 40),
        "is_housebound": (age > 75) & (rng.random(people) < 0.1),
        "has_dementia": (age > 70) & (rng.random(people) < 0.08),
        "charlson_index": rng.poisson(np.maximum(age - 30, 1) / 50),
        "hospital_frailty_risk_score": np.round(np.abs(rng.normal(size=people)) * 3, 1),
        "discharge_days_since": np.where(rng.random(people) < 0.05, rng.integers(1, 60, people), np.nan),
        "is_in_hospital": rng.random(people) < 0.002,
        "latest_stay_nights": rng.integers(0, 20, people).astype(float),
        "is_latest_stay_emergency": rng.random(people) < 0.5,
        "emergency_attendances_6m": rng.poisson(0.3, people),
    }


def table(columns: dict[str, np.ndarray], *, model_id: str = "abcdef012345") -> pa.Table:
    """The rows as the store holds them."""
    people = len(columns["person_key"])
    recent = columns["discharge_days_since"] <= 30
    kept = {name: values for name, values in columns.items() if name not in ("true", "seen", "readmission")}
    made = {
        name: pa.array(
            values.tolist() if values.dtype == object else values,
            from_pandas=True,
            type=pa.date32() if name == "registration_start_date" else None,
        )
        for name, values in kept.items()
    }
    readmitted = [bool(value) if asked else None for value, asked in zip(columns["readmission"], recent, strict=True)]
    return pa.table(
        {
            "model_id": pa.array([model_id] * people),
            "index_date": pa.array([INDEX_DATE] * people, pa.date32()),
            "readmission_30d": pa.array(readmitted, pa.bool_()),
            "emergency_admission_30d": pa.array(columns["readmission"] > 0, pa.bool_()),
            **made,
        }
    )


def _matched(odds: np.ndarray, true: np.ndarray) -> np.ndarray:
    """Risks in the order of these odds that mean what they say: the level and slope that fit the true risk best."""
    level, slope = 0.0, 1.0
    for _ in range(50):
        guess = probability(level + slope * odds)
        weight, gap = guess * (1 - guess), true - guess
        matrix = np.array([[weight.sum(), (weight * odds).sum()], [(weight * odds).sum(), (weight * odds**2).sum()]])
        step = np.linalg.solve(matrix, np.array([gap.sum(), (gap * odds).sum()]))
        level, slope = level + step[0], slope + step[1]
    return probability(level + slope * odds)
