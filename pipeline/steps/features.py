"""Features: the cohort of the night and one row of features per person, as of the index date.

Sees only what was known before the night's cut-off and dated before its index date. Writes the slices of the run
in `cohort`, `feature`, `death`, `in_hospital` and `fact`, and accounts for everyone: scored + opted out + not
registered = all.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime

import pyarrow as pa

from pipeline.contracts.extract import load_extracts
from pipeline.contracts.feature import load_features
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.engines.restricted import number_columns, without_withheld
from pipeline.engines.wide import broken_checks, wide_table
from pipeline.errors import PipelineError
from pipeline.ledger import runs
from pipeline.ledger.runs import Run
from pipeline.rules.nhs_number import is_valid
from pipeline.rules.times import index_date, intake_cut_off
from pipeline.steps.context import Context, StepResult
from pipeline.steps.deaths import TABLE as DEATHS
from pipeline.steps.deaths import deaths_among
from pipeline.steps.erasure import current_erasure, key_of
from pipeline.steps.facts import TABLE as FACTS
from pipeline.steps.facts import facts_of
from pipeline.steps.number_changes import changes_in_view
from pipeline.steps.relations import View, in_buckets
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
    still_in = load_query(context.settings.project / "sql" / "monitoring" / "in_hospital.sql")
    with engine_of(context) as engine:
        bucket = [
            (
                part,
                engine.fetch(still_in, index_date=view.index_date),
                facts_of(engine, project=context.settings.project, index_date=view.index_date),
            )
            for part in in_parts(engine, context, views={"": view})
        ]
        wide, in_hospital, facts = (pa.concat_tables(parts) for parts in zip(*bucket, strict=True))
        cohort = engine.table("everyone").sort_by("person_key")
        deaths = deaths_among(engine.table("registration"))
    counts = account_for_everyone(context, delivery_ids=delivery_ids, cohort=cohort, day=view.index_date)
    counts["values_outside_bounds"] = _outside_bounds(context, wide)
    # write
    home = context.settings.home
    tables.replace_slice(layout.table(home, "cohort"), cohort, column="run_key", value=run.run_key)
    tables.replace_slice(layout.table(home, DEATHS), deaths, column="run_key", value=run.run_key)
    tables.replace_slice(layout.table(home, "in_hospital"), in_hospital, column="run_key", value=run.run_key)
    tables.replace_slice(layout.table(home, FACTS), facts, column="run_key", value=run.run_key)
    tables.replace_slice(layout.table(home, "feature"), wide, column="run_key", value=run.run_key)
    return StepResult(counts=counts, digest=tables.digest(wide))


def look(context: Context, *, view: View) -> tuple[pa.Table, pa.Table]:
    """Cohort and features of a view, each sorted by person_key; writes nothing."""
    with engine_of(context) as engine:
        wide = pa.concat_tables(list(in_parts(engine, context, views={"": view})))
        return engine.table("everyone").sort_by("person_key"), wide


def engine_of(context: Context) -> Engine:
    """An engine with the threads and memory of the settings."""
    return Engine(threads=context.settings.threads, memory_limit=context.settings.memory_limit)


def in_parts(engine: Engine, context: Context, *, views: Mapping[str, View]) -> Iterator[pa.Table]:
    """Features bucket by bucket, sorted by person_key throughout; while one is handed out, relations are its people's.

    The first view says when and what is known; the others are shown beside it under their prefix.
    """
    project, concepts = context.settings.project, load_features(context.settings.project)
    [index_day, *_] = (view.index_date for view in views.values())
    for _ in in_buckets(engine, context, views=views):
        yield wide_table(engine, concepts, project=project, index_date=index_day)


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
