"""Whether an older night's scores came true: its people, their risks, and what is known tonight to have followed.

The outcome is the declared one, asked of the records as known at tonight's cut-off. Reads the older night's cohort and
scores, and of the events only those of the outcome's own source. Writes nothing.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.feature import load_outcomes
from pipeline.contracts.model import Plan
from pipeline.contracts.watching import Watching
from pipeline.engines.query import load_query
from pipeline.ledger import runs
from pipeline.ledger.deliveries import list_deliveries
from pipeline.ledger.runs import Run
from pipeline.rules.times import index_date, intake_cut_off, months_before
from pipeline.rules.watch_calibration import (
    CameTrue,
    EarlyShare,
    Outcome,
    came_true,
    came_true_early,
    early_share,
    level_shift,
    proposal,
)
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.number_changes import changes_in_view
from pipeline.steps.at_hand.reference_data import reference_as_known
from pipeline.steps.at_hand.relations import View, add_event_rows, add_registrations, show_bucket
from pipeline.steps.features.engine import engine_of
from pipeline.steps.features.labels import concept_of
from pipeline.steps.model.holdout import TABLE as HOLDOUT
from pipeline.steps.run.run import policy_of_run
from pipeline.steps.run.source_sets import available_sources
from pipeline.steps.run.watch_nights import EARLY_DAYS, watched_run
from pipeline.steps.watch.scored import Floats, risk_column, scored
from pipeline.store import layout, tables

# Of the sources an outcome needs, registrations are all that is read of general practice: they tell deaths.
LISTS = "gp_patient"
WITHIN_30_DAYS = "emergency_admission_30d"
# A sender whose newest record lies so little before the end of a window has told it all.
DAYS_SHORT = 7


@dataclass(frozen=True)
class Followed:
    """People of an older night of whom it is known what followed: risks then, and outcomes 0 or 1, in one order."""

    run: Run
    person_keys: tuple[str, ...]
    risk: Floats
    outcome: Outcome


def calibrations(context: Context, *, run: Run, plan: Plan, watching: Watching) -> dict[str, Any]:
    """Observed over expected of the nights frozen for it, early and whole; and why one of them is not known."""
    return {
        name: _calibration(context, run=run, plan=plan, watching=watching, name=name, outcome=outcome)
        for name, outcome in (("early", WITHIN_30_DAYS), ("whole", plan.outcome))
    }


def _calibration(
    context: Context, *, run: Run, plan: Plan, watching: Watching, name: str, outcome: str
) -> dict[str, Any]:
    night, bounds = watched_run(context, run, name), watching.calibration
    if night is None:
        return {"not_known": _why_not(context, run, name)}
    unheard = _not_heard_of(context, run=run, plan=plan, until=_end_of_window(night, plan, name))
    if unheard is not None:
        return {"not_known": unheard}
    followed = _followed(context, run=run, night=night, plan=plan, outcome=outcome)
    if not len(followed.risk):
        return {"not_known": f"of nobody scored on {night.as_of} is it known what followed"}
    if name == "whole":
        measured = came_true(followed.risk, followed.outcome, confidence=bounds.confidence)
        return _told(night, measured, followed, judged=measured.expected >= bounds.events_least)
    share = _early_share(context, night)
    if share is None:
        return {"not_known": f"the hold-out of model {night.model_id} is not held any more"}
    measured = came_true_early(followed.risk, followed.outcome, early=share, confidence=bounds.confidence)
    return _told(night, measured, followed, judged=measured.expected >= bounds.events_least)


def recalibration(
    context: Context, *, run: Run, plan: Plan, watching: Watching, found: dict[str, Any]
) -> dict[str, Any]:
    """What would mend scores that did not come true, with its evidence; nothing reads it but people."""
    whole, early = found["whole"], found["early"]
    told: dict[str, Any] = {"schema": "recalibration/1", "model_id": run.model_id, "is_applied": False}
    night = watched_run(context, run, "whole")
    if night is not None and "not_known" not in whole:
        followed = _followed(context, run=run, night=night, plan=plan, outcome=plan.outcome)
        try:
            one = proposal(
                followed.person_keys, followed.risk, followed.outcome, confidence=watching.calibration.confidence
            )
        except ValueError as error:
            return {**told, "basis": "whole", "not_possible": str(error)}
        numbers = {name: value if isinstance(value, float) else vars(value) for name, value in vars(one).items()}
        return {**told, "basis": "whole", "of": whole["of"], **numbers}
    shift = level_shift(early["ratio"], expected_share=early["mean_risk"])
    return {**told, "basis": "early", "of": early["of"], "level": shift, "ratio": early["ratio"]}


def _told(night: Run, measured: CameTrue, followed: Followed, *, judged: bool) -> dict[str, Any]:
    of = {"as_of": night.as_of.isoformat(), "run_key": night.run_key, "model_id": night.model_id}
    return {
        "of": {**of, "source_set": night.inputs.get("source_set")},
        **vars(measured),
        "mean_risk": float(followed.risk.mean()),
        "judged": judged,
    }


def _why_not(context: Context, run: Run, name: str) -> str:
    """Too young, or purged: whichever it is, nothing is claimed."""
    nights = [one for one in runs.list_runs(context.ledger, kind="nightly") if one.state == "finished"]
    first = min((one.as_of for one in nights if one.as_of < run.as_of), default=None)
    window = f"{EARLY_DAYS} days" if name == "early" else "twelve months"
    if first is None:
        return "no night was finished before this one"
    return (
        f"no night of which {window} and the lag of the labels are over still has its scores; the first was {first}, "
        "and scores are kept as policy/retention.yml says (scores)"
    )


def _end_of_window(night: Run, plan: Plan, name: str) -> date:
    """The first day after the window of which the outcomes are asked."""
    day = index_date(night.as_of)
    return day + timedelta(days=EARLY_DAYS) if name == "early" else months_before(day, -plan.horizon_months)


def _not_heard_of(context: Context, *, run: Run, plan: Plan, until: date) -> str | None:
    """Why the outcome's own source does not tell all of the window tonight; None when it does.

    What a source that may not be used, or a sender that fell silent, would have told is missing, and missing is not
    nothing: the scores would look too high.
    """
    project, ids = context.settings.project, runs.run_deliveries(context.ledger, run.run_key)
    policy, day = policy_of_run(context, run), index_date(run.as_of)
    sources = _sources_of(context, plan)
    usable = available_sources(context, policy=policy, day=day, delivery_ids=ids)
    if not sources <= set(usable):
        return f"{', '.join(sorted(sources - set(usable)))} may not be used tonight, or covers nobody"
    supplies = reference_as_known(context, delivery_ids=ids).supplies
    still = {
        row.sender for row in supplies if row.source in sources and (row.valid_to is None or row.valid_to >= until)
    }
    contracts, reach = load_extracts(project), dict[str, date]()
    wanted = set(ids)
    for one in list_deliveries(context.ledger, states=["accepted", "held"]):
        contract = contracts.get(one.extract)
        if one.delivery_id in wanted and contract and contract.source in sources and one.sender in still:
            reach[one.sender] = max(reach.get(one.sender, date.min), one.latest_event_date or date.min)
    short = {sender: last for sender, last in reach.items() if last < until - timedelta(days=DAYS_SHORT)}
    if short:
        sender, last = min(short.items(), key=lambda pair: (pair[1], pair[0]))
        return f"the records of {sender} reach to {last} alone, and the window ends on {until}"
    return None


def _sources_of(context: Context, plan: Plan) -> set[str]:
    """Sources whose events tell the outcome."""
    declared = load_outcomes(context.settings.project)
    concept = concept_of(declared, plan.outcome)
    return {str(source) for each in declared if each.name == concept for source in each.sources} - {"gp"}


def _followed(context: Context, *, run: Run, night: Run, plan: Plan, outcome: str) -> Followed:
    """Everyone scored on `night` of whom it is known tonight whether the outcome came."""
    answers = _answers(context, run=run, night=night, plan=plan)
    told = pa.table({"person_key": answers["person_key"], "came": answers[f"has_{outcome}"]})
    known = told.filter(told["came"].is_valid())
    then = scored(context, night).table.select(["person_key", "risk_score"])
    joined = then.join(known, keys="person_key", join_type="inner").sort_by("person_key")
    return Followed(
        run=night,
        person_keys=tuple(joined["person_key"].to_pylist()),
        risk=np.asarray(joined["risk_score"].cast(pa.float64()).to_numpy(), dtype=np.float64),
        outcome=np.asarray(joined["came"].cast(pa.int8()).to_numpy(), dtype=np.int8),
    )


def _answers(context: Context, *, run: Run, night: Run, plan: Plan) -> pa.Table:
    """The outcome query's answer for the cohort of that night, as known at the cut-off of this one."""
    project = context.settings.project
    concept = concept_of(load_outcomes(project), plan.outcome)
    query = load_query(project / "sql" / "outcomes" / f"{concept}.sql")
    later = View(
        policy=policy_of_run(context, run),
        delivery_ids=_telling(context, run, plan),
        index_date=index_date(run.as_of),
        known_before=intake_cut_off(run.as_of),
        policy_day=index_date(run.as_of),
    )
    views = {"outcome_": later}
    with engine_of(context) as engine:
        engine.add_codelists(context.codelists().values())
        add_registrations(engine, context, view=later, prefix="outcome_")
        engine.add_arrow("everyone", _cohort(context, night, later))
        parts = []
        for people in add_event_rows(engine, context, views=views):
            show_bucket(engine, context, views=views, people=people)
            parts.append(engine.fetch(query, index_date=index_date(night.as_of)))
    return pa.concat_tables(parts)


