"""Deaths as a night saw them: of the registrations visible at its cut-off, dated before its index date.

A registration shows a death whoever told of it, a practice or a hospital (sql/knowledge/hospital_death.sql).

Kept as a slice of the run, so that whoever speaks of a death later (a pack, its last check) says what was known then
and nothing of rows since superseded or withdrawn.
"""

from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.ledger.runs import Run
from pipeline.steps.at_hand.context import Context
from pipeline.store import layout, tables

TABLE = "death"


def deaths_among(registration: pa.Table) -> pa.Table:
    """person_key and earliest death_date of a visible `registration`, sorted by person; the living have no row."""
    given = registration.select(["person_key", "death_date"]).filter(pc.is_valid(registration["death_date"]))
    found = given.group_by("person_key").aggregate([("death_date", "min")])
    return (
        found.select(["person_key", "death_date_min"])
        .rename_columns(["person_key", "death_date"])
        .sort_by("person_key")
    )


def visible_deaths(context: Context, *, run: Run) -> dict[str, date]:
    """Date of death by person key, as the run saw it; raises PipelineError when no run ever wrote its deaths."""
    rows = tables.read(layout.table(context.settings.home, TABLE), column="run_key", values=[run.run_key])
    return dict(zip(rows["person_key"].to_pylist(), rows["death_date"].to_pylist(), strict=True))
