"""An invented frame to learn from, the declared plan made quick, and families learned under it."""

from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from pipeline.contracts.model import Plan, load_plan
from pipeline.engines.learner import LabelledTable, train_model

PROJECT = Path(__file__).resolve().parents[2]
COLUMNS = (
    "age_years",
    "emergency_admissions_12m",
    "emergency_admission_days_since",
    "has_copd",
    "egfr_ml_min",
    "imd_decile",
    "has_dementia",
)
PEOPLE = 4000


def quick_plan(**changes: object) -> Plan:
    """The declared plan with fewer rounds, folds and resamples."""
    plan = load_plan(PROJECT, "emergency_admission_12m")
    dials = plan.lightgbm.search[0].model_copy(update={"learning_rate": 0.1, "min_data_in_leaf": 30})
    trees = plan.lightgbm.model_copy(update={"rounds_most": 40, "search": (dials,)})
    judged = plan.evaluation.model_copy(update={"resamples": 40})
    return plan.changed(**{"lightgbm": trees, "evaluation": judged, "folds": 3, "source_set_folds": 2, **changes})


def invented(index_date: date, *, seed: int, people: int = PEOPLE) -> LabelledTable:
    """A seeded frame whose risk bends with age and jumps where lung disease meets a recent admission."""
    random = np.random.default_rng(seed)
    age = random.integers(0, 95, people)
    admissions = random.poisson(0.1 + 0.012 * np.maximum(age - 50, 0))
    since = np.where(admissions > 0, random.integers(1, 365, people), 0)
    copd = random.random(people) < 0.3
    egfr = np.round(random.normal(80, 20, people), 1)
    seen = random.random(people) < 0.6
    log_odds = -2.8 + 0.025 * np.maximum(age - 40, 0) + np.where(copd, 2.0, -1.0) * (admissions > 0)
    outcome = (random.random(people) < 1 / (1 + np.exp(-log_odds))).astype(np.int8)
    features = pa.table(
        {
            "person_key": [f"p1_{number:06d}" for number in range(people)],
            "age_years": pa.array(age, pa.int32()),
            "emergency_admissions_12m": pa.array(admissions, pa.int64()),
            "emergency_admission_days_since": pa.array(since, pa.int32(), mask=admissions == 0),
            "has_copd": pa.array(copd),
            "egfr_ml_min": pa.array(egfr, pa.float64(), mask=~seen),
            "imd_decile": pa.array(random.integers(1, 11, people), pa.int16()),
            "has_dementia": pa.nulls(people, pa.bool_()),
        }
    )
    return LabelledTable(index_date, features, outcome)


def shuffled(table: LabelledTable, *, seed: int) -> LabelledTable:
    order = np.random.default_rng(seed).permutation(table.features.num_rows)
    return LabelledTable(table.index_date, table.features.take(order), table.outcome[order])


SETS = {"all": COLUMNS, "acute_only": COLUMNS[:3]}


def learned(training=None, holdout=None, *, columns=COLUMNS, sets=None, threads=1, **changes):
    """A family trained under the quick plan; `changes` are to the plan."""
    return train_model(
        training or TRAINING,
        holdout or HOLDOUT,
        plan=quick_plan(**changes),
        feature_columns=columns,
        source_sets=sets or {**SETS, "all": columns},
        threads=threads,
    )


TRAINING = [invented(date(2024, 4, 16), seed=1), invented(date(2024, 10, 16), seed=2)]
HOLDOUT = invented(date(2025, 10, 16), seed=3)
