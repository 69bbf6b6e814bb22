"""Rows that linkage keeps apart because the GP lists contradict them, counted for each delivery."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # SQLite would put the column behind the checks: the table is copied, as ever (0002).
    copied: Literal["always", "never"] = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("delivery", recreate=copied) as delivery:
        delivery.add_column(sa.Column("rows_conflict", sa.Integer, nullable=False, server_default="0"))


def downgrade() -> None:
    with op.batch_alter_table("delivery") as delivery:
        delivery.drop_column("rows_conflict")
