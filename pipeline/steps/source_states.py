"""What a register says of its sources, its model and what went wrong: how far the data reach and what is missing.

Reads the ledger and the policy. Sentences here are for a practice manager.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.policy import SOURCES, Policy
from pipeline.contracts.register import SourceState
from pipeline.contracts.register_dictionary import practice_contract, risk_band
from pipeline.ledger import models, runs
from pipeline.ledger.deliveries import Delivery, list_deliveries, refused_and_not_replaced
from pipeline.ledger.runs import Run
from pipeline.rules.freshness import is_silent
from pipeline.rules.times import day_in_words, index_date, intake_cut_off
from pipeline.steps.context import Context
from pipeline.steps.run import MODEL

FEWEST_TESTED = 20  # below, one person more or less moves a share by over 5 in 100
TITLES = {
    "gp": "GP records",
    "acute": "Hospital admissions",
    "emergency": "Emergency departments",
    "outpatient": "Outpatient clinics",
    "community": "Community services",
    "mental_health": "Mental health services",
    "social_care": "Adult social care",
}


def source_states(context: Context, *, run: Run, policy: Policy) -> tuple[SourceState, ...]:
    """One state per source, in the order of SOURCES, from the deliveries the run was frozen with."""
    wanted = set(runs.run_deliveries(context.ledger, run.run_key))
    source_of = {name: contract.source for name, contract in load_extracts(context.settings.project).items()}
    # One held since the run was frozen is in it all the same.
    used = [d for d in list_deliveries(context.ledger, states=["accepted", "held"]) if d.delivery_id in wanted]
    return tuple(
        _state(source, [d for d in used if source_of[d.extract] == source], run=run, policy=policy)
        for source in SOURCES
    )


def _state(source: str, deliveries: Sequence[Delivery], *, run: Run, policy: Policy) -> SourceState:
    day = index_date(run.as_of)
    is_used = policy.basis_for(source, "score", day) is not None
    latest = max((d.latest_event_date for d in deliveries if d.latest_event_date), default=None)
    reach = min(latest, run.as_of) if latest else None
    if not is_used:
        says = "Not used: there is no valid lawful basis for it tonight"
    elif reach is None:
        says = "Nothing has been received yet"
    else:
        says = f"Records up to {day_in_words(reach)}"
    return SourceState(
        source=source,
        title=TITLES[source],
        is_used=is_used,
        is_shown=policy.basis_for(source, "show", day) is not None,
        latest_event_date=reach,
        received_at=max((d.received_at for d in deliveries), default=None),
        says=says,
    )


def notices(context: Context, *, run: Run) -> tuple[str, ...]:
    """What the practice should know before it trusts the list: deliveries refused and not replaced since."""
    contracts = load_extracts(context.settings.project)
    told = []
    if run.inputs.get("correction"):
        told.append(f"This is a corrected list. Why: {run.inputs['correction']}.")
    known = list_deliveries(context.ledger, received_before=intake_cut_off(run.as_of))
    told += _silences(contracts, known, as_of=run.as_of)
    for delivery in refused_and_not_replaced(known):
        if _is_of_people(contracts, delivery):
            title = contracts[delivery.extract].title
            told.append(
                f"The latest file of “{title}” from {delivery.sender} could not be used; the last good one still is."
            )
    return tuple(dict.fromkeys(told))


def _is_of_people(contracts: Mapping[str, ExtractContract], delivery: Delivery) -> bool:
    """Whether it is a source of somebody's records: reference files are the operator's concern, not a practice's."""
    return delivery.extract in contracts and contracts[delivery.extract].source in TITLES


def _silences(contracts: Mapping[str, ExtractContract], deliveries: Sequence[Delivery], *, as_of: date) -> list[str]:
    """Senders from whom nothing good has come for long: what happened there since is missing, not absent."""
    last: dict[tuple[str, str], date] = {}
    for delivery in deliveries:
        if delivery.state == "accepted" and _is_of_people(contracts, delivery):
            who = (TITLES[contracts[delivery.extract].source], delivery.sender)
            last[who] = max(last.get(who, date.min), delivery.received_at.date())
    sources = {title: source for source, title in TITLES.items()}
    return [
        f"{title}: nothing has come from {sender} since {day_in_words(received)}. What happened there since is missing."
        for (title, sender), received in sorted(last.items())
        if is_silent(sources[title], last_received=received, as_of=as_of)
    ]


def model_says(context: Context, run: Run) -> str:
    """How the model did on a later date it had not learned from, in one sentence."""
    model = _model(context, run)
    holdout = model.metrics["holdout"]
    measured = holdout["models"][model.kind]
    top = next(row for row in measured["top"] if row["pct"] == 2)
    return (
        f"Tested on {holdout['people']:,} people at {holdout['index_date']}, a date it had not learned from: of the "
        f"2% it ranked highest, {round(100 * top['ppv'])} in 100 had an emergency admission within 12 months; these "
        f"were {round(100 * top['sensitivity'])} in 100 of all who had one. AUROC {measured['auroc']:.2f}."
    )


def observed_like_these(context: Context, run: Run) -> tuple[tuple[str, int | None, int], ...] | None:
    """(band, how many of 100 were admitted, people tested) at the test date; None when the model has no such table."""
    model = _model(context, run)
    return observed_by_band(model.metrics["holdout"]["models"][model.kind].get("by_risk"))


def observed_by_band(
    by_risk: Sequence[Mapping[str, Any]] | None,
) -> tuple[tuple[str, int | None, int], ...] | None:
    """The test's fixed bands of risk (`evaluation.by_risk`) gathered into the words of the registers, highest first.

    Every word has its row, so that everyone listed finds theirs; below FEWEST_TESTED people nothing is claimed.
    """
    if by_risk is None:
        return None
    told = []
    for band in practice_contract().risk_bands:
        inside = [row for row in by_risk if row["people"] and risk_band(Decimal(str(row["from_risk"]))) == band]
        people = sum(row["people"] for row in inside)
        admitted = sum(row["people"] * row["observed"] for row in inside)
        told.append((band.title, round(100 * admitted / people) if people >= FEWEST_TESTED else None, people))
    return tuple(told)


def _model(context: Context, run: Run) -> models.Model:
    return next(m for m in models.list_models(context.ledger, name=MODEL) if m.model_id == run.model_id)
