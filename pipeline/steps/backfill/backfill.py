"""One night of a backfill: made again as it was known then, or with what is known now, apart from every edition.

Reads the store and never a delivery. A night whose key comes out as it was is that night: its packs are made again from
the stored rows and held against what was published. Any other is a replay with the model, the code lists and the
deliveries of its night, under today's opt-outs and policy (docs/decisions/0034-backfills.md). Takes no lock.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from pipeline.contracts.policy import Policy
from pipeline.errors import PipelineError, UserError
from pipeline.ledger import backfills, models, registers, runs
from pipeline.ledger.backfills import Backfill, BackfilledNight
from pipeline.ledger.deliveries import Delivery
from pipeline.ledger.runs import Run
from pipeline.rules.run_key import run_key
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand.audit_gates import stops_are_told, tell_gates
from pipeline.steps.at_hand.codelists import as_released
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import to_continue
from pipeline.steps.at_hand.reference_data import reference_as_known
from pipeline.steps.at_hand.stored_rows import rows_as_recorded
from pipeline.steps.backfill.compare import compared
from pipeline.steps.backfill.send import send_packs
from pipeline.steps.night.nightly import STAGES, run_stage
from pipeline.steps.publish.publish import publish
from pipeline.steps.run.run import MODEL, check_has_come, delivery_set, inputs_of, open_gate, permitted
from pipeline.steps.validate.overrule import as_decided_then

# Nights that an orchestrator runs one by one, where nobody named a series.
AIRFLOW = "airflow"


def backfill_night(
    context: Context, *, as_of: date, knowledge: str = "then", series: str = AIRFLOW, send: bool = False
) -> dict[str, int]:
    """One night from its run to its comparison; small counts. What was done before is not done again."""
    run = open_backfill(context, as_of=as_of, knowledge=knowledge, series=series)
    for name in STAGES if run.kind == "replay" else ():
        run_stage(context, name, run=run)
    return finish_backfill(context, run, series=series, send=send)


def open_backfill(context: Context, *, as_of: date, knowledge: str = "then", series: str = AIRFLOW) -> Run:
    """The run of this night in this series: the night's own where nothing that decides it has changed, else a replay.

    Raises GateClosed, ModelUnfit or ContractError when it may not be made, and UserError when the series was begun with
    other knowledge, or when the night has not come.
    """
    check_has_come(context, as_of=as_of)
    asked = _asked(context, series=series, knowledge=knowledge)
    with stops_are_told(context, as_of=as_of):
        policy = open_gate(context, as_of=as_of)
    run = frozen_before(context, asked, policy=policy, as_of=as_of)
    if run is None:
        inputs, deliveries = made_of(context, asked, policy=policy, as_of=as_of)
        run = runs.freeze_run(
            context.ledger,
            run_key=run_key(inputs),
            kind="replay",
            as_of=as_of,
            knowledge=knowledge,
            model_id=str(inputs["model_id"]),
            inputs=inputs,
            delivery_ids=[delivery.delivery_id for delivery in deliveries],
            at=context.now(),
        )
        tell_gates(context, policy=policy, run=run)
    known = {one.as_of: one for one in backfills.nights(context.ledger, series=series)}.get(as_of)
    if known is None or known.run_key != run.run_key or known.state == "failed":
        begun = BackfilledNight(series, as_of, run.run_key, "started", context.now())
        backfills.record_night(context.ledger, night=begun)
    return run


def finish_backfill(context: Context, run: Run, *, series: str = AIRFLOW, send: bool = False) -> dict[str, int]:
    """Packs apart, the comparison with what was published, and its row in the ledger; small counts."""
    known = {one.as_of: one for one in backfills.nights(context.ledger, series=series)}.get(run.as_of)
    made = runs.get_run(context.ledger, run.run_key)
    if known is None or made is None or made.state != "finished":
        raise PipelineError(f"run {run.run_key} of backfill {series} is not at its end: run its stages first")
    content = dict(known.content)
    if known.state != "finished":
        if run.kind != "replay":
            # From the night's own rows and under its own key: the bytes must be those of that night.
            publish(context, run=replace(run, kind="replay"))
        content = compared(context, run)
    if send:
        # Before the night counts as made: one that was stopped here is taken up again, and enters nothing twice.
        content["sent"] = send_packs(context, run)
    if send or known.state != "finished":
        at = known.finished_at or context.now()
        backfills.record_night(context.ledger, night=replace(known, state="finished", finished_at=at, content=content))
    names = ("packs", "compared", "same_bytes", "same_rows", "differ")
    return {name: int(content[name]) for name in names} | {"sent": int(content.get("sent", 0))}


def frozen_before(context: Context, asked: Backfill, *, policy: Policy, as_of: date) -> Run | None:
    """The finished night itself, where its key comes out the same and the store still holds its rows; else None."""
    first = _first(context, asked, as_of=as_of)
    if first is None:
        return None
    inputs, _ = made_of(context, asked, policy=policy, as_of=as_of, kind="nightly")
    return first if run_key(inputs) == first.run_key and rows_as_recorded(context, first) else None


def made_of(
    context: Context, asked: Backfill, *, policy: Policy, as_of: date, kind: str = "replay"
) -> tuple[dict[str, object], list[Delivery]]:
    """What the night is made of in this series, and its deliveries; writes nothing."""
    first = _first(context, asked, as_of=as_of)
    lists = as_released(context, first.inputs.get("codelist_release")) if first is not None else context
    deliveries = _deliveries(context, asked, first=first, as_of=as_of)
    chained = None
    if first is None:
        chained = _chained(context, asked, policy=policy, deliveries=deliveries, as_of=as_of)
    inputs = inputs_of(
        lists,
        policy=policy,
        champion=_model(context, asked, first=first, as_of=as_of),
        deliveries=deliveries,
        as_of=as_of,
        named={"kind": kind, "knowledge": asked.knowledge, "correction": None},
        chained=chained,
        # A night that was run continues and is watched against what it was then: it has no need of less.
        among=_among(asked) if first is None else None,
        stood=asked.frozen.get("stood") if first is None else None,
    )
    return inputs, deliveries


def _asked(context: Context, *, series: str, knowledge: str) -> Backfill:
    known = backfills.get_backfill(context.ledger, series)
    if known is None:
        # Of an orchestrator: dates come one by one, so nothing is frozen for all of them.
        asked = Backfill(series, knowledge, None, None, None, False, "started", {}, context.now())
        known = backfills.begin_backfill(context.ledger, asked=asked)
    if known.knowledge != knowledge:
        raise UserError(
            f"The backfill {series} was begun with knowledge {known.knowledge}, and its nights continue each other",
            where=f"knowledge {knowledge} was asked for",
            next_step="give this one a series of its own",
        )
    return known


def _first(context: Context, asked: Backfill, *, as_of: date) -> Run | None:
    """The run that finished the night, where it is to be made as it was known then."""
    first = runs.first_finished(context.ledger, as_of=as_of) if asked.knowledge == "then" else None
    among = _among(asked)
    return first if first is None or among is None or first.run_key in among else None


def _among(asked: Backfill) -> frozenset[str] | None:
    """Nights that had finished when it began: what finishes while it runs must not change what it makes."""
    nights = asked.frozen.get("nights")
    return frozenset(nights) if nights is not None else None


def _model(context: Context, asked: Backfill, *, first: Run | None, as_of: date) -> models.Model:
    """That of the night; of one that was never run, the one promoted then; else the one that scores (UserError: none).

    A night that no model was there for is scored by one that has seen what followed: its report says so.
    """
    if first is not None and first.model_id is not None:
        return models.get_model(context.ledger, name=MODEL, model_id=first.model_id)
    acts = models.promotions(context.ledger, name=MODEL)
    then = [one.model_id for one in acts if one.promoted_at < intake_cut_off(as_of)]
    model_id = then[-1] if then and asked.knowledge == "then" else asked.frozen.get("model_id")
    if model_id is None and acts:
        model_id = acts[-1].model_id
    return models.get_model(context.ledger, name=MODEL, model_id=str(model_id))


def _deliveries(context: Context, asked: Backfill, *, first: Run | None, as_of: date) -> list[Delivery]:
    """Those the night had, as far as the policy still lets them be used; of one never run, those of its cut-off.

    What has come since the backfill began is left out, so that all its nights know the same.
    """
    available = delivery_set(context, as_of=as_of, knowledge=asked.knowledge)
    if first is not None:
        had = set(runs.run_deliveries(context.ledger, first.run_key))
        available = permitted(context, as_decided_then(context, available, as_of=as_of), as_of=as_of)
        return [one for one in available if one.delivery_id in had]
    # History that came whole, later: of its rows those are seen that would have reached us by then, as in training.
    whole = [one for one in delivery_set(context, as_of=as_of, knowledge="now") if one.kind == "bulk"]
    by_id = {one.delivery_id: one for one in (*available, *whole)}
    available = sorted(by_id.values(), key=lambda one: (one.received_at, one.delivery_id))
    known = asked.frozen.get("deliveries")
    there = {one.delivery_id for one in available} if known is None else set(known)
    return [one for one in available if one.delivery_id in there]


def _chained(
    context: Context, asked: Backfill, *, policy: Policy, deliveries: Sequence[Delivery], as_of: date
) -> Mapping[str, object] | None:
    """What a night continues that has none of its own to continue: the last of the series, practice by practice.

    None where the series has no edition before it: then it continues what was published last before its date.
    """
    before = [one for one in backfills.nights(context.ledger, series=asked.series) if one.as_of < as_of]
    chain = [str(one.run_key) for one in before if one.state == "finished" and one.run_key is not None]
    editions = [one for one in registers.list_editions(context.ledger, plane="practice") if one.kind == "replay"]
    last = {one.code: one.edition_id for one in editions if one.run_key in set(chain) and one.as_of < as_of}
    if not last:
        return None
    continues: dict[str, Any] = to_continue(
        context.ledger,
        reference_as_known(context, delivery_ids=[delivery.delivery_id for delivery in deliveries]),
        codes=[practice.practice_code for practice in policy.participating(index_date(as_of))],
        as_of=as_of,
        first=None,
        corrects=False,
        among=_among(asked),
    )
    own = {code: last.get(code, known) for code, known in continues["previous_editions"].items()}
    return {**continues, "previous_editions": own, "chain": sorted(set(chain))}
