"""Tables of backfills: what was asked for, how far each has come, and what came of each night. Nobody is in them."""

from sqlalchemy import Boolean, CheckConstraint, Column, Date, ForeignKey, Index, String, Table

from pipeline.ledger.columns import CanonicalJson, UtcMoment
from pipeline.ledger.tables_named import metadata

# What was asked for; its nights continue each other. Dates are null of one that an orchestrator runs night by night.
backfill = Table(
    "backfill",
    metadata,
    Column("series", String(120), primary_key=True),
    Column("knowledge", String(4), nullable=False),
    Column("first_day", Date),
    Column("last_day", Date),
    Column("every", String(10)),
    Column("sends", Boolean, nullable=False),
    Column("state", String(10), nullable=False),
    # What it knows however long it takes: deliveries, nights that had finished, the model of nights that have none.
    Column("frozen", CanonicalJson, nullable=False),
    Column("started_at", UtcMoment, nullable=False),
    Column("finished_at", UtcMoment),
    CheckConstraint("knowledge in ('then', 'now')", name="knowledge"),
    CheckConstraint("every in ('day', 'week', 'month')", name="every"),
    CheckConstraint("state in ('started', 'finished')", name="state"),
)

# One night of a backfill: its run, and in counts how that compares with what was published on the date.
backfill_night = Table(
    "backfill_night",
    metadata,
    Column("series", String(120), ForeignKey("backfill.series"), primary_key=True),
    Column("as_of", Date, primary_key=True),
    Column("run_key", String(64), ForeignKey("run.run_key")),
    Column("state", String(10), nullable=False),
    Column("content", CanonicalJson, nullable=False),
    Column("started_at", UtcMoment, nullable=False),
    Column("finished_at", UtcMoment),
    CheckConstraint("state in ('started', 'finished', 'failed')", name="state"),
    Index(None, "run_key"),
)
