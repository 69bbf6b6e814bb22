"""Backfills: what was asked for, how far each has come, and what came of each night."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "backfill",
        sa.Column("series", sa.String(120), nullable=False),
        sa.Column("knowledge", sa.String(4), nullable=False),
        sa.Column("first_day", sa.Date),
        sa.Column("last_day", sa.Date),
        sa.Column("every", sa.String(10)),
        sa.Column("sends", sa.Boolean, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("frozen", sa.Text, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("series", name="pk_backfill"),
        sa.CheckConstraint("knowledge in ('then', 'now')", name=op.f("ck_backfill_knowledge")),
        sa.CheckConstraint("every in ('day', 'week', 'month')", name=op.f("ck_backfill_every")),
        sa.CheckConstraint("state in ('started', 'finished')", name=op.f("ck_backfill_state")),
    )
    op.create_table(
        "backfill_night",
        sa.Column("series", sa.String(120), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("run_key", sa.String(64)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("series", "as_of", name="pk_backfill_night"),
        sa.ForeignKeyConstraint(["series"], ["backfill.series"], name="fk_backfill_night_series"),
        sa.ForeignKeyConstraint(["run_key"], ["run.run_key"], name="fk_backfill_night_run_key"),
        sa.CheckConstraint("state in ('started', 'finished', 'failed')", name=op.f("ck_backfill_night_state")),
    )
    op.create_index("ix_backfill_night_run_key", "backfill_night", ["run_key"])


def downgrade() -> None:
    """How far backfills had come is lost; what they made lies in the home, and its editions stay in the ledger."""
    op.drop_table("backfill_night")
    op.drop_table("backfill")
