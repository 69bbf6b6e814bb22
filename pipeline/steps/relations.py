"""Puts the relations of one index date before the engine: what was visible, who is in the cohort.

Shared by features, outcomes and training. Reads the store and the reference data; writes nothing.
"""

from collections.abc import Sequence
from datetime import date, datetime

from pipeline.contracts.codelist import load_codelists
from pipeline.contracts.policy import Policy
from pipeline.contracts.reference import Reference
from pipeline.engines import shapes
from pipeline.engines.embedded import Engine
from pipeline.engines.query import load_query
from pipeline.steps.context import Context
from pipeline.store import layout, tables


def add_visible(
    engine: Engine,
    context: Context,
    *,
    delivery_ids: Sequence[str],
    usable: Sequence[str],
    known_before: datetime,
    index_date: date,
    prefix: str = "",
) -> None:
    """Keep `event` and `registration` (with an optional name prefix) as visible at the cut-off."""
    home, sql = context.settings.home, context.settings.project / "sql" / "knowledge"
    for name, schema in (("event", shapes.EVENT_ROW), ("registration", shapes.REGISTRATION_ROW)):
        files = tables.files(layout.table(home, name), column="delivery_id", values=delivery_ids)
        engine.add_parquet(f"{name}_row", files, schema=schema)
    engine.add_arrow("usable_source", shapes.relation(shapes.USABLE_SOURCE, [{"source": source} for source in usable]))
    moment = known_before.replace(tzinfo=None)
    for name in ("event", "registration"):
        engine.keep(
            load_query(sql / f"visible_{name}.sql"),
            name=f"{prefix}{name}",
            known_before=moment,
            index_date=index_date,
        )


def add_cohort(
    engine: Engine,
    context: Context,
    *,
    policy: Policy,
    reference: Reference,
    usable: Sequence[str],
    index_date: date,
    participating_on: date,
) -> None:
    """Keep `cohort`: registered and alive on the index date with a practice that takes part on the given day."""
    for codelist in load_codelists(context.settings.project).values():
        engine.add_codelist(codelist)
    practices = [{"practice_code": entry.practice_code} for entry in policy.participating(participating_on)]
    supplied = [
        {"source": row.source, "area_type": row.area_type, "area_code": row.area_code}
        for row in reference.supplies_on(index_date)
        if row.source in usable
    ]
    for name, schema, rows in (
        ("participating_practice", shapes.PARTICIPATING_PRACTICE, practices),
        ("organisation", shapes.ORGANISATION, [vars(row) for row in reference.organisations]),
        ("lsoa_imd", shapes.AREA, [vars(row) for row in reference.areas]),
        ("supply", shapes.SUPPLY, supplied),
    ):
        engine.add_arrow(name, shapes.relation(schema, rows))
    engine.keep(load_query(context.settings.project / "sql" / "cohort" / "cohort.sql"), index_date=index_date)
