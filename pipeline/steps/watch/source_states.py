"""What a register says of its sources, its model and what went wrong: how far the data reach and what is missing.

Reads the ledger and the policy. Sentences here are for a practice manager.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from pipeline.contracts.extract import ExtractContract, load_extracts
from pipeline.contracts.policy import SOURCES, Policy
from pipeline.contracts.reference import load_reference
from pipeline.contracts.register import SourceState
from pipeline.contracts.register_dictionary import practice_contract, risk_band
from pipeline.ledger import models, runs
from pipeline.ledger.deliveries import Delivery, list_deliveries
from pipeline.ledger.runs import Run
from pipeline.rules.freshness import is_silent
from pipeline.rules.like_these import FEWEST_TESTED
from pipeline.rules.times import day_in_words, index_date
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.covering import data_sets_of, heard, never_came, whole_sources
from pipeline.steps.receive.lateness import (
    LATE_DAYS,
    good_after,
    late_since,
    owed_deliveries,
    period_in_words,
    refused_and_not_replaced,
)
from pipeline.steps.run.not_used import known_when_frozen
from pipeline.steps.run.run import MODEL, why_not_used
from pipeline.steps.watch.notices import watch_notices

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
    contracts = load_extracts(context.settings.project)
    source_of = {name: contract.source for name, contract in contracts.items()}
    # One held since the run was frozen is in it all the same.
    used = [d for d in list_deliveries(context.ledger, states=["accepted", "held"]) if d.delivery_id in wanted]
    kept_out = _kept_out(context, contracts, run=run, policy=policy)
    whole = whole_sources(context, policy, day=index_date(run.as_of))
    return tuple(
        _state(
            source,
            [d for d in used if source_of[d.extract] == source],
            run=run,
            policy=policy,
            is_used=source in whole,
            kept_out=kept_out.get(source, []),
        )
        for source in SOURCES
    )


def _kept_out(
    context: Context, contracts: Mapping[str, ExtractContract], *, run: Run, policy: Policy
) -> dict[str, list[str]]:
    """By source, why the policy keeps out what was received before the night's cut-off, each reason once."""
    day = index_date(run.as_of)
    found: dict[str, set[str]] = {}
    for delivery in known_when_frozen(context, run):
        why = why_not_used(policy, contracts, delivery, day=day)
        if delivery.state == "accepted" and why is not None:
            found.setdefault(contracts[delivery.extract].source, set()).add(why)
    return {source: sorted(reasons) for source, reasons in found.items()}


def _state(
    source: str, deliveries: Sequence[Delivery], *, run: Run, policy: Policy, is_used: bool, kept_out: Sequence[str]
) -> SourceState:
    day = index_date(run.as_of)
    latest = max((d.latest_event_date for d in deliveries if d.latest_event_date), default=None)
    reach = min(latest, run.as_of) if latest else None
    if policy.basis_for(source, "score", day) is None:
        says = "Not used: there is no valid lawful basis for it tonight"
    elif not is_used:
        # Half a source would read as little care: nobody is covered by the other half either.
        says = f"Not used: {'; '.join(kept_out) or 'no letter covers all of its data sets'}"
    elif reach is None:
        says = "Nothing has been received yet"
    else:
        days = (run.as_of - reach).days
        old = f", {days:,} days before this list" if days > 1 else ""
        says = f"Records up to {day_in_words(reach)}{old}"
    if is_used and kept_out:
        says += f". Not used: {'; '.join(kept_out)}"
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
    """What the practice should know before it trusts the list: what watching found, what was refused."""
    contracts = load_extracts(context.settings.project)
    told = []
    if run.inputs.get("correction"):
        told.append(f"This is a corrected list. Why: {run.inputs['correction']}.")
    told += without_says(context, run)
    told += watch_notices(context, run)
    known = known_when_frozen(context, run)
    told += _incomplete(context, contracts, known, as_of=run.as_of)
    told += _silences(contracts, known, as_of=run.as_of)
    told += _late(context, contracts, known, as_of=run.as_of)
    told += _refused(contracts, known, as_of=run.as_of)
    return tuple(dict.fromkeys(told))


def _incomplete(
    context: Context, contracts: Mapping[str, ExtractContract], deliveries: Sequence[Delivery], *, as_of: date
) -> list[str]:
    """Senders of whom one data set came and another never did: of the source, they cover nobody."""
    among, day = heard(one.delivery_id for one in deliveries if one.state == "accepted"), index_date(as_of)
    told = []
    for row in load_reference(context.settings.project).supplies:
        if row.valid_from > day or (row.valid_to is not None and row.valid_to < day):
            continue
        missing = never_came(context, row, among=among)
        due = row.data_sets or data_sets_of(context, row.source)
        if missing and len(missing) < len(due):
            titles = " and ".join(f"“{contracts[name].title}”" for name in missing)
            verb = "has" if len(missing) == 1 else "have"
            told.append(
                f"{TITLES[row.source]}: of {row.sender}, {titles} {verb} never come. Until then nothing of its "
                "counts as known, and nobody is taken to have no care there."
            )
    return told


