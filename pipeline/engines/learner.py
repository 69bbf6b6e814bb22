"""Learns a family of models from labelled tables, judges it on a later date, and scores people with one of them.

A family has a model for each set of sources that a night may come to. Everything is in memory: what is trained comes
back as files by name, what scores is loaded from such files. The same rows give the same bytes, in any order and with
any number of threads. It reads no disk and promotes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.contracts.model import Plan
from pipeline.engines.learner_candidates import (
    PLACES,
    Candidate,
    age_sex_candidate,
    calibrated_on,
    judge,
    lightgbm_candidate,
    log_odds_of,
    logistic_candidate,
    risks,
    set_candidate,
    six_places,
    winner,
)
from pipeline.engines.learner_files import (
    Kind,
    Model,
    canonical_json,
    feature_list_digest,
    files_of,
    load_model,
    model_id_of,
    write_manifest,
)
from pipeline.engines.learner_lightgbm import threads_worth_having, tree_contributions
from pipeline.engines.learner_logistic import Logistic, logistic_contributions
from pipeline.engines.learner_matrix import LabelledTable, Rows, check_columns, feature_matrix, stack
from pipeline.errors import ContractError, ModelUnfit
from pipeline.rules.calibration import apply_calibration
from pipeline.rules.evaluation import rounded
from pipeline.rules.training_alarms import alarms

__all__ = [
    "LabelledTable",
    "Model",
    "Scores",
    "TrainedModel",
    "contributions",
    "load_model",
    "predict",
    "train_model",
]

Floats = npt.NDArray[np.float64]
# The order in which the risks of the hold-out are judged, the winner's being one of the first two.
CANDIDATES = ("lightgbm", "logistic", "age_sex")


def train_model(
    training: Sequence[LabelledTable],
    holdout: LabelledTable,
    *,
    plan: Plan,
    feature_columns: Sequence[str],
    source_sets: Mapping[str, Sequence[str]],
    threads: int,
    source_digests: Mapping[str, str] | None = None,
) -> "TrainedModel":
    """Fit the candidates, calibrate them out of fold, judge them on the hold-out, and return the family's files.

    `source_sets` gives the columns of each set of sources, the largest first: the candidates are compared over its
    columns, and each smaller set gets a model of the winner's kind. `source_digests` (name to SHA-256, such as the SQL
    files) go into the manifest as given. Raises ContractError when a table is unsound or a training date is not before
    the hold-out, ModelUnfit when nothing can be learned.
    """
    columns = tuple(feature_columns)
    if any(table.index_date >= holdout.index_date for table in training):
        raise ContractError("A training table is not older than the hold-out", where=holdout.index_date.isoformat())
    rows, judged = stack(training, columns), stack([holdout], columns)
    threads = threads_worth_having(len(rows.outcome), threads)
    fitted = _fitted(rows, plan=plan, columns=columns, source_sets=source_sets, threads=threads)
    candidates, family, kind = fitted.candidates, fitted.family, fitted.kind
    told = {name: risks(each, judged, columns=columns, threads=threads) for name, each in candidates.items()}
    told_by_set = {name: risks(each, judged, columns=columns, threads=threads) for name, each in family.items()}
    metrics = _metrics(fitted, rows=rows, judged=judged, plan=plan, risks=(told, told_by_set))
    files = {
        "features.json": canonical_json({"columns": list(columns), "null": "missing, never zero"}),
        "metrics.json": canonical_json(metrics),
    }
    for name, each in family.items():
        files |= files_of(name, each)
    for name, each in candidates.items():
        if name != kind:
            files |= files_of(f"candidate_{name}", each)
    files["manifest.json"] = write_manifest(
        files, kind=kind, facts=_facts(plan, columns, family, metrics, source_digests=source_digests)
    )
    first, *smaller = family
    unknown = np.full(len(judged.outcome), np.nan)
    holdout_risks = {"risk": told_by_set[first]} | {f"risk_{name}": told.get(name, unknown) for name in CANDIDATES}
    holdout_risks |= {f"risk_{name}": told_by_set[name] for name in smaller}
    return TrainedModel(
        model_id=model_id_of(files["manifest.json"]),
        kind=kind,
        files=files,
        metrics=metrics,
        source_sets=tuple(family),
        holdout_keys=judged.person_keys,
        holdout_risks=holdout_risks,
    )


def predict(model: Model, features: pa.Table, *, threads: int) -> "Scores":
    """Score each row, in the order of the rows; raises ModelUnfit if the columns are not the model's."""
    check_columns(features, model.all_columns)
    matrix = feature_matrix(features, model.feature_columns)
    log_odds = log_odds_of(model.body, matrix, columns=model.feature_columns, threads=threads)
    return Scores(
        person_key=tuple(features.column("person_key").to_pylist()),
        risk_score=six_places(apply_calibration(model.calibration, log_odds)),
        log_odds=six_places(log_odds),
    )


