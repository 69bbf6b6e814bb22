"""The content of an evaluation.json of invented hold-out rows, without a home."""

from pathlib import Path
from typing import Any

import numpy as np
from invented_holdout import FEATURES, drawn, table

from pipeline.contracts.evaluation import load_thresholds
from pipeline.contracts.model import load_plan
from pipeline.rules import evaluation_leakage, evaluation_verdict
from pipeline.rules.evaluation_intervals import auroc_interval_of
from pipeline.rules.times import months_before
from pipeline.steps.model import evaluate, evaluate_report
from pipeline.steps.model.evaluate_holdout import HoldOut, holdout_of

PROJECT = Path(__file__).parents[2]
NAME = "emergency_admission_12m"
PLAN, THRESHOLDS = load_plan(PROJECT, NAME), load_thresholds(PROJECT, NAME)


def held(people: int = 4_000, **spoilt: np.ndarray) -> HoldOut:
    """A hold-out with some columns put in the place of the drawn ones."""
    return holdout_of(table(drawn(people) | spoilt), feature_columns=FEATURES)


def content(people: int = 4_000, *, oracle: bool = True, resamples: int = 20, **spoilt: np.ndarray) -> dict[str, Any]:
    """As evaluate puts it together, but for what needs the store: that audit is given as clear."""
    columns = drawn(people) | spoilt
    one = holdout_of(table(columns), feature_columns=FEATURES)
    asked = PLAN.evaluation.model_copy(update={"resamples": resamples})
    plan = PLAN.model_copy(update={"evaluation": asked})
    prepared = evaluate_report.prepare(
        one, plan=plan, thresholds=THRESHOLDS, oracle=columns["true"] if oracle else None
    )
    parts, subgroups = (
        evaluate_report.parts_of(prepared, "admission"),
        evaluate_report.subgroups_of(one, thresholds=THRESHOLDS),
    )
    compared, beside = evaluate_report.differences_of(prepared), evaluate_report.oracle_of(prepared)
    apart = evaluate_report.oracle_of(prepared, evaluate_report.ORACLE_UNSEEN)
    audit = audit_of(one, beside)
    alarms = [check["alarm"] for check in audit.values() if check["alarm"]]
    return evaluate.plain(
        {
            "schema": "evaluation/1",
            "model_id": "abcdef012345",
            "name": NAME,
            "kind": "lightgbm",
            "trained_as_of": "2026-11-15",
            "is_fictitious": True,
            "how": evaluate.how(plan, THRESHOLDS),
            "holdout": _holdout(one),
            "calibration": None,
            "parts": parts,
            "parts_or_death": evaluate_report.parts_of(prepared, "admission_or_death"),
            "subgroups": subgroups,
            "differences": compared,
            "readmission": evaluate_report.readmission_of(one),
            "sources": evaluate_report.sources_of(prepared),
            "oracle": beside,
            "oracle_unseen": apart,
            "leakage": {"alarms": alarms, **audit},
            "fairness": evaluation_verdict.fairness(subgroups, cut_pct=THRESHOLDS.published_cut_pct),
            "targets": evaluation_verdict.targets(
                unseen=parts["unseen_practice"],
                oracle=apart,
                differences=compared,
                wanted=THRESHOLDS.targets.model_dump(),
            ),
            "verdict": evaluation_verdict.verdict(
                whole=parts["all"],
                subgroups=subgroups,
                alarms=alarms,
                overall={"oe": THRESHOLDS.overall.oe, "slope": THRESHOLDS.overall.slope},
            ),
        }
    )


def _holdout(one: HoldOut) -> dict[str, Any]:
    return {
        "index_date": one.index_date.isoformat(),
        "horizon_months": 12,
        "training_index_dates": ["2024-04-16", "2024-07-16", "2024-10-16"],
        "people": one.people,
        "events": int(one.outcome.sum()),
        "deaths_without_event": int((one.outcome_or_death & (1 - one.outcome)).sum()),
        "people_without_label": one.without_label,
        "seen_practices": 6,
        "unseen_practices": 2,
    }


def audit_of(one: HoldOut, beside: dict[str, Any] | None) -> dict[str, Any]:
    """The audit for leaks, with events that were planted and moved nothing."""
    day = one.index_date
    area = auroc_interval_of(np.random.default_rng(1).random(one.people), one.outcome, confidence=0.99)
    difference = beside["model_minus_oracle"] if beside else None
    return {
        "split": evaluation_leakage.split(
            training_dates=[months_before(day, months) for months in (18, 15, 12)],
            index_date=day,
            horizon_months=12,
            is_in_training=one.is_in_training,
            is_unseen=one.is_unseen,
        ),
        "dates": evaluation_leakage.dates(
            windows={"one": "[index_date - 12 months, index_date)"},
            days_since={name: one.features[name] for name in one.features if "_days_since" in name},
            planted={"people": 2_000, "events": 40_000, "moved": []},
            index_date=day,
        ),
        "permuted": evaluation_leakage.permuted(area, rounds=40, people=one.people),
        "single_feature": evaluation_leakage.single_feature(one.features, one.outcome, most=0.8),
        "too_good": {"most": 0.85, "alarm": None},
        "oracle": {
            "model_minus_oracle": difference,
            "alarm": evaluation_leakage.above_the_oracle(difference) if difference else None,
        },
    }
