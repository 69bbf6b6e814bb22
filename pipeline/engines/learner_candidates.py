"""The candidates for a model: fitted, calibrated out of fold, chosen between by the plan, judged later.

Folds are by person. What is judged on the hold-out is read back from the bytes that would ship.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.contracts.model import Dials, Plan
from pipeline.engines.learner_files import Kind, canonical_json, read_body
from pipeline.engines.learner_lightgbm import fit_trees, grow_out_of_fold, search_trees, tree_log_odds
from pipeline.engines.learner_logistic import Logistic, fit_logistic, logistic_log_odds, out_of_fold_logistic
from pipeline.engines.learner_matrix import Rows, folds_by_person
from pipeline.errors import ModelUnfit, PipelineError
from pipeline.rules.calibration import Calibration, apply_calibration, calibrating_dates, fit_calibration
from pipeline.rules.evaluation import evaluate, log_loss

Floats = npt.NDArray[np.float64]
PLACES = 6
AGE_SEX = ("age_years", "is_female")


def lightgbm_candidate(rows: Rows, *, plan: Plan, columns: tuple[str, ...], threads: int) -> "Candidate":
    """Trees with the setting and the number of rounds that did best out of fold."""
    tried = search_trees(
        rows.matrix,
        rows.outcome,
        fold=_folds(rows, folds=plan.folds, seed=plan.seed),
        plan=plan.lightgbm,
        columns=columns,
        seed=plan.seed,
        threads=threads,
    )
    best = tried[0]
    facts = {
        "rounds": best.rounds,
        "dials": best.dials.model_dump(),
        "tried": [
            {"dials": each.dials.model_dump(), "rounds": each.rounds, "out_of_fold_log_loss": each.loss}
            for each in tried
        ],
    }
    body = _trees(rows, plan=plan, columns=columns, dials=best.dials, rounds=best.rounds, threads=threads)
    return _candidate("lightgbm", body, best.unseen, columns=columns, rows=rows, plan=plan, facts=facts)


def logistic_candidate(rows: Rows, *, plan: Plan, columns: tuple[str, ...]) -> "Candidate":
    """The baseline, its medians and spreads learned afresh within each fold."""
    fold = _folds(rows, folds=plan.source_set_folds, seed=plan.seed)
    unseen = out_of_fold_logistic(rows.matrix, rows.outcome, fold=fold, columns=columns, dials=plan.logistic)
    whole = fit_logistic(rows.matrix, rows.outcome, columns=columns, dials=plan.logistic)
    body = canonical_json(whole.as_json())
    facts = {"terms": len(whole.terms)}
    return _candidate("logistic", body, unseen, columns=columns, rows=rows, plan=plan, facts=facts)


def age_sex_candidate(rows: Rows, *, plan: Plan, columns: tuple[str, ...]) -> "Candidate":
    """Age and sex alone, the least that any model must beat; raises ModelUnfit where neither is a feature."""
    places = [columns.index(name) for name in AGE_SEX if name in columns]
    if not places:
        raise ModelUnfit("Neither age nor sex is a feature, so there is nothing to compare with")
    kept = tuple(columns[place] for place in places)
    dials = plan.logistic.model_copy(update={"inverse_penalty": plan.logistic.age_sex_inverse_penalty})
    return logistic_candidate(rows.within(places), plan=plan.model_copy(update={"logistic": dials}), columns=kept)


def set_candidate(
    rows: Rows, *, like: "Candidate", plan: Plan, columns: tuple[str, ...], kept: tuple[str, ...], threads: int
) -> "Candidate":
    """A model of the winner's kind over the columns of a smaller set of sources, with the setting found for all."""
    some = rows.within([columns.index(name) for name in kept])
    if like.kind == "logistic":
        return logistic_candidate(some, plan=plan, columns=kept)
    dials, rounds = Dials(**like.facts["dials"]), int(like.facts["rounds"])
    grown = grow_out_of_fold(
        some.matrix,
        some.outcome,
        fold=_folds(some, folds=plan.source_set_folds, seed=plan.seed),
        plan=plan.lightgbm,
        dials=dials,
        rounds=rounds,
        columns=kept,
        seed=plan.seed,
        threads=threads,
    )
    body = _trees(some, plan=plan, columns=kept, dials=dials, rounds=rounds, threads=threads)
    return _candidate("lightgbm", body, grown.unseen, columns=kept, rows=some, plan=plan, facts={"rounds": rounds})