def contributions(model: Model, features: pa.Table, *, threads: int) -> Floats:
    """Log-odds by row and feature column (order of `model.feature_columns`), six places, for a few listed
    people.

    They explain the raw log-odds against the base that everyone shares, before calibration.
    """
    check_columns(features, model.all_columns)
    matrix = feature_matrix(features, model.feature_columns)
    if isinstance(model.body, Logistic):
        shares = logistic_contributions(model.body, matrix, columns=model.feature_columns)
    else:
        shares = tree_contributions(model.body, matrix, threads=threads)
    return six_places(shares[:, :-1])


@dataclass(frozen=True)
class _Fitted:
    """Candidates over the largest set's columns, the family by set, the kind that won, and what could not be made."""

    candidates: Mapping[str, Candidate]
    family: Mapping[str, Candidate]
    kind: Kind
    left_out: Mapping[str, str]


def _fitted(
    rows: Rows, *, plan: Plan, columns: tuple[str, ...], source_sets: Mapping[str, Sequence[str]], threads: int
) -> _Fitted:
    if not source_sets:
        raise ContractError("There is no set of sources to train a model for")
    (first, largest), *smaller = ((name, tuple(kept)) for name, kept in source_sets.items())
    some = rows.within([columns.index(name) for name in largest])
    candidates, left_out = _made(
        {
            "lightgbm": lambda: lightgbm_candidate(some, plan=plan, columns=largest, threads=threads),
            "logistic": lambda: logistic_candidate(some, plan=plan, columns=largest),
            "age_sex": lambda: age_sex_candidate(some, plan=plan, columns=largest),
        }
    )
    kind = winner(candidates, plan=plan, left_out=left_out)

    def like_the_winner(kept: tuple[str, ...]) -> Candidate:
        return set_candidate(rows, like=candidates[kind], plan=plan, columns=columns, kept=kept, threads=threads)

    family, too_few = _made({name: partial(like_the_winner, kept) for name, kept in smaller})
    return _Fitted(candidates, {first: candidates[kind], **family}, kind, {**left_out, **too_few})


def _made(wanted: Mapping[str, Callable[[], Candidate]]) -> tuple[dict[str, Candidate], dict[str, str]]:
    """What could be fitted and calibrated, by name, and why the others could not: one of them stops no other."""
    made, left_out = {}, {}
    for name, make in wanted.items():
        try:
            made[name] = make()
        except ModelUnfit as error:
            left_out[name] = error.what
    return made, left_out


def _facts(
    plan: Plan,
    columns: tuple[str, ...],
    family: Mapping[str, Candidate],
    metrics: Mapping[str, Any],
    *,
    source_digests: Mapping[str, str] | None,
) -> dict[str, Any]:
    sources = {each.name: list(each.sources) for each in plan.source_sets}
    return {
        "name": plan.name,
        "outcome": plan.outcome,
        "horizon_months": plan.horizon_months,
        "plan_sha256": plan.digest,
        "feature_list_sha256": feature_list_digest(columns),
        "features": len(columns),
        "source_sets": [
            {
                "name": name,
                "sources": sources[name],
                "kind": each.kind,
                "features": len(each.columns),
                "feature_list_sha256": feature_list_digest(each.columns),
            }
            for name, each in family.items()
        ],
        "sources_sha256": dict(source_digests or {}),
        "training": metrics["training"],
        "calibration": metrics["calibration"],
        "holdout": {key: metrics["holdout"][key] for key in ("index_date", "people", "events")},
    }


