"""Features: the cohort of the night and one row of features per person, as of the index date.

Sees only what was known before the night's cut-off and dated before its index date. Writes the slices of the run
in `cohort`, `feature`, `death` and `in_hospital`, and accounts for everyone: scored + opted out + not registered = all.
"""

from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.feature import load_features
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.engines.restricted import number_columns, without_withheld
from pipeline.engines.wide import broken_checks, wide_table
from pipeline.errors import ModelUnfit, PipelineError
from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.rules.nhs_number import is_valid
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.context import Context, StepResult
from pipeline.steps.deaths import TABLE as DEATHS
from pipeline.steps.deaths import deaths_among
from pipeline.steps.erasure import current_erasure, key_of
from pipeline.steps.number_changes import changes_in_view
from pipeline.steps.relations import View, add_cohort, add_visible
from pipeline.steps.run import policy_of_run
from pipeline.store import layout, tables

# With today's knowledge nothing received is too late.
EVERYTHING = datetime(9999, 12, 31, tzinfo=UTC)


def features(context: Context, *, run: Run) -> StepResult:
    """Write cohort, features and deaths of the run; counts say where everyone went."""
    # read
    policy = policy_of_run(context, run)
    delivery_ids = runs.run_deliveries(context.ledger, run.run_key)
    known_before = intake_cut_off(run.as_of) if run.knowledge == "then" else EVERYTHING
    # decide
    view = View(
        policy=policy,
        delivery_ids=delivery_ids,
        index_date=index_date(run.as_of),
        known_before=known_before,
        policy_day=index_date(run.as_of),
    )
    with _engine(context) as engine:
        cohort, wide = _seen(engine, context, view=view)
        deaths = deaths_among(engine.table("registration"))
        monitoring = context.settings.project / "sql" / "monitoring"
        in_hospital = engine.fetch(load_query(monitoring / "in_hospital.sql"), index_date=view.index_date)
    counts = account_for_everyone(context, delivery_ids=delivery_ids, cohort=cohort, day=view.index_date)
    counts["values_outside_bounds"] = _outside_bounds(context, wide)
    # write
    home = context.settings.home
    tables.replace_slice(layout.table(home, "cohort"), cohort, column="run_key", value=run.run_key)
    tables.replace_slice(layout.table(home, DEATHS), deaths, column="run_key", value=run.run_key)
    tables.replace_slice(layout.table(home, "in_hospital"), in_hospital, column="run_key", value=run.run_key)
    tables.replace_slice(layout.table(home, "feature"), wide, column="run_key", value=run.run_key)
    return StepResult(counts=counts, digest=tables.digest(wide))


def labelled_on(
    context: Context, *, view: View, outcome: str, outcome_known_before: datetime
) -> tuple[pa.Table, npt.NDArray[np.int8]]:
    """Features of a past index date as seen then, and the outcome as known at a later cut-off, row by row.

    Only of people whose outcome can be known: it cannot where its source covers nobody. Raises ModelUnfit if none is
    left.
    """
    query = load_query(context.settings.project / "sql" / "outcomes" / f"{outcome}.sql")
    later = replace(view, known_before=outcome_known_before, index_date=index_date(outcome_known_before.date()))
    with _engine(context) as engine:
        _, wide = _seen(engine, context, view=view)
        add_visible(engine, context, view=later, prefix="outcome_")
        found = engine.fetch(query, index_date=view.index_date).sort_by("person_key")
    if found["person_key"].to_pylist() != wide["person_key"].to_pylist():
        raise PipelineError(f"the outcome of {view.index_date} is not of the same people as its features")
    told = found[f"has_{outcome}"]
    if told.null_count == len(told):
        raise ModelUnfit(
            "Of nobody is it known whether the outcome came",
            where=f"{outcome}, index date {view.index_date}",
            next_step="see that the policy lets the outcome's source be used, and since when it is supplied "
            "(reference/supply.csv)",
        )
    wide = wide.filter(told.is_valid())
    return wide, np.asarray(told.drop_null().to_pylist(), dtype=np.int8)


def look(context: Context, *, view: View) -> tuple[pa.Table, pa.Table]:
    """Cohort and features of a view, each sorted by person_key; writes nothing."""
    with _engine(context) as engine:
        return _seen(engine, context, view=view)


def _engine(context: Context) -> Engine:
    return Engine(threads=context.settings.threads, memory_limit=context.settings.memory_limit)


def _seen(engine: Engine, context: Context, *, view: View) -> tuple[pa.Table, pa.Table]:
    """Cohort and features, sorted by person_key, in an engine that keeps its relations for what comes after."""
    project = context.settings.project
    add_visible(engine, context, view=view)
    add_cohort(engine, context, view=view)
    wide = wide_table(engine, load_features(project), project=project, index_date=view.index_date)
    return engine.table("cohort").sort_by("person_key"), wide


def _outside_bounds(context: Context, wide: pa.Table) -> int:
    """Values outside bounds that only warn; raises PipelineError for a bound that stops the line."""
    broken = broken_checks(wide, load_features(context.settings.project))
    stopping = [check for check in broken if check.level == "stop"]
    if stopping:
        told = "; ".join(f"{check.column}: {check.rows} rows break {check.check}" for check in stopping)
        raise PipelineError(f"features are outside the bounds they declare: {told}")
    return sum(check.rows for check in broken)


def account_for_everyone(context: Context, *, delivery_ids: list[str], cohort: pa.Table, day: date) -> dict[str, int]:
    """People the deliveries speak of, by what became of them; raises PipelineError if the sum does not hold.

    Each term is counted on its own: everyone from the clean rows, the opted out from the dissent rule, the scored
    from the cohort, the rest from the store.
    """
    home = context.settings.home
    erasure = current_erasure(context)
    everyone: set[str] = set()
    stored: set[str] = set()
    contracts = load_extracts(context.settings.project)
    for extract, contract in contracts.items():
        if contract.person is None:
            continue
        seen = number_columns(contract.person.nhs_number, contract.names())
        for path, columns, found in (
            (layout.clean(home, extract), seen, everyone),
            (layout.linked(home, extract), ["person_key"], stored),
        ):
            if tables.files(path, column="delivery_id", values=delivery_ids):
                rows = tables.read(path, column="delivery_id", values=delivery_ids, columns=columns)
                rows = without_withheld(rows, number=columns[0])
                found.update(value for value in rows[columns[0]].unique().to_pylist() if value)
    # Two numbers of which one took the other's place are one person.
    changes = changes_in_view(context, delivery_ids=delivery_ids, index_date=day)
    current = dict(zip(*(changes[name].to_pylist() for name in changes.column_names), strict=True))
    keys = {key_of(context, number) for number in everyone if is_valid(number)}
    people = {current.get(key, key) for key in keys}
    opted_out = keys & erasure.person_keys
    scored = set(cohort["person_key"].to_pylist())
    elsewhere = {current.get(key, key) for key in stored} - scored
    if len(people) != len(scored) + len(opted_out) + len(elsewhere):
        raise PipelineError(
            f"people do not add up: {len(people)} in the deliveries, {len(scored)} scored, "
            f"{len(opted_out)} opted out, {len(elsewhere)} not registered with a participating practice"
        )
    return {
        "people": len(people),
        "people_scored": len(scored),
        "people_opted_out": len(opted_out),
        "people_not_registered": len(elsewhere),
        "rows": cohort.num_rows,
    }
