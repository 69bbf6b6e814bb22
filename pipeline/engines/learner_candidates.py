"""The two candidates for a model: fitted, calibrated out of fold, chosen between by the plan, judged later.

Folds are by person. What is judged on the hold-out is read back from the bytes that would ship.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.contracts.model import Plan
from pipeline.engines.learner_files import Kind, canonical_json, read_body
from pipeline.engines.learner_lightgbm import choose_rounds, fit_trees, tree_log_odds
from pipeline.engines.learner_logistic import Logistic, fit_logistic, logistic_log_odds, out_of_fold_logistic
from pipeline.engines.learner_matrix import Rows, folds_by_person
from pipeline.rules.calibration import Calibration, apply_calibration, fit_calibration
from pipeline.rules.evaluation import evaluate, log_loss

Floats = npt.NDArray[np.float64]
PLACES = 6


def lightgbm_candidate(rows: Rows, *, plan: Plan, columns: tuple[str, ...], threads: int) -> "Candidate":
    """Trees with the number of rounds that did best out of fold."""
    fold = folds_by_person(rows.person_keys, folds=plan.folds, seed=plan.seed)
    rounds, unseen = choose_rounds(
        rows.matrix,
        rows.outcome,
        fold=fold,
        dials=plan.lightgbm,
        columns=columns,
        seed=plan.seed,
        threads=threads,
    )
    text = fit_trees(
        rows.matrix,
        rows.outcome,
        dials=plan.lightgbm,
        rounds=rounds,
        columns=columns,
        seed=plan.seed,
        threads=threads,
    )
    return _candidate("lightgbm", text.encode(), unseen, rows=rows, plan=plan, facts={"rounds": rounds})


def logistic_candidate(rows: Rows, *, plan: Plan, columns: tuple[str, ...]) -> "Candidate":
    """The baseline, its medians and spreads learned afresh within each fold."""
    fold = folds_by_person(rows.person_keys, folds=plan.folds, seed=plan.seed)
    unseen = out_of_fold_logistic(rows.matrix, rows.outcome, fold=fold, columns=columns, dials=plan.logistic)
    whole = fit_logistic(rows.matrix, rows.outcome, columns=columns, dials=plan.logistic)
    body = canonical_json(whole.as_json())
    return _candidate("logistic", body, unseen, rows=rows, plan=plan, facts={"terms": len(whole.terms)})


def _candidate(
    kind: Kind, body: bytes, unseen: Floats, *, rows: Rows, plan: Plan, facts: Mapping[str, int]
) -> "Candidate":
    calibration = fit_calibration(unseen, rows.outcome, method=plan.calibration)
    loss = log_loss(apply_calibration(calibration, unseen), rows.outcome)
    return Candidate(kind, body, calibration, round(loss, PLACES), facts)


def winner(candidates: Mapping[str, "Candidate"], *, plan: Plan) -> Kind:
    """LightGBM when it beats the baseline by more than the plan's margin, else the baseline."""
    trees, baseline = candidates["lightgbm"], candidates["logistic"]
    ahead = round(baseline.out_of_fold_log_loss - trees.out_of_fold_log_loss, PLACES)
    return "lightgbm" if ahead > plan.choice.margin else "logistic"


def judge(
    candidate: "Candidate", judged: Rows, *, plan: Plan, columns: tuple[str, ...], threads: int
) -> dict[str, Any]:
    """Every measure on the hold-out, of the candidate read back from its bytes: what is judged would ship."""
    body = read_body(candidate.kind, candidate.body)
    log_odds = log_odds_of(body, judged.matrix, columns=columns, threads=threads)
    return evaluate(
        six_places(apply_calibration(candidate.calibration, log_odds)),
        outcome=judged.outcome,
        person_keys=judged.person_keys,
        top_pct=plan.evaluation.top_pct,
        bins=plan.evaluation.bins,
        resamples=plan.evaluation.resamples,
        seed=plan.seed,
    )


def log_odds_of(body: Any, matrix: Floats, *, columns: Sequence[str], threads: int) -> Floats:
    """Raw log-odds of each row by either kind of model."""
    if isinstance(body, Logistic):
        return logistic_log_odds(body, matrix, columns=columns)
    return tree_log_odds(body, matrix, threads=threads)


def six_places(numbers: Floats) -> Floats:
    """Rounded as published, without a negative zero."""
    return np.asarray(np.round(numbers, PLACES) + 0.0)


@dataclass(frozen=True)
class Candidate:
    """One fitted and calibrated model as the bytes it would ship as."""

    kind: Kind
    body: bytes
    calibration: Calibration
    out_of_fold_log_loss: float
    facts: Mapping[str, int]
