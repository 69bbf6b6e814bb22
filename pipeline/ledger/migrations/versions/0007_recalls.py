"""Editions that were taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "recall",
        sa.Column("edition_id", sa.String(160), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("recalled_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("edition_id", name="pk_recall"),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.edition_id"], name="fk_recall_edition_id"),
    )


def downgrade() -> None:
    """Recalled editions count again: an older program knows no other kind. The audit still tells of each recall."""
    op.drop_table("recall")
