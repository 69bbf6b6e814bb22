"""How far tonight's features and risks lie from the hold-out the model was judged on, and from the night before.

Only features that tonight's model reads. A few columns at a time, so that no more than those are in memory.
"""

from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from typing import Any

import pyarrow as pa

from pipeline.contracts.feature import load_features
from pipeline.contracts.policy import SOURCES
from pipeline.contracts.watching import Watching
from pipeline.engines.learner import Model
from pipeline.engines.learner_matrix import feature_matrix
from pipeline.ledger.runs import Run
from pipeline.rules.watch_drift import Drift, drift
from pipeline.steps.at_hand.context import Context
from pipeline.steps.model.holdout import TABLE as HOLDOUT
from pipeline.steps.watch.scored import Scored, risk_column
from pipeline.store import layout, tables

COLUMNS_AT_ONCE = 16
MOST_TOLD = 10


def drifts(
    context: Context, *, run: Run, before: Run | None, model: Model, now: Scored, watching: Watching
) -> dict[str, Any] | None:
    """Drift by feature, by source and of the risks; None when the model's hold-out is not held any more."""
    home = context.settings.home
    if dict(run.inputs.get("watching") or {}).get("holdout") != run.model_id:
        return None
    reference = layout.table(home, HOLDOUT)
    of_feature: dict[str, Drift] = {}
    since: dict[str, Drift] = {}
    for names in _some(model.feature_columns):
        today = _read(layout.table(home, "feature"), "run_key", run.run_key, names)
        then = _read(reference, "model_id", str(run.model_id), names)
        of_feature |= _drifts(then, today, names)
        if before is not None:
            since |= _drifts(_read(layout.table(home, "feature"), "run_key", before.run_key, names), today, names)
    return {
        "people": {"holdout": int(then.num_rows), "now": len(now.keys)},
        "score": _told(_score_drift(context, run, now)),
        "sources": _by_source(context, of_feature, watching),
        "features": _largest(of_feature, watching),
        "shifted": sum(is_shifted(one, watching) for one in of_feature.values()),
        "looked_at": len(of_feature),
        "since_before": _moved_most(since),
    }


def is_shifted(one: Drift, watching: Watching) -> bool:
    """Past the declared mark, and further than chance would take it."""
    return one.psi >= watching.drift.feature_psi.notice and one.psi > one.psi_by_chance


def _some(columns: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(columns), COLUMNS_AT_ONCE):
        yield list(columns[start : start + COLUMNS_AT_ONCE])


def _read(path: Any, column: str, value: str, names: list[str]) -> pa.Table:
    return tables.read(path, column=column, values=[value], columns=names)


def _drifts(then: pa.Table, now: pa.Table, names: Sequence[str]) -> dict[str, Drift]:
    first, second = feature_matrix(then, names), feature_matrix(now, names)
    return {name: drift(first[:, place], second[:, place]) for place, name in enumerate(names)}


def _score_drift(context: Context, run: Run, now: Scored) -> Drift:
    name = risk_column(context, run)
    path = layout.table(context.settings.home, HOLDOUT)
    then = feature_matrix(_read(path, "model_id", str(run.model_id), [name]), [name])[:, 0]
    return drift(then, now.risk)


def _by_source(context: Context, found: Mapping[str, Drift], watching: Watching) -> list[dict[str, Any]]:
    """A source's features: how many shifted, and for what share of people nothing of it is known."""
    told = []
    for source in SOURCES:
        names = [
            column.name
            for concept in load_features(context.settings.project)
            if source in concept.sources and not concept.is_of_registration
            for column in concept.columns
            if column.name in found
        ]
        if not names:
            continue
        shifted = sorted(name for name in names if is_shifted(found[name], watching))
        told.append(
            {
                "source": source,
                "features": len(names),
                "shifted": len(shifted),
                "share": len(shifted) / len(names),
                **_unknown(context, source, found),
            }
        )
    return told


def _unknown(context: Context, source: str, found: Mapping[str, Drift]) -> dict[str, float | None]:
    """For what share of people the source is unknown: by the middle one of the columns null for no other reason."""
    told = [
        found[column.name]
        for concept in load_features(context.settings.project)
        if concept.sources == (source,) and not concept.is_of_registration
        for column in concept.columns
        if column.name in found and column.none_found is not None
    ]
    if not told:
        return {"unknown_then": None, "unknown_now": None}
    return {
        "unknown_then": float(median(one.null_then for one in told)),
        "unknown_now": float(median(one.null_now for one in told)),
    }


def _largest(found: Mapping[str, Drift], watching: Watching) -> list[dict[str, Any]]:
    shifted = [(name, one) for name, one in found.items() if is_shifted(one, watching)]
    shifted.sort(key=lambda pair: (-pair[1].psi, pair[0]))
    return [
        {"feature": name, "is_large": one.psi >= watching.drift.feature_psi.large, **_told(one)}
        for name, one in shifted
    ]


def _moved_most(found: Mapping[str, Drift]) -> list[dict[str, Any]]:
    """What moved furthest since the night before, as far as chance does not explain it."""
    moved = [(name, one) for name, one in found.items() if one.psi > one.psi_by_chance]
    moved.sort(key=lambda pair: (-pair[1].psi, pair[0]))
    return [{"feature": name, **_told(one)} for name, one in moved[:MOST_TOLD]]


def _told(one: Drift) -> dict[str, Any]:
    return vars(one)
