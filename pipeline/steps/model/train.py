"""Train: learn from past index dates as they were known then, judge on a later one, keep the family of models.

Promotes nothing. The delivery set is frozen like a night's, features of each past date see only what was known
and dated before it, and outcomes are those known now. Practices that the plan holds out teach nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.channels import folder
from pipeline.contracts.code import code_digest, reference_digest
from pipeline.contracts.feature import columns_within, feature_columns, load_features
from pipeline.contracts.model import Plan, load_plan
from pipeline.contracts.policy import Policy, load_policy
from pipeline.engines.learner import LabelledTable, TrainedModel, train_model
from pipeline.errors import ModelUnfit
from pipeline.ledger import models, runs
from pipeline.ledger.models import Model
from pipeline.ledger.runs import Run
from pipeline.log import say
from pipeline.rules.holdout import unseen_practices
from pipeline.rules.run_key import digest_of, run_key
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand.codelists import feature_digests, released_lists
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.relations import View
from pipeline.steps.features.labels import Labelled, labelled_on
from pipeline.steps.intake import intake
from pipeline.steps.model.holdout import holdout_rows, write_holdout
from pipeline.steps.opt_out.erasure import current_erasure
from pipeline.steps.run.run import MODEL, delivery_set, open_gate
from pipeline.steps.run.source_sets import available_sources
from pipeline.store import layout


@dataclass(frozen=True)
class Cut:
    """The labelled people: what may be learned from, who is judged and on which date, which practices stand apart."""

    training: list[LabelledTable]
    holdout: Labelled
    holdout_date: date
    practices_apart: frozenset[str]


def train(context: Context, *, as_of: date, hold_back: bool, plan: Plan | None = None) -> Model:
    """Train, judge and record a family of models from what was known on the night of `as_of`.

    `hold_back` leaves in the landing area what is stamped after that night's cut-off, as the demo needs. `plan` takes
    the place of the declared one; its digest names it in the run key.
    """
    # read
    intake(context, received_before=intake_cut_off(as_of) if hold_back else None)
    plan = plan or load_plan(context.settings.project, MODEL)
    run = _freeze(context, plan, as_of=as_of)
    policy = load_policy(context.settings.policy_file)
    # decide
    delivery_ids = runs.run_deliveries(context.ledger, run.run_key)
    available = available_sources(context, policy=policy, day=index_date(as_of), delivery_ids=delivery_ids)
    sets = trainable_sets(context, plan, available)
    made = _labelled_and_cut(context, plan, policy, as_of=as_of, delivery_ids=delivery_ids)
    trained = train_model(
        made.training,
        LabelledTable(made.holdout_date, made.holdout.features, made.holdout.outcome),
        plan=plan,
        feature_columns=feature_columns(load_features(context.settings.project)),
        source_sets=sets,
        threads=context.settings.threads,
        source_digests=feature_digests(context),
    )
    # write
    _keep(context, trained)
    _keep_holdout(context, plan, made, trained)
    model = _entered(context, plan, run, trained)
    counts = {"people_in_holdout": made.holdout.features.num_rows, "practices_held_out": len(made.practices_apart)}
    runs.finish_run(context.ledger, run_key=run.run_key, at=context.now(), counts=counts)
    _tell(trained, left_out=[each.name for each in plan.source_sets if each.name not in sets])
    return model


def trainable_sets(context: Context, plan: Plan, available: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Columns by declared set of sources, of the sets that may all be used now; raises ModelUnfit when there is none.

    What may not be used cannot be learned from: a model that has only seen such a source's columns empty would read
    them wrongly on the night when they come.
    """
    concepts = load_features(context.settings.project)
    found = {
        each.name: columns_within(concepts, each.sources)
        for each in plan.source_sets
        if set(each.sources) <= set(available)
    }
    if not found:
        raise ModelUnfit(
            "No declared set of sources may be used whole, so no model can be trained",
            where=f"usable and covering somebody: {', '.join(available) or 'none'}",
            next_step="see that the policy's letters cover all data sets of the sources, and that their senders supply "
            "(riskstrat coverage); the sets are in the model's plan.yml",
        )
    return found


def _freeze(context: Context, plan: Plan, *, as_of: date) -> Run:
    policy = open_gate(context, as_of=as_of)
    deliveries = delivery_set(context, as_of=as_of, knowledge="then")
    inputs = {
        "as_of": as_of.isoformat(),
        "kind": "train",
        "knowledge": "then",
        "plan": plan.digest,
        "policy": policy.digest,
        "code": code_digest(context.settings.project),
        "reference": reference_digest(context.settings.project),
        "codelist_release": released_lists(context),
        "deliveries": digest_of(sorted([d.delivery_id, d.content_digest] for d in deliveries)),
        "erasure": current_erasure(context).digest,
        "keys": context.keys.ids,
    }
    return runs.freeze_run(
        context.ledger,
        run_key=run_key(inputs),
        kind="train",
        as_of=as_of,
        knowledge="then",
        model_id=None,
        inputs=inputs,
        delivery_ids=[delivery.delivery_id for delivery in deliveries],
        at=context.now(),
    )


