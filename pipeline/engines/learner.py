"""Learns a model from labelled tables, judges it on a later date, and scores people with it.

Everything is in memory: what is trained comes back as files by name, what scores is loaded from such files.
The same rows give the same bytes, in any order and with any number of threads. It reads no disk and promotes
nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.contracts.model import Plan
from pipeline.engines.learner_candidates import (
    PLACES,
    Candidate,
    judge,
    lightgbm_candidate,
    log_odds_of,
    logistic_candidate,
    six_places,
    winner,
)
from pipeline.engines.learner_files import (
    BODY,
    Kind,
    Model,
    canonical_json,
    feature_list_digest,
    load_model,
    model_id_of,
    write_manifest,
)
from pipeline.engines.learner_lightgbm import threads_worth_having, tree_contributions
from pipeline.engines.learner_logistic import Logistic, logistic_contributions
from pipeline.engines.learner_matrix import LabelledTable, Rows, check_columns, feature_matrix, stack
from pipeline.errors import ContractError
from pipeline.rules.calibration import apply_calibration
from pipeline.rules.evaluation import rounded, too_good

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


def train_model(
    training: Sequence[LabelledTable],
    holdout: LabelledTable,
    *,
    plan: Plan,
    feature_columns: Sequence[str],
    threads: int,
    source_digests: Mapping[str, str] | None = None,
) -> "TrainedModel":
    """Fit both models, calibrate both out of fold, judge both on the hold-out, and return the winner's files.

    `source_digests` (name to SHA-256, such as the SQL files) go into the manifest as given. Raises
    ContractError when a table is unsound or a training date is not before the hold-out, ModelUnfit when
    nothing can be learned.
    """
    columns = tuple(feature_columns)
    if any(table.index_date >= holdout.index_date for table in training):
        raise ContractError("A training table is not older than the hold-out", where=holdout.index_date.isoformat())
    rows, judged = stack(training, columns), stack([holdout], columns)
    threads = threads_worth_having(len(rows.outcome), threads)
    candidates = {
        "lightgbm": lightgbm_candidate(rows, plan=plan, columns=columns, threads=threads),
        "logistic": logistic_candidate(rows, plan=plan, columns=columns),
    }
    kind = winner(candidates, plan=plan)
    metrics = _metrics(candidates, kind, rows=rows, judged=judged, plan=plan, columns=columns, threads=threads)
    files = {
        BODY[kind]: candidates[kind].body,
        "calibration.json": canonical_json(candidates[kind].calibration.as_json()),
        "features.json": canonical_json({"columns": list(columns), "null": "missing, never zero"}),
        "metrics.json": canonical_json(metrics),
    }
    facts = {
        "name": plan.name,
        "outcome": plan.outcome,
        "horizon_months": plan.horizon_months,
        "plan_sha256": plan.digest,
        "feature_list_sha256": feature_list_digest(columns),
        "features": len(columns),
        "sources_sha256": dict(source_digests or {}),
        "training": metrics["training"],
        "holdout": {key: metrics["holdout"][key] for key in ("index_date", "people", "events")},
    }
    files["manifest.json"] = write_manifest(files, kind=kind, facts=facts)
    return TrainedModel(model_id=model_id_of(files["manifest.json"]), kind=kind, files=files, metrics=metrics)


def predict(model: Model, features: pa.Table, *, threads: int) -> "Scores":
    """Score each row, in the order of the rows; raises ModelUnfit if the columns are not the model's."""
    check_columns(features, model.feature_columns)
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
    check_columns(features, model.feature_columns)
    matrix = feature_matrix(features, model.feature_columns)
    if isinstance(model.body, Logistic):
        shares = logistic_contributions(model.body, matrix, columns=model.feature_columns)
    else:
        shares = tree_contributions(model.body, matrix, threads=threads)
    return six_places(shares[:, :-1])


def _metrics(
    candidates: Mapping[str, "Candidate"],
    kind: Kind,
    *,
    rows: Rows,
    judged: Rows,
    plan: Plan,
    columns: tuple[str, ...],
    threads: int,
) -> dict[str, Any]:
    measured = {
        name: judge(each, judged, plan=plan, columns=columns, threads=threads) for name, each in candidates.items()
    }
    warning = too_good({name: each["auroc"] for name, each in measured.items()})
    people, events = len(judged.outcome), int(judged.outcome.sum())
    content = {
        "winner": kind,
        "choice": {"measure": plan.choice.measure, "margin": plan.choice.margin},
        "alarm": warning is not None,
        "alarm_says": warning,
        "training": {
            "index_dates": rows.per_date,
            "rows": len(rows.outcome),
            "people": len(set(rows.person_keys)),
            "events": int(rows.outcome.sum()),
        },
        "candidates": {
            name: {"out_of_fold_log_loss": each.out_of_fold_log_loss, **each.facts} for name, each in candidates.items()
        },
        "holdout": {
            "index_date": next(iter(judged.per_date)),
            "people": people,
            "events": events,
            "prevalence": events / people,
            "models": measured,
        },
    }
    return cast(dict[str, Any], rounded(content))


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
    """The winner as files by name (manifest.json among them), and the metrics of both models."""

    model_id: str
    kind: Kind
    files: Mapping[str, bytes]
    metrics: Mapping[str, Any]
