"""The registry of models: the sets of sources each fits, its evaluations, and on what a promotion was decided."""

from typing import Literal

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ADDED = ("verb", "evaluation_sha256", "objections", "despite")


def upgrade() -> None:
    # Copied on SQLite, which would write an added column into the table's text where nothing else stands.
    copied: Literal["always", "never"] = "always" if op.get_bind().dialect.name == "sqlite" else "never"
    with op.batch_alter_table("model", recreate=copied) as model:
        model.add_column(sa.Column("source_sets", sa.Text))
    op.create_table(
        "evaluation",
        sa.Column("evaluation_id", sa.Integer, nullable=False),
        sa.Column("model_id", sa.String(120), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("objections", sa.Text, nullable=False),
        sa.Column("evaluated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("evaluation_id", name="pk_evaluation"),
        sa.ForeignKeyConstraint(["model_id"], ["model.model_id"], name="fk_evaluation_model_id"),
    )
    op.create_index("ix_evaluation_model_id_evaluation_id", "evaluation", ["model_id", "evaluation_id"])
    with op.batch_alter_table("promotion") as promotion:
        promotion.add_column(sa.Column("verb", sa.String(10), nullable=False, server_default="promote"))
        promotion.add_column(sa.Column("evaluation_sha256", sa.String(64)))
        promotion.add_column(sa.Column("objections", sa.Text))
        promotion.add_column(sa.Column("despite", sa.Text))
        promotion.create_check_constraint(op.f("ck_promotion_verb"), "verb in ('promote', 'rollback')")


def downgrade() -> None:
    """What a promotion was decided on is lost; that it was, by whom and why stays."""
    with op.batch_alter_table("promotion") as promotion:
        promotion.drop_constraint(op.f("ck_promotion_verb"), type_="check")
        for name in ADDED:
            promotion.drop_column(name)
    op.drop_table("evaluation")
    with op.batch_alter_table("model") as model:
        model.drop_column("source_sets")