def _labelled_and_cut(context: Context, plan: Plan, policy: Policy, *, as_of: date, delivery_ids: list[str]) -> Cut:
    """Everyone whose outcome is known on the plan's dates; nobody is learned from who was with a practice held out."""
    last = index_date(as_of)
    labelled = {}
    for day in (*plan.training_index_dates(last), plan.holdout_index_date(last)):
        view = View(
            policy=policy,
            delivery_ids=delivery_ids,
            index_date=day,
            known_before=intake_cut_off(day - timedelta(days=1)),
            policy_day=last,
        )
        labelled[day] = labelled_on(
            context,
            view=view,
            outcome=plan.outcome,
            also=plan.reported_outcomes,
            outcome_known_before=intake_cut_off(as_of),
        )
        people, events = labelled[day].features.num_rows, int(labelled[day].outcome.sum())
        say(f"  index date {day}: {people:,} people, {events:,} with the outcome")
    apart = unseen_practices(
        [entry.practice_code for entry in policy.participating(last)],
        share=plan.holdout.unseen_practices_share,
        at_least=plan.holdout.unseen_practices_from,
        seed=plan.seed,
    )
    return cut(labelled, judged_on=plan.holdout_index_date(last), practices_apart=apart)


def cut(labelled: Mapping[date, Labelled], *, judged_on: date, practices_apart: frozenset[str]) -> Cut:
    """The labelled people of all dates, with nobody left to learn from who was with a practice apart on any of them."""
    hidden = {key for each in labelled.values() for key in _people_of(each, practices_apart)}
    return Cut(
        training=[_table(day, each, without=hidden) for day, each in labelled.items() if day != judged_on],
        holdout=labelled[judged_on],
        holdout_date=judged_on,
        practices_apart=practices_apart,
    )


def _people_of(labelled: Labelled, practices: Collection[str]) -> list[str]:
    codes = pa.array(sorted(practices), type=pa.string())
    inside = pc.is_in(labelled.cohort["practice_code"], value_set=codes)
    return list(labelled.cohort["person_key"].filter(inside).to_pylist())


def _table(day: date, labelled: Labelled, *, without: Collection[str]) -> LabelledTable:
    hidden = pa.array(sorted(without), type=pa.string())
    kept = pc.invert(pc.is_in(labelled.features["person_key"], value_set=hidden))
    return LabelledTable(day, labelled.features.filter(kept), labelled.outcome[np.asarray(kept)])


def _keep(context: Context, trained: TrainedModel) -> None:
    """The artefact as a folder named by its id; the same model trained again is already there."""
    target = layout.models(context.settings.home, MODEL) / trained.model_id
    if not target.exists():
        folder.reveal(folder.staged(target, trained.files, run_key=trained.model_id), target=target)


def _keep_holdout(context: Context, plan: Plan, made: Cut, trained: TrainedModel) -> None:
    learned = {key for table in made.training for key in table.features["person_key"].to_pylist()}
    rows = holdout_rows(
        made.holdout,
        index_date=made.holdout_date,
        outcomes=(plan.outcome, *plan.reported_outcomes),
        practices_apart=made.practices_apart,
        people_learned_from=learned,
        trained=trained,
    )
    write_holdout(context, model_id=trained.model_id, rows=rows)


def _entered(context: Context, plan: Plan, run: Run, trained: TrainedModel) -> Model:
    held = [each for each in plan.source_sets if each.name in trained.source_sets]
    model = Model(
        model_id=trained.model_id,
        name=MODEL,
        kind=trained.kind,
        trained_as_of=run.as_of,
        run_key=run.run_key,
        metrics=dict(trained.metrics),
        source_sets=[{"name": each.name, "sources": list(each.sources)} for each in held],
        recorded_at=context.now(),
    )
    models.record_model(context.ledger, model=model)
    return model


def _tell(trained: TrainedModel, *, left_out: list[str]) -> None:
    holdout = trained.metrics["holdout"]
    for name, why in trained.metrics["left_out"].items():
        say(f"  LEFT OUT {name}: {why}")
    if trained.metrics["calibration"]["says"]:
        say(f"  calibration: {trained.metrics['calibration']['says']}")
    if left_out:
        say(f"  no model for {', '.join(left_out)}: not all of their sources may be used now or cover somebody")
    for name, measured in holdout["models"].items():
        chosen = " (chosen)" if name == trained.kind else ""
        say(
            f"  {name}{chosen}: AUROC {measured['auroc']:.3f} ({measured['auroc_low']:.3f} to "
            f"{measured['auroc_high']:.3f}), average precision {measured['average_precision']:.3f}, calibration slope "
            f"{measured['calibration_slope']:.2f}, on {holdout['people']:,} people at {holdout['index_date']}"
        )
    if trained.metrics["alarm"]:
        say(f"  ALARM: {trained.metrics['alarm_says']}")
