"""The ledger's first tables: deliveries, runs, steps, models, editions, audit.

Written out in plain column types, so that later changes to the tables cannot change what this one did.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    _deliveries()
    _runs()
    _models()
    _editions()
    _audit()


def downgrade() -> None:
    for table in (
        "audit_entry",
        "register_entry",
        "edition",
        "promotion",
        "model",
        "step",
        "run_delivery",
        "run",
        "delivery",
    ):
        op.drop_table(table)


def _deliveries() -> None:
    op.create_table(
        "delivery",
        sa.Column("delivery_id", sa.String(120), nullable=False),
        sa.Column("extract", sa.String(40), nullable=False),
        sa.Column("sender", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("file_name", sa.String(300), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("period_start", sa.Date, nullable=False),
        sa.Column("period_end", sa.Date, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason_code", sa.String(40)),
        sa.Column("reason", sa.Text),
        sa.Column("content_digest", sa.String(64)),
        sa.Column("rows_in", sa.Integer, nullable=False),
        sa.Column("rows_valid", sa.Integer, nullable=False),
        sa.Column("rows_duplicate", sa.Integer, nullable=False),
        sa.Column("rows_superseded", sa.Integer, nullable=False),
        sa.Column("rows_broken", sa.Integer, nullable=False),
        sa.Column("rows_refused", sa.Integer, nullable=False),
        sa.Column("rows_unlinked", sa.Integer, nullable=False),
        sa.Column("rows_opted_out", sa.Integer, nullable=False),
        sa.Column("latest_event_date", sa.Date),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_delivery"),
        sa.CheckConstraint("kind in ('bulk', 'regular')", name=op.f("ck_delivery_kind")),
        sa.CheckConstraint("state in ('received', 'accepted', 'refused', 'duplicate')", name=op.f("ck_delivery_state")),
        sa.CheckConstraint(
            "state = 'received' or "
            "rows_in = rows_valid + rows_duplicate + rows_superseded + rows_broken + rows_refused",
            name=op.f("ck_delivery_rows_balance"),
        ),
        sa.CheckConstraint(
            "rows_unlinked <= rows_valid and rows_opted_out <= rows_valid", name=op.f("ck_delivery_rows_linked")
        ),
    )
    op.create_index("ix_delivery_received_at_delivery_id", "delivery", ["received_at", "delivery_id"])
    op.create_index("ix_delivery_extract_sender_sha256", "delivery", ["extract", "sender", "sha256"])


def _runs() -> None:
    op.create_table(
        "run",
        sa.Column("run_key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("knowledge", sa.String(4), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("model_id", sa.String(120)),
        sa.Column("inputs", sa.Text, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("counts", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("run_key", name="pk_run"),
        sa.CheckConstraint("kind in ('nightly', 'replay', 'train')", name=op.f("ck_run_kind")),
        sa.CheckConstraint("knowledge in ('then', 'now')", name=op.f("ck_run_knowledge")),
        sa.CheckConstraint("state in ('started', 'finished')", name=op.f("ck_run_state")),
    )
    op.create_index("ix_run_as_of_kind", "run", ["as_of", "kind"])
    op.create_table(
        "run_delivery",
        sa.Column("run_key", sa.String(64), nullable=False),
        sa.Column("delivery_id", sa.String(120), nullable=False),
        sa.PrimaryKeyConstraint("run_key", "delivery_id", name="pk_run_delivery"),
        sa.ForeignKeyConstraint(["run_key"], ["run.run_key"], name="fk_run_delivery_run_key"),
        sa.ForeignKeyConstraint(["delivery_id"], ["delivery.delivery_id"], name="fk_run_delivery_delivery_id"),
    )
    op.create_table(
        "step",
        sa.Column("scope", sa.String(120), nullable=False),
        sa.Column("step", sa.String(40), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("digest", sa.String(64)),
        sa.PrimaryKeyConstraint("scope", "step", name="pk_step"),
        sa.CheckConstraint("state in ('started', 'finished')", name=op.f("ck_step_state")),
    )


def _models() -> None:
    op.create_table(
        "model",
        sa.Column("model_id", sa.String(120), nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("trained_as_of", sa.Date, nullable=False),
        sa.Column("run_key", sa.String(64), nullable=False),
        sa.Column("metrics", sa.Text, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("model_id", name="pk_model"),
    )
    op.create_index("ix_model_name_recorded_at", "model", ["name", "recorded_at"])
    op.create_table(
        "promotion",
        sa.Column("promotion_id", sa.Integer, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("model_id", sa.String(120), nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("promoted_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("promotion_id", name="pk_promotion"),
        sa.ForeignKeyConstraint(["model_id"], ["model.model_id"], name="fk_promotion_model_id"),
    )
    op.create_index("ix_promotion_name_promotion_id", "promotion", ["name", "promotion_id"])


def _editions() -> None:
    op.create_table(
        "edition",
        sa.Column("edition_id", sa.String(160), nullable=False),
        sa.Column("run_key", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("plane", sa.String(10), nullable=False),
        sa.Column("as_of", sa.Date, nullable=False),
        sa.Column("code", sa.String(20), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("manifest_sha256", sa.String(64), nullable=False),
        sa.Column("path", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("edition_id", name="pk_edition"),
        sa.ForeignKeyConstraint(["run_key"], ["run.run_key"], name="fk_edition_run_key"),
        sa.CheckConstraint("kind in ('current', 'replay')", name=op.f("ck_edition_kind")),
        sa.CheckConstraint("plane in ('practice', 'locality')", name=op.f("ck_edition_plane")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_edition_revision")),
    )
    op.create_index("ix_edition_plane_code_as_of_revision", "edition", ["plane", "code", "as_of", "revision"])
    op.create_table(
        "register_entry",
        sa.Column("edition_id", sa.String(160), nullable=False),
        sa.Column("person_key", sa.String(60), nullable=False),
        sa.Column("listing", sa.String(10), nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("risk_score", sa.Numeric(7, 6).with_variant(sa.String(8), "sqlite"), nullable=False),
        sa.Column("segment", sa.String(60), nullable=False),
        sa.Column("first_listed_on", sa.Date, nullable=False),
        sa.Column("editions_on_register", sa.Integer, nullable=False),
        sa.Column("editions_beyond", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("edition_id", "person_key", name="pk_register_entry"),
        sa.ForeignKeyConstraint(["edition_id"], ["edition.edition_id"], name="fk_register_entry_edition_id"),
        sa.CheckConstraint("listing in ('by_rank', 'kept')", name=op.f("ck_register_entry_listing")),
        sa.CheckConstraint("rank >= 1", name=op.f("ck_register_entry_rank")),
    )
    op.create_index("ix_register_entry_person_key", "register_entry", ["person_key"])


def _audit() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("sequence", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("who", sa.String(120), nullable=False),
        sa.Column("action", sa.String(60), nullable=False),
        sa.Column("run_key", sa.String(64)),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("counts", sa.Text, nullable=False),
        sa.Column("previous_digest", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_entry"),
    )