def _refused(contracts: Mapping[str, ExtractContract], deliveries: Sequence[Delivery], *, as_of: date) -> list[str]:
    """What could not be used and has not come again: the latest of its sender, or one for a period that is missing."""
    told = []
    for one in refused_and_not_replaced(contracts, deliveries, on=as_of):
        if _is_of_people(contracts, one):
            title, period = contracts[one.extract].title, period_in_words(one.period_start, one.period_end)
            if good_after(one, deliveries):
                says = f"The file of “{title}” from {one.sender} for {period} could not be used and has not come again."
            else:
                says = f"The latest file of “{title}” from {one.sender} could not be used; the last good one still is."
            told.append(says)
    return told


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


def _late(
    context: Context, contracts: Mapping[str, ExtractContract], deliveries: Sequence[Delivery], *, as_of: date
) -> list[str]:
    """Files past their days of grace: one missing file of many is not seen in how far a source's records reach.

    The first of each extract and sender; nothing more of a sender that is silent altogether.
    """
    late = late_since(owed_deliveries(context, on=as_of, known=deliveries), on=as_of, days=LATE_DAYS)
    first = {(one.extract, one.sender): one for one in reversed(late)}
    silent = _silences(contracts, deliveries, as_of=as_of)
    told = []
    for (extract, sender), one in sorted(first.items()):
        source = contracts[extract].source
        is_told = source in TITLES and any(f"{TITLES[source]}: nothing has come from {sender} " in s for s in silent)
        if source in TITLES and not is_told:
            told.append(
                f"{TITLES[source]}: the file of {sender} for {period_in_words(one.period_start, one.period_end)} "
                f"(“{contracts[extract].title}”) has not come. What is newer than its last file is missing."
            )
    return told


def without_says(context: Context, run: Run) -> list[str]:
    """Which sources the model of this night does without, and what that cost in its test; empty when none."""
    source_set = run.inputs.get("source_set")
    model = models.find_model(context.ledger, name=MODEL, model_id=str(run.model_id))
    if source_set is None or model is None:
        return []
    sets = {one["name"]: one["sources"] for one in model.source_sets or []}
    missing = [TITLES[source] for source in SOURCES if source not in sets[source_set]]
    if not missing:
        return []
    tested = model.metrics["holdout"]["source_sets"]
    here, most = (_found(tested[name]) for name in (source_set, next(iter(sets))))
    cost = "" if source_set == next(iter(sets)) else f" With all sources it would have been {most}."
    return [
        f"This list was made without: {', '.join(missing)}. They may not be used tonight, or reach nobody here. In the "
        f"test of the model that is used instead, the 2% it ranked highest held {here} in 100 of those admitted.{cost}"
    ]


def sources_lost(context: Context, run: Run, *, since: Run | None) -> frozenset[str]:
    """Sources that the earlier run's model read and this one's does not; empty where either is not known to say."""
    before = None if since is None else _read_by_model(context, since)
    now = _read_by_model(context, run)
    return frozenset() if before is None or now is None else before - now


def _read_by_model(context: Context, run: Run) -> frozenset[str] | None:
    name = run.inputs.get("source_set")
    model = None if name is None else models.find_model(context.ledger, name=MODEL, model_id=str(run.model_id))
    sets = {} if model is None else {str(one["name"]): one["sources"] for one in model.source_sets or []}
    return frozenset(sets[name]) if name in sets else None


def _found(measured: Mapping[str, Any]) -> int:
    at_two: Mapping[str, float] = next(row for row in measured["top"] if row["pct"] == 2)
    return round(100 * at_two["sensitivity"])


def model_says(context: Context, run: Run) -> str:
    """How the model did on a later date it had not learned from, in one sentence."""
    holdout, measured = _tested(context, run)
    top = next(row for row in measured["top"] if row["pct"] == 2)
    return (
        f"Tested on {holdout['people']:,} people at {holdout['index_date']}, a date it had not learned from: of the "
        f"2% it ranked highest, {round(100 * top['ppv'])} in 100 had an emergency admission within 12 months; these "
        f"were {round(100 * top['sensitivity'])} in 100 of all who had one. AUROC {measured['auroc']:.2f}."
    )


def observed_like_these(context: Context, run: Run) -> tuple[tuple[str, int | None, int], ...] | None:
    """(band, how many of 100 were admitted, people tested) at the test date; None when the model has no such table."""
    _, measured = _tested(context, run)
    return observed_by_band(measured.get("by_risk"))


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


def _tested(context: Context, run: Run) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The hold-out and how the model that scored this run, that of its set of sources, did there."""
    model = models.get_model(context.ledger, name=MODEL, model_id=str(run.model_id))
    holdout = model.metrics["holdout"]
    source_set = run.inputs.get("source_set")
    return holdout, holdout["source_sets"][source_set] if source_set else holdout["models"][model.kind]
