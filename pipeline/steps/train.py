"""Train: learn from past index dates as they were known then, judge on a later one, keep the artefact.

Promotes nothing. The delivery set is frozen like a night's, features of each past date see only what was known
and dated before it, and outcomes are those known now.
"""

from datetime import date, timedelta

from pipeline.channels import folder
from pipeline.contracts.code import code_digest, reference_digest
from pipeline.contracts.feature import feature_columns, load_features
from pipeline.contracts.model import Plan, load_plan
from pipeline.contracts.policy import load_policy
from pipeline.engines.learner import LabelledTable, TrainedModel, train_model
from pipeline.ledger import models, runs
from pipeline.ledger.models import Model
from pipeline.ledger.runs import Run
from pipeline.log import say
from pipeline.rules.run_key import digest_of, run_key
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.codelists import feature_digests, released_lists
from pipeline.steps.context import Context
from pipeline.steps.erasure import current_erasure
from pipeline.steps.features import labelled_on
from pipeline.steps.intake import intake
from pipeline.steps.relations import View
from pipeline.steps.run import MODEL, delivery_set, open_gate
from pipeline.store import layout


def train(context: Context, *, as_of: date, hold_back: bool) -> Model:
    """Train, evaluate and record a model from what was known on the night of `as_of`.

    `hold_back` leaves in the landing area what is stamped after that night's cut-off, as the demo needs.
    """
    # read
    intake(context, received_before=intake_cut_off(as_of) if hold_back else None)
    plan = load_plan(context.settings.project, MODEL)
    run = _freeze(context, plan, as_of=as_of)
    # decide
    delivery_ids = runs.run_deliveries(context.ledger, run.run_key)
    training, holdout = _labelled(context, plan, as_of=as_of, delivery_ids=delivery_ids)
    trained = train_model(
        training,
        holdout,
        plan=plan,
        feature_columns=feature_columns(load_features(context.settings.project)),
        threads=context.settings.threads,
        source_digests=feature_digests(context),
    )
    # write
    _keep(context, trained)
    model = Model(
        model_id=trained.model_id,
        name=MODEL,
        kind=trained.kind,
        trained_as_of=as_of,
        run_key=run.run_key,
        metrics=dict(trained.metrics),
        recorded_at=context.now(),
    )
    models.record_model(context.ledger, model=model)
    counts = {"people_in_holdout": holdout.features.num_rows}
    runs.finish_run(context.ledger, run_key=run.run_key, at=context.now(), counts=counts)
    _tell(trained)
    return model


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


def _labelled(
    context: Context, plan: Plan, *, as_of: date, delivery_ids: list[str]
) -> tuple[list[LabelledTable], LabelledTable]:
    labelled = []
    last = index_date(as_of)
    policy = load_policy(context.settings.policy_file)
    for day in (*plan.training_index_dates(last), plan.holdout_index_date(last)):
        view = View(
            policy=policy,
            delivery_ids=delivery_ids,
            index_date=day,
            known_before=intake_cut_off(day - timedelta(days=1)),
            policy_day=last,
        )
        wide, outcome = labelled_on(
            context, view=view, outcome=plan.outcome, outcome_known_before=intake_cut_off(as_of)
        )
        say(f"  index date {day}: {wide.num_rows:,} people, {int(outcome.sum()):,} with the outcome")
        labelled.append(LabelledTable(index_date=day, features=wide, outcome=outcome))
    return labelled[:-1], labelled[-1]


def _keep(context: Context, trained: TrainedModel) -> None:
    """The artefact as a folder named by its id; the same model trained again is already there."""
    target = layout.models(context.settings.home, MODEL) / trained.model_id
    if not target.exists():
        folder.reveal(folder.staged(target, trained.files, run_key=trained.model_id), target=target)


def _tell(trained: TrainedModel) -> None:
    holdout = trained.metrics["holdout"]
    for name, measured in holdout["models"].items():
        chosen = " (chosen)" if name == trained.kind else ""
        say(
            f"  {name}{chosen}: AUROC {measured['auroc']:.3f} ({measured['auroc_low']:.3f} to "
            f"{measured['auroc_high']:.3f}), average precision {measured['average_precision']:.3f}, calibration slope "
            f"{measured['calibration_slope']:.2f}, on {holdout['people']:,} people at {holdout['index_date']}"
        )
    if trained.metrics["alarm"]:
        say(f"  ALARM: {trained.metrics['alarm_says']}")
