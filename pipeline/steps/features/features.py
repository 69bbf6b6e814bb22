"""Features: the cohort of the night and one row of features per person, as of the index date.

Sees only what was known before the night's cut-off and dated before its index date. Writes the slices of the run
in `cohort`, `feature`, `death`, `in_hospital` and `fact`, and accounts for everyone: scored + opted out + not
registered = all.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path

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
from pipeline.steps.at_hand.context import Context, StepResult
from pipeline.steps.at_hand.number_changes import changes_in_view
from pipeline.steps.at_hand.relations import View, in_buckets
from pipeline.steps.features.deaths import TABLE as DEATHS
from pipeline.steps.features.deaths import deaths_among
from pipeline.steps.features.engine import engine_of
from pipeline.steps.features.facts import TABLE as FACTS
from pipeline.steps.features.facts import facts_of
from pipeline.steps.opt_out.applied import erase_first
from pipeline.steps.opt_out.erasure import Erasure, key_of
from pipeline.steps.run.run import policy_of_run
from pipeline.store import layout, tables

# With today's knowledge nothing received is too late.
EVERYTHING = datetime(9999, 12, 31, tzinfo=UTC)
# Rows whose people are counted at a time.
ROWS_AT_ONCE = 500_000


def features(context: Context, *, run: Run) -> StepResult:
    """Write cohort, features and deaths of the run; counts say where everyone went."""
    # A dissent that was validated since people were last linked counts now.
    erasure = erase_first(context, run_key=run.run_key)
    # read
    home, project = context.settings.home, context.settings.project
    policy = policy_of_run(context, run)
    delivery_ids = runs.run_deliveries(context.ledger, run.run_key)
    known_before = intake_cut_off(run.as_of) if run.knowledge == "then" else EVERYTHING
    # decide
    day = index_date(run.as_of)
    view = View(policy=policy, delivery_ids=delivery_ids, index_date=day, known_before=known_before, policy_day=day)
    beside = _Beside(project=project, index_date=day)
    with engine_of(context) as engine:

        def wide() -> Iterator[pa.Table]:
            for part in in_parts(engine, context, views={"": view}):
                beside.look(engine, part)
                yield part
            # Before the stream ends, and with it the slice is committed.
            beside.refuse_broken()

        # write
        # The wide table of a night is never whole in memory: each bucket is written when it is made.
        parts = wide()
        first = next(parts)
        stream = pa.RecordBatchReader.from_batches(
            first.schema, (batch for part in chain([first], parts) for batch in part.to_batches())
        )
        tables.replace_slice_with(layout.table(home, "feature"), stream, column="run_key", value=run.run_key)
        cohort = engine.table("everyone").sort_by("person_key")
        deaths = deaths_among(engine.table("registration"))
    counts = account_for_everyone(context, delivery_ids=delivery_ids, cohort=cohort, day=day, erasure=erasure)
    counts["values_outside_bounds"] = beside.outside
    for name, table in (("cohort", cohort), (DEATHS, deaths), *beside.tables()):
        tables.replace_slice(layout.table(home, name), table, column="run_key", value=run.run_key)
    digest = tables.slice_digest(
        layout.table(home, "feature"), column="run_key", value=run.run_key, columns=first.schema.names
    )
    return StepResult(counts=counts, digest=digest)


class _Beside:
    """What is read of each bucket beside its features: who is in hospital, dated facts, and bounds that are broken."""

    def __init__(self, *, project: Path, index_date: date) -> None:
        self._project = project
        self._index_date = index_date
        self._concepts = load_features(project)
        self._still_in = load_query(project / "sql" / "monitoring" / "in_hospital.sql")
        self._in_hospital: list[pa.Table] = []
        self._facts: list[pa.Table] = []
        self._broken: Counter[tuple[str, str, str]] = Counter()

    def look(self, engine: Engine, part: pa.Table) -> None:
        """Look at the bucket before the engine, and at its features."""
        self._in_hospital.append(engine.fetch(self._still_in, index_date=self._index_date))
        self._facts.append(facts_of(engine, project=self._project, index_date=self._index_date))
        for check in broken_checks(part, self._concepts):
            self._broken[check.column, check.check, check.level] += check.rows

    def refuse_broken(self) -> None:
        """Raises PipelineError for a bound that stops the line."""
        broken = self._broken.items()
        stopping = [
            f"{column}: {rows} rows break {check}" for (column, check, level), rows in broken if level == "stop"
        ]
        if stopping:
            raise PipelineError(f"features are outside the bounds they declare: {'; '.join(stopping)}")

    @property
    def outside(self) -> int:
        """Values outside bounds that only warn."""
        return self._broken.total()

    def tables(self) -> tuple[tuple[str, pa.Table], ...]:
        """By name of the table they are written to."""
        return ("in_hospital", pa.concat_tables(self._in_hospital)), (FACTS, pa.concat_tables(self._facts))


def look(context: Context, *, view: View) -> tuple[pa.Table, pa.Table]:
    """Cohort and features of a view, each sorted by person_key; writes nothing."""
    with engine_of(context) as engine:
        wide = pa.concat_tables(list(in_parts(engine, context, views={"": view})))
        return engine.table("everyone").sort_by("person_key"), wide


def in_parts(engine: Engine, context: Context, *, views: Mapping[str, View]) -> Iterator[pa.Table]:
    """Features bucket by bucket, sorted by person_key throughout; while one is handed out, relations are its people's.

    The first view says when and what is known; the others are shown beside it under their prefix.
    """
    project, concepts = context.settings.project, load_features(context.settings.project)
    [index_day, *_] = (view.index_date for view in views.values())
    for _ in in_buckets(engine, context, views=views):
        yield wide_table(engine, concepts, project=project, index_date=index_day)


def account_for_everyone(
    context: Context, *, delivery_ids: list[str], cohort: pa.Table, day: date, erasure: Erasure
) -> dict[str, int]:
    """People the deliveries speak of, by what became of them; raises PipelineError if the sum does not hold.

    Each term is counted on its own: everyone from the clean rows, the opted out from the dissent rule, the scored
    from the cohort, the rest from the store. `erasure` is what the store was under when the cohort was made.
    """
    home = context.settings.home
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
            for rows in tables.some_columns(
                path, column="delivery_id", values=delivery_ids, columns=columns, rows=ROWS_AT_ONCE
            ):
                kept = without_withheld(rows, number=columns[0])
                # Versions that are nobody's have no person to count.
                found.update(value for value in kept[columns[0]].unique().to_pylist() if value)
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
            f"{len(opted_out)} opted out, {len(elsewhere)} not registered with a participating practice; "
            f"{len(scored & erasure.person_keys)} of the scored are opted out: link, then run the night again"
        )
    return {
        "people": len(people),
        "people_scored": len(scored),
        "people_opted_out": len(opted_out),
        "people_not_registered": len(elsewhere),
        "rows": cohort.num_rows,
    }