def _metrics(
    fitted: _Fitted,
    *,
    rows: Rows,
    judged: Rows,
    plan: Plan,
    risks: tuple[Mapping[str, Floats], Mapping[str, Floats]],
) -> dict[str, Any]:
    measured = {name: judge(risk, judged, plan=plan) for name, risk in risks[0].items()}
    by_set = {name: judge(risk, judged, plan=plan) for name, risk in risks[1].items()}
    people, events = len(judged.outcome), int(judged.outcome.sum())
    warnings = alarms(
        {**measured, **by_set},
        chosen=fitted.kind,
        events=events,
        observed_over_expected=plan.evaluation.observed_over_expected,
    )
    content = {
        "winner": fitted.kind,
        "left_out": dict(fitted.left_out),
        "choice": {"measure": plan.choice.measure, "margin": plan.choice.margin},
        "alarm": bool(warnings),
        "alarm_says": "; ".join(warnings) or None,
        "training": {
            "index_dates": rows.per_date,
            "rows": len(rows.outcome),
            "people": len(set(rows.person_keys)),
            "events": int(rows.outcome.sum()),
        },
        "calibration": _calibration(rows, plan=plan),
        "candidates": {
            name: {"out_of_fold_log_loss": each.out_of_fold_log_loss, "features": len(each.columns), **each.facts}
            for name, each in fitted.candidates.items()
        },
        "holdout": {
            "index_date": next(iter(judged.per_date)),
            "people": people,
            "events": events,
            "prevalence": events / people,
            "models": measured,
            "source_sets": by_set,
        },
    }
    return cast(dict[str, Any], rounded(content))


def _calibration(rows: Rows, *, plan: Plan) -> dict[str, Any]:
    """By what and on which dates the family was calibrated, and in words where the plan asked for fewer of them."""
    dates = calibrated_on(rows, plan=plan)
    newest = rows.per_date[max(rows.per_date)]["events"]
    fell_back = plan.calibrate_on == "newest_index_date" and newest < plan.calibrate_from_events
    says = (
        f"the newest index date has {newest:,} people with the outcome, fewer than the {plan.calibrate_from_events:,} "
        "that the plan asks for, so all training dates calibrate"
    )
    return {
        "method": plan.calibration,
        "index_dates": list(dates),
        "events": sum(rows.per_date[when]["events"] for when in dates),
        "asked_for": plan.calibrate_on,
        "says": says if fell_back else None,
    }


@dataclass(frozen=True)
class Scores:
    """One score per person, in the order of the rows: calibrated risk in [0, 1], raw log-odds, six places."""

    person_key: tuple[str, ...]
    risk_score: Floats
    log_odds: Floats

    def as_table(self) -> pa.Table:
        """person_key, risk_score decimal(7,6), log_odds double, in the same order."""
        return pa.table(
            {
                "person_key": pa.array(self.person_key, pa.string()),
                "risk_score": pa.array(self.risk_score, pa.float64()).cast(pa.decimal128(7, PLACES)),
                "log_odds": pa.array(self.log_odds, pa.float64()),
            }
        )


@dataclass(frozen=True)
class TrainedModel:
    """The family as files by name (manifest.json among them), the metrics, the sets it holds a model for, and what it
    says of the hold-out's people: risks by name (`risk` is the largest set's winner; NaN of a candidate that could not
    be made), in the order of `holdout_keys`."""

    model_id: str
    kind: Kind
    files: Mapping[str, bytes]
    metrics: Mapping[str, Any]
    source_sets: tuple[str, ...]
    holdout_keys: tuple[str, ...]
    holdout_risks: Mapping[str, Floats]
