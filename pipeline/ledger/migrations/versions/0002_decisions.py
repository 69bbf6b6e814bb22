"""Deliveries that can be held, what people decided about them, what they measured, and how long originals are kept.

SQLite cannot change a check in place: the table is copied, with foreign keys off (connect.py sees to that).
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

MOMENT = sa.DateTime(timezone=True)
STATES = "state in ('received', 'held', 'accepted', 'refused', 'duplicate')"
STATES_BEFORE = "state in ('received', 'accepted', 'refused', 'duplicate')"
ADDED = ("format_name", "corrects", "original_expires_on", "original_deleted_at")


def upgrade() -> None:
    with op.batch_alter_table("delivery") as delivery:
        delivery.add_column(sa.Column("format_name", sa.String(60)))
        delivery.add_column(sa.Column("corrects", sa.String(120)))
        delivery.add_column(sa.Column("original_expires_on", sa.Date))
        delivery.add_column(sa.Column("original_deleted_at", MOMENT))
        delivery.drop_constraint(op.f("ck_delivery_state"), type_="check")
        delivery.create_check_constraint(op.f("ck_delivery_state"), STATES)
    op.create_table(
        "delivery_decision",
        sa.Column("decision_id", sa.Integer, nullable=False),
        sa.Column("delivery_id", sa.String(120), nullable=False),
        sa.Column("verb", sa.String(10), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name="pk_delivery_decision"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.delivery_id"], name="fk_delivery_decision_delivery_id"),
        sa.CheckConstraint("verb in ('accept', 'hold', 'release', 'refuse')", name=op.f("ck_delivery_decision_verb")),
    )
    op.create_index("ix_delivery_decision_delivery_id_decision_id", "delivery_decision", ["delivery_id", "decision_id"])
    op.create_table(
        "delivery_profile",
        sa.Column("delivery_id", sa.String(120), nullable=False),
        sa.Column("measure", sa.String(120), nullable=False),
        sa.Column("value", sa.Numeric(24, 6).with_variant(sa.String(26), "sqlite"), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", "measure", name="pk_delivery_profile"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.delivery_id"], name="fk_delivery_profile_delivery_id"),
    )


def downgrade() -> None:
    """Held deliveries count as received again: an older program knows no other state that no night uses."""
    op.drop_table("delivery_profile")
    op.drop_table("delivery_decision")
    op.execute("update delivery set state = 'received' where state = 'held'")
    with op.batch_alter_table("delivery") as delivery:
        for name in ADDED:
            delivery.drop_column(name)
        delivery.drop_constraint(op.f("ck_delivery_state"), type_="check")
        delivery.create_check_constraint(op.f("ck_delivery_state"), STATES_BEFORE)