def _cohort(context: Context, night: Run, later: View) -> pa.Table:
    """Who was scored, without those whose number has been superseded since: their records carry another key by now."""
    path = layout.table(context.settings.home, "cohort")
    rows = tables.read(path, column="run_key", values=[night.run_key]).drop_columns(["run_key"])
    changes = changes_in_view(context, delivery_ids=later.delivery_ids, index_date=later.index_date)
    superseded = changes["person_key"].combine_chunks()
    return rows.filter(pc.invert(pc.is_in(rows["person_key"], value_set=superseded)))


def _telling(context: Context, run: Run, plan: Plan) -> list[str]:
    """Tonight's deliveries that can tell the outcome: of its sources, and of general practice the lists alone."""
    contracts, sources = load_extracts(context.settings.project), _sources_of(context, plan)

    def tells(extract: str) -> bool:
        contract = contracts.get(extract)
        return contract is not None and (
            contract.person is None or contract.source in sources or contract.extract == LISTS
        )

    return [one for one in runs.run_deliveries(context.ledger, run.run_key) if tells(one.partition(".")[0])]


def _early_share(context: Context, night: Run) -> EarlyShare | None:
    """From the hold-out of the model that scored that night; None when it is not held."""
    path, name = layout.table(context.settings.home, HOLDOUT), risk_column(context, night)
    if not tables.files(path, column="model_id", values=[str(night.model_id)]):
        return None
    wanted = [name, WITHIN_30_DAYS, "outcome"]
    rows = tables.read(path, column="model_id", values=[str(night.model_id)], columns=wanted).drop_null()
    soon, outcome = (
        np.asarray(rows[each].cast(pa.int8()).to_numpy(), dtype=np.int8) for each in (WITHIN_30_DAYS, "outcome")
    )
    return early_share(np.asarray(rows[name].to_numpy(), dtype=np.float64), soon, outcome)
