"""What watching found of each night, and who let a held night be published."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "watched_night",
        sa.Column("run_key", sa.String(64), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("verdict", sa.String(10), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_key", name="pk_watched_night"),
        sa.ForeignKeyConstraint(["run_key"], ["run.run_key"], name="fk_watched_night_run_key"),
        sa.CheckConstraint("verdict in ('quiet', 'notice', 'hold')", name=op.f("ck_watched_night_verdict")),
    )
    op.create_index("ix_watched_night_as_of", "watched_night", ["as_of"])
    op.create_table(
        "watch_release",
        sa.Column("release_id", sa.Integer, nullable=False),
        sa.Column("run_key", sa.String(64), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("release_id", name="pk_watch_release"),
        sa.ForeignKeyConstraint(["run_key"], ["run.run_key"], name="fk_watch_release_run_key"),
    )
    op.create_index("ix_watch_release_run_key", "watch_release", ["run_key"])


def downgrade() -> None:
    """What watching found is lost from the ledger; the reports in the home stay."""
    op.drop_table("watch_release")
    op.drop_table("watched_night")
