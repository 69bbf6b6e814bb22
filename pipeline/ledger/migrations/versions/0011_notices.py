"""Why nights stopped, and what was told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "stop",
        sa.Column("stop_id", sa.Integer, nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("step", sa.String(40), nullable=False),
        sa.Column("run_key", sa.String(64)),
        sa.Column("error", sa.String(80), nullable=False),
        sa.Column("exit_code", sa.Integer, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("next_step", sa.Text, nullable=False),
        sa.Column("subjects", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("stop_id", name="pk_stop"),
    )
    op.create_index("ix_stop_as_of", "stop", ["as_of"])
    op.create_table(
        "notice",
        sa.Column("notice_id", sa.Integer, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("run_key", sa.String(64)),
        sa.Column("alerts", sa.Text, nullable=False),
        sa.Column("ways", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("notice_id", name="pk_notice"),
    )


def downgrade() -> None:
    """What was told, and why nights stopped, is lost from the ledger."""
    op.drop_table("notice")
    op.drop_table("stop")
