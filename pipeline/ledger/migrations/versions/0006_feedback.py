"""Files that practices sent back and what they changed; and people on an edition who are counted apart."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

MOMENT = sa.DateTime(timezone=True)
LISTINGS = "listing in ('by_rank', 'kept', 'nominated', 'declined', 'child')"
LISTINGS_BEFORE = "listing in ('by_rank', 'kept')"


def upgrade() -> None:
    with op.batch_alter_table("register_entry") as entry:
        entry.drop_constraint(op.f("ck_register_entry_listing"), type_="check")
        entry.create_check_constraint(op.f("ck_register_entry_listing"), LISTINGS)
    op.create_table(
        "feedback_file",
        sa.Column("feedback_id", sa.String(120), nullable=False),
        sa.Column("practice_code", sa.String(20), nullable=False),
        sa.Column("run_key", sa.String(64)),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("entered_at", MOMENT, nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason_code", sa.String(20)),
        sa.Column("content_digest", sa.String(64)),
        sa.Column("rows_in", sa.Integer, nullable=False),
        sa.Column("rows_changed", sa.Integer, nullable=False),
        sa.Column("rows_unchanged", sa.Integer, nullable=False),
        sa.Column("rows_nominated", sa.Integer, nullable=False),
        sa.Column("rows_rejected", sa.Integer, nullable=False),
        sa.Column("report", sa.Text, nullable=False),
        sa.Column("original_expires_on", sa.Date, nullable=False),
        sa.Column("original_deleted_at", MOMENT),
        sa.PrimaryKeyConstraint("feedback_id", name="pk_feedback_file"),
        sa.CheckConstraint("state in ('accepted', 'refused')", name=op.f("ck_feedback_file_state")),
        sa.CheckConstraint(
            "rows_in = rows_changed + rows_unchanged + rows_nominated + rows_rejected",
            name=op.f("ck_feedback_file_rows_balance"),
        ),
    )
    op.create_index("ix_feedback_file_practice_code_sha256", "feedback_file", ["practice_code", "sha256"])
    op.create_table(
        "feedback_answer",
        sa.Column("feedback_id", sa.String(120), nullable=False),
        sa.Column("person_key", sa.String(60), nullable=False),
        sa.Column("name", sa.String(40), nullable=False),
        sa.Column("value", sa.String(60)),
        sa.Column("row_number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("feedback_id", "person_key", "name", name="pk_feedback_answer"),
        sa.ForeignKeyConstraint(["feedback_id"], ["feedback_file.feedback_id"], name="fk_feedback_answer_feedback_id"),
    )
    op.create_index("ix_feedback_answer_person_key", "feedback_answer", ["person_key"])


def downgrade() -> None:
    """Who is counted apart leaves the editions: an older program knows no such place on a list."""
    op.drop_table("feedback_answer")
    op.drop_table("feedback_file")
    op.execute("delete from register_entry where listing not in ('by_rank', 'kept')")
    with op.batch_alter_table("register_entry") as entry:
        entry.drop_constraint(op.f("ck_register_entry_listing"), type_="check")
        entry.create_check_constraint(op.f("ck_register_entry_listing"), LISTINGS_BEFORE)