def winner(candidates: Mapping[str, "Candidate"], *, plan: Plan, left_out: Mapping[str, str]) -> Kind:
    """LightGBM when it beats the baseline by more than the plan's margin, else the baseline.

    Where one could not be made the other wins. Raises ModelUnfit when neither could.
    """
    trees, baseline = candidates.get("lightgbm"), candidates.get("logistic")
    if trees is None and baseline is None:
        raise ModelUnfit(left_out["logistic"], where="both candidates")
    if trees is None or baseline is None:
        return "logistic" if trees is None else "lightgbm"
    ahead = round(baseline.out_of_fold_log_loss - trees.out_of_fold_log_loss, PLACES)
    return "lightgbm" if ahead > plan.choice.margin else "logistic"


def risks(candidate: "Candidate", judged: Rows, *, columns: tuple[str, ...], threads: int) -> Floats:
    """Calibrated risk of each row, six places, by the candidate read back from its bytes: what is judged would ship."""
    some = judged.within([columns.index(name) for name in candidate.columns])
    body = read_body(candidate.kind, candidate.body)
    log_odds = log_odds_of(body, some.matrix, columns=candidate.columns, threads=threads)
    return six_places(apply_calibration(candidate.calibration, log_odds))


def judge(risk: Floats, judged: Rows, *, plan: Plan) -> dict[str, Any]:
    """Every measure of these risks on the hold-out."""
    return evaluate(
        risk,
        outcome=judged.outcome,
        person_keys=judged.person_keys,
        top_pct=plan.evaluation.top_pct,
        bins=plan.evaluation.bins,
        resamples=plan.evaluation.resamples,
        seed=plan.seed,
    )


def calibrated_on(rows: Rows, *, plan: Plan) -> tuple[str, ...]:
    """The index dates whose out-of-fold rows calibrate every candidate."""
    events = {when: counts["events"] for when, counts in rows.per_date.items()}
    return calibrating_dates(events, which=plan.calibrate_on, at_least=plan.calibrate_from_events)


def log_odds_of(body: Any, matrix: Floats, *, columns: Sequence[str], threads: int) -> Floats:
    """Raw log-odds of each row by either kind of model."""
    if isinstance(body, Logistic):
        return logistic_log_odds(body, matrix, columns=columns)
    return tree_log_odds(body, matrix, threads=threads)


def six_places(numbers: Floats) -> Floats:
    """Rounded as published, without a negative zero."""
    return np.asarray(np.round(numbers, PLACES) + 0.0)


def _folds(rows: Rows, *, folds: int, seed: int) -> npt.NDArray[np.int64]:
    """Folds by person; raises PipelineError when rows of one person stand in two: then nothing would be unseen."""
    fold = folds_by_person(rows.person_keys, folds=folds, seed=seed)
    first: dict[str, int] = {}
    if any(first.setdefault(key, int(each)) != each for key, each in zip(rows.person_keys, fold, strict=True)):
        raise PipelineError("rows of one person stand in two folds, so the model would be judged on whom it has seen")
    return fold


def _trees(rows: Rows, *, plan: Plan, columns: tuple[str, ...], dials: Dials, rounds: int, threads: int) -> bytes:
    return fit_trees(
        rows.matrix,
        rows.outcome,
        plan=plan.lightgbm,
        dials=dials,
        rounds=rounds,
        columns=columns,
        seed=plan.seed,
        threads=threads,
    ).encode()


def _candidate(
    kind: Kind,
    body: bytes,
    unseen: Floats,
    *,
    columns: tuple[str, ...],
    rows: Rows,
    plan: Plan,
    facts: Mapping[str, Any],
) -> "Candidate":
    of_now = rows.of_dates(calibrated_on(rows, plan=plan))
    calibration = fit_calibration(unseen[of_now], rows.outcome[of_now], method=plan.calibration)
    loss = log_loss(apply_calibration(calibration, unseen), rows.outcome)
    return Candidate(kind, body, calibration, columns, round(loss, PLACES), facts)


@dataclass(frozen=True)
class Candidate:
    """One fitted and calibrated model as the bytes it would ship as, over its own columns."""

    kind: Kind
    body: bytes
    calibration: Calibration
    columns: tuple[str, ...]
    out_of_fold_log_loss: float
    facts: Mapping[str, Any]
