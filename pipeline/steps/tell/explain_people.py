"""What explain counts in the store for one practice: who stands on its lists and is not scored, and why; which sources
are not known for whom. Looks through the same queries as a run, and writes nothing; counts alone leave this module."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.policy import SOURCES, load_policy
from pipeline.engines.query import load_query
from pipeline.engines.restricted import number_columns, without_withheld
from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.rules.nhs_number import is_valid
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.at_hand.context import Context
from pipeline.steps.at_hand.previous import codes_of, reference_of
from pipeline.steps.at_hand.relations import View, add_cohort, add_registrations
from pipeline.steps.features.engine import engine_of
from pipeline.steps.features.features import EVERYTHING, ROWS_AT_ONCE
from pipeline.steps.opt_out.erasure import current_erasure, key_of
from pipeline.store import layout, tables

LISTS = "gp_patient"
# Reasons of sql/monitoring/left_out.sql, in the order they are told.
REASONS = {
    "died": "died before the index date",
    "ended": "their registration ended before it",
    "joined_another_later": "have joined another practice since, or are registered with one that takes no part",
    "begins_later": "their registration begins later",
    "confidential": "marked as not to be shared",
}
LISTINGS = {
    "by_rank": "by rank",
    "kept": "kept from the last edition",
    "nominated": "nominated by the practice",
    "declined": "set aside by the practice's answer",
    "child": "children, listed apart",
}


@dataclass(frozen=True)
class Counted:
    """Counts of people of one practice. `uncovered`: scored people for whom a source is not known, by source."""

    scored: int
    adults: int
    left_out: Mapping[str, int]
    opted_out: int
    uncovered: Mapping[str, int]
    listed: Mapping[str, int]


def counted(context: Context, run: Run, *, practice_code: str) -> Counted:
    """Count; what was purged since counts as nobody."""
    home = context.settings.home
    cohort = _slice(context, "cohort", run)
    mine = [row for row in cohort if row["practice_code"] == practice_code]
    register = tables.exists(layout.table(home, "register")) and _slice(context, "register", run)
    listed = Counter(row["listing"] for row in register or [] if row["practice_code"] == practice_code)
    reasons = _left_out(context, run, practice_code=practice_code)
    return Counted(
        scored=len(mine),
        adults=sum(bool(row["is_adult"]) for row in mine),
        left_out={reason: reasons.get(reason, 0) for reason in REASONS},
        opted_out=_opted_out(context, run, practice_code=practice_code),
        uncovered={source: sum(not row.get(f"is_{source}_covered") for row in mine) for source in SOURCES},
        listed={name: listed[name] for name in LISTINGS},
    )


def _slice(context: Context, name: str, run: Run) -> list[dict[str, object]]:
    path = layout.table(context.settings.home, name)
    if not tables.exists(path):
        return []
    wanted = {"practice_code", "is_adult", "listing", *(f"is_{source}_covered" for source in SOURCES)}
    columns = [one for one in tables.schema(path).names if one in wanted]
    return list(tables.read(path, column="run_key", values=[run.run_key], columns=columns).to_pylist())


def _left_out(context: Context, run: Run, *, practice_code: str) -> dict[str, int]:
    """People on the practice's lists by why they are not in its cohort, as the store shows them to this run now."""
    day = index_date(run.as_of)
    view = View(
        policy=load_policy(context.settings.policy_file),
        delivery_ids=runs.run_deliveries(context.ledger, run.run_key),
        index_date=day,
        known_before=intake_cut_off(run.as_of) if run.knowledge == "then" else EVERYTHING,
        policy_day=day,
    )
    with engine_of(context) as engine:
        add_registrations(engine, context, view=view)
        add_cohort(engine, context, view=view)
        query = load_query(context.settings.project / "sql" / "monitoring" / "left_out.sql")
        rows = engine.fetch(query, index_date=day).to_pylist()
    return {row["reason"]: row["people"] for row in rows if row["practice_code"] == practice_code}


def _opted_out(context: Context, run: Run, *, practice_code: str) -> int:
    """People on the practice's lists who have opted out by now: nothing of them is in the store any more, so that only
    the lists themselves, which the practice sent, can tell."""
    contract = load_extracts(context.settings.project)[LISTS]
    assert contract.person is not None
    number = contract.person.nhs_number
    codes = codes_of(reference_of(context, run), practice_code, as_of=run.as_of)
    dissenting = current_erasure(context).person_keys
    if not dissenting:
        return 0
    numbers: set[str] = set()
    for rows in tables.some_columns(
        layout.clean(context.settings.home, LISTS),
        column="delivery_id",
        values=runs.run_deliveries(context.ledger, run.run_key),
        columns=[*number_columns(number, contract.names()), "practice_code"],
        rows=ROWS_AT_ONCE,
    ):
        for row in without_withheld(rows, number=number).select([number, "practice_code"]).to_pylist():
            if row["practice_code"] in codes and row[number]:
                numbers.add(row[number])
    return sum(is_valid(each) and key_of(context, each) in dissenting for each in numbers)
