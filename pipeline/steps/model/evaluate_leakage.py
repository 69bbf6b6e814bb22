"""The audit for leaks of one model: in time, in people, by chance alone, by single features, by planted events.

Measures what the rules then judge. What cannot be measured any more is said, and counts as an alarm: a model that
nobody can check needs a reason.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from pipeline.contracts.evaluation import Thresholds
from pipeline.contracts.feature import load_features
from pipeline.contracts.model import Plan
from pipeline.contracts.policy import load_policy
from pipeline.engines.chance_model import chance_log_odds, some_people
from pipeline.engines.foresight import planted_columns
from pipeline.engines.query import load_query
from pipeline.ledger import runs
from pipeline.ledger.models import Model
from pipeline.rules import evaluation_leakage as rules
from pipeline.rules.evaluation_intervals import auroc_interval_of
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand.codelists import feature_digests
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.relations import View, in_buckets
from pipeline.steps.features.engine import engine_of
from pipeline.steps.model.evaluate_holdout import HoldOut

DAYS_SINCE = "_days_since"


def leakage(
    context: Context,
    held: HoldOut,
    *,
    model: Model,
    manifest: Mapping[str, Any],
    plan: Plan,
    thresholds: Thresholds,
) -> dict[str, Any]:
    """Every check but the one against the oracle, each with its alarm or None."""
    bounds = thresholds.leakage
    return {
        "split": rules.split(
            training_dates=training_dates(manifest),
            index_date=held.index_date,
            horizon_months=plan.horizon_months,
            is_in_training=held.is_in_training,
            is_unseen=held.is_unseen,
        ),
        "dates": rules.dates(
            windows=_windows(context),
            days_since={name: held.features[name] for name in held.features if DAYS_SINCE in name},
            planted=_planted(
                context, held, model=model, manifest=manifest, people=bounds.planted_people, seed=plan.seed
            ),
            index_date=held.index_date,
        ),
        "permuted": _permuted(held, plan=plan, rounds=bounds.permuted_rounds),
        "single_feature": rules.single_feature(held.features, held.outcome, most=bounds.single_feature_auroc_most),
    }


def training_dates(manifest: Mapping[str, Any]) -> list[date]:
    """The index dates the model learned from, oldest first."""
    return sorted(date.fromisoformat(day) for day in manifest["training"]["index_dates"])


def _windows(context: Context) -> dict[str, str]:
    concepts = load_features(context.settings.project)
    return {concept.name: load_query(concept.query).header["Window"] for concept in concepts}


def _permuted(held: HoldOut, *, plan: Plan, rounds: int) -> dict[str, Any]:
    columns = tuple(held.features)
    chosen = some_people(held.people, seed=plan.seed)
    matrix = np.empty((len(chosen), len(columns)))
    for place, name in enumerate(columns):
        matrix[:, place] = held.features[name][chosen]
    score, dealt = chance_log_odds(
        matrix,
        held.outcome[chosen],
        rounds=rounds,
        columns=columns,
        seed=plan.seed,
    )
    area = auroc_interval_of(score, dealt, confidence=0.99)
    return rules.permuted(area or (0.5, 0.0, 1.0), rounds=rounds, people=len(chosen))


def _planted(
    context: Context, held: HoldOut, *, model: Model, manifest: Mapping[str, Any], people: int, seed: int
) -> dict[str, Any]:
    """What planting did, or why it could not be done, which is an alarm of its own."""
    if manifest.get("sources_sha256") != feature_digests(context):
        return {"why_not": "the queries or code lists are not those the model was trained with"}
    delivery_ids = runs.run_deliveries(context.ledger, model.run_key)
    if not delivery_ids:
        return {"why_not": "the deliveries it was trained on are not recorded"}
    view = View(
        policy=load_policy(context.settings.policy_file),
        delivery_ids=delivery_ids,
        index_date=held.index_date,
        known_before=intake_cut_off(held.index_date - timedelta(days=1)),
        policy_day=index_date(model.trained_as_of),
    )
    order = np.random.Generator(np.random.PCG64(seed)).permutation(held.people)
    with engine_of(context) as engine:
        # One bucket of people is enough: who is in it is chance, and no more are tried than are asked for.
        next(in_buckets(engine, context, views={"": view}))
        there = set(engine.table("cohort")["person_key"].to_pylist())
        mine = [held.person_keys[place] for place in order if held.person_keys[place] in there]
        found = planted_columns(
            engine,
            load_features(context.settings.project),
            project=context.settings.project,
            index_date=held.index_date,
            person_keys=mine[:people],
        )
    if not found.events:
        return {"why_not": "no event of these people is left in the store"}
    return {"people": found.people, "events": found.events, "moved": list(found.moved)}
