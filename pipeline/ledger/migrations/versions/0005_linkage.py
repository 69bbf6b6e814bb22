"""Rows that linkage keeps apart because the GP lists contradict them, counted for each delivery."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("delivery", sa.Column("rows_conflict", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("delivery") as delivery:
        delivery.drop_column("rows_conflict")
